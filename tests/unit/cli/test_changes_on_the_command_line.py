"""Changes from the command line, with an account in memory and a real journal: output and exit codes."""

import io
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.command_line import Answer, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.cli.output import progress as progress_lines
from walkme_tui.cli.output.progress import JobProgressLine, duration, job_progress_text
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import PermissionRefused, RequestRejected, SignInRefused
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import StepRecord
from walkme_tui.domain.plans import Step, StepState
from walkme_tui.services.changes.job_progress import JobProgress

GROUPS = [Group("g1", "Sales"), Group("g2", "Süd=West")]
ZOE = "person00011@example.com"
USER = person(11).id
PROGRESS = JobProgress("20261123-bcdf", {}, 0, 40, 0.0, None, "", "", ())


@pytest.fixture
def api() -> FakeDirectory:
    return FakeDirectory(people(20), groups=GROUPS)


def offboard(cli: CommandLine, *words: str) -> Answer:
    return cli("offboard", ZOE, "--yes", *words)


def test_the_json_output_is_the_documented_object(cli: CommandLine, api: FakeDirectory) -> None:
    answer = offboard(cli, "--json", "--ticket", "INC-42")
    assert answer.code == 0
    printed = answer.json
    assert printed.keys() >= {"job", "state", "counts", "receipts", "steps"}
    assert (printed["state"], printed["counts"], printed["ticket"]) == ("done", {"done": 3}, "INC-42")
    assert [{name: step[name] for name in ("state", "call", "target")} for step in printed["steps"]] == [
        {"state": "done", "call": f"PATCH /users/{USER} status=inactive", "target": ZOE},
        {"state": "done", "call": f"DELETE /groups/g1/users/{USER}", "target": ZOE},
        {"state": "done", "call": f"DELETE /groups/g2/users/{USER}", "target": ZOE},
    ]
    assert all(Path(path).parent == cli.paths.data / "receipts" for path in printed["receipts"])
    assert (api.now(USER).status, api.now(USER).groups) == ("inactive", ())
    assert printed["steps"] == cli("jobs", "show", printed["job"], "--json").json["steps"]


def test_the_text_output_shows_how_to_undo(cli: CommandLine) -> None:
    answer = offboard(cli)
    job = cli("jobs", "--json").json[0]["id"]
    assert answer.out.startswith(f"Job {job}: done. Offboard {ZOE} in env\n")
    assert f"Undo     walkme-tui undo {job}\n" in answer.out
    assert "3 done." in answer.out


def test_an_undo_lists_its_requests(cli: CommandLine, api: FakeDirectory) -> None:
    job = offboard(cli, "--json").json["job"]
    api.edit(USER, groups=("g2",))
    shown = cli("undo", job)
    assert shown.code == 0
    assert "the person was put into Süd=West since, so there is nothing to undo." in shown.out
    answer = cli("undo", job, "--yes", "--json", "--ticket", "INC-43").json
    assert [step["call"] for step in answer["steps"]] == [
        f"POST /groups/g1/users userId={USER}",
        f"PATCH /users/{USER} status=active",
    ]
    assert answer["undoes"] == job
    assert answer["ticket"] == "INC-43"
    assert any("Süd=West" in sentence for sentence in answer["left_out"])
    assert (api.now(USER).status, set(api.now(USER).groups or ())) == ("active", {"g1", "g2"})  # type: ignore[arg-type]  # known


def test_an_undo_skips_and_reports_changes_that_others_undid(cli: CommandLine, api: FakeDirectory) -> None:
    job = offboard(cli, "--json").json["job"]
    api.meanwhile("add_member", lambda: api.edit(USER, status="pending"))
    answer = cli("undo", job, "--yes", "--json")
    assert answer.code == 0
    assert answer.json["counts"] == {"done": 2, "skipped": 1}
    (skipped,) = [step for step in answer.json["steps"] if step["state"] == "skipped"]
    assert "pending" in skipped["detail"]
    assert api.now(USER).status == "pending"


def test_a_failed_step_exits_1_after_the_other_steps(cli: CommandLine, api: FakeDirectory) -> None:
    api.fail_next(RequestRejected("The account refused it (400).", status=400), name="remove_member")
    answer = offboard(cli, "--json")
    assert answer.code == 1
    assert answer.json["state"] == "done"
    assert answer.json["counts"] == {"done": 2, "failed": 1}
    assert "1 failed" in cli("jobs").out
    job = answer.json["job"]
    assert cli("jobs", "show", job).out.startswith(f"Job {job}: 2 done, 1 failed. Offboard")


def test_a_server_that_changes_nothing_exits_1(cli: CommandLine, api: FakeDirectory) -> None:
    api.inert = True
    answer = offboard(cli, "--json", "--keep-groups")
    assert answer.code == 1
    assert answer.json["counts"] == {"failed": 1}


@pytest.mark.parametrize("error", [PermissionRefused("No.", scope="users:write"), SignInRefused("The token is old.")])
def test_a_refused_sign_in_during_a_job_exits_3_and_the_job_can_be_resumed(
    cli: CommandLine, api: FakeDirectory, error: Exception
) -> None:
    api.fail_next(error, name="remove_member")  # type: ignore[arg-type]  # both are ApiErrors
    answer = offboard(cli, "--json")
    assert answer.code == 3
    assert answer.json["state"] == "interrupted"
    assert f"walkme-tui jobs resume {answer.json['job']} --yes" in answer.err


def test_a_token_without_the_write_scope_creates_no_job(cli: CommandLine, api: FakeDirectory) -> None:
    api.granted = frozenset({"users:read"})
    answer = offboard(cli)
    assert (answer.code, answer.out) == (3, "")
    assert "users:write" in answer.err
    assert cli("jobs", "--json").json == []
    assert api.writes == []


def test_receipts_that_cannot_be_written_do_not_fail_the_job(cli: CommandLine, api: FakeDirectory) -> None:
    cli.paths.data.mkdir(parents=True)
    (cli.paths.data / "receipts").write_text("a file stands here")
    answer = offboard(cli, "--json")
    assert answer.code == 0
    assert answer.json["receipts"] == []
    assert "receipt" in answer.err
    assert api.now(USER).status == "inactive"


def test_a_finished_job_is_not_resumed(cli: CommandLine, api: FakeDirectory) -> None:
    job = offboard(cli, "--json").json["job"]
    writes = list(api.writes)
    answer = cli("jobs", "resume", job, "--yes")
    assert answer.code == 0
    assert "no steps are left" in answer.out
    assert cli("jobs", "resume", job, "--json").json["state"] == "done"
    assert api.writes == writes


def test_the_undo_commands_of_a_receipt_undo_the_stated_number_of_users(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    other = "person00012@example.com"
    done = cli("offboard", ZOE, other, "--yes", "--json").json
    shown = cli("jobs", "show", done["job"]).out
    assert f"Undo     walkme-tui undo {done['job']}  (all 2 people)\n" in shown
    one = (
        f"walkme-tui jobs receipt {done['job']} EMAIL --output FILE.json, then walkme-tui undo FILE.json  (one person)"
    )
    assert one in shown
    json_file, markdown_file = map(Path, done["receipts"])
    said = re.findall(r"`walkme-tui undo ([^`]+)`", markdown_file.read_text())
    assert said == [done["job"], "FILE.json"]
    assert {step["target"] for step in cli("undo", json_file.name, "--yes", "--json").json["steps"]} == {ZOE, other}
    done = cli("offboard", ZOE, other, "--yes", "--json").json
    own = tmp_path / "zoe.json"
    assert cli("jobs", "receipt", done["job"], ZOE.upper(), "--output", str(own)).code == 0
    undo = cli("undo", str(own), "--yes", "--json").json
    assert {step["target"] for step in undo["steps"]} == {ZOE}
    assert cli("jobs", "show", done["job"], "--json").json["undone_by"] == [undo["job"]]
    shown = cli("jobs", "show", done["job"]).out
    assert re.search(rf"^Undone   \S+ by job {undo['job']} for 1 of 2 people$", shown, re.MULTILINE)
    cli("undo", undo["job"], "--yes")
    assert cli("jobs", "show", done["job"], "--json").json["undone_by"] == []
    assert f"Undoes   job {done['job']}\n" in cli("jobs", "show", undo["job"]).out


def test_a_receipt_without_the_journal_is_enough_for_an_undo(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    printed = offboard(cli, "--json").json
    kept = tmp_path / "kept.json"
    kept.write_bytes(next(Path(path) for path in printed["receipts"] if path.endswith(".json")).read_bytes())
    shutil.rmtree(cli.paths.data)
    assert cli("undo", printed["job"], "--yes").code == 1
    assert cli("undo", str(kept), "--yes").code == 0
    assert (api.now(USER).status, set(api.now(USER).groups or ())) == ("active", {"g1", "g2"})  # type: ignore[arg-type]  # known


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 1}', "\x00"])
def test_a_file_that_is_not_a_receipt_is_refused(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "receipt.json"
    file.write_text(content)
    answer = cli("undo", str(file), "--yes")
    assert (answer.code, answer.out) == (2, "")
    assert cli("undo", str(tmp_path / "gone.json")).code == 2
    assert api.writes == []


def test_hostile_text_in_a_plan_is_printed_as_plain_text(cli: CommandLine, api: FakeDirectory) -> None:
    api.groups = [Group("g1", "\x1b[2JSales"), Group("g2", "\u202eevil")]
    api.users = [person(11)._replace(email="\x1b[31m@example.com")]
    answer = cli("offboard", USER, "--yes", "--ticket", "\x07T")
    assert answer.code == 0
    for text in (answer.out, answer.err, cli("jobs").out, cli("undo", cli("jobs", "--json").json[0]["id"]).out):
        assert not {character for character in text if not character.isprintable()} - {"\n"}


# ---------------------------------------------------------------- progress


def failure(number: int) -> StepRecord:
    return StepRecord(Step(number, SetStatus("u", "active", "inactive")), StepState.FAILED)


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (PROGRESS, "job 20261123-bcdf  0 of 40 steps"),
        (
            PROGRESS._replace(done=1000, total=4000, per_second=3.14, seconds_left=955.0),
            "job 20261123-bcdf  1 000 of 4 000 steps  3.1/s  16 min left",
        ),
        (
            PROGRESS._replace(done=2, per_second=1.0, paused="too many\x1brequests", failures=(failure(1), failure(2))),
            "job 20261123-bcdf  2 of 40 steps  too many␛requests  2 failed",
        ),
    ],
)
def test_the_text_of_progress(progress: JobProgress, text: str) -> None:
    assert job_progress_text(progress, bar=False) == text


def test_the_people_read_for_a_plan_are_counted_on_standard_error(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_lines, "LINE_SECONDS", 0.0)
    emails = [str(person(number).email) for number in (1, 2, 3)]
    assert "reading  2 of 3 people\n" in cli("offboard", *emails, "--ticket", "T").err
    cli("offboard", *emails, "--ticket", "T", "--yes")
    assert "reading  2 of 3 people\n" in cli("undo", cli("jobs", "--json").json[0]["id"]).err


def test_the_bar_fills() -> None:
    shown = [job_progress_text(PROGRESS._replace(done=done), bar=True) for done in (0, 20, 40)]
    assert [text.count("#") for text in shown] == [0, 12, 24]
    assert job_progress_text(PROGRESS._replace(total=0), bar=True).count("#") == 24


def test_durations_have_at_most_two_units() -> None:
    assert [duration(seconds) for seconds in (-1, 0.4, 89, 90, 3599, 5400, 90_000)] == [
        "0 s",
        "0 s",
        "89 s",
        "2 min",
        "60 min",
        "2 h",
        "25 h",
    ]


def test_without_a_terminal_progress_is_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    clock = [0.0]
    monkeypatch.setattr("walkme_tui.cli.output.progress.time.monotonic", lambda: clock[0])
    shown = JobProgressLine()
    for second in range(12):
        clock[0] = float(second)
        shown(PROGRESS._replace(done=second))
    shown.close()
    assert stream.getvalue().splitlines() == ["job 20261123-bcdf  5 of 40 steps", "job 20261123-bcdf  10 of 40 steps"]
