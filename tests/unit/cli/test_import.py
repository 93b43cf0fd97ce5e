"""``walkme-tui import`` with an account in memory: files, columns, the plan, the job, and the rows that failed."""

import csv
import io
import sys
from pathlib import Path
from typing import cast

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import RequestRejected, Unreachable
from walkme_tui.domain.users import User
from walkme_tui.services.imports import planner
from walkme_tui.ui.browser_start import BrowserStart

KNOWN = person(3)
ROWS = (
    "E-Mail;First name;Surname;Groups;Cost centre\n"
    "ann@example.com;Ann;Moreau;Sales|g2;=42\n"
    f"{KNOWN.email};{KNOWN.first_name};{KNOWN.last_name};Sales;43\n"
    "bob@example.com;Bob;Weber;Saels;44\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def user(api: FakeDirectory, email: str) -> User | None:
    found = [each for each in api.users if isinstance(each, User) and each.email == email]
    assert len(found) < 2
    return found[0] if found else None


def outcomes(rows: list[dict[str, object]]) -> list[object]:
    return [row["outcome"] for row in rows]


# ------------------------------------------------------------ the plan


def test_without_yes_the_plan_is_printed_and_nothing_is_sent(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    answer = cli("import", str(file))
    assert (answer.code, api.writes) == (0, [])
    assert answer.out.startswith("Import people.csv for ann@example.com in env\n")
    assert "Rows     1 to import, 1 unchanged, 1 failed.\n" in answer.out
    assert "line 4  failed    there is no group Saels, did you mean Sales?" in answer.out
    assert "Nothing was sent." in answer.err
    assert (
        "3 rows (utf-8, semicolon-separated, with a header): email from E-Mail, firstName from First name, "
        "lastName from Surname, groups from Groups.\nNot imported: Cost centre." in answer.err
    )


@pytest.mark.parametrize(
    ("line", "options", "said"),
    [
        ("ann.example.com,Ann", (), "1 row (utf-8, comma-separated, with a header)"),
        ("ann.example.com,Ann", ("--no-header", "--map", "email=1"), "2 rows (utf-8, comma-separated, no header)"),
        ("Kennung,Vorname", (), "1 row (utf-8, comma-separated, with a header)"),
    ],
)
def test_a_first_row_that_may_be_no_header_is_named(
    cli: CommandLine, tmp_path: Path, line: str, options: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"{line}\nbob@example.com,Bob\n")
    err = cli("import", str(file), *options).err
    assert said in err
    assert ("If the first line is a row to import, add --no-header." in err) == (line.startswith("ann") and not options)


def test_a_plan_file_of_an_import_can_be_applied_and_reports_its_rows(
    cli: CommandLine, api: FakeDirectory, file: Path, tmp_path: Path
) -> None:
    plan = str(tmp_path / "plan.json")
    assert cli("import", str(file), "--plan", plan, "--ticket", "T-1").code == 0
    assert api.writes == []
    answer = cli("plan", "apply", plan, "--yes", "--json")
    assert (answer.code, outcomes(answer.json["rows"])) == (1, ["created", "unchanged", "failed"])
    assert answer.json["ticket"] == "T-1"


# ------------------------------------------------------------ the job


def test_every_row_ends_in_one_outcome(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    answer = cli("import", str(file), "--yes", "--json", "--group", "g3")
    assert answer.code == 1
    assert answer.json["row_counts"] == {"created": 1, "skipped": 1, "failed": 1}
    assert [(row["line"], row["outcome"], row["target"]) for row in answer.json["rows"]] == [
        (2, "created", "ann@example.com"),
        (3, "skipped", None),
        (4, "failed", None),
    ]
    ann = user(api, "ann@example.com")
    assert ann is not None
    assert (ann.first_name, ann.groups) == ("Ann", ("g1", "g2", "g3"))


def test_the_rows_that_failed_are_printed_as_csv_in_their_columns(cli: CommandLine, file: Path) -> None:
    job = cli("import", str(file), "--yes", "--json").json["job"]
    printed = cli("jobs", "failed", job, "--csv").out
    assert list(csv.reader(io.StringIO(printed), delimiter=";")) == [
        ["E-Mail", "First name", "Surname", "Groups", "Cost centre", "error"],
        ["bob@example.com", "Bob", "Weber", "Saels", "44", "failed: there is no group Saels, did you mean Sales?"],
    ]
    assert cli("jobs", "failed", job).out == (
        "Rows     1 created, 1 unchanged, 1 failed.\n  line 4  failed    there is no group Saels, did you mean Sales?\n"
    )
    shown = cli("jobs", "failed", job, "--json").json
    assert (outcomes(shown["rows"]), shown["row_counts"]["created"], shown["steps"]) == (["failed"], 1, [])
    assert "Rows     1 created, 1 unchanged, 1 failed." in cli("jobs", "show", job).out


def test_the_failed_rows_are_imported_once_they_are_corrected(
    cli: CommandLine, api: FakeDirectory, file: Path, tmp_path: Path
) -> None:
    job = cli("import", str(file), "--yes", "--json").json["job"]
    again = tmp_path / "again.csv"
    again.write_text(cli("jobs", "failed", job, "--csv").out.replace("Saels", "Sales"), encoding="utf-8")
    answer = cli("import", str(again), "--yes", "--json")
    assert (answer.code, outcomes(answer.json["rows"])) == (0, ["created"])
    assert user(api, "bob@example.com") is not None


def test_a_second_import_changes_nothing_and_an_undo_deactivates(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    file.write_text(ROWS.replace("Saels", "Sales"), encoding="utf-8")
    first = cli("import", str(file), "--yes", "--json")
    writes = len(api.writes)
    second = cli("import", str(file), "--yes", "--json")
    assert (second.code, second.json["job"], second.json["row_counts"]) == (0, None, {"unchanged": 3})
    assert len(api.writes) == writes
    assert cli("undo", first.json["job"], "--yes").code == 0
    assert not any(write.name == "delete_user" for write in api.writes)
    bob = user(api, "bob@example.com")
    assert bob is not None
    assert (bob.status, bob.groups) == ("inactive", ())
    third = cli("import", str(file), "--yes", "--json")
    assert third.json["row_counts"] == {"unchanged": 1, "skipped": 2}
    assert "and is inactive; not in Sales" in third.json["rows"][2]["detail"]


@pytest.mark.parametrize(("policy", "outcome", "code"), [("skip", "skipped", 0), ("fail", "failed", 1)])
def test_a_user_who_is_created_by_others_meanwhile_is_no_second_user(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path, policy: str, outcome: str, code: int
) -> None:
    file = tmp_path / "one.csv"
    file.write_text("email,groups\nann@example.com,Sales\n", encoding="utf-8")
    plan = str(tmp_path / "plan.json")
    cli("import", str(file), "--on-conflict", policy, "--plan", plan)
    api.users.append(person(50)._replace(email="ANN@example.com"))
    answer = cli("plan", "apply", plan, "--yes", "--json")
    assert (answer.code, outcomes(answer.json["rows"])) == (code, [outcome])
    assert api.writes == []


def test_rows_of_users_who_exist_are_updated_if_wanted(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text(f"email,lastName,role\n{KNOWN.email},Moreau,\n", encoding="utf-8")
    assert cli("import", str(file), "--yes").code == 0
    assert api.writes == []
    answer = cli("import", str(file), "--on-conflict", "update", "--yes", "--json")
    assert (answer.code, outcomes(answer.json["rows"])) == (0, ["updated"])
    assert (api.now(KNOWN.id).last_name, api.now(KNOWN.id).role) == ("Moreau", KNOWN.role)


def test_where_no_row_can_be_imported_a_job_without_steps_keeps_the_rows(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    file.write_text("email\nann\n", encoding="utf-8")
    printed = cli("import", str(file)).out
    assert "Rows     0 to import, 1 failed.\n  line 2  failed    the email is malformed" in printed
    assert printed.endswith("\nNothing can be sent.\n")
    assert cli("jobs", "--json").json == []
    answer = cli("import", str(file), "--yes")
    assert (answer.code, api.writes) == (1, [])
    assert "Rows     1 failed.\n  line 2  failed    the email is malformed" in answer.out
    (job,) = cli("jobs", "--json").json
    assert job["state"] == "done"
    assert "ann,failed: the email is malformed" in cli("jobs", "failed", job["id"], "--csv").out


def test_of_many_rows_that_fail_the_first_ones_are_listed(cli: CommandLine, file: Path) -> None:
    file.write_text("email\n" + "ann\n" * 1300, encoding="utf-8")
    plan, job = (cli("import", str(file), *words).out for words in ((), ("--yes",)))
    for printed in (plan, job):
        assert "1 300 failed.\n  line 2 " in printed
        assert "\n  line 201 " in printed
        assert "\n  And 1 100 more rows. --json prints all of them.\n" in printed
    assert "\nno steps.\n" in job


def test_the_rows_that_failed_are_in_a_file_beside_the_receipt_which_a_purge_deletes(
    cli: CommandLine, file: Path
) -> None:
    cli.now_ms = 1_700_000_000_000
    answer = cli("import", str(file), "--yes")
    (name,) = [line.removeprefix("Failed   ") for line in answer.out.splitlines() if line.startswith("Failed ")]
    assert (
        f"Correct this file, and import it with the same --group and --on-conflict: walkme-tui import {name}"
        in answer.err
    )
    assert Path(name).read_text(encoding="utf-8-sig") == (
        "E-Mail;First name;Surname;Groups;Cost centre;error\n"
        "bob@example.com;Bob;Weber;Saels;44;failed: there is no group Saels, did you mean Sales?\n"
    )
    assert cli("import", name, "--json").json["plan"]["source"]["columns"][-1] == "error"
    cli("jobs", "purge", "--before", "2023-12-01")
    assert not Path(name).exists()


def test_the_command_to_import_the_failed_rows_names_the_same_account(
    cli: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://scim.test/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    err = cli("import", str(file), "--yes", "--surface", "scim", "--profile", "env").err
    assert " walkme-tui --profile env import --surface scim /" in err


def test_a_job_that_can_be_resumed_has_no_file_of_failed_rows_yet(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    api.fail_next(Unreachable("No route."), times=100, name="create_user")
    answer = cli("import", str(file), "--yes", "--json")
    assert answer.code == 4
    assert answer.json["row_counts"] == {"unchanged": 1, "failed": 1, "not attempted": 1}
    assert not any(path.endswith(".csv") for path in answer.json["receipts"])
    api._failures.clear()
    resumed = cli("jobs", "resume", answer.json["job"], "--yes", "--json")
    assert resumed.json["row_counts"] == {"created": 1, "unchanged": 1, "failed": 1}
    assert resumed.json["receipts"][-1].endswith("-failed-rows.csv")


def test_a_user_without_a_group_is_completed_by_an_update(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("email,groups\nann@example.com,Sales\n", encoding="utf-8")
    api.fail_next(RequestRejected("The group is full."), name="add_member")
    answer = cli("import", str(file), "--yes", "--json")
    assert (answer.code, answer.json["rows"][0]["outcome"]) == (1, "failed")
    assert answer.json["rows"][0]["detail"] == "created ann@example.com; join Sales: The group is full"
    assert "--on-conflict update" in answer.err
    again = cli("import", str(file), "--on-conflict", "update", "--yes", "--json")
    assert (again.code, outcomes(again.json["rows"])) == (0, ["updated"])


def test_a_read_only_profile_plans_and_sends_nothing(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    assert cli("import", str(file), "--read-only").code == 0
    assert cli("import", str(file), "--read-only", "--yes").code == 5
    assert api.writes == []


# ------------------------------------------------------------ reading the account


def test_the_account_is_read_first_where_that_takes_fewer_requests(
    cli: CommandLine, api: FakeDirectory, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.cli.commands.import_file.FEW", 1)
    monkeypatch.setattr(planner, "FEW", 1)
    answer = cli("import", str(file), "--json")
    assert answer.code == 0
    assert api.asked("list_users")
    assert not api.asked("find_user")


def test_the_account_is_read_where_look_ups_by_email_are_ignored(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    api.email_ignored, api.users = True, people(250)
    file.write_text(f"email\nann@example.com\n{person(240).email}\n", encoding="utf-8")
    answer = cli("import", str(file), "--yes", "--json")
    assert (answer.code, outcomes(answer.json["rows"])) == (0, ["created", "unchanged"])


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("on_conflict", ["update", "skip"])
def test_a_second_import_finds_who_was_created_without_an_answer_where_look_ups_by_email_are_ignored(
    cli: CommandLine, api: FakeDirectory, file: Path, on_conflict: str, *, executed: bool
) -> None:
    api.email_ignored, api.users = True, people(250)
    file.write_text("email,firstName\nann@example.com,Ann\n", encoding="utf-8")
    api.lose_answer(executed=executed, name="create_user")
    first = cli("import", str(file), "--yes", "--json").json["rows"][0]
    assert first["outcome"] == "needs review"
    assert "read the account again to see whether the user is there" in first["detail"]
    file.write_text("email,firstName\nANN@example.com,Anna\n", encoding="utf-8")
    second = cli("import", str(file), "--on-conflict", on_conflict, "--yes", "--json")
    expected = ("updated" if on_conflict == "update" else "skipped") if executed else "created"
    assert (second.code, outcomes(second.json["rows"])) == (0, [expected])
    assert sum(isinstance(each, User) and each.email == "ann@example.com" for each in api.users) == int(executed)
    third = cli("import", str(file), "--on-conflict", "update", "--yes", "--json")
    assert outcomes(third.json["rows"]) == ["updated" if expected == "skipped" else "unchanged"]


def test_a_user_of_others_whom_no_look_up_finds_is_refused_once_and_then_read(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    api.email_ignored, api.users = True, people(250)
    file.write_text("email,firstName\nann@example.com,Ann\n", encoding="utf-8")
    assert cli("import", str(file), "--json").code == 0
    api.users.append(person(300)._replace(email="ANN@example.com"))
    words = ("import", str(file), "--on-conflict", "update", "--yes", "--json")
    first, second = cli(*words).json["rows"][0], cli(*words)
    assert first["outcome"] == "failed"
    assert first["detail"].startswith(
        "create ann@example.com: The account refused the request (409); this server ignores"
    )
    assert (second.code, outcomes(second.json["rows"])) == (0, ["updated"])


# ------------------------------------------------------------ files and columns


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"email\n", "Line 1: the file has a header and no rows."),
        (b'email\n"ann@example.com\n', "Line 2: "),
        (b"email,a\nann@example.com\n", "Line 2: "),
        (b"email\nann\0@example.com\n", "Line 2: it contains a null character."),
        (b"email,lastName\nann@example.com,M\xf6reau\n", "often writes cp1252 in Western Europe. Or save"),
        ("email\nann@example.com\n".encode("utf-16-le"), "probably utf-16-le.\nThe option is --encoding.\n"),
        (b"name\nAnn\n", "Say which one does: --map email=COLUMN"),
    ],
)
def test_a_file_that_cannot_be_read_exits_2_before_any_request(
    cli: CommandLine, api: FakeDirectory, file: Path, content: bytes, reason: str
) -> None:
    file.write_bytes(content)
    answer = cli("import", str(file), "--yes")
    assert (answer.code, cli.opened, api.calls) == (2, [], [])
    assert reason in answer.err


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_path_that_is_no_file_exits_2(cli: CommandLine, tmp_path: Path, name: str) -> None:
    answer = cli("import", str(tmp_path / name), "--yes")
    assert (answer.code, cli.opened) == (2, [])


def test_the_format_and_the_columns_can_be_given(cli: CommandLine, api: FakeDirectory, file: Path) -> None:
    file.write_bytes("ann@example.com/M\xf6reau/Ann\n".encode("cp1252"))
    words = ["--encoding", "cp1252", "--delimiter", "/", "--no-header", "--map", "lastName=2", "--map", "FIRSTNAME=3"]
    assert cli("import", str(file), "--yes", *words).code == 0
    ann = user(api, "ann@example.com")
    assert ann is not None
    assert (ann.first_name, ann.last_name) == ("Ann", "Möreau")


def test_a_delimiter_can_be_given_by_name_and_a_column_left_out(cli: CommandLine, file: Path) -> None:
    answer = cli("import", str(file), "--delimiter", "semicolon", "--map", "groups=", "--json")
    assert answer.json["plan"]["steps"][-1]["call"] == "create user"
    assert "Not imported: Groups, Cost centre." in answer.err


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("lastName", "lastName is not FIELD=COLUMN."),
        ("phone=2", "The fields are: email, firstName, lastName, role, externalId, groups."),
        ("lastName=Surnam", "Did you mean Surname?"),
    ],
)
def test_a_column_that_is_not_there_is_refused(cli: CommandLine, file: Path, word: str, reason: str) -> None:
    answer = cli("import", str(file), "--map", word)
    assert (answer.code, cli.opened) == (2, [])
    assert reason in answer.err


def test_given_columns_are_remembered_for_files_with_the_same_header(
    cli: CommandLine, api: FakeDirectory, file: Path
) -> None:
    file.write_text("Who,What,Group\nann@example.com,Ann,\n", encoding="utf-8")
    state = cli.paths.state_file
    first = cli("import", str(file), "--map", "firstName=What", "--map", "groups=")
    assert f"\nThese columns are remembered for files with this header, in {state}.\n" in first.err
    file.write_text("Who,What,Group\nbob@example.com,Bob,Sales\n", encoding="utf-8")
    second = cli("import", str(file), "--yes")
    assert "email from Who, firstName from What.\nNot imported: Group.\n" in second.err
    assert f"\nThe columns are those that were chosen for this header before, from {state}: --map" in second.err
    assert "--no-header" not in second.err
    bob = user(api, "bob@example.com")
    assert bob is not None
    assert (bob.first_name, bob.groups) == ("Bob", ())
    third = cli("import", str(file), "--map", "lastName=What")
    assert "email from Who, lastName from What, groups from Group." in third.err
    assert "remembered" not in cli("import", str(file), "--no-header", "--map", "email=1", "--map", "role=2").err


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        # The names say that another column contains the emails.
        ("email,mail,nr\nold@example.com,ann,7\n", ("--map", "email=mail", "--map", "externalId=nr")),
        ("old@example.com,ann,7\n", ("--no-header", "--map", "email=2", "--map", "externalId=3")),
    ],
)
def test_the_failed_rows_are_read_with_the_columns_of_their_file(
    cli: CommandLine, api: FakeDirectory, file: Path, lines: str, options: tuple[str, ...]
) -> None:
    file.write_text(lines)
    failed = Path(cli("import", str(file), *options, "--yes", "--json").json["receipts"][-1])
    failed.write_text(failed.read_text().replace("ann", "ann@example.com", 1))
    assert cli("import", str(failed), "--yes").code == 0
    ann = user(api, "ann@example.com")
    assert ann is not None
    assert ann.external_id == "7"
    assert user(api, "old@example.com") is None


def test_columns_that_were_chosen_on_scim_replace_none_of_rest(
    cli: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALKME_SCIM_BASE_URL", "https://scim.test/v2")
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "hunter2")
    file.write_text("Mail,What,Other\nann@example.com,Editor,Ann\n", encoding="utf-8")
    cli("import", str(file), "--map", "role=What")
    cli("import", str(file), "--map", "firstName=Other", "--surface", "scim")
    on_rest, on_scim = (cli("import", str(file), "--surface", name).err for name in ("rest", "scim"))
    assert "email from Mail, role from What.\nNot imported: Other.\nThe columns are those" in on_rest
    assert "email from Mail, firstName from Other.\nNot imported: What.\nThe columns are those" in on_scim


def test_columns_that_cannot_be_remembered_are_imported_with_a_message(cli: CommandLine, file: Path) -> None:
    cli.paths.state.touch()
    answer = cli("import", str(file), "--map", "lastName=", "--json")
    assert (answer.code, len(answer.json["plan"]["steps"])) == (0, 3)
    assert "So this was not saved.\n" in answer.err


def test_the_demo_remembers_no_columns(cli: CommandLine, file: Path) -> None:
    assert "remembered" not in cli("import", str(file), "--demo", "--map", "lastName=").err
    assert not cli.paths.state_file.exists()


class Terminal(io.StringIO):
    """A terminal on which somebody has typed this."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "code"), [("cp1252\n", 0), ("cp12\ncp1252\n", 2), ("\n", 2)])
def test_on_a_terminal_the_encoding_is_asked_for(
    cli: CommandLine, api: FakeDirectory, file: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    file.write_bytes("email,lastName\nann@example.com,M\xf6reau\n".encode("cp1252"))
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    monkeypatch.setattr(cast("io.TextIOBase", sys.stderr), "isatty", lambda: True)
    answer = cli("import", str(file), "--yes")
    assert "Western Europe, Windows" in answer.err
    assert answer.code == code
    ann = user(api, "ann@example.com")
    assert (None if ann is None else ann.last_name) == ("Möreau" if code == 0 else None)


@pytest.mark.parametrize(("few", "reads"), [(1, True), (50, False)])
def test_on_a_terminal_the_browser_opens_at_the_plan_after_reading_the_account_for_many_rows(
    cli: CommandLine, api: FakeDirectory, file: Path, monkeypatch: pytest.MonkeyPatch, *, few: int, reads: bool
) -> None:
    monkeypatch.setattr("walkme_tui.cli.commands.import_file.FEW", few)
    started: list[BrowserStart] = []

    def run_browser(start: BrowserStart) -> int:
        started.append(start)
        return 0

    monkeypatch.setattr("walkme_tui.ui.start.run_browser", run_browser)
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True)
    answer = cli("import", str(file))
    assert answer.code == 0
    assert [start.task.title for start in started if start.task is not None] == ["Import people.csv"]
    assert bool(api.asked("list_users")) is reads
    assert api.writes == []
