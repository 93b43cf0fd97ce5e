"""An executor over the fake account, with a real journal and a clock that tests move.

async with open_executor(api, folder) as desk:
    job = await desk.run(desk.offboarding(1, 2))
    outcomes_of(job)  # [("done", "was active, is inactive"), …]
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.journals import ACTOR, all_jobs, journal_in
from tests.support.sessions import ManualTime, open_session
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan, PlanKind, Subject, numbered, offboarding_changes
from walkme_tui.domain.write_support import WriteSupport
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.job_progress import JobProgress
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.directory_api import DirectoryApi
from walkme_tui.services.ports.journal import Journal
from walkme_tui.services.ports.mirror import Mirror

GROUPS = (Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Beta"))
USER = person(3)  # inactive, in Sales and Support
ACTIVE = person(6)  # active, in Sales
BOTH = person(7)  # active, in Sales and Support


class SkippingTime(ManualTime):
    """A clock that advances to the end of every wait."""

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run, then advance by ``seconds``."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)
        self.advance(seconds)


class KnownWriteSupport:
    """A ``WriteSupport`` that lives as long as the test."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused

    async def patch_refused(self) -> bool:
        """``refused``."""
        return self.refused

    async def remember_patch_refused(self) -> None:
        """Set ``refused``."""
        self.refused = True


def account(count: int = 12) -> FakeDirectory:
    """An account of ``count`` users and three groups."""
    return FakeDirectory(people(count), groups=GROUPS)


def group(group_id: str) -> Group:
    """The group with its name."""
    return next(each for each in GROUPS if each.id == group_id)


def outcomes_of(job: Job) -> list[tuple[str, str]]:
    """State and detail of each step."""
    return [(record.state.value, record.detail) for record in job.steps]


def states_of(job: Job) -> list[str]:
    """State of each step."""
    return [record.state.value for record in job.steps]


@dataclass(slots=True)
class ExecutorBench:
    """An executor with its session and journal; ``progress`` are all progress reports so far."""

    api: FakeDirectory
    session: Session
    journal: Journal
    executor: Executor
    time: ManualTime
    progress: list[JobProgress] = field(default_factory=list)

    def plan(self, changes: Iterable[Change], *, strict: bool = False, kind: PlanKind = PlanKind.OFFBOARD) -> Plan:
        """A plan for this account, made now."""
        steps = numbered(changes, strict=strict)
        ids = dict.fromkeys(step.subject_id for step in steps)
        account = self.session.account
        subjects = tuple(Subject(self.api.now(user_id), self.time()) for user_id in ids)
        return Plan(kind, account.profile, account.base_url, self.time(), subjects, steps, surface=account.surface)

    def offboarding(self, *numbers: int) -> Plan:
        """The offboarding of these users."""
        changes: list[Change] = []
        for number in numbers:
            user = self.api.now(person(number).id)
            groups = tuple(group(group_id) for group_id in (user.groups if isinstance(user.groups, tuple) else ()))
            changes += offboarding_changes(Subject(user, 0, groups))
        return self.plan(changes)

    async def run(self, plan: Plan, control: JobControl | None = None) -> Job:
        """Submit a plan and run its job."""
        return await self.resume(await self.executor.submit(plan), control)

    async def resume(self, job: Job, control: JobControl | None = None) -> Job:
        """Run the remaining steps of a job."""
        return await self.executor.run(job, control or JobControl(), self.progress.append)

    async def only(self) -> Job:
        """The one job in the journal."""
        (job,) = await all_jobs(self.journal)
        return job


@asynccontextmanager
async def open_executor(
    api: FakeDirectory,
    folder: Path,
    *,
    time: ManualTime | None = None,
    mirror: Mirror | None = None,
    journal: Journal | None = None,
    client: DirectoryApi | None = None,
    write_support: WriteSupport | None = None,
    surface: Surface = Surface.REST,
) -> AsyncIterator[ExecutorBench]:
    """An executor over an account; ``client`` replaces its API, ``journal`` the journal in ``folder``."""
    clock = time or SkippingTime()
    async with open_session(client or api, time=clock, mirror=mirror, surface=surface) as session:
        real = journal_in(folder)
        used = journal or real
        try:
            account = session.account
            session.api.use_write_support(write_support or real.write_support(account.profile, account.base_url))
            executor = Executor(session, used, ACTOR, sleep=clock.sleep, monotonic=clock.monotonic)
            yield ExecutorBench(api, session, used, executor, clock)
        finally:
            await real.aclose()
