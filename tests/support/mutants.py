"""Programs with a mistake in them, each of which the kill harness, or the test that is named, has to catch.

A mutant changes the classes of the process that it is planted in, so plant it in a process that is thrown away.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.domain import outcomes
from walkme_tui.domain.errors import ApiError, OutcomeUnknown, WalkmeError
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.users import Json, User
from walkme_tui.services.changes.ledger import Ledger
from walkme_tui.services.changes.outage_gate import OutageGate
from walkme_tui.services.changes.read_back import ReadBack
from walkme_tui.services.changes.step_runner import StepRunner
from walkme_tui.store.journal import claims
from walkme_tui.store.journal import tables as journal_tables


def no_intent_record() -> None:
    """A step is sent without having been written down before."""

    async def intend(self: Ledger, record: StepRecord, before: User | None) -> StepRecord:
        return self._progress.update(replace(record, state=StepState.SENT, attempts=record.attempts + 1, before=before))

    Ledger.intend = intend  # type: ignore[method-assign]  # that is the mutant


def commit_after_send() -> None:
    """A step is written down when it has been sent."""
    real_intend, real_send = Ledger.intend, StepRunner._send
    waiting: dict[str, Any] = {}

    async def intend(self: Ledger, record: StepRecord, before: User | None) -> StepRecord:
        waiting[record.step.user_id] = (record, before)
        return replace(record, state=StepState.SENT, attempts=record.attempts + 1, before=before or record.before)

    async def send(self: StepRunner, record: StepRecord) -> str | None:
        try:
            return await real_send(self, record)
        finally:
            await real_intend(self._ledger, *waiting.pop(record.step.user_id))

    Ledger.intend = intend  # type: ignore[method-assign]  # that is the mutant
    StepRunner._send = send  # type: ignore[method-assign]  # that is the mutant


def blind_resend() -> None:
    """What was not answered is sent once more, without a look."""
    real = StepRunner._send

    async def send(self: StepRunner, record: StepRecord) -> str | None:
        try:
            return await real(self, record)
        except OutcomeUnknown:
            return await real(self, record)

    StepRunner._send = send  # type: ignore[method-assign]  # that is the mutant


def blind_resume() -> None:
    """What an earlier run had sent is taken for not sent."""

    async def reconcile(self: StepRunner, records: Sequence[StepRecord]) -> None:
        for record in records:
            await self._settle(record, Outcome(StepState.TODO, outcomes.UNSENT))

    StepRunner.reconcile = reconcile  # type: ignore[method-assign]  # that is the mutant


def already_so_is_a_failure() -> None:
    """A change that is there already counts as one that could not be made."""
    real = outcomes.before_sending

    def before_sending(record: StepRecord, user: User) -> Outcome | None:
        found = real(record, user)
        if found is None or found.state is not StepState.DONE:
            return found
        return replace(found, state=StepState.FAILED, changed=False)

    async def after_refusal(self: ReadBack, record: StepRecord, error: ApiError) -> Outcome:
        return outcomes.refused(record.step.change, error)

    outcomes.before_sending = before_sending
    ReadBack.after_refusal = after_refusal  # type: ignore[method-assign]  # that is the mutant


def put_retried_on_time_out() -> None:
    """A replacement that was not answered is sent once more."""
    real = RestDirectory.put_user

    async def put_user(self: RestDirectory, user_id: str, whole: Any) -> None:
        try:
            await real(self, user_id, whole)
        except OutcomeUnknown:
            await real(self, user_id, whole)

    RestDirectory.put_user = put_user  # type: ignore[method-assign]  # that is the mutant


def put_of_the_edited_field_alone() -> None:
    """A replacement holds the new value and nothing else."""
    real = RestDirectory.put_user

    async def put_user(self: RestDirectory, user_id: str, whole: Any) -> None:
        only: dict[str, Json] = {name: value for name, value in dict(whole).items() if name in {"email", "status"}}
        await real(self, user_id, only)

    RestDirectory.put_user = put_user  # type: ignore[method-assign]  # that is the mutant


def an_answer_is_believed() -> None:
    """A lost answer is taken for a yes."""

    async def after_lost_answer(self: ReadBack, record: StepRecord, *, interrupted: bool = False) -> Outcome:
        return Outcome(StepState.DONE, outcomes.LOST_BUT_APPLIED, changed=True)

    ReadBack.after_lost_answer = after_lost_answer  # type: ignore[method-assign]  # that is the mutant


def a_fault_stops_nobody() -> None:
    """A fault of the program in the steps of one person leaves the others going."""
    real = OutageGate.stop

    def stop(self: OutageGate, problem: WalkmeError | None = None) -> None:
        if problem is not None:
            real(self, problem)

    OutageGate.stop = stop  # type: ignore[method-assign]  # that is the mutant


def an_earlier_attempt_is_forgotten() -> None:
    """An attempt that surely did not happen makes the one before it, which may have, count for nothing."""
    outcomes.not_sent = lambda record: Outcome(StepState.TODO, outcomes.UNSENT)


def only_what_is_still_to_be_sent_makes_rivals() -> None:
    """Steps that were sent and not answered claim nobody."""

    class TodoOnly:
        """``StepState`` where nothing is ever ``sent``."""

        TODO, SENT = StepState.TODO, StepState.TODO

    def unsettled_users(self: journal_tables.JournalTables, job_id: str) -> list[str]:
        found = self.connection.execute(
            "SELECT DISTINCT user_id FROM steps WHERE job = ? AND state = ?", (job_id, StepState.TODO)
        )
        return [user_id for (user_id,) in found]

    claims.StepState = TodoOnly  # type: ignore[attr-defined,assignment]  # that is the mutant
    journal_tables.JournalTables.unsettled_users = unsettled_users  # type: ignore[method-assign]  # that is the mutant


MUTANTS: dict[str, Callable[[], None]] = {
    "no intent record": no_intent_record,
    "commit after send": commit_after_send,
    "blind resend": blind_resend,
    "blind resume": blind_resume,
    "already so is a failure": already_so_is_a_failure,
    "PUT retried on time-out": put_retried_on_time_out,
    "PUT of the edited field alone": put_of_the_edited_field_alone,
    "a lost answer is a yes": an_answer_is_believed,
}
# What kills and faults on the wire do not reach, each with the test that catches it.
CAUGHT_BY_TESTS: dict[str, tuple[Callable[[], None], str]] = {
    "a fault of the program stops nobody": (
        a_fault_stops_nobody,
        "unit/services/test_execution.py::test_a_bug_in_one_step_stops_the_job_for_all_users",
    ),
    "an earlier attempt is forgotten": (
        an_earlier_attempt_is_forgotten,
        "unit/services/test_execution.py::test_an_attempt_without_an_answer_counts_after_a_later_one_that_was_not_sent",
    ),
    "only what is still to be sent makes rivals": (
        only_what_is_still_to_be_sent_makes_rivals,
        "unit/store/test_journal_claims.py::test_a_sent_step_without_an_answer_claims_its_user",
    ),
}
