"""The guarantees of the write path on SCIM, where servers also answer 204, ignore changes, or only replace records.

A longer run is started by hand: ``python -m tests.faults.kill_campaign --surface scim``.
"""

import pytest

from tests.support.harness_plans import JobKind
from tests.support.kill_harness import Figures, Harness
from tests.support.mutants import SCIM_MUTANTS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.registry import CHANGE_KINDS

KILLS = 20
FAULTS = 400
ROUNDS = 2  # one on each account
OPERATIONS_TO_CATCH_A_MUTANT = 2000
# What each mutant leads to, and in which kind of job.
SYMPTOMS = [
    ("an ignored write is done", JobKind.BULK, "lost"),
    ("SCIM create resent blindly", JobKind.IMPORT, "duplicated"),
    ("removal replaces the members", JobKind.OFFBOARD, "unexplained"),
    ("group created blindly", JobKind.CREATE_GROUP, "duplicated"),
    # A mutant of both surfaces.
    ("409 taken as created", JobKind.IMPORT, "lost"),
]


def test_no_change_over_scim_is_lost_executed_twice_or_unexplained() -> None:
    figures = Harness(seed=1, share=0.3, surface=Surface.SCIM).run(
        kills=KILLS,
        faults=FAULTS,
        until=lambda figures: bool(figures.violations) or figures.jobs >= 100,
        rounds=ROUNDS,
    )
    assert figures.violations == [], figures.summary()
    assert figures.kills.total() >= KILLS
    assert figures.faults.total() >= FAULTS
    assert figures.done.keys() == CHANGE_KINDS.keys()
    # By design, some changes are ignored or outdated, and each job has names that are in use.
    assert figures.states["done"] > figures.operations * 0.6


def kinds(figures: Figures) -> set[str]:
    return {violation.kind for violation in figures.violations}


@pytest.mark.parametrize(("mutant", "kind", "wanted"), SYMPTOMS)
def test_each_mutant_of_the_scim_surface_is_detected(mutant: str, kind: JobKind, wanted: str) -> None:
    figures = Harness(seed=5, share=0.2, mutant=mutant, surface=Surface.SCIM, kinds=[kind]).run(
        kills=10_000,
        until=lambda figures: wanted in kinds(figures) or figures.operations >= OPERATIONS_TO_CATCH_A_MUTANT,
    )
    assert wanted in kinds(figures), figures.summary()


def test_every_mutant_of_the_scim_surface_has_a_symptom() -> None:
    assert {mutant for mutant, _, _ in SYMPTOMS} >= SCIM_MUTANTS.keys()
