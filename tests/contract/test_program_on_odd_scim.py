"""The command line on small SCIM servers that differ from each other as real ones do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.odd_dialects import DIALECTS
from tests.support.odd_scim import Dialect, OddScim
from tests.support.scim_program import ScimProgram
from tests.support.tcp import asgi_server

PEOPLE = 12
NEW, RENAMED = "new@example.com", "renamed@example.com"


@contextmanager
def account(dialect: Dialect) -> Iterator[tuple[OddScim, str]]:
    """A server with people and two groups, and its base URL."""
    server = OddScim(dialect)
    ids = [server.add_user(f"user{number}@example.com", f"First{number}", f"Last{number}") for number in range(PEOPLE)]
    server.add_group("Sales", ids[:3])
    server.add_group("Support", ids[2:4])
    with asgi_server(server) as url:
        yield server, url


@pytest.mark.parametrize("name", DIALECTS)
def test_the_program_works_on_this_dialect(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    dialect = DIALECTS[name]
    with account(dialect) as (server, url):
        program = ScimProgram(monkeypatch, capsys, tmp_path, url, "any")
        export = program.done("export")
        assert (export["complete"], len(export["users"])) == (True, PEOPLE)
        assert {group["name"] for group in program.done("whois", "user2@example.com")["groups"]} == {"Sales", "Support"}
        program.changed("create", NEW, "--first", "New", "--last", "One", "--external-id", "x-1", "--group", "Sales")
        user = server.user(NEW)
        assert user is not None
        assert (user["name"]["givenName"], user["name"]["familyName"]) == ("New", "One")
        assert (user["active"], user["externalId"]) == (True, "x-1")
        assert server.members("Sales") == ["user0@example.com", "user1@example.com", "user2@example.com", NEW]
        program.changed("set", NEW, f"email={RENAMED}", "lastName=Two")
        program.changed("groups", "add", "Support", RENAMED)
        assert server.members("Support") == ["user2@example.com", "user3@example.com", RENAMED]
        program.changed("groups", "remove", "Support", RENAMED)
        assert server.members("Support") == ["user2@example.com", "user3@example.com"]
        if dialect.active != "absent":
            program.changed("offboard", RENAMED)
            assert RENAMED not in server.members("Sales")
        user = server.user(RENAMED)
        assert user is not None
        assert (user["name"]["familyName"], user["active"], user["externalId"]) == (
            "Two", dialect.active == "absent", "x-1"
        )  # fmt: skip
        deleted = program("delete", RENAMED, "--confirm", RENAMED, "--yes", "--json")
        assert deleted.code == (1 if dialect.delete_deactivates else 0), deleted
        assert (server.user(RENAMED) is None) is not dialect.delete_deactivates
        assert len(server.users) == PEOPLE + dialect.delete_deactivates


def test_users_are_named_by_user_names_that_are_no_emails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    server = OddScim(Dialect())
    user_id = server.add_user("bjensen", "Barbara", "Jensen")
    other = server.add_user("cjensen")
    server.add_group("Sales")
    with asgi_server(server) as url:
        program = ScimProgram(monkeypatch, capsys, tmp_path, url, "any")
        assert program.done("whois", "BJensen")["user"]["id"] == user_id
        assert program.done("whois", "bjensen", "--cached")["user"]["id"] == user_id
        program.changed("groups", "add", "Sales", "bjensen", other)
        assert server.members("Sales") == ["bjensen", "cjensen"]
        program.changed("set", "bjensen", "status=inactive")
        assert server.users[user_id]["active"] is False
        refused = program("delete", user_id, "--confirm", user_id, "--yes")
        assert (refused.code, len(server.users)) == (2, 2)
        program.changed("delete", "bjensen", "--confirm", "bjensen")
        assert list(server.users) == [other]
        unknown = program("set", "nobody", "lastName=X")
        assert unknown.code == 1
        assert "nobody" in unknown.err
