"""A simulated account that two admins change, over one surface or both, with a plain dictionary of its contents.

account = SharedAccount(patch="405", lean=True)
admin = await Admin.open(account, "ada", folder)
account.begin([Interruption(…)], [Lost.ANSWER], edited={"lastName"})    # before the requests of one job
job = await admin.run(plan)
account.problems             # sentences; empty for a correct program
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.fault_proxy import TOKEN_PATH, Exchange
from tests.support.job_verdict import flat, is_call_of
from tests.support.killed_program import client
from tests.support.scim_exchanges import SCIM_ROOT, sent_members, sent_values
from tests.support.sessions import ManualTime, open_session
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord, created_ids
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import UNKNOWN, Json, User
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.ports import Session
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.refusals import AccountRefusal
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import PatchSupport, SimulatorSettings
from walkme_tui.store.journal.journal import open_journal

USERS = 3
GROUPS = 3
MAX_RUNS = 6
QUICK = RetryPolicy(base_seconds=0, longest_seconds=0)
# SCIM shows pending users as active ones.
SCIM_STATUS = {"pending": "active"}
UNSETTLED = frozenset({StepState.FAILED, StepState.SKIPPED, StepState.REFUSED})


class Lost(Enum):
    """What becomes of a write."""

    NOTHING = auto()
    ANSWER = auto()
    REQUEST = auto()


@dataclass(frozen=True, slots=True)
class Interruption:
    """What another admin does to a user just before the request with this number of a job, counted from 0."""

    number: int
    user_id: str
    fields: Mapping[str, Json]
    group_id: str = ""

    def names(self) -> set[str]:
        """The fields that change; a group counts as one."""
        return {*self.fields, *filter(None, [self.group_id])}


class SharedAccount(httpx.AsyncBaseTransport):
    """The account, and the HTTP transport of its admins.

    ``expected`` are the flat records that it has to contain: each write changes in them only what it is meant to.
    """

    def __init__(self, *, patch: PatchSupport = "ok", lean: bool = False, scim_odd: Sequence[ScimOddity] = ()) -> None:
        self.time = ManualTime()
        settings = SimulatorSettings(users=USERS, patch=patch, lean=lean, scim_odd=tuple(scim_odd))
        self.server = SimulatedAccount(settings, self.time)
        self._application = httpx.ASGITransport(Simulator(settings, self.server))
        self.group_ids = [str(group["id"]) for group in self.server.groups()][:GROUPS]
        self.problems: list[str] = []
        for number, record in enumerate(self.server.users(0, USERS)):
            # A field that the program does not know, and a value that it cannot read without loss.
            more: dict[str, Json] = {"custom": {"level": number, "tags": [{"deep": [None, number]}]}}
            self.server.change(str(record["id"]), more | ({"firstName": "\ud83d half"} if number else {}))
        self.expected = self.records()
        self.begin()

    def records(self) -> dict[str, dict[str, Json]]:
        """Every user as the server has them, as flat records by id."""
        return {str(record["id"]): flat(record) for record in self.server.users(0, self.server.total)}

    def user(self, user_id: str, surface: Surface = Surface.REST) -> User | None:
        """The user as a surface shows them, None if there is none."""
        try:
            user = decode_user(self.server.user(user_id))
        except AccountRefusal:
            return None
        assert isinstance(user, User)
        if surface is Surface.SCIM:
            return user._replace(role=UNKNOWN, status=SCIM_STATUS.get(str(user.status), user.status))
        return user

    def begin(
        self,
        interruptions: Sequence[Interruption] = (),
        lost: Sequence[Lost] = (),
        *,
        edited: Collection[str] = (),
        strict: bool = True,
    ) -> None:
        """Prepare the requests of one job.

        ``lost`` is what becomes of its writes, one after the other. ``edited`` are the JSON names of the fields that it
        sets; unless ``strict`` it overwrites what others set them to.
        """
        self._waiting = list(interruptions)
        self._lost = list(lost)
        self._edited = frozenset(edited)
        self._strict = strict
        self.log: list[Exchange] = []
        self.touched: set[tuple[str, str]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let others act, then serve the request; the answer of a write may be lost, or the request."""
        if request.url.path == TOKEN_PATH:
            return await self._application.handle_async_request(request)
        number = len(self.log)
        just_now = self._interrupt(number)
        loss = self._lost.pop(0) if request.method != "GET" and self._lost else Lost.NOTHING
        body = request.content.decode()
        status: int | None = None
        try:
            if loss is Lost.REQUEST:
                raise httpx.ReadError("the connection broke", request=request)
            response = await self._application.handle_async_request(request)
            status, answer = response.status_code, await response.aread()
            if request.method != "GET" and 200 <= status < 300:
                self._note_write(request, answer, just_now)
            if loss is Lost.ANSWER:
                raise httpx.ReadError("the connection broke", request=request)
            return httpx.Response(status, headers=response.headers, stream=httpx.ByteStream(answer))
        finally:
            self.log.append(Exchange(number, request.method, request.url.path, body, None, status))

    def _interrupt(self, number: int) -> set[tuple[str, str]]:
        """What others change now."""
        changed: set[tuple[str, str]] = set()
        for interruption in [waiting for waiting in self._waiting if waiting.number == number]:
            self._waiting.remove(interruption)
            user_id = interruption.user_id
            if self.user(user_id) is None:
                continue
            expected = self.expected[user_id]
            self.server.change(user_id, interruption.fields)
            expected.update(interruption.fields)
            if interruption.group_id in expected:
                self.server.leave(interruption.group_id, user_id)
                del expected[interruption.group_id]
            elif interruption.group_id:
                self.server.join(interruption.group_id, user_id)
                expected[interruption.group_id] = True
            changed |= {(user_id, name) for name in interruption.names()}
        self.touched |= changed
        return changed

    def _note_write(self, request: httpx.Request, answer: bytes, just_now: set[tuple[str, str]]) -> None:
        """Change what is expected as the write was meant to."""
        sent = json.loads(request.content or b"null")
        if request.url.path.startswith(SCIM_ROOT):
            self._note_scim_write(request, sent, answer, just_now)
            return
        match request.method, request.url.path.strip("/").split("/"):
            case "PATCH", [_, user_id]:
                self._note_values(user_id, sent, just_now)
            case "PUT", [_, user_id]:
                self._note_values(user_id, {name: sent[name] for name in self._edited if name in sent}, just_now)
                # Within the round trip, a PUT takes back what others changed.
                written = flat(sent)
                for _, name in just_now:
                    self.expected[user_id].pop(name, None)
                    self.expected[user_id].update({name: written[name]} if name in written else {})
            case "POST", ["users"]:
                self._note_new_user(json.loads(answer)["id"], sent)
            case "DELETE", [_, user_id]:
                del self.expected[user_id]
            case "POST", [_, group_id, _]:
                self.expected[sent["userId"]][group_id] = True
            case "DELETE", [_, group_id, _, user_id]:
                self.expected[user_id].pop(group_id)

    def _note_scim_write(
        self, request: httpx.Request, sent: Any, answer: bytes, just_now: set[tuple[str, str]]
    ) -> None:
        match request.method, request.url.path.removeprefix(SCIM_ROOT).strip("/").split("/"):
            case "PATCH" | "PUT" as method, ["Users", user_id]:
                values = sent_values(method, sent)
                if method == "PUT":
                    # The version that it names makes sure that others changed nothing since it was read.
                    self.problems += [f"a PUT took back the {name} of others" for _, name in just_now]
                    values = {name: value for name, value in values.items() if name in self._edited}
                if values.get("status") == SCIM_STATUS.get(str(self.expected[user_id]["status"])):
                    values.pop("status", None)
                self._note_values(user_id, values, just_now)
            case "POST", ["Users"]:
                values = sent_values("POST", sent)
                self._note_new_user(json.loads(answer)["id"], values)
            case "DELETE", ["Users", user_id]:
                del self.expected[user_id]
            case "PATCH", ["Groups", group_id]:
                for kind, user_id in sent_members(sent):
                    if kind == "add":
                        self.expected[user_id][group_id] = True
                    else:
                        self.expected[user_id].pop(group_id, None)

    def _note_new_user(self, user_id: str, values: Mapping[str, Json]) -> None:
        self.expected[user_id] = flat(self.server.user(user_id))
        for name, value in values.items():
            if self.expected[user_id][name] != value:
                self.problems.append(f"created with the {name} {self.expected[user_id][name]!r}, not {value!r}")

    def _note_values(self, user_id: str, values: Mapping[str, Json], just_now: set[tuple[str, str]]) -> None:
        seen = self.touched - just_now
        for name in values:
            if self._strict and (user_id, name) in seen:
                self.problems.append(f"{name} was overwritten although others had changed it before the last read")
        self.expected[user_id].update(values)

    # ------------------------------------------------------------ checks

    def check(self) -> None:
        """Note every field that is not as expected."""
        records = self.records()
        for user_id in {*records, *self.expected}:
            now, expected = records.get(user_id, {}), self.expected.get(user_id, {})
            self.problems += [
                f"{user_id} {name}: {now.get(name)!r} on the server, expected {expected.get(name)!r}"
                for name in {*now, *expected}
                if now.get(name) != expected.get(name)
            ]

    def check_job(self, job: Job) -> None:
        """Note every step whose outcome is not what happened."""
        if job.state is not JobState.DONE:
            self.problems.append(f"the job is {job.state}")
        self.problems += [problem for record in job.steps if (problem := self._wrong(job, record))]

    def _wrong(self, job: Job, record: StepRecord) -> str:
        """What is wrong with the outcome of a step; empty if nothing is."""
        subject, change = record.step.subject_id, record.step.change
        user_id = created_ids(job.steps).get(subject, subject)
        change = change if change.new_email else change.for_subject(user_id)
        executed = [exchange for exchange in self.log if exchange.executed and is_call_of(exchange, change)]
        name = f"{change} is {record.state} ({record.detail})"
        by_others = {name for _, name in self.touched}
        surface = job.plan.surface
        if record.state in UNSETTLED and executed and (not by_others or self._has_effect(change, surface)):
            return f"{name}, and was executed: {executed}"
        if len(executed) > 1 and not by_others:
            return f"{name}, and was executed {len(executed)} times"
        if record.state is StepState.NEEDS_REVIEW and not by_others and not change.review_text:
            return f"{name}, although others changed nothing"
        overwritten = any(
            other.step.number > record.step.number and {*other.step.change.attributes} & {*change.attributes}
            for other in job.records_of(subject)
        )
        if record.state is StepState.DONE and not by_others and not overwritten:
            return "" if self._has_effect(change.for_subject(user_id), surface) else f"{name}, and is not so"
        return ""

    def _has_effect(self, change: Change, surface: Surface) -> bool:
        """True if the user is as a change makes them, in one of its fields at least."""
        user = self.user(change.subject_id, surface)
        if isinstance(change, UpdateUser):
            return user is not None and any(field.holds(user) for field in change.fields)
        return user is None if change.deletes else user is not None and bool(change.holds(user))


@dataclass(frozen=True, slots=True)
class Admin:
    """One of the admins: a session with its own mirror and journal."""

    account: SharedAccount
    session: Session
    planner: Planner
    edit_planner: EditPlanner
    undo_planner: UndoPlanner
    executor: Executor
    stack: AsyncExitStack

    @classmethod
    async def open(cls, account: SharedAccount, name: str, folder: Path, surface: Surface = Surface.REST) -> Self:
        """Sign an admin in."""
        actor = Actor(name, "jump-host", "demo")
        api = client(surface, "https://walkme.test", account)
        stack = AsyncExitStack()
        session = await stack.enter_async_context(open_session(api, time=account.time, surface=surface))
        journal = open_journal(folder / name, actor=actor, clock=account.time)
        stack.push_async_callback(journal.aclose)
        api.use_write_support(journal.write_support("test", session.account.base_url))
        return cls(
            account,
            session,
            Planner(session),
            EditPlanner(session),
            UndoPlanner(session),
            Executor(session, journal, actor, sleep=_yield),
            stack,
        )

    async def run(self, plan: Plan) -> Job:
        """Execute a plan until its job has ended, or too often."""
        job = await self.executor.submit(plan)
        for _ in range(MAX_RUNS):
            with suppress(WalkmeError):
                return await self.executor.run(job, JobControl(patience_seconds=0), lambda progress: None)
        raise AssertionError("the job does not end")

    async def aclose(self) -> None:
        """Close the session and the journal."""
        await self.stack.aclose()


async def _yield(seconds: float) -> None:
    await asyncio.sleep(0)
