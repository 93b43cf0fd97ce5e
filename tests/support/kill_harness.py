"""Runs jobs that are killed repeatedly on a faulty network, and checks them against the records of the server.

On SCIM the server also ignores some of the changes that it accepts.

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
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.fault_proxy import (
    IGNORED,
    NOT_THE_API,
    READING,
    TOKEN_PATH,
    TRANSIENT,
    Fault,
    FaultPlan,
    FaultProxy,
)
from tests.support.job_verdict import GROUP_NAME, Case, Place, Record, Violation, flat, judge, places
from tests.support.journals import IN_MEMORY, all_jobs
from tests.support.killed_program import POINTS, PROFILE, Order
from tests.support.scim_exchanges import SCIM_ROOT
from tests.support.scim_exchanges import USERS as SCIM_USERS
from tests.support.sessions import NOON_MS
from tests.support.tcp import asgi_server
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup, new_group_key
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.inverses import inverses
from walkme_tui.domain.jobs import Job, StepRecord
from walkme_tui.domain.plan_files import plan_to_json
from walkme_tui.domain.plans import GroupSubject, Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.user_json import JSON_NAMES, decode_user
from walkme_tui.domain.users import Status, User
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

BASE_URL = "http://walkme.test"
USERS = 60
PEOPLE = (4, 12)
CREATIONS = 8
DELETIONS = 6
KINDS = (PlanKind.OFFBOARD, PlanKind.EDIT, PlanKind.CREATE, PlanKind.DELETE)
GROUP_KINDS = (PlanKind.CREATE_GROUP, PlanKind.RENAME_GROUP, PlanKind.DELETE_GROUP)
NEW_GROUPS = 4
IGNORED_SHARE = 0.05
KILLS_A_JOB = 7
# Once there were enough kills.
LATER_KILLS_A_JOB = 1
JOBS_A_JOURNAL = 10
MAX_RUNS = 400
ANSWER_SECONDS = 90.0
# Besides, there is no PATCH for users.
REPLACING = (ScimOddity.REMOVE_PATH_REFUSED, ScimOddity.NO_USER_GROUPS, ScimOddity.ACTIVE_AS_TEXT)
# A run ends at the first read that another server answers, so these faults are rarer.
WEIGHTS = dict.fromkeys(TRANSIENT, 1.0) | dict.fromkeys(NOT_THE_API, 0.2)


@dataclass(slots=True)
class Figures:
    """What a harness did and found. ``operations`` are settled steps, ``done`` the kinds of change."""

    jobs: int = 0
    runs: int = 0
    operations: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    requests: int = 0
    states: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
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
        with suppress(ProcessLookupError):  # it may have ended just now
            os.kill(pid, signal.SIGKILL)


class RacingServer:
    """A simulator in which others create a user just before the request to create that user.

    ``rivals`` are the fields of those users by email, and ``created`` the records. A share of the SCIM writes is
    accepted and ignored, and with ``replaces_users`` there is no PATCH for users over SCIM.
    """

    def __init__(self, simulator: Simulator, seed: int, *, replaces_users: bool) -> None:
        self._simulator = simulator
        self._chance = random.Random(seed)
        self._replaces_users = replaces_users
        self._writing = asyncio.Lock()
        self.rivals: dict[str, Record] = {}
        self.created: list[Record] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["method"] in READING or scope["path"] == TOKEN_PATH:
            await self._simulator(scope, receive, send)
            return
        first = await receive()
        assert not first.get("more_body")
        if (scope["method"], scope["path"]) in {("POST", "/users"), ("POST", SCIM_USERS)}:
            body = json.loads(first["body"])
            rival = self.rivals.pop(body.get("email") or body.get("userName"), None)
            if rival is not None:
                self.created.append(self._simulator.account.create(rival))
        messages = [first]

        async def replay() -> Any:
            return messages.pop() if messages else await receive()

        if not scope["path"].startswith(SCIM_ROOT):
            await self._simulator(scope, replay, send)
            return
        # One at a time, because the oddities are those of all requests.
        async with self._writing:
            await self._serve_oddly(scope, replay, send)

    async def _serve_oddly(self, scope: Any, receive: Any, send: Any) -> None:
        odd = self._simulator.scim.odd
        ignored = self._chance.random() < IGNORED_SHARE
        refused = self._replaces_users and scope["method"] == "PATCH" and scope["path"].startswith(SCIM_USERS)
        more = {ScimOddity.SSO_OFF} if ignored else {ScimOddity.PATCH_405} if refused else set()

        async def send_marked(message: Any) -> None:
            if ignored and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], tuple(IGNORED.split(b": "))]
            await send(message)

        odd |= more
        try:
            await self._simulator(scope, receive, send_marked)
        finally:
            odd -= more


@dataclass(slots=True)
class HarnessAccount:
    """A simulated account behind a fault proxy, and the folder of its journal."""

    simulator: Simulator
    server: RacingServer
    proxy: FaultProxy
    root: Path
    jobs: int = 0

    @property
    def folder(self) -> Path:
        """The folder of the journal; a new one after some jobs, because every run reads all jobs."""
        return self.root / str(self.jobs // JOBS_A_JOURNAL)

    def records(self) -> dict[str, Record]:
        """Every user and group as the server has them; call it only while no request is in flight."""
        account = self.simulator.account
        groups = [{"id": group["id"], GROUP_NAME: group["name"], "groups": []} for group in account.groups()]
        users = [deepcopy(dict(record)) for record in account.users(0, account.total)]
        return {str(record["id"]): record for record in (*users, *groups)}

    def users(self) -> list[User]:
        """Every user of ``records``."""
        found = (decode_user(record) for record in self.records().values() if GROUP_NAME not in record)
        return [user for user in found if isinstance(user, User)]

    def groups(self) -> list[Group]:
        """Every group of ``records``."""
        return [Group(str(group["id"]), str(group["name"])) for group in self.simulator.account.groups()]

    def job(self, ticket: str) -> Job | None:
        """The job with this ticket in the journal."""

        async def read() -> Job | None:
            journal = open_journal(self.folder)
            try:
                return next((job for job in await all_jobs(journal) if job.plan.ticket == ticket), None)
            finally:
                await journal.aclose()

        return asyncio.run(read())


@contextmanager
def harness_account(
    seed: int, share: float, settings: SimulatorSettings, surface: Surface = Surface.REST
) -> Iterator[HarnessAccount]:
    """A simulated account that is removed at the end."""
    simulator = Simulator(settings)
    server = RacingServer(simulator, seed, replaces_users=settings.patch == "405")
    weights = WEIGHTS
    if surface is Surface.SCIM:
        # A SCIM token does not expire, and its users are not pending.
        weights = {fault: weight for fault, weight in WEIGHTS.items() if fault is not Fault.EXPIRED}
        for record in list(simulator.account.users(0, USERS)):
            if record["status"] == "pending":
                simulator.account.change(str(record["id"]), {"status": "active"})
    with (
        tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder,
        asgi_server(server) as url,
        FaultProxy(url, FaultPlan(seed, share, weights), delay_seconds=0.002) as proxy,
    ):
        yield HarnessAccount(simulator, server, proxy, Path(folder) / "data")


class Harness:
    """Makes jobs, kills their processes and checks the outcome; the jobs are the same for the same seed.

    ``mutant`` is installed in every process. ``share`` is the share of requests with a fault.
    """

    def __init__(
        self, seed: int = 1, *, mutant: str = "", share: float = 0.35, surface: Surface = Surface.REST
    ) -> None:
        self._surface = surface
        self._kinds = KINDS if surface is Surface.REST else KINDS + GROUP_KINDS
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
        jobs: int = 0,
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
                stack.enter_context(harness_account(self._seed * 10 + index, self._share, settings, self._surface))
                for index, settings in enumerate(
                    (
                        SimulatorSettings(users=USERS, now_ms=NOON_MS, scim_odd=(ScimOddity.PATCH_204,)),
                        SimulatorSettings(users=USERS, now_ms=NOON_MS, patch="405", lean=True, scim_odd=REPLACING),
                    )
                )
            ]
            while (
                figures.kills.total() < kills
                or figures.faults.total() < faults
                or figures.operations < operations
                or figures.jobs < jobs
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
        # Inverses of creations and deletions concern other users than the job.
        if job is None or plan.kind not in {PlanKind.OFFBOARD, PlanKind.EDIT} or self._chance.random() < 0.5:
            return
        back = self._undo(account, job)
        undone, touched_too = self._run_to_end(fork_server, account, back)
        if undone is None:
            return
        records = (*job.steps, *undone.steps)
        doubtful = [record.step.change for record in records if record.state in DOUBTFUL or _is_left_out(record)]
        excluded = {*touched, *touched_too}.union(*(places(change) for change in doubtful))
        self._compare(before, account.records(), excluded)

    def _run_to_end(
        self, fork_server: ForkServer, account: HarnessAccount, plan: Plan
    ) -> tuple[Job | None, set[Place]]:
        """Run a plan until its job has ended; the job, and what others changed meanwhile."""
        figures, first, before = self.figures, len(account.proxy.log), account.records()
        account.server.created.clear()
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
                others |= self._change_by_others(account, plan)
        job = account.job(plan.ticket)
        if job is None:
            figures.violations.append(Violation("lost", "the job is not in the journal"))
            return None, others
        log = account.proxy.log[first:]
        before |= {str(record["id"]): record for record in account.server.created}
        figures.violations += judge(Case(job, before, account.records(), log, others))
        figures.jobs += 1
        figures.operations += len(job.steps)
        figures.states.update(job.counts)
        figures.done.update(record.step.change.kind for record in job.steps if record.state is StepState.DONE)
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
        """A plan of each kind in turn, for some users; some changes are outdated."""
        kind, users, groups = self._kinds[account.jobs % len(self._kinds)], account.users(), account.groups()
        if kind in GROUP_KINDS:
            return self._group_changes(kind, groups)
        if kind is PlanKind.CREATE:
            return self._creations(account, users, groups)
        if kind is PlanKind.DELETE:
            users = self._chance.sample(users, DELETIONS)
            return self._make_plan(kind, users, [DeleteUser(user.id) for user in users], strict=False)
        users = self._chance.sample(users, self._chance.randint(*PEOPLE))
        if kind is PlanKind.EDIT:
            edits = [change for user in users for change in self._edits(user, groups)]
            return self._make_plan(kind, users, edits, strict=True)
        changes = [change for user in users for change in self._changes(user, groups)]
        return self._make_plan(kind, users, changes, strict=self._chance.random() < 0.3)

    def _creations(self, account: HarnessAccount, users: list[User], groups: list[Group]) -> Plan:
        """New users in groups; others create one of them first, and the email of another one is in use."""
        in_use = str(self._chance.choice(users).email)
        emails = [in_use, *(f"new{self.figures.jobs}.{number}@example.com" for number in range(CREATIONS))]
        values = {"first_name": "Ours"} | ({"role": "Editor"} if self._surface is Surface.REST else {})
        creations = [CreateUser.of(email, values) for email in emails]
        account.server.rivals = {emails[-1]: {"email": emails[-1], "firstName": "Theirs"}}
        changes = [
            change
            for create in creations
            for change in (create, *(AddMember(create.subject_id, group) for group in self._chance.sample(groups, 2)))
        ]
        return self._make_plan(PlanKind.CREATE, [create.new_user() for create in creations], changes, strict=False)

    def _group_changes(self, kind: PlanKind, groups: list[Group]) -> Plan:
        """New groups; later other names for them, and deletions of some; the name of one new group is in use."""
        ours = [group for group in groups if str(group.name).startswith("Ours")]
        changes: list[Change]
        if kind is PlanKind.CREATE_GROUP:
            names = [str(groups[0].name), *(f"Ours {self.figures.jobs}.{number}" for number in range(NEW_GROUPS))]
            ours = [Group(new_group_key(name), name) for name in names]
            changes = [CreateGroup.of(name) for name in names]
        elif kind is PlanKind.RENAME_GROUP:
            names = [f"{group.name}, again" for group in ours]
            changes = [RenameGroup(group.id, group.name, name) for group, name in zip(ours, names, strict=True)]
        else:
            ours = self._chance.sample(ours, min(len(ours), NEW_GROUPS - 1))
            changes = [DeleteGroup(group.id, group.name) for group in ours]
        subjects = tuple(GroupSubject(group, None, 0) for group in ours)
        return replace(self._make_plan(kind, [], changes, strict=False), groups=subjects)

    def _edits(self, user: User, groups: list[Group]) -> list[Change]:
        """Two edits with a change of groups in between, so that the second one finds another record."""
        first, last = f"First {self.figures.jobs}", f"Last {self.figures.jobs}"
        names = (FieldChange("first_name", user.first_name, first), FieldChange("last_name", user.last_name, last))
        other = FieldChange("role", user.role, "Editor" if user.role == "Admin" else "Admin")
        if self._surface is Surface.SCIM:
            other = FieldChange("external_id", user.external_id, f"X{self.figures.jobs}")
        group = self._chance.choice(groups)
        member = isinstance(user.groups, tuple) and group.id in user.groups
        move = (RemoveMember if member else AddMember)(user.id, group)
        return [UpdateUser(user.id, names), move, UpdateUser(user.id, (other,))]

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
        now: dict[str, User | None] = {user.id: user for user in account.users() if job.records_of(user.id)}
        people = {user_id: user for user_id, user in now.items() if user is not None}
        found = inverses(job.steps, people, now, {})
        return self._make_plan(PlanKind.UNDO, list(people.values()), found.changes, strict=True)

    def _make_plan(self, kind: PlanKind, users: list[User], changes: list[Change], *, strict: bool) -> Plan:
        ticket = f"T{self.figures.jobs}-{kind.value}"
        subjects = tuple(Subject(user, 0) for user in users)
        steps = numbered(changes, strict=strict)
        return Plan(kind, PROFILE, BASE_URL, 0, subjects, steps, ticket, surface=self._surface)

    def _change_by_others(self, account: HarnessAccount, plan: Plan) -> set[Place]:
        """Make a change by others while no process runs; what was changed."""
        change = self._chance.choice(plan.steps).change
        server = account.simulator.account
        record = account.records().get(change.subject_id)
        if record is None or change.deletes:
            return set()
        if isinstance(change, SetStatus):
            server.change(change.subject_id, {"status": "active" if record["status"] == "inactive" else "inactive"})
        elif isinstance(change, RenameGroup):
            server.change_group(change.subject_id, f"Theirs {self.figures.runs}", None)
        elif isinstance(change, UpdateUser):
            server.change(change.subject_id, {JSON_NAMES[change.attributes[0]]: f"Theirs {self.figures.runs}"})
        elif change.groups[0].id in record["groups"]:
            server.leave(change.groups[0].id, change.subject_id)
        else:
            server.join(change.groups[0].id, change.subject_id)
        return places(change)

    def _over_surface(self, record: Record) -> Record:
        """A flat record as the surface shows it: over SCIM pending users are active."""
        if self._surface is Surface.SCIM and record.get("status") == Status.PENDING:
            return record | {"status": Status.ACTIVE}
        return record

    def _compare(self, before: dict[str, Record], after: dict[str, Record], excluded: set[Place]) -> None:
        """Check that a job and its undo restore everything except changes by others and failed steps."""
        for user_id, record in before.items():
            was, now = (self._over_surface(flat(each)) for each in (record, after[user_id]))
            self.figures.violations += [
                Violation("lost", f"{user_id} {name}: {was.get(name)} before, {now.get(name)} after the undo")
                for name in {*was, *now}
                if was.get(name) != now.get(name) and (user_id, name) not in excluded
            ]


def _is_left_out(record: StepRecord) -> bool:
    """The undo reports that it does not restore what this step changed."""
    return record.changed and not record.step.change.inverses(record.before, record.after)


DOUBTFUL = frozenset({StepState.FAILED, StepState.NEEDS_REVIEW, StepState.SKIPPED})
