"""Which commands are enabled, and the reason if one is not."""

from walkme_tui.domain.accounts import DELETE_SCOPE, WRITE_SCOPE, Account, Environment, Surface
from walkme_tui.domain.commands import COMMANDS, command
from walkme_tui.domain.permissions import why_not

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")
READ_ONLY = Account("ac\x1bme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com", read_only=True)
OFFBOARD = command("user.offboard")


def test_commands_that_only_read_are_always_enabled() -> None:
    for each in COMMANDS:
        if not each.writes:
            assert why_not(each, READ_ONLY, frozenset(), "users:write") == ""


def test_a_writing_command_is_enabled_with_the_scope_or_unknown_scopes() -> None:
    assert why_not(OFFBOARD, ACCOUNT, None) == ""
    assert why_not(OFFBOARD, ACCOUNT, frozenset({WRITE_SCOPE})) == ""


def test_read_only_is_the_first_reason_and_the_name_of_the_profile_is_cleaned() -> None:
    reason = why_not(OFFBOARD, READ_ONLY, frozenset(), "")
    assert reason.endswith("is read-only")
    assert reason.isprintable()


def test_the_reason_contains_the_missing_scope() -> None:
    assert "users:write" in why_not(OFFBOARD, ACCOUNT, frozenset({"users:read"}))
    assert "users:write" in why_not(OFFBOARD, ACCOUNT, None, "users:write")


def test_a_refusal_without_a_scope_disables_the_command() -> None:
    assert why_not(OFFBOARD, ACCOUNT, None, "") == "the server refused changes with these credentials"


def test_a_command_that_deletes_needs_a_scope_of_its_own() -> None:
    delete = OFFBOARD._replace(scope=DELETE_SCOPE)
    assert why_not(delete, ACCOUNT, frozenset({WRITE_SCOPE})) == "the token lacks the scope users:delete"
    assert why_not(delete, ACCOUNT, frozenset({DELETE_SCOPE})) == ""
    assert why_not(delete, ACCOUNT, None, refused=DELETE_SCOPE) == "the token lacks the scope users:delete"
    assert why_not(OFFBOARD, ACCOUNT, None, refused=DELETE_SCOPE) == ""
