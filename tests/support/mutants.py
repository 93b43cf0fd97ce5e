"""Mutants: mistakes in the program, each of which the kill harness or the listed test has to detect.

A mutant changes classes of the running process, so install it only in a process that ends afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.user_update import UserUpdater
from walkme_tui.api.scim.calls import Operation
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.groups import ScimGroups
from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import ApiError, OutcomeUnknown, WalkmeError
from walkme_tui.domain.jobs import Job, Outcome, OutcomeReason, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import Json, User
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.changes.read_back import ReadBack, UserReadBack
from walkme_tui.services.changes.step_runner import StepRunner
from walkme_tui.store.journal import claims
from walkme_tui.store.journal import tables as journal_tables


def no_intent_record() -> None:
    """A step is sent without a stored intent."""

    async def intend(self: Ledger, record: StepRecord, before: Record | None) -> StepRecord:
        return self._progress.update(replace(record, state=StepState.SENT, attempts=record.attempts + 1, before=before))

    Ledger.intend = intend  # type: ignore[method-assign]  # that is the mutant


def commit_after_send() -> None:
    """The intent of a step is stored after it was sent."""
    real_intend, real_send = Ledger.intend, StepRunner._send
    waiting: dict[str, Any] = {}

    async def intend(self: Ledger, record: StepRecord, before: Record | None) -> StepRecord:
        waiting[record.step.subject_id] = (record, before)
        return replace(record, state=StepState.SENT, attempts=record.attempts + 1, before=before or record.before)

    async def send(self: StepRunner, record: StepRecord) -> str | None:
        try:
            return await real_send(self, record)
        finally:
            await real_intend(self._ledger, *waiting.pop(record.step.subject_id))

    Ledger.intend = intend  # type: ignore[method-assign]  # that is the mutant
    StepRunner._send = send  # type: ignore[method-assign]  # that is the mutant


def blind_resend() -> None:
    """A write without an answer is resent without reading the user."""
    real = StepRunner._send

    async def send(self: StepRunner, record: StepRecord) -> str | None:
        try:
            return await real(self, record)
        except OutcomeUnknown:
            return await real(self, record)

    StepRunner._send = send  # type: ignore[method-assign]  # that is the mutant


def blind_resume() -> None:
    """Steps sent by an earlier run are treated as not sent."""

    async def read_back_sent(self: StepRunner, records: Sequence[StepRecord]) -> None:
        for record in records:
            await self._settle(record, Outcome(StepState.TODO, outcomes.UNSENT))

    StepRunner.read_back_sent = read_back_sent  # type: ignore[method-assign]  # that is the mutant


def unchanged_is_a_failure() -> None:
    """A change that already holds counts as failed."""
    real = outcomes.before_sending

    def before_sending(record: StepRecord, now: Record) -> Outcome | None:
        found = real(record, now)
        if found is None or found.state is not StepState.DONE:
            return found
        return replace(found, state=StepState.FAILED, changed=False)

    async def after_refusal(self: ReadBack, record: StepRecord, error: ApiError) -> Outcome:
        return outcomes.refused(record, error)

    outcomes.before_sending = before_sending
    ReadBack.after_refusal = after_refusal  # type: ignore[method-assign]  # that is the mutant


def put_retried_on_time_out() -> None:
    """A PUT without an answer is resent."""
    real = RestDirectory.put_user

    async def put_user(self: RestDirectory, user_id: str, whole: Any) -> None:
        try:
            await real(self, user_id, whole)
        except OutcomeUnknown:
            await real(self, user_id, whole)

    RestDirectory.put_user = put_user  # type: ignore[method-assign]  # that is the mutant


def put_of_the_edited_field_alone() -> None:
    """A PUT contains only the new value."""
    real = RestDirectory.put_user

    async def put_user(self: RestDirectory, user_id: str, whole: Any) -> None:
        only: dict[str, Json] = {name: value for name, value in dict(whole).items() if name in {"email", "status"}}
        await real(self, user_id, only)

    RestDirectory.put_user = put_user  # type: ignore[method-assign]  # that is the mutant


def lost_answer_is_success() -> None:
    """A lost answer counts as success."""

    async def after_lost_answer(self: ReadBack, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        return Outcome(StepState.DONE, outcomes.LOST_BUT_APPLIED, changed=True)

    ReadBack.after_lost_answer = after_lost_answer  # type: ignore[method-assign]  # that is the mutant


def taken_email_is_success() -> None:
    """A 409 to the creation of a user counts as created."""
    real = StepRunner._send_once

    async def send_once(self: StepRunner, record: StepRecord) -> Outcome:
        outcome = await real(self, record)
        if outcome.reason is not OutcomeReason.EXISTS:
            return outcome
        (user,) = await self._readers.user_creation._find(record)
        return Outcome(StepState.DONE, "created", changed=True, after=user)

    StepRunner._send_once = send_once  # type: ignore[method-assign]  # that is the mutant


def another_email_is_ignored() -> None:
    """A step for a user given by email is sent also where the user has another email by now."""
    real = outcomes.before_sending

    def before_sending(record: StepRecord, now: Record) -> Outcome | None:
        return real(replace(record, step=replace(record.step, email=None)), now)

    outcomes.before_sending = before_sending


def put_from_a_stale_base() -> None:
    """A PUT contains the record as it was when the process first read it."""
    real = UserUpdater._whole
    seen: dict[str, User] = {}

    async def whole(self: UserUpdater, user_id: str, base: User, fields: Mapping[str, Json]) -> dict[str, Json]:
        await real(self, user_id, base, fields)
        return encode_user(seen.setdefault(user_id, base)) | dict(fields)

    UserUpdater._whole = whole  # type: ignore[method-assign]  # that is the mutant


def creation_resent_blindly() -> None:
    """A creation without an answer is resent without looking for the user."""
    real = RestDirectory.create_user

    async def create_user(self: RestDirectory, values: Mapping[str, str]) -> str | None:
        try:
            return await real(self, values)
        except OutcomeUnknown:
            return await real(self, values)

    RestDirectory.create_user = create_user  # type: ignore[method-assign]  # that is the mutant


def deletion_resent_after_404() -> None:
    """A deletion without an answer is resent although the user is gone when read again."""
    real = ReadBack.after_lost_answer

    async def after_lost_answer(self: ReadBack, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        outcome = await real(self, record, interrupted=interrupted)
        if record.step.change.deletes and outcome.state is StepState.DONE:
            with suppress(ApiError):
                await self._session.api.delete_user(record.step.subject_id)
        return outcome

    ReadBack.after_lost_answer = after_lost_answer  # type: ignore[method-assign]  # that is the mutant


def new_id_forgotten_on_resume() -> None:
    """A resumed job does not know the ids of the users that it created before."""
    real = Ledger.__init__

    def init(self: Ledger, job: Job, *others: Any) -> None:
        real(self, job, *others)
        self._ids.clear()

    Ledger.__init__ = init  # type: ignore[assignment,method-assign]  # that is the mutant


def bug_does_not_stop_the_job() -> None:
    """A bug in the steps of one user does not stop those of the others."""
    real = OutageGate.stop

    def stop(self: OutageGate, problem: WalkmeError | None = None) -> None:
        if problem is not None:
            real(self, problem)

    OutageGate.stop = stop  # type: ignore[method-assign]  # that is the mutant


def earlier_attempt_is_discarded() -> None:
    """An attempt that was not executed discards an earlier one that may have been."""
    outcomes.not_sent = lambda record: Outcome(StepState.TODO, outcomes.UNSENT)


def sent_steps_claim_no_user() -> None:
    """Sent steps without an answer do not claim their user."""

    class WithoutSent:
        """``StepState`` where nothing is ever ``sent``."""

        TODO, SENT = StepState.TODO, StepState.TODO

    def unsettled_subjects(self: journal_tables.JournalTables, job_id: str) -> list[str]:
        found = self.connection.execute(
            "SELECT DISTINCT user_id FROM steps WHERE job = ? AND state = ?", (job_id, StepState.TODO)
        )
        return [user_id for (user_id,) in found]

    claims.StepState = WithoutSent  # type: ignore[attr-defined,assignment]  # that is the mutant
    journal_tables.JournalTables.unsettled_subjects = unsettled_subjects  # type: ignore[method-assign]  # that is the mutant


def ignored_write_is_done() -> None:
    """A change that the server accepted counts as done, whatever the record shows."""

    async def after_acceptance(self: ReadBack, record: StepRecord, new_id: str | None) -> Outcome:
        return Outcome(StepState.DONE, "accepted", changed=True)

    UserReadBack.after_acceptance = after_acceptance  # type: ignore[method-assign]  # that is the mutant


def scim_creation_resent_blindly() -> None:
    """A creation over SCIM without an answer is resent without looking for the user."""
    real = ScimDirectory.create_user

    async def create_user(self: ScimDirectory, values: Mapping[str, str]) -> str | None:
        try:
            return await real(self, values)
        except OutcomeUnknown:
            return await real(self, values)

    ScimDirectory.create_user = create_user  # type: ignore[method-assign]  # that is the mutant


def removal_replaces_the_members() -> None:
    """Where a path with a filter is refused, the list of members is replaced by one without the user."""
    real = ScimGroups._patch

    async def patch(self: ScimGroups, group_id: str, operation: Operation) -> None:
        if operation["op"] == "remove" and "value" in operation:
            leaving = str(operation["value"])
            left = [member for member in await self.member_ids(group_id, Priority.DEMAND) if member not in leaving]
            operation = {"op": "replace", "path": "members", "value": [{"value": member} for member in left]}
        await real(self, group_id, operation)

    ScimGroups._patch = patch  # type: ignore[method-assign]  # that is the mutant


def group_creation_resent_blindly() -> None:
    """A creation of a group without an answer is resent without looking for the group."""
    real = ScimDirectory.create_group

    async def create_group(self: ScimDirectory, name: str) -> str | None:
        try:
            return await real(self, name)
        except OutcomeUnknown:
            return await real(self, name)

    ScimDirectory.create_group = create_group  # type: ignore[method-assign]  # that is the mutant


MUTANTS: dict[str, Callable[[], None]] = {
    "no intent record": no_intent_record,
    "commit after send": commit_after_send,
    "blind resend": blind_resend,
    "blind resume": blind_resume,
    "already so is a failure": unchanged_is_a_failure,
    "PUT retried on time-out": put_retried_on_time_out,
    "PUT of the edited field alone": put_of_the_edited_field_alone,
    "a lost answer is a yes": lost_answer_is_success,
    "409 taken as created": taken_email_is_success,
    "another email is ignored": another_email_is_ignored,
    "PUT from a stale base": put_from_a_stale_base,
    "create resent blindly": creation_resent_blindly,
    "delete resent after 404": deletion_resent_after_404,
    "id forgotten on resume": new_id_forgotten_on_resume,
}
# Those on the SCIM surface.
SCIM_MUTANTS: dict[str, Callable[[], None]] = {
    "an ignored write is done": ignored_write_is_done,
    "SCIM create resent blindly": scim_creation_resent_blindly,
    "removal replaces the members": removal_replaces_the_members,
    "group created blindly": group_creation_resent_blindly,
}
# Mutants that kills and network faults do not detect, each with a test that does.
CAUGHT_BY_TESTS: dict[str, tuple[Callable[[], None], str]] = {
    "a bug does not stop the job": (
        bug_does_not_stop_the_job,
        "unit/services/test_execution.py::test_a_bug_in_one_step_stops_the_job_for_all_users",
    ),
    "an earlier attempt is discarded": (
        earlier_attempt_is_discarded,
        "unit/services/test_execution.py::test_an_attempt_without_an_answer_counts_after_a_later_one_that_was_not_sent",
    ),
    "sent steps claim no user": (
        sent_steps_claim_no_user,
        "unit/store/test_journal_claims.py::test_a_sent_step_without_an_answer_claims_its_user",
    ),
}
