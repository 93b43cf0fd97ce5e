"""The guarantees of the write path, tested by killing the program and injecting network faults.

A longer run is started by hand: ``python -m tests.faults.kill_campaign``.
"""

import pytest

from tests.support.kill_harness import Figures, Harness
from tests.support.killed_program import POINTS
from tests.support.mutants import MUTANTS

KILLS = 50
FAULTS = 2000
ANY_MOMENT = "at any moment"
MOST_JOBS = 120
# A mutant is detected within the first jobs; if it takes longer, the harness checks too little.
OPERATIONS_TO_CATCH_A_MUTANT = 1200
VIOLATION_OF_MUTANT = {
    "no intent record": "unexplained",
    "commit after send": "unexplained",
    "blind resend": "duplicated",
    "blind resume": "unexplained",
    "already so is a failure": "lost",
    "PUT retried on time-out": "duplicated",
    "PUT of the edited field alone": "unexplained",
    "a lost answer is a yes": "lost",
    "409 taken as created": "lost",
    "PUT from a stale base": "unexplained",
    "create resent blindly": "duplicated",
    "delete resent after 404": "duplicated",
    "id forgotten on resume": "lost",
}


def test_no_change_is_lost_executed_twice_or_unexplained() -> None:
    figures = Harness(seed=1, share=0.45).run(
        kills=KILLS,
        faults=FAULTS,
        moments={*POINTS, ANY_MOMENT},
        until=lambda figures: bool(figures.violations) or figures.jobs >= MOST_JOBS,
    )
    assert figures.violations == [], figures.summary()
    assert figures.kills.total() >= KILLS
    assert figures.faults.total() >= FAULTS
    assert {*POINTS, ANY_MOMENT} == set(figures.kills)
    # By design, others have the email of two new users in each job, and some edits are outdated.
    assert figures.states["done"] > figures.operations * 0.8


def kinds(figures: Figures) -> set[str]:
    return {violation.kind for violation in figures.violations}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_mutant_is_detected(mutant: str) -> None:
    wanted = VIOLATION_OF_MUTANT[mutant]
    figures = Harness(seed=5, mutant=mutant).run(
        kills=10_000,
        until=lambda figures: wanted in kinds(figures) or figures.operations >= OPERATIONS_TO_CATCH_A_MUTANT,
    )
    assert wanted in kinds(figures), figures.summary()
