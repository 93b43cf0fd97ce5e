"""Which commands may be used, and what the person is told where not."""

from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.commands import COMMANDS, command
from walkme_tui.domain.permissions import WRITE_SCOPE, why_not

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")
READ_ONLY = Account("ac\x1bme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com", read_only=True)
OFFBOARD = command("user.offboard")


def test_what_only_looks_may_always_be_done() -> None:
    for each in COMMANDS:
        if not each.writes:
            assert why_not(each, READ_ONLY, frozenset(), "users:write") == ""


def test_a_writing_command_may_be_used_where_nothing_speaks_against_it() -> None:
    assert why_not(OFFBOARD, ACCOUNT, None) == ""
    assert why_not(OFFBOARD, ACCOUNT, frozenset({WRITE_SCOPE})) == ""


def test_a_read_only_profile_is_the_first_reason_and_its_name_is_clean() -> None:
    reason = why_not(OFFBOARD, READ_ONLY, frozenset(), "")
    assert reason.endswith("is read-only")
    assert reason.isprintable()


def test_a_missing_scope_is_named() -> None:
    assert "users:write" in why_not(OFFBOARD, ACCOUNT, frozenset({"users:read"}))
    assert "users:write" in why_not(OFFBOARD, ACCOUNT, None, "users:write")


def test_a_refusal_without_a_scope_is_one_too() -> None:
    assert why_not(OFFBOARD, ACCOUNT, None, "") == "the server refused changes with these credentials"
