"""whois, members and export: what they answer, in every form, and how they end."""

import csv
import io
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import NOON_MS, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.cli.reading import Extent, completeness
from walkme_tui.domain.errors import NotFound, PermissionRefused, SignInRefused, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.records import encode_user, format_time_ms
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

GROUPS = [Group("g1", "Sales"), Group("g2", "Süd=West"), Group("g3", None)]
COLUMNS = "id,email,firstName,lastName,role,status,groups,externalId,createdAt,updatedAt"
HOSTILE = User(
    id="h-1",
    email="=cmd|'/c calc'!A1@example.com",
    first_name='Zoë "\x1b[31m;,\n',
    last_name="\u202eevil|`*",
    role=None,
    groups=("g1", "gone"),
    extra={"department": "\x9bNorth", "odd": {"a": [1]}},
)


@pytest.fixture
def api() -> FakeDirectory:
    return FakeDirectory(people(7), groups=GROUPS)


@pytest.fixture
def line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, api: FakeDirectory
) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path, api)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ---------------------------------------------------------------- whois


def test_whois_gives_the_record_as_the_server_sends_it(line: CommandLine) -> None:
    answer = line("whois", "PERSON00003@example.com", "--json")
    assert answer.code == 0
    assert answer.err == ""
    assert answer.json == {
        "user": encode_user(person(3)),
        "groups": [{"id": "g1", "name": "Sales"}, {"id": "g2", "name": "Süd=West"}],
        "surface": "rest",
        "fetched_at": format_time_ms(NOON_MS + 1000),
    }


def test_whois_takes_an_id(line: CommandLine) -> None:
    assert line("whois", person(2).id, "--json").json["user"]["email"] == "person00002@example.com"


def test_whois_for_people_shows_everything_in_words(line: CommandLine) -> None:
    shown = line("whois", "person00003@example.com").out
    for word in ("Carmen Weber", "inactive", "Viewer", "Sales\n", "Süd=West\n", "okta|000003", person(3).id):
        assert word in shown
    assert "okta owns this record" in shown
    assert "\n\nRead from the server 2027-01-15T08:00:01Z\n" in shown


def test_whois_knows_nobody(line: CommandLine) -> None:
    for key in ("nobody@example.com", "no-such-id"):
        answer = line("whois", key, "--json")
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.startswith("walkme-tui: ")


def test_whois_cached_asks_nobody(line: CommandLine, api: FakeDirectory) -> None:
    missing = line("whois", "person00003@example.com", "--cached")
    assert missing.code == 1
    assert "Without --cached" in missing.err
    assert api.calls == []
    line("whois", "person00003@example.com")
    api.offline = Unreachable("No route.")
    asked = len(api.calls)
    for key in ("person00003@example.com", person(3).id):
        answer = line("whois", key, "--cached", "--json")
        assert answer.json["user"] == encode_user(person(3))
        assert answer.json["groups"][0] == {"id": "g1", "name": "Sales"}
        assert answer.json["fetched_at"] == format_time_ms(NOON_MS + 2000)
    assert len(api.calls) == asked
    assert "Local copy of" in line("whois", person(3).id, "--cached").out


def test_whois_says_what_is_not_known(line: CommandLine, api: FakeDirectory) -> None:
    api.users = [User(id="u-1", email="a@example.com", role=None, groups=UNKNOWN)]
    answer = line("whois", "u-1", "--json")
    assert answer.json["user"] == {"id": "u-1", "email": "a@example.com", "role": None}
    assert answer.json["groups"] is None
    shown = line("whois", "u-1").out
    assert "Groups     ?\n" in shown
    assert "Status     ?\n" in shown
    assert "Role\n" in shown
    api.users = [User(id="u-1", groups=())]
    assert line("whois", "u-1", "--json").json["groups"] == []
    assert "Groups     none\n" in line("whois", "u-1").out


def test_whois_without_the_right_to_the_groups_still_answers(line: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(PermissionRefused("No."), name="list_groups")
    answer = line("whois", "person00003@example.com", "--json")
    assert answer.code == 0
    assert answer.json["groups"][0] == {"id": "g1", "name": None}
    assert "The groups could not be read" in answer.err


def test_hostile_records_stay_literal(line: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    for words in (("whois", "h-1"), ("members", "Sales")):
        shown = line(*words).out
        assert not {character for character in shown if not character.isprintable()} - {"\n"}
        assert "⟨202E⟩evil" in shown
    answer = line("whois", "h-1", "--json")
    assert not {character for character in answer.out if not character.isprintable()} - {"\n"}
    assert answer.json["user"] == encode_user(HOSTILE)


@pytest.mark.parametrize(
    ("error", "code"),
    [(Unreachable("No route."), 4), (SignInRefused("No."), 3), (PermissionRefused("No."), 3), (NotFound("No."), 1)],
)
def test_failures_end_with_their_code_and_the_session_closed(
    line: CommandLine, api: FakeDirectory, error: Exception, code: int
) -> None:
    api.offline = error  # type: ignore[assignment]  # each is an ApiError
    for words in (("whois", "a@example.com"), ("members", "Sales"), ("export",)):
        answer = line(*words)
        assert (answer.out if answer.code != 0 else "") == ""
        assert answer.code == code
    assert line.closed == len(line.opened) == 3


# ---------------------------------------------------------------- members


def test_members_are_read_after_a_whole_sweep(line: CommandLine) -> None:
    answer = line("members", "sales", "--json")
    assert answer.code == 0
    members = [person(number) for number in range(7) if "g1" in (person(number).groups or ())]  # type: ignore[operator]  # known
    fields = ("id", "email", "firstName", "lastName", "role", "status")
    assert answer.json == {
        "group": {"id": "g1", "name": "Sales"},
        "members": [{name: encode_user(user)[name] for name in fields} for user in members],
        "complete": True,
        "loaded": 7,
        "total": 7,
        "as_of": format_time_ms(NOON_MS + 1000),
    }


def test_members_for_people_are_aligned_with_their_number(line: CommandLine) -> None:
    lines = line("members", "g1").out.splitlines()
    assert lines[0] == "Sales: 3 members, as of 2027-01-15T08:00:01Z"
    starts = {text.index(word) for text, word in zip(lines[2:], ("ID", *["00000000-"] * 3), strict=True)}
    assert len(starts) == 1


def test_members_as_csv(line: CommandLine) -> None:
    answer = line("members", "Sales", "--csv")
    assert answer.out.splitlines()[0] == COLUMNS
    assert {row["groups"].split(";")[0] for row in rows(answer.out)} == {"Sales"}


def test_members_of_no_group(line: CommandLine, api: FakeDirectory) -> None:
    answer = line("members", "Saless")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "walkme-tui: There is no group Saless.\nDid you mean Sales?\n"
    assert "Groups tab" in line("members", "Nothing like it").err
    assert api.asked("list_users") == []


def test_members_are_incomplete_where_the_list_does_not_tell_groups(line: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    answer = line("members", "Sales", "--json")
    assert answer.code == 1
    assert answer.json["complete"] is False
    assert answer.json["members"] == []
    assert "incomplete" in answer.err
    assert "groups of 7" in answer.err
    assert "Sales: at least 0 members" in line("members", "Sales").out


def test_members_cached_answers_at_once_from_the_copy(line: CommandLine, api: FakeDirectory) -> None:
    line("members", "Sales")
    asked = len(api.calls)
    answer = line("members", "Sales", "--cached", "--json")
    assert answer.code == 0
    assert len(answer.json["members"]) == 3
    assert answer.json["as_of"] == format_time_ms(NOON_MS + 1000)
    assert len(api.calls) == asked


def test_a_user_who_is_gone_is_no_member_any_more(line: CommandLine, api: FakeDirectory) -> None:
    assert len(line("members", "Sales", "--json").json["members"]) == 3
    del api.users[3]
    assert len(line("members", "Sales", "--json").json["members"]) == 2
    assert len(rows(line("export").out)) == 6


def test_members_are_complete_where_two_walks_prove_it_and_the_server_counts_nobody(
    line: CommandLine, api: FakeDirectory
) -> None:
    api.total = None
    answer = line("members", "Sales", "--json")
    assert (answer.code, answer.err) == (0, "")
    assert (answer.json["complete"], len(answer.json["members"])) == (True, 3)


def test_a_list_of_groups_that_is_not_whole_is_said(line: CommandLine, api: FakeDirectory) -> None:
    api.group_oddities = ("The server sent 3 of 70 groups.",)
    for words in (("members", "Sales"), ("members", "Nobody's"), ("export",)):
        assert "walkme-tui: The server sent 3 of 70 groups.\n" in line(*words).err


def test_a_copy_that_knows_no_groups_does_not_deny_one(line: CommandLine) -> None:
    answer = line("members", "Sales", "--cached")
    assert answer.code == 1
    assert answer.err == "walkme-tui: The local copy knows no group Sales.\nWithout --cached the server is asked.\n"


# ---------------------------------------------------------------- export


def test_export_is_csv_with_the_documented_columns_in_the_servers_order(line: CommandLine) -> None:
    answer = line("export")
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


def test_export_keeps_what_the_filter_keeps(line: CommandLine) -> None:
    assert [row["email"] for row in rows(line("export", "--filter", "PERSON00005").out)] == ["person00005@example.com"]
    assert rows(line("export", "--filter", "nobody at all").out) == []


def test_export_as_json_is_one_object(line: CommandLine) -> None:
    answer = line("export", "--json")
    assert answer.json == {
        "users": [encode_user(person(number)) for number in range(7)],
        "complete": True,
        "loaded": 7,
        "total": 7,
        "as_of": format_time_ms(NOON_MS + 1000),
    }
    assert line("export", "--json", "--filter", "nobody at all").json["users"] == []


def test_export_as_markdown_is_a_table_that_nothing_breaks_out_of(line: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    head, rule, row = line("export", "--markdown").out.splitlines()
    assert head.count("|") == rule.count("|") == row.replace("\\|", "").count("|") == 8
    assert "\\`\\*" in row


def test_csv_gives_raw_values_back(line: CommandLine, api: FakeDirectory) -> None:
    api.users = [HOSTILE]
    (row,) = rows(line("export").out)
    assert row["email"] == HOSTILE.email
    assert row["firstName"] == HOSTILE.first_name
    assert row["lastName"] == HOSTILE.last_name
    assert row["groups"] == "Sales;gone"
    assert (row["role"], row["status"]) == ("", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_safe_csv_disarms_formulas_in_every_column(line: CommandLine, api: FakeDirectory, start: str) -> None:
    text = f"{start}1+1"
    api.groups = [Group("g1", text)]
    user = replace(person(1), email=text, first_name=text, last_name=text, role=text, status=text, external_id=text)
    api.users = [replace(user, groups=("g1",))]
    (plain,) = rows(line("export").out)
    (safe,) = rows(line("export", "--safe-csv").out)
    columns = ("email", "firstName", "lastName", "role", "status", "externalId", "groups")
    assert {plain[name] for name in columns} == {text}
    assert {safe[name] for name in columns} == {f"'{text}"}
    assert safe["id"] == plain["id"]


def test_export_writes_a_file_for_its_owner_only(line: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "out" / "users.csv"
    file.parent.mkdir()
    file.write_text("old")
    file.chmod(0o644)
    answer = line("export", "--output", str(file))
    assert (answer.code, answer.out) == (0, "")
    assert len(rows(file.read_text())) == 7
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in file.parent.iterdir()] == ["users.csv"]


def test_export_to_a_dash_prints(line: CommandLine) -> None:
    assert len(rows(line("export", "--output", "-").out)) == 7


def test_a_file_that_cannot_be_written_is_named(line: CommandLine, tmp_path: Path) -> None:
    answer = line("export", "--output", str(tmp_path / "no" / "users.csv"))
    assert answer.code == 2
    assert str(tmp_path / "no" / "users.csv") in answer.err


def test_an_interrupted_export_leaves_the_old_file_only(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out" / "users.csv"
    file.parent.mkdir()
    file.write_text("old")
    written: list[str] = []

    def interrupt(user: User, names: object, safe: bool = False) -> list[str]:
        written.append(user.id)
        if len(written) == 3:
            raise KeyboardInterrupt
        return [user.id]

    monkeypatch.setattr("walkme_tui.cli.listings.csv_row", interrupt)
    assert line("export", "--output", str(file)).code == 130
    assert [found.name for found in file.parent.iterdir()] == ["users.csv"]
    assert file.read_text() == "old"


def test_a_pipe_is_written_as_it_is(line: CommandLine, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert line("export", "--output", str(pipe)).code == 0
        assert os.read(reader, 65536).decode().startswith(COLUMNS)
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_an_incomplete_export_says_so_everywhere(line: CommandLine, api: FakeDirectory) -> None:
    api.users[2] = UnreadableRecord("has no id")
    answer = line("export", "--json")
    assert answer.code == 1
    assert answer.json["complete"] is False
    assert (answer.json["loaded"], answer.json["total"], len(answer.json["users"])) == (6, 7, 6)
    assert "incomplete" in answer.err
    assert "6 of 7" in answer.err
    plain = line("export")
    assert plain.code == 1
    assert "incomplete" in plain.err
    assert len(rows(plain.out)) == 6


def test_a_list_that_breaks_off_is_incomplete_with_the_reason(line: CommandLine, api: FakeDirectory) -> None:
    api.users = people(2500)
    original = api.list_users

    async def two_pages(page: int, page_size: int, *rest: object) -> object:
        if page > 2:
            raise Unreachable("The line is dead.")
        return await original(page, page_size)

    api.list_users = two_pages  # type: ignore[method-assign, assignment]  # a line that dies after two pages
    answer = line("export", "--json")
    assert answer.code == 1
    assert (answer.json["complete"], answer.json["loaded"], answer.json["total"]) == (False, 2000, 2500)
    assert answer.err.endswith("2 000 of 2 500 users are loaded: The line is dead.\n")


def test_export_cached_tells_how_much_there_is(line: CommandLine, api: FakeDirectory) -> None:
    empty = line("export", "--cached", "--json")
    assert (empty.code, empty.json["users"], empty.json["total"], empty.json["as_of"]) == (1, [], None, None)
    assert "without --cached" in empty.err
    line("export")
    asked = len(api.calls)
    assert len(rows(line("export", "--cached").out)) == 7
    assert len(api.calls) == asked


def test_export_cached_leaves_out_who_is_gone_and_keeps_who_was_looked_up_since(
    line: CommandLine, api: FakeDirectory
) -> None:
    line("export")
    del api.users[3]
    line("export")
    api.users.append(person(9))
    line("whois", "person00009@example.com")
    kept = [row["email"] for row in rows(line("export", "--cached").out)]
    assert kept == [f"person{number:05d}@example.com" for number in (0, 1, 2, 4, 5, 6, 9)]


def test_empty_cells_that_mean_not_known_are_said(line: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    unknown = "firstName, lastName, role, groups, externalId, createdAt, updatedAt"
    said = f"walkme-tui: Not known of 7 users, because the list leaves it out: {unknown}. Those cells are empty.\n"
    for form in ("--csv", "--markdown"):
        answer = line("export", form)
        assert (answer.code, answer.err) == (0, said)
    assert said in line("members", "Sales", "--csv").err or rows(line("members", "Sales", "--csv").out) == []
    assert line("export", "--json").err == ""
    line("whois", "person00001@example.com")
    assert "Not known of 6 users" in line("export").err


def test_a_damaged_copy_is_said_and_made_anew(line: CommandLine) -> None:
    line("export")
    (file,) = line.paths.cache.glob("*/*.sqlite3")
    file.write_bytes(b"no database" * 1000)
    answer = line("export", "--cached")
    assert answer.code == 1
    assert "was damaged: it was moved aside as" in answer.err
    assert (line("export").code, line("export", "--cached").code) == (0, 0)


@pytest.mark.parametrize(
    ("extent", "said"),
    [
        (Extent(False, 6500, 6486, 0, "incomplete: x."), "6 500 users are loaded, the server counts 6 486 now: x."),
        (Extent(False, 5, None, 0, ""), "5 of an unknown number of users are loaded."),
        (Extent(False, 5, 1000, None, "incomplete"), "5 of 1 000 users are loaded."),
    ],
)
def test_what_is_incomplete_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], extent: Extent, said: str
) -> None:
    assert completeness(extent) == 1
    assert capsys.readouterr().err == f"walkme-tui: The answer is incomplete, {said}\n"


def test_two_forms_at_once_are_refused(line: CommandLine) -> None:
    for words in (("export", "--json", "--markdown"), ("members", "Sales", "--json", "--csv")):
        answer = line(*words)
        assert answer.code == 2
        assert answer.out == ""
    assert line.opened == []


def test_progress_goes_to_standard_error_and_never_into_the_answer(line: CommandLine) -> None:
    answer = line("export", "--json")
    assert json.loads(answer.out)
    assert answer.err == ""  # seven users are read before the first line is due


# ---------------------------------------------------------------- profile


def test_read_only_reaches_the_session(line: CommandLine) -> None:
    line("whois", "person00001@example.com")
    line("whois", "person00001@example.com", "--read-only")
    assert [read_only for _, read_only in line.opened] == [False, True]


def test_a_scim_surface_is_refused_plainly(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://x.example/scim/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    answer = line("whois", "a@example.com", "--surface", "scim")
    assert answer.code == 2
    assert "cannot browse the SCIM side" in answer.err
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    assert "cannot browse the SCIM side" in line("export").err
    assert line.opened == []


def test_without_a_profile_the_ways_in_are_told(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    for words in (("whois", "a@example.com"), ("members", "x"), ("export",), ()):
        answer = line(*words)
        assert answer.code == 2
        assert "walkme-tui --demo" in answer.err
