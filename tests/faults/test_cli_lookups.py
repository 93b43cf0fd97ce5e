"""whois over TCP, as a process."""

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
