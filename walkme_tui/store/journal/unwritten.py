"""Outcomes of steps that are not in the file yet: the next write adds them."""

from typing import NamedTuple

from walkme_tui.domain.jobs import Outcome
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.claims import Claims
from walkme_tui.store.journal.tables import JournalTables


class SettledStep(NamedTuple):
    """A step with its outcome."""

    job_id: str
    number: int
    outcome: Outcome
    at_ms: int


class UnwrittenOutcomes:
    """The outcomes that are still to be written, in order; only the journal's thread reads and changes them."""

    def __init__(self, claims: Claims, actor: str) -> None:
        self.outcomes: list[SettledStep] = []
        self._claims = claims
        self._actor = actor

    def state_before(self, settled: SettledStep, tables: JournalTables) -> StepState:
        """The state of a step that may be settled; ValueError for one that is, raises like ``Claims.check``."""
        self._claims.check(tables, settled.job_id)
        state = tables.step_state(settled.job_id, settled.number)
        for earlier in self.outcomes:
            if (earlier.job_id, earlier.number) == (settled.job_id, settled.number):
                state = earlier.outcome.state
        if state.settled:
            raise ValueError(f"step {settled.number} of job {settled.job_id} is {state.value} already")
        return state

    def write(self, tables: JournalTables) -> None:
        """Write them; those of a job that this process holds no more are left to its holder."""
        held = {job_id for job_id in {each.job_id for each in self.outcomes} if self._claims.is_ours(tables, job_id)}
        for settled in self.outcomes:
            if settled.job_id in held:
                tables.mark_settled(settled.job_id, settled.number, settled.outcome, settled.at_ms, self._actor)
