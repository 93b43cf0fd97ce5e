"""export: output formats, files, and incomplete answers."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from tests.support.command_line import NOON_MS, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.lookups import COLUMNS, HOSTILE, rows
from walkme_tui.cli.account_read import Extent, completeness
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.table_cells import decoded
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import UnreadableRecord, User


def test_export_is_csv_with_the_documented_columns_in_the_servers_order(cli: CommandLine) -> None:
    answer = cli("export")
    assert answer.code == 0
    assert answer.out.splitlines()[0] == COLUMNS
    found = rows(answer.out)
    assert [row["id"] for row in found] == [person(number).id for number in range(7)]
    assert found[3] == {
        "id": person(3).id,
        "email": "person00003@example.com",
        "firstName": str(person(3).first_name),
        "lastName": str(person(3).last_name),
        "role": str(person(3).role),
        "status": str(person(3).status),
        "groups": "Sales;Süd=West",
        "externalId": "okta|000003",
        "createdAt": "2023-11-14T22:16:20Z",
        "updatedAt": "2024-03-09T16:03:00Z",
    }


def test_export_with_a_filter_has_the_matching_users(cli: CommandLine) -> None:
    assert [row["email"] for row in rows(cli("export", "--filter", "PERSON00005").out)] == ["person00005@example.com"]
    assert rows(cli("export", "--filter", "nobody at all").out) == []


def test_export_as_json_is_one_object(cli: CommandLine) -> None:
    answer = cli("export", "--json")
    assert answer.json == {
        "surface": "rest",
        "users": [encode_user(person(number)) for number in range(7)],
        "complete": True,
        "loaded": 7,
        "total": 7,
        "as_of": format_time_ms(NOON_MS + 1001),
        "unknown": 0,
    }
    assert cli("export", "--json", "--filter", "nobody at all").json["users"] == []


def test_export_as_markdown_escapes_hostile_text(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    head, rule, row = cli("export", "--markdown").out.splitlines()
    assert head.count("|") == rule.count("|") == row.replace("\\|", "").count("|") == 8
    assert "\\`\\*" in row


def test_raw_csv_has_the_exact_values(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    (row,) = rows(cli("export", "--raw").out)
    assert row["email"] == HOSTILE.email
    assert row["firstName"] == HOSTILE.first_name
    assert row["lastName"] == HOSTILE.last_name
    assert row["groups"] == "Sales;gone"
    assert (row["role"], row["status"]) == ("", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_has_no_formula_in_any_column(cli: CommandLine, api: FakeDirectory, start: str) -> None:
    text = f"{start}1+1"
    api.groups = [Group("g1", text)]
    user = person(1)._replace(email=text, first_name=text, last_name=text, role=text, status=text, external_id=text)
    api.users = [user._replace(groups=("g1",))]
    (raw,) = rows(cli("export", "--raw").out)
    (safe,) = rows(cli("export").out)
    columns = ("email", "firstName", "lastName", "role", "status", "externalId")
    assert {raw[name] for name in columns} == {text}
    shown = text.replace("\t", "␉").replace("\r", "␍")
    assert {safe[name] for name in columns} == {f"'{shown}"}
    assert decoded(safe["groups"]) == raw["groups"]
    assert safe["id"] == raw["id"]


def test_csv_shows_control_characters_also_in_a_file(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    api.users = [HOSTILE]
    file = tmp_path / "users.csv"
    for text in (cli("export").out, cli("export", "--output", str(file)).out or file.read_text()):
        assert "\x1b" not in text
        (row,) = rows(text)
        assert row["firstName"] == 'Zoë "␛[31m;,␊'


def test_csv_for_spreadsheets_begins_with_a_byte_order_mark(cli: CommandLine) -> None:
    assert cli("export", "--bom").out == f"\ufeff{cli('export').out}"
    assert cli("members", "Sales", "--csv", "--bom").out.startswith(f"\ufeff{COLUMNS}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--json", "--raw"),
        ("export", "--markdown", "--bom"),
        ("members", "Sales", "--raw"),
        ("whois", "person00001@example.com", "--bom"),
    ],
)
def test_options_of_csv_are_refused_for_other_formats(cli: CommandLine, words: tuple[str, ...]) -> None:
    answer = cli(*words)
    assert (answer.code, answer.out) == (2, "")
    assert f"{words[-1]} is an option of CSV" in answer.err


def test_groups_that_could_be_confused_are_quoted_or_written_by_id(cli: CommandLine, api: FakeDirectory) -> None:
    api.groups = [Group("g1", "R;D"), Group("g2", "Twins"), Group("g3", "Twins"), Group("g4", "g2"), Group("g5", "g5")]
    api.users = [person(1)._replace(groups=("g1", "g2", "g3", "g4", "g5", "gone"))]
    (row,) = rows(cli("export").out)
    assert row["groups"] == '"R;D";g2;g3;g4;g5;gone'


def test_export_writes_a_private_file(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "out" / "users.csv"
    file.parent.mkdir()
    file.write_text("old")
    file.chmod(0o644)
    answer = cli("export", "--output", str(file))
    assert (answer.code, answer.out) == (0, "")
    assert len(rows(file.read_text())) == 7
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in file.parent.iterdir()] == ["users.csv"]


def test_export_to_a_dash_prints(cli: CommandLine) -> None:
    assert len(rows(cli("export", "--output", "-").out)) == 7


def test_a_file_that_cannot_be_written_is_reported(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli("export", "--output", str(tmp_path / "no" / "users.csv"))
    assert answer.code == 2
    assert str(tmp_path / "no" / "users.csv") in answer.err


def test_an_interrupted_export_keeps_the_old_file(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out" / "users.csv"
    file.parent.mkdir()
    file.write_text("old")
    written: list[str] = []

    def interrupt(user: User, texts: object) -> list[str]:
        written.append(user.id)
        if len(written) == 3:
            raise KeyboardInterrupt
        return [user.id]

    monkeypatch.setattr("walkme_tui.domain.user_tables.csv_cells", interrupt)
    assert cli("export", "--output", str(file)).code == 130
    assert [found.name for found in file.parent.iterdir()] == ["users.csv"]
    assert file.read_text() == "old"


def test_a_named_pipe_is_written_and_not_replaced(cli: CommandLine, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cli("export", "--output", str(pipe)).code == 0
        assert os.read(reader, 65536).decode().startswith(COLUMNS)
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_incomplete_export_is_reported_in_every_format(cli: CommandLine, api: FakeDirectory) -> None:
    api.users[2] = UnreadableRecord("has no id")
    answer = cli("export", "--json")
    assert answer.code == 1
    assert answer.json["complete"] is False
    assert (answer.json["loaded"], answer.json["total"], len(answer.json["users"])) == (6, 7, 6)
    assert "incomplete" in answer.err
    assert "6 of 7" in answer.err
    plain = cli("export")
    assert plain.code == 1
    assert "incomplete" in plain.err
    assert len(rows(plain.out)) == 6


def test_a_total_that_is_too_small_excludes_no_user(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = people(2500)
    api.total = 2000
    answer = cli("export", "--json")
    assert (answer.code, len(answer.json["users"])) == (0, 2500)
    assert (answer.json["complete"], answer.json["loaded"], answer.json["total"]) == (True, 2500, 2500)
    assert answer.err == "walkme-tui: The server claims 2 000 users but sent 2 500: its list was read to the end.\n"


def test_a_truncated_list_is_incomplete_with_the_reason(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = people(2500)
    original = api.list_users

    async def two_pages(page: int, page_size: int, *rest: object) -> object:
        if page > 2:
            raise Unreachable("The connection failed.")
        return await original(page, page_size)

    api.list_users = two_pages  # type: ignore[method-assign, assignment]  # fails after two pages
    answer = cli("export", "--json")
    assert answer.code == 1
    assert (answer.json["complete"], answer.json["loaded"], answer.json["total"]) == (False, 2000, 2500)
    assert answer.err.endswith("2 000 of 2 500 users are loaded: The connection failed.\n")


def test_export_cached_shows_how_much_is_loaded(cli: CommandLine, api: FakeDirectory) -> None:
    empty = cli("export", "--cached", "--json")
    assert (empty.code, empty.json["users"], empty.json["total"], empty.json["as_of"]) == (1, [], None, None)
    assert "without --cached" in empty.err
    cli("export")
    asked = len(api.calls)
    assert len(rows(cli("export", "--cached").out)) == 7
    assert len(api.calls) == asked


def test_export_cached_excludes_deleted_users_and_includes_looked_up_ones(cli: CommandLine, api: FakeDirectory) -> None:
    cli("export")
    del api.users[3]
    cli("export")
    api.users.append(person(9))
    cli("whois", "person00009@example.com")
    kept = [row["email"] for row in rows(cli("export", "--cached").out)]
    assert kept == [f"person{number:05d}@example.com" for number in (0, 1, 2, 4, 5, 6, 9)]


def test_empty_cells_for_unknown_values_are_reported(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    unknown = "firstName, lastName, role, groups, externalId, createdAt, updatedAt"
    said = f"walkme-tui: Unknown for 7 users, because the list does not contain it: {unknown}. Those cells are empty.\n"
    for form in ("--csv", "--markdown"):
        answer = cli("export", form)
        assert (answer.code, answer.err) == (0, said)
    assert said in cli("members", "Sales", "--csv").err or rows(cli("members", "Sales", "--csv").out) == []
    assert cli("export", "--json").err == ""
    cli("whois", "person00001@example.com")
    assert "Unknown for 6 users" in cli("export").err


def test_a_damaged_local_copy_is_reported_and_made_anew(cli: CommandLine) -> None:
    cli("export")
    (file,) = cli.paths.cache.glob("*/*.sqlite3")
    file.write_bytes(b"no database" * 1000)
    answer = cli("export", "--cached")
    assert answer.code == 1
    assert "was damaged: it was renamed to" in answer.err
    assert (cli("export").code, cli("export", "--cached").code) == (0, 0)


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        (Extent(False, 6500, 6486, 0, "incomplete: x."), "6 500 users are loaded, the server counts 6 486 now: x."),
        (Extent(False, 5, None, 0, ""), "5 of an unknown number of users are loaded."),
        (Extent(False, 5, 1000, None, "incomplete"), "5 of 1 000 users are loaded."),
    ],
)
def test_an_incomplete_export_has_one_message(capsys: pytest.CaptureFixture[str], extent: Extent, said: str) -> None:
    assert completeness(extent) == 1
    assert capsys.readouterr().err == f"walkme-tui: The answer is incomplete, {said}\n"


def test_two_formats_at_once_are_refused(cli: CommandLine) -> None:
    for words in (("export", "--json", "--markdown"), ("members", "Sales", "--json", "--csv")):
        answer = cli(*words)
        assert answer.code == 2
        assert answer.out == ""
    assert cli.opened == []


def test_progress_goes_to_standard_error_only(cli: CommandLine) -> None:
    answer = cli("export", "--json")
    assert json.loads(answer.out)
    assert answer.err == ""  # seven users are read before the first line is due


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_exits_74_and_leaves_no_file(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(os, "fsync", fail)
    folder = tmp_path / "out"
    folder.mkdir()
    answer = cli("export", "--output", str(folder / "people.csv"))
    assert answer.code == 74
    assert f"{folder / 'people.csv'} could not be written: {os.strerror(fault)}." in answer.err
    assert list(folder.iterdir()) == []


def test_a_full_device_exits_74(cli: CommandLine) -> None:
    answer = cli("export", "--output", "/dev/full")
    assert answer.code == 74
    assert "/dev/full could not be written: No space left on device." in answer.err
