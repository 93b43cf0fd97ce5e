"""Runs jobs that are killed repeatedly on a faulty network, and checks them against the records of the server.

outcome = Harness(seed=1).run(kills=50, faults=2000, operations=800)
outcome.violations            # [] for a correct program
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.fault_proxy import NOT_THE_API, TRANSIENT, Fault, FaultPlan, FaultProxy
from tests.support.job_verdict import Case, Place, Record, Violation, judge, place
from tests.support.killed_program import POINTS, PROFILE, Order
from tests.support.tcp import asgi_server
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.inverses import inverses
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plan_files import plan_to_json
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import User
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

BASE_URL = "http://walkme.test"
USERS = 60
PEOPLE = (4, 12)
KILLS_A_JOB = 7
# Once there were enough kills.
LATER_KILLS_A_JOB = 1
JOBS_A_JOURNAL = 10
MAX_RUNS = 400
ANSWER_SECONDS = 90.0
# A run ends at the first read that another server answers, so these faults are rarer.
WEIGHTS = dict.fromkeys(TRANSIENT, 1.0) | dict.fromkeys(NOT_THE_API, 0.2)


@dataclass(slots=True)
class Figures:
    """What a harness did and found. ``operations`` are settled steps."""

    jobs: int = 0
    runs: int = 0
    operations: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    requests: int = 0
    states: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def summary(self) -> str:
        """A summary in one line."""
        kinds = Counter(violation.kind for violation in self.violations)
        found = ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "duplicated", "unexplained"))
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return (
            f"{self.operations} operations in {self.jobs} jobs ({states}); {self.runs} runs, {self.requests} requests, "
            f"{self.kills.total()} kills, {self.faults.total()} faults: {found}"
        )


class ForkServer:
    """The process that forks a process for each run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(ANSWER_SECONDS)
        self._process.stdout.close()

    def run(self, order: Order, kill_after_seconds: float | None = None) -> dict[str, Any]:
        """Run one order in a forked process; its result."""
        assert self._process.stdin is not None
        self._process.stdin.write(order.to_json_line())
        self._process.stdin.flush()
        pid = self._answer()["pid"]
        if kill_after_seconds is None:
            return self._answer()
        ended = threading.Event()
        killer = threading.Thread(target=_kill_later, args=(pid, kill_after_seconds, ended))
        killer.start()
        # The process stays a zombie until the server has answered, so its id is not reused before.
        answer = self._answer()
        ended.set()
        killer.join()
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _kill_later(pid: int, seconds: float, ended: threading.Event) -> None:
    if not ended.wait(seconds):
        os.kill(pid, signal.SIGKILL)


@dataclass(slots=True)
class HarnessAccount:
    """A simulated account behind a fault proxy, and the folder of its journal."""

    simulator: Simulator
    proxy: FaultProxy
    root: Path
    jobs: int = 0

    @property
    def folder(self) -> Path:
        """The folder of the journal; a new one after some jobs, because every run reads all jobs."""
        return self.root / str(self.jobs // JOBS_A_JOURNAL)

    def records(self) -> dict[str, Record]:
        """Every user as the server has them; call it only while no request is in flight."""
        return {str(record["id"]): deepcopy(dict(record)) for record in self.simulator.account.users(0, USERS)}

    def job(self, ticket: str) -> Job | None:
        """The job with this ticket in the journal."""

        async def read() -> Job | None:
            journal = open_journal(self.folder)
            try:
                return next((job for job in await journal.jobs() if job.plan.ticket == ticket), None)
            finally:
                await journal.aclose()

        return asyncio.run(read())


@contextmanager
def harness_account(seed: int, share: float, settings: SimulatorSettings) -> Iterator[HarnessAccount]:
    """A simulated account that is removed at the end."""
    simulator = Simulator(settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        asgi_server(simulator) as url,
        FaultProxy(url, FaultPlan(seed, share, WEIGHTS), delay_seconds=0.002) as proxy,
    ):
        yield HarnessAccount(simulator, proxy, Path(folder) / "data")


class Harness:
    """Makes jobs, kills their processes and checks the outcome; the jobs are the same for the same seed.

    ``mutant`` is installed in every process. ``share`` is the share of requests with a fault.
    """

    def __init__(self, seed: int = 1, *, mutant: str = "", share: float = 0.35) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._mutant = mutant
        self._share = share
        self._kills = 0
        self._points = self._all_points()
        self.figures = Figures()

    def run(
        self,
        *,
        kills: int = 0,
        faults: int = 0,
        operations: int = 0,
        moments: Collection[str] = (),
        until: Callable[[Figures], bool] = lambda figures: False,
        tell: Callable[[Figures], None] = lambda figures: None,
    ) -> Figures:
        """Run jobs until there were so many of each, or until ``until``; after ``kills`` kills there are few more.

        Each of ``moments`` must be among the kills, because a busy machine reaches other moments more often.
        """
        figures, self._kills = self.figures, kills
        with ExitStack() as stack:
            fork_server = stack.enter_context(ForkServer())
            accounts = [
                stack.enter_context(harness_account(self._seed * 10 + index, self._share, settings))
                for index, settings in enumerate(
                    (SimulatorSettings(users=USERS), SimulatorSettings(users=USERS, patch="405", lean=True))
                )
            ]
            while (
                figures.kills.total() < kills
                or figures.faults.total() < faults
                or figures.operations < operations
                or not figures.kills.keys() >= set(moments)
            ) and not until(figures):
                self._one_job(fork_server, accounts[figures.jobs % len(accounts)])
                figures.faults = sum((each.proxy.faults for each in accounts), Counter[Fault]())
                figures.requests = sum(len(each.proxy.log) for each in accounts)
                tell(figures)
        return figures

    # ------------------------------------------------------------ one job

    def _one_job(self, fork_server: ForkServer, account: HarnessAccount) -> None:
        """Run a job, and its undo for some jobs."""
        account.jobs += 1
        before = account.records()
        plan = self._plan(account)
        job, touched = self._run_to_end(fork_server, account, plan)
        if job is None or self._chance.random() < 0.5:
            return
        back = self._undo(account, job)
        undone, touched_too = self._run_to_end(fork_server, account, back)
        if undone is None:
            return
        doubtful = {place(record.step.change) for record in (*job.steps, *undone.steps) if record.state in DOUBTFUL}
        self._compare(before, account.records(), {*touched, *touched_too, *doubtful})

    def _run_to_end(
        self, fork_server: ForkServer, account: HarnessAccount, plan: Plan
    ) -> tuple[Job | None, set[Place]]:
        """Run a plan until its job has ended; the job, and what others changed meanwhile."""
        figures, first, before = self.figures, len(account.proxy.log), account.records()
        others: set[Place] = set()
        order = Order(plan_to_json(plan), account.proxy.url, str(account.folder), self._mutant)
        kills, most = 0, KILLS_A_JOB if figures.kills.total() < self._kills else LATER_KILLS_A_JOB
        for _ in range(MAX_RUNS):
            killed_order, after_seconds = self._next_kill(order) if kills < most else (order, None)
            answer = fork_server.run(killed_order, after_seconds)
            account.proxy.settle()
            figures.runs += 1
            if answer["state"] == "killed":
                kills += 1
                figures.kills[killed_order.point or "at any moment"] += 1
            elif answer["state"] == "broken":
                figures.violations.append(Violation("lost", f"the program broke: {answer['error']}"))
                return None, others
            elif answer["state"] == "done":
                break
            figures.errors[answer["error"].partition(":")[0]] += 1
            if self._chance.random() < 0.15:
                others.add(self._change_by_others(account, plan))
        job = account.job(plan.ticket)
        if job is None:
            figures.violations.append(Violation("lost", "the job is not in the journal"))
            return None, others
        log = account.proxy.log[first:]
        figures.violations += judge(Case(job, before, account.records(), log, others))
        figures.jobs += 1
        figures.operations += len(job.steps)
        figures.states.update(job.counts)
        return job, others

    def _next_kill(self, order: Order) -> tuple[Order, float | None]:
        """The order with its point of the kill, or the seconds after which to kill."""
        if self._chance.random() < 0.3:
            return order, self._chance.uniform(0.005, 0.15)
        point = next(self._points)
        rare = any(word in point for word in ("create", "claim", "release", "state"))
        return replace(order, point=point, number=1 if rare else self._chance.randrange(1, 7)), None

    def _all_points(self) -> Iterator[str]:
        while True:
            points = list(POINTS)
            self._chance.shuffle(points)
            yield from points

    # ------------------------------------------------------------ plans

    def _plan(self, account: HarnessAccount) -> Plan:
        """A plan for some users with a few changes each, some of which are outdated."""
        people = self._chance.sample(account.simulator.account.users(0, USERS), self._chance.randint(*PEOPLE))
        groups = [Group(str(group["id"]), str(group["name"])) for group in account.simulator.account.groups()]
        users = [user for user in map(decode_user, people) if isinstance(user, User)]
        changes = [change for user in users for change in self._changes(user, groups)]
        return self._make_plan(PlanKind.OFFBOARD, users, changes, strict=self._chance.random() < 0.3)

    def _changes(self, user: User, groups: list[Group]) -> list[Change]:
        changes: list[Change] = []
        mine = user.groups if isinstance(user.groups, tuple) else ()
        chance = self._chance
        if chance.random() < 0.8:
            after = "inactive" if user.status != "inactive" or chance.random() < 0.1 else "active"
            before = user.status if chance.random() < 0.9 else "odd"
            changes.append(SetStatus(user.id, before, after))
        for group in chance.sample(groups, min(len(groups), 4)):
            if (group.id in mine) == (chance.random() < 0.85):
                changes.append(RemoveMember(user.id, group))
            else:
                changes.append(AddMember(user.id, group))
        return changes

    def _undo(self, account: HarnessAccount, job: Job) -> Plan:
        """The undo of a job."""
        now: dict[str, User | None] = {}
        for user_id, record in account.records().items():
            user = decode_user(record)
            if isinstance(user, User) and job.records_of(user_id):
                now[user_id] = user
        people = {user_id: user for user_id, user in now.items() if user is not None}
        found = inverses(job.steps, people, now, {})
        return self._make_plan(PlanKind.UNDO, list(people.values()), found.changes, strict=True)

    def _make_plan(self, kind: PlanKind, users: list[User], changes: list[Change], *, strict: bool) -> Plan:
        ticket = f"T{self.figures.jobs}-{kind.value}"
        subjects = tuple(Subject(user, 0) for user in users)
        return Plan(kind, PROFILE, BASE_URL, 0, subjects, numbered(changes, strict=strict), ticket)

    def _change_by_others(self, account: HarnessAccount, plan: Plan) -> Place:
        """Make a change by others while no process runs; what was changed."""
        change = self._chance.choice(plan.steps).change
        server = account.simulator.account
        record = server.user(change.user_id)
        if isinstance(change, SetStatus):
            server.change(change.user_id, {"status": "active" if record["status"] == "inactive" else "inactive"})
        else:
            groups = record["groups"]
            assert isinstance(groups, list)
            group_id = change.groups[0].id
            if group_id in groups:
                server.leave(group_id, change.user_id)
            else:
                server.join(group_id, change.user_id)
        return place(change)

    def _compare(self, before: dict[str, Record], after: dict[str, Record], excluded: set[Place]) -> None:
        """Check that a job and its undo restore everything except changes by others and failed steps."""
        for user_id, record in before.items():
            now = after[user_id]
            if (user_id, "status") not in excluded and record["status"] != now["status"]:
                text = f"{user_id}: {record['status']} before, {now['status']} after the undo"
                self.figures.violations.append(Violation("lost", text))
            for group_id in set(record["groups"]) ^ set(now["groups"]):
                if (user_id, group_id) not in excluded:
                    self.figures.violations.append(Violation("lost", f"{user_id}: {group_id} differs after the undo"))


DOUBTFUL = frozenset({StepState.FAILED, StepState.NEEDS_REVIEW, StepState.SKIPPED})
