"""Which commands are enabled, and the reason if one is not."""

from walkme_tui.domain.accounts import DELETE_SCOPE, WRITE_SCOPE, Account, Environment, Surface
from walkme_tui.domain.commands import COMMANDS, command
from walkme_tui.domain.permissions import refusal, why_not

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")
READ_ONLY = Account("ac\x1bme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com", read_only=True)
OFFBOARD, RESUME = command("user.offboard"), command("job.pause")


def test_commands_that_read_or_make_a_plan_are_always_enabled() -> None:
    for each in COMMANDS:
        if each is not RESUME and not each.needs:
            assert why_not(each, READ_ONLY, frozenset(), "users:write") == ""
    assert OFFBOARD.writes


def test_a_command_that_sends_is_enabled_with_the_scope_or_unknown_scopes() -> None:
    assert why_not(RESUME, ACCOUNT, None) == ""
    assert why_not(RESUME, ACCOUNT, frozenset({WRITE_SCOPE})) == ""


def test_read_only_is_the_first_reason_and_the_name_of_the_profile_is_cleaned() -> None:
    reason = why_not(RESUME, READ_ONLY, frozenset(), "")
    assert reason.endswith("is read-only")
    assert reason.isprintable()


def test_the_reason_contains_the_missing_scope() -> None:
    assert "users:write" in why_not(RESUME, ACCOUNT, frozenset({"users:read"}))
    assert "users:write" in why_not(RESUME, ACCOUNT, None, "users:write")


def test_a_refusal_without_a_scope_disables_the_command() -> None:
    assert why_not(RESUME, ACCOUNT, None, "") == "the server refused changes with these credentials"


def test_a_deletion_needs_a_scope_of_its_own() -> None:
    delete, change = {DELETE_SCOPE}, {WRITE_SCOPE}
    assert refusal(delete, ACCOUNT, frozenset(change)) == "the token lacks the scope users:delete"
    assert refusal({*delete, *change}, ACCOUNT, frozenset(change)) == "the token lacks the scope users:delete"
    assert refusal(delete, ACCOUNT, frozenset(delete)) == ""
    assert refusal(delete, ACCOUNT, None, refused=DELETE_SCOPE) == "the token lacks the scope users:delete"
    assert refusal(change, ACCOUNT, None, refused=DELETE_SCOPE) == ""
