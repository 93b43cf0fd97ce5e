"""``walkme-tui reconcile`` over local copies of which one is not complete."""

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory
from tests.unit.cli.test_surfaces_on_the_command_line import ZOE, api, both
from walkme_tui.domain.errors import SignInRefused
from walkme_tui.domain.reconcile.classes import PairClass

__all__ = ["api", "both"]


@pytest.fixture
def half_read(both: CommandLine) -> CommandLine:
    """Both surfaces, of which only REST was read."""
    assert both("export").code == 0
    return both


def test_nothing_is_known_while_no_user_of_one_side_is_read(half_read: CommandLine) -> None:
    answer = half_read("reconcile", "--cached", "--json")
    assert answer.code == 1
    assert answer.json["rows"] == []
    assert set(answer.json["counts"].values()) == {0}
    assert (answer.json["complete"], answer.json["undecided"]) == (False, [*PairClass])
    shown = half_read("reconcile", "--cached").out
    assert "?  only on REST\n" in shown
    assert "?  matched\n" in shown
    assert "No user of SCIM is read yet, so nothing is compared.\n" in shown
    assert half_read("reconcile", "--cached", "--csv").out.count("\n") == 1


@pytest.mark.parametrize("whom", ["--all", ZOE])
def test_adopting_says_that_not_everybody_was_compared(half_read: CommandLine, whom: str) -> None:
    answer = half_read("reconcile", "--cached", "--adopt", "scim", whom)
    assert "SCIM:\n" in answer.err
    assert "The answer is incomplete" in answer.err
    if whom == ZOE:
        assert "No user of SCIM is read yet, so nothing is compared." in answer.err


def test_a_refused_sign_in_is_reported_before_all_users_of_the_other_side_are_read(
    both: CommandLine, api: FakeDirectory
) -> None:
    api.offline = SignInRefused("The token is refused.")
    answer = both("reconcile")
    assert answer.code == 3
    assert "Reading" not in answer.err
    assert not api.asked("list_users")
