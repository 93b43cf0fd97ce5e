"""Mutants that the kill harness does not detect: for each one the test listed with it must fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.mutants import CAUGHT_BY_TESTS

TESTS = Path(__file__).parents[1]
PROGRAM = """
import sys, pytest
from tests.support.mutants import CAUGHT_BY_TESTS
CAUGHT_BY_TESTS[sys.argv[1]][0]()
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[2]]))
"""


@pytest.mark.parametrize("mutant", CAUGHT_BY_TESTS)
def test_each_mutant_fails_the_test_listed_with_it(mutant: str) -> None:
    test = TESTS / CAUGHT_BY_TESTS[mutant][1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, mutant, str(test)],
        cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    assert " error" not in ended.stdout.splitlines()[-1], ended.stdout
