"""Change services over a real journal in a temporary folder; receipts are kept in memory under a fixed path."""

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from walkme_tui.domain.jobs import Actor, Job, JobState, Outcome
from walkme_tui.domain.plans import StepState
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_runs import JobRuns
from walkme_tui.services.changes.other_surface import OtherSurface
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.receipts import Receipts
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.journal import Journal
from walkme_tui.services.waiting import Sleep
from walkme_tui.store.journal.journal import SqliteJournal, open_journal

ACTOR = Actor("ada", "jump-host", "client-7")
RECEIPTS = Path("/home/ada/.local/share/walkme-tui/receipts")


@dataclass
class Bench:
    """Opens the change services of a session; ``receipts`` are the files that were written, by name.

    ``opened`` counts how often they were opened.
    """

    keep_groups: Sequence[str] = ()
    require_ticket: bool = False
    receipts: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    sleep: Sleep = asyncio.sleep
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="walkme-journal-")))

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def __call__(self, session: Session) -> ChangeServices:
        """Open one."""
        self.opened += 1
        account, api = session.account, session.other_api
        other = None if api is None else OtherSurface(session, api, self.sleep)

        def journal() -> SqliteJournal:
            opened = open_journal(self.folder, actor=ACTOR, clock=session.clock)
            session.api.use_write_support(opened.write_support(account.profile, account.base_url))
            return opened

        def job_runs(journal: Journal) -> JobRuns:
            receipts = Receipts(account, journal, self._write, session.clock, UTC)
            return JobRuns(Executor(session, journal, ACTOR), journal, receipts, other)

        return ChangeServices(session, Planner(session, self.keep_groups, self.require_ticket), journal, job_runs)

    def _write(self, name: str, pieces: Iterable[str]) -> Path:
        self.receipts[name] = "".join(pieces)
        return RECEIPTS / name

    async def offboarding_left(self, session: Session, user_id: str, done: int, *, sent: bool = False) -> Job:
        """An offboarding of which an earlier run did only the first steps; ``sent``: one more has left.

        The session is closed.
        """
        change_services = self(session)
        journal = change_services.journal
        plan = (await change_services.planner.offboard([user_id])).with_ticket("INC-7")
        job = await journal.create(plan, ACTOR)
        await journal.claim(job.id)
        for step in plan.steps[:done]:
            await journal.intend(job.id, step.number, None, session.clock())
            outcome = Outcome(StepState.DONE, "verified", changed=True)
            await journal.settle(job.id, step.number, outcome, session.clock())
        if sent:
            await journal.intend(job.id, plan.steps[done].number, None, session.clock())
        await journal.release(job.id, JobState.INTERRUPTED)
        found = await journal.job(job.id)
        await change_services.aclose()
        await session.aclose()
        return found
