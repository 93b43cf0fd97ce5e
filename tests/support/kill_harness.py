"""Jobs that are killed again and again behind a line that fails, and judged from the server's own account.

outcome = Harness(seed=1).run(kills=50, faults=2000, operations=800)
outcome.violations            # [] for a program that keeps its promise
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

from tests.support.doomed import POINTS, PROFILE, Order
from tests.support.fault_proxy import NOT_THE_API, TRANSIENT, Fault, FaultPlan, FaultProxy
from tests.support.judging import Case, Place, Record, Violation, judge, place
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
from walkme_tui.simulator.app import Simulator, build_app
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

BASE_URL = "http://walkme.test"
USERS = 60
PEOPLE = (4, 12)
KILLS_A_JOB = 7
# Once there were enough.
LATER_KILLS_A_JOB = 1
JOBS_A_JOURNAL = 10
MAX_RUNS = 400
ANSWER_SECONDS = 90.0
# A run ends at the first read that something else than the API answers, so those are fewer.
WEIGHTS = dict.fromkeys(TRANSIENT, 1.0) | dict.fromkeys(NOT_THE_API, 0.2)


@dataclass(slots=True)
class Figures:
    """What a harness did and found. ``operations`` are steps that came to their end."""

    jobs: int = 0
    runs: int = 0
    operations: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    requests: int = 0
    states: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def told(self) -> str:
        """All of it in a few lines."""
        kinds = Counter(violation.kind for violation in self.violations)
        found = ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "duplicated", "unexplained"))
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return (
            f"{self.operations} operations in {self.jobs} jobs ({states}); {self.runs} runs, {self.requests} requests, "
            f"{self.kills.total()} kills, {self.faults.total()} faults: {found}"
        )


class Nursery:
    """The process that forks those that are killed."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.doomed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
        """Have one run made; how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(order.as_line())
        self._process.stdin.flush()
        pid = self._answer()["pid"]
        if kill_after_seconds is None:
            return self._answer()
        ended = threading.Event()
        killer = threading.Thread(target=_kill_later, args=(pid, kill_after_seconds, ended))
        killer.start()
        # The process stays a zombie until the nursery has told of it, so that the id is nobody else's until then.
        answer = self._answer()
        ended.set()
        killer.join()
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the nursery is gone"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _kill_later(pid: int, seconds: float, ended: threading.Event) -> None:
    if not ended.wait(seconds):
        os.kill(pid, signal.SIGKILL)


@dataclass(slots=True)
class World:
    """One simulated account behind its proxy, and the folder of its journal."""

    simulator: Simulator
    proxy: FaultProxy
    root: Path
    jobs: int = 0

    @property
    def folder(self) -> Path:
        """Where the journal is; every run reads all of its jobs, so now and then it begins with a new one."""
        return self.root / str(self.jobs // JOBS_A_JOURNAL)

    def records(self) -> dict[str, Record]:
        """Every user as the server has them; only while nothing is under way."""
        return {str(record["id"]): deepcopy(dict(record)) for record in self.simulator.account.users(0, USERS)}

    def job(self, ticket: str) -> Job | None:
        """The job with this ticket, as the journal tells it."""

        async def read() -> Job | None:
            journal = open_journal(self.folder)
            try:
                return next((job for job in await journal.jobs() if job.plan.ticket == ticket), None)
            finally:
                await journal.aclose()

        return asyncio.run(read())


@contextmanager
def world(seed: int, share: float, settings: SimulatorSettings) -> Iterator[World]:
    """A world of its own, gone at the end."""
    simulator = build_app(settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        asgi_server(simulator) as url,
        FaultProxy(url, FaultPlan(seed, share, WEIGHTS), delay_seconds=0.002) as proxy,
    ):
        yield World(simulator, proxy, Path(folder) / "data")


class Harness:
    """Makes jobs, has them killed and judges them, the same ones for the same seed.

    ``mutant`` is planted into every process. ``share`` is how many of the requests meet a fault.
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
        """Go on until there were so many of each, or until ``until``; after so many kills there are few.

        ``moments`` are those of which each has to have been one of the kills: a busy machine kills at others.
        """
        figures, self._kills = self.figures, kills
        with ExitStack() as stack:
            nursery = stack.enter_context(Nursery())
            worlds = [
                stack.enter_context(world(self._seed * 10 + index, self._share, settings))
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
                self._one_job(nursery, worlds[figures.jobs % len(worlds)])
                figures.faults = sum((each.proxy.faults for each in worlds), Counter[Fault]())
                figures.requests = sum(len(each.proxy.log) for each in worlds)
                tell(figures)
        return figures

    # ------------------------------------------------------------ one job

    def _one_job(self, nursery: Nursery, there: World) -> None:
        """A job, and for some of them the way back."""
        there.jobs += 1
        before = there.records()
        plan = self._plan(there)
        job, touched = self._carried_out(nursery, there, plan)
        if job is None or self._chance.random() < 0.5:
            return
        back = self._undo(there, job)
        undone, touched_too = self._carried_out(nursery, there, back)
        if undone is None:
            return
        doubtful = {place(record.step.change) for record in (*job.steps, *undone.steps) if record.state in DOUBTFUL}
        self._compare(before, there.records(), {*touched, *touched_too, *doubtful})

    def _carried_out(self, nursery: Nursery, there: World, plan: Plan) -> tuple[Job | None, set[Place]]:
        """The job at its end, and what others changed meanwhile."""
        figures, first, before = self.figures, len(there.proxy.log), there.records()
        others: set[Place] = set()
        order = Order(plan_to_json(plan), there.proxy.url, str(there.folder), self._mutant)
        kills, most = 0, KILLS_A_JOB if figures.kills.total() < self._kills else LATER_KILLS_A_JOB
        for _ in range(MAX_RUNS):
            doomed, after_seconds = self._doom(order) if kills < most else (order, None)
            answer = nursery.run(doomed, after_seconds)
            there.proxy.settle()
            figures.runs += 1
            if answer["state"] == "killed":
                kills += 1
                figures.kills[doomed.point or "at any moment"] += 1
            elif answer["state"] == "broken":
                figures.violations.append(Violation("lost", f"the program broke: {answer['error']}"))
                return None, others
            elif answer["state"] == "done":
                break
            figures.errors[answer["error"].partition(":")[0]] += 1
            if self._chance.random() < 0.15:
                others.add(self._change_by_others(there, plan))
        job = there.job(plan.ticket)
        if job is None:
            figures.violations.append(Violation("lost", "the job is not in the journal"))
            return None, others
        log = there.proxy.log[first:]
        figures.violations += judge(Case(job, before, there.records(), log, others))
        figures.jobs += 1
        figures.operations += len(job.steps)
        figures.states.update(job.counts)
        return job, others

    def _doom(self, order: Order) -> tuple[Order, float | None]:
        """When the next process dies."""
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

    def _plan(self, there: World) -> Plan:
        """A plan for some people, each with a few changes of different things; some of it is out of date."""
        people = self._chance.sample(there.simulator.account.users(0, USERS), self._chance.randint(*PEOPLE))
        groups = [Group(str(group["id"]), str(group["name"])) for group in there.simulator.account.groups()]
        users = [user for user in map(decode_user, people) if isinstance(user, User)]
        changes = [change for user in users for change in self._changes(user, groups)]
        return self._made(PlanKind.OFFBOARD, users, changes, strict=self._chance.random() < 0.3)

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

    def _undo(self, there: World, job: Job) -> Plan:
        """The way back from a job."""
        now: dict[str, User | None] = {}
        for user_id, record in there.records().items():
            user = decode_user(record)
            if isinstance(user, User) and job.records_of(user_id):
                now[user_id] = user
        people = {user_id: user for user_id, user in now.items() if user is not None}
        found = inverses(job.steps, people, now, {})
        return self._made(PlanKind.UNDO, list(people.values()), found.changes, strict=True)

    def _made(self, kind: PlanKind, users: list[User], changes: list[Change], *, strict: bool) -> Plan:
        ticket = f"T{self.figures.jobs}-{kind.value}"
        subjects = tuple(Subject(user, 0) for user in users)
        return Plan(kind, PROFILE, BASE_URL, 0, subjects, numbered(changes, strict=strict), ticket)

    def _change_by_others(self, there: World, plan: Plan) -> Place:
        """Somebody else does something to one of the people while nobody works; what it was."""
        change = self._chance.choice(plan.steps).change
        account = there.simulator.account
        record = account.user(change.user_id)
        if isinstance(change, SetStatus):
            account.change(change.user_id, {"status": "active" if record["status"] == "inactive" else "inactive"})
        else:
            groups = record["groups"]
            assert isinstance(groups, list)
            group_id = change.groups[0].id
            if group_id in groups:
                account.leave(group_id, change.user_id)
            else:
                account.join(group_id, change.user_id)
        return place(change)

    def _compare(self, before: dict[str, Record], after: dict[str, Record], spared: set[Place]) -> None:
        """After a job and its undo everything is as it was, but for what others did and what could not be done."""
        for user_id, record in before.items():
            now = after[user_id]
            if (user_id, "status") not in spared and record["status"] != now["status"]:
                told = f"{user_id}: {record['status']} before, {now['status']} after the undo"
                self.figures.violations.append(Violation("lost", told))
            for group_id in set(record["groups"]) ^ set(now["groups"]):
                if (user_id, group_id) not in spared:
                    self.figures.violations.append(Violation("lost", f"{user_id}: {group_id} differs after the undo"))


DOUBTFUL = frozenset({StepState.FAILED, StepState.NEEDS_REVIEW, StepState.SKIPPED})
