"""``walkme-tui import`` as a process over TCP that is killed while a user is created."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.held_account import HeldAccount, Program


@pytest.fixture
def account() -> Iterator[HeldAccount]:
    with HeldAccount.serving(users=300) as served:
        yield served


def test_a_killed_import_is_resumed_without_a_second_user_and_undone_without_a_deletion(
    account: HeldAccount, tmp_path: Path
) -> None:
    program, file = Program(account.url, tmp_path), tmp_path / "people.csv"
    (known,) = account.active_members(1)
    emails = [f"new{number}@example.com" for number in range(2)]
    file.write_text("\n".join(["email,lastName", *(f"{each},Bo" for each in emails), f"{known},Moreau", "nobody,", ""]))
    account.hold(1, executed=True)
    running = program.start("import", str(file), "--on-conflict", "update", "--yes")
    account.wait_until_held()
    running.send_signal(signal.SIGKILL)
    assert running.answer().code == -signal.SIGKILL
    account.release()

    (job,) = program("jobs", "list", "--json").json
    resumed = program("jobs", "resume", job["id"], "--yes", "--json")
    assert resumed.code == 1, resumed.err
    assert [row["outcome"] for row in resumed.json["rows"]] == ["created"] * 2 + ["updated", "failed"]
    assert account.writes.count("POST /users") == len(emails)
    assert account.person(known)["lastName"] == "Moreau"
    writes = len(account.writes)

    again = program("import", str(file), "--on-conflict", "update", "--yes", "--json")
    assert [row["outcome"] for row in again.json["rows"]] == ["unchanged"] * 3 + ["failed"]
    assert len(account.writes) == writes

    assert program("undo", job["id"], "--yes").code == 0
    assert [account.person(email)["status"] for email in emails] == ["inactive"] * 2
    assert not [write for write in account.writes if write.startswith("DELETE /users/")]
