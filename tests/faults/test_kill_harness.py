"""The guarantees of the write path, tested by killing the program and injecting network faults.

A longer run is started by hand: ``python -m tests.faults.kill_campaign``.
"""

import pytest

from tests.support.harness_plans import JobKind
from tests.support.kill_harness import ANY_MOMENT, Figures, Harness
from tests.support.killed_program import POINTS
from tests.support.mutants import MUTANTS

KILLS = 50
FAULTS = 2000
ROUNDS = 2
MOST_JOBS = 120
# A mutant is detected within the first jobs; if it takes longer, the harness checks too little.
OPERATIONS_TO_CATCH_A_MUTANT = 2000
# What each mutant leads to, and in which kind of job.
SYMPTOMS = [
    ("no intent record", JobKind.BULK, "unexplained"),
    ("commit after send", JobKind.IMPORT, "unexplained"),
    ("blind resend", JobKind.BULK, "duplicated"),
    ("blind resume", JobKind.BULK, "unexplained"),
    ("already so is a failure", JobKind.OFFBOARD, "lost"),
    ("PUT retried on time-out", JobKind.EDIT, "duplicated"),
    ("PUT of the edited field alone", JobKind.EDIT, "unexplained"),
    ("a lost answer is a yes", JobKind.IMPORT, "lost"),
    ("409 taken as created", JobKind.CREATE, "lost"),
    ("409 taken as created", JobKind.IMPORT, "lost"),
    ("another email is ignored", JobKind.IMPORT, "unexplained"),
    ("PUT from a stale base", JobKind.EDIT, "unexplained"),
    ("create resent blindly", JobKind.IMPORT, "duplicated"),
    ("delete resent after 404", JobKind.DELETE, "duplicated"),
    ("id forgotten on resume", JobKind.IMPORT, "lost"),
]


def test_no_change_is_lost_executed_twice_or_unexplained() -> None:
    figures = Harness(seed=1, share=0.45).run(
        kills=KILLS,
        faults=FAULTS,
        rounds=ROUNDS,
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


@pytest.mark.parametrize(("mutant", "kind", "wanted"), SYMPTOMS)
def test_each_mutant_is_detected(mutant: str, kind: JobKind, wanted: str) -> None:
    figures = Harness(seed=5, mutant=mutant, kinds=[kind]).run(
        kills=10_000,
        until=lambda figures: wanted in kinds(figures) or figures.operations >= OPERATIONS_TO_CATCH_A_MUTANT,
    )
    assert wanted in kinds(figures), figures.summary()


def test_every_mutant_has_a_symptom() -> None:
    assert {mutant for mutant, _, _ in SYMPTOMS} == MUTANTS.keys()
