"""whois and groups over TCP, as processes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.held_account import HeldAccount, Program


@pytest.fixture
def account() -> Iterator[HeldAccount]:
    with HeldAccount.serving(users=60) as served:
        yield served


@pytest.fixture
def program(account: HeldAccount, tmp_path: Path) -> Program:
    return Program(account.url, tmp_path)


@pytest.mark.parametrize("form", [(), ("--markdown",), ("--json",)])
@pytest.mark.parametrize("redacted", [(), ("--redact",)])
def test_a_card_says_what_the_server_says(
    account: HeldAccount, program: Program, form: tuple[str, ...], redacted: tuple[str, ...]
) -> None:
    (email,) = account.active_members(1)
    record = account.person(email)
    ended = program("whois", email, "--card", *form, *redacted)
    assert (ended.code, ended.err) == (0, "")
    assert record["id"] in ended.out
    assert ("verified " in ended.out) or form == ("--json",)
    for personal in ("email", "firstName", "lastName"):
        assert (record[personal] in ended.out) is (not redacted)
    if form == ("--json",):
        groups = json.loads(ended.out)["groups"]
        assert [group["id"] for group in groups] == record["groups"]
        assert all(group["name"] for group in groups)


def test_groups_counts_what_members_lists(program: Program) -> None:
    ended = program("groups", "--json")
    assert (ended.code, ended.json["complete"], ended.json["total"]) == (0, True, 60)
    largest = max(ended.json["groups"], key=lambda group: group["members"])
    assert largest["members"] > 1
    assert len(program("members", largest["id"], "--json").json["members"]) == largest["members"]


def test_numbers_of_members_on_a_lean_account_are_unknown(tmp_path: Path) -> None:
    with HeldAccount.serving(users=60, lean=True) as account:
        ended = Program(account.url, tmp_path)("groups", "--json")
    assert (ended.code, ended.json["unknown"]) == (1, 60)
    assert {group["members"] for group in ended.json["groups"]} == {None}
    assert "incomplete: 60 users may match too" in ended.err
