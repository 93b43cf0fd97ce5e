"""Plans on the command line: printed, written to files, opened in the browser, refused; no change is sent."""

import asyncio
import json
import shlex
import stat
import sys
from pathlib import Path

import pytest

from tests.support.command_line import NOON_MS, CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import LookUpIgnored, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plan_files import plan_from_json, plan_from_text
from walkme_tui.domain.plans import PlanKind
from walkme_tui.domain.times import format_time_ms
from walkme_tui.ui.browser_start import BrowserStart

GROUPS = [Group("g1", "Sales"), Group("g2", "Süd=West"), Group("g3", None)]
ZOE, BO = "person00011@example.com", "person00007@example.com"
TICKETS = """\
default_profile = "acme"
[profiles.acme.rest]
client_id = "id-1"
secret_env = "WALKME_CLIENT_SECRET"
[profiles.acme.offboarding]
require_ticket = true
keep_groups = ["sales"]
[profiles.other.rest]
client_id = "id-2"
secret_env = "WALKME_CLIENT_SECRET"
"""


@pytest.fixture
def api() -> FakeDirectory:
    return FakeDirectory(people(20), groups=GROUPS)


def on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, streams: tuple[str, ...] = ("stdin", "stdout", "stderr")
) -> list[BrowserStart]:
    """Make these streams terminals; the list collects the arguments of started browsers."""
    started: list[BrowserStart] = []

    def run_browser(start: BrowserStart) -> int:
        started.append(start)
        return 0

    monkeypatch.setattr("walkme_tui.ui.start.run_browser", run_browser)
    for stream in streams:
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True)
    return started


# ---------------------------------------------------------------- printed


def test_without_yes_the_plan_is_printed_and_nothing_sent(cli: CommandLine, api: FakeDirectory) -> None:
    answer = cli("offboard", ZOE, "--ticket", "INC-42")
    assert answer.code == 0
    assert api.writes == []
    assert not cli.paths.data.exists()
    lines = answer.out.splitlines()
    assert lines[0] == f"Offboard {ZOE} in env"
    assert "Ticket   INC-42" in lines
    assert [" ".join(line.split()) for line in lines if line.startswith("  ") and line.split()[0].isdigit()] == [
        "1 set status active -> inactive",
        "2 leave Sales",
        "3 leave Süd=West",
    ]
    assert any("okta|000011" in line and line.startswith("  !") for line in lines)
    assert lines[-1] == "3 steps, each one call."
    assert "Nothing was sent." in answer.err
    assert "--yes" in answer.err


def test_an_empty_plan_is_printed_without_the_command_to_run_it(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    api.users = [person(11)._replace(status="inactive", groups=())]
    for words in (
        ("offboard", ZOE),
        ("offboard", ZOE, "--json"),
        ("offboard", ZOE, "--plan", str(tmp_path / "x.json")),
    ):
        answer = cli(*words)
        assert answer.code == 0
        assert "--yes" not in answer.err
        assert "Nothing to do" in answer.out or "--json" in words


def test_json_output_contains_the_plan_file(cli: CommandLine, api: FakeDirectory) -> None:
    plan = plan_from_json(cli("offboard", ZOE, "--json").json["plan"])
    assert (plan.kind, plan.profile, plan.base_url) == (PlanKind.OFFBOARD, "env", "https://api.walkme.com")
    assert [step.change for step in plan.steps] == [
        SetStatus(person(11).id, "active", "inactive"),
        *(RemoveMember(person(11).id, group) for group in GROUPS[:2]),
    ]
    assert api.writes == []


def test_groups_can_be_kept_by_option_and_by_configuration(cli: CommandLine) -> None:
    assert len(plan_from_json(cli("offboard", ZOE, "--json", "--keep-groups").json["plan"]).steps) == 1
    cli.configure(TICKETS)
    plan = plan_from_json(cli("offboard", ZOE, "--profile", "acme", "--ticket", "T", "--json").json["plan"])
    assert [step.change.group.id for step in plan.steps if isinstance(step.change, RemoveMember)] == ["g2"]
    shown = cli("offboard", ZOE, "--profile", "acme", "--ticket", "T").out
    assert "keep         Sales" in shown


def test_several_users_make_one_plan(cli: CommandLine) -> None:
    shown = cli("offboard", ZOE, BO, ZOE.upper()).out
    assert shown.startswith("Offboard 2 people in env\n")
    assert "6 steps, each one call." in shown


def test_one_unknown_email_refuses_the_whole_plan(cli: CommandLine, api: FakeDirectory) -> None:
    for words in ((), ("--yes",), ("--json",)):
        answer = cli("offboard", ZOE, "nobody@example.com", *words)
        assert (answer.code, answer.out) == (1, "")
        assert "nobody@example.com" in answer.err
    assert api.writes == []
    assert not cli.paths.data.exists()


def test_an_empty_email_is_refused(cli: CommandLine, api: FakeDirectory) -> None:
    assert cli("offboard", "").code == cli("offboard", ZOE, " ").code == 2
    assert api.calls == []


def test_text_of_the_directory_is_printed_as_plain_text(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [person(11)._replace(first_name="\x1b]0;x\x07", last_name="\u202eevil", email="a\x1b[2J@example.com")]
    answer = cli("offboard", person(11).id)
    assert answer.code == 0
    assert not {character for character in answer.out if not character.isprintable()} - {"\n"}
    assert "⟨202E⟩evil" in answer.out


@pytest.mark.parametrize("words", [(), ("--yes",), ("--plan", "x.json")])
def test_an_unreachable_account_exits_4(cli: CommandLine, api: FakeDirectory, words: tuple[str, ...]) -> None:
    api.offline = Unreachable("No route.")
    answer = cli("offboard", ZOE, *words)
    assert (answer.code, answer.out) == (4, "")


# ---------------------------------------------------------------- tickets


@pytest.mark.parametrize("words", [(), ("--yes",), ("--ticket", "  ")])
def test_a_missing_required_ticket_is_reported_with_option_and_key(
    cli: CommandLine, api: FakeDirectory, words: tuple[str, ...]
) -> None:
    cli.configure(TICKETS)
    answer = cli("offboard", ZOE, "--profile", "acme", *words)
    assert (answer.code, answer.out) == (2, "")
    assert "--ticket" in answer.err
    assert "require_ticket" in answer.err
    assert "[profiles.acme.offboarding]" in answer.err
    assert api.calls == []


def test_a_plan_file_without_the_required_ticket_accepts_one_by_option(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    cli.configure(TICKETS)
    cli("offboard", ZOE, "--profile", "acme", "--ticket", "x", "--plan", str(file))
    plan = json.loads(file.read_text())
    file.write_text(json.dumps({**plan, "ticket": ""}))
    assert cli("plan", "apply", str(file), "--profile", "acme").code == 2
    assert cli("plan", "apply", str(file), "--profile", "acme", "--ticket", "INC-7").code == 0


# ---------------------------------------------------------------- files


def test_the_printed_command_applies_the_plan(cli: CommandLine, tmp_path: Path) -> None:
    cli.configure(TICKETS)
    file = tmp_path / "my plan.json"
    out = cli("offboard", ZOE, "--profile", "other", "--plan", str(file)).out
    command = out.partition("To apply it: walkme-tui ")[2]
    answer = cli(*shlex.split(command))
    assert (answer.code, answer.out.partition("\n")[0]) == (0, f"Offboard {ZOE} in other")


def test_a_plan_file_is_private_and_has_the_printed_plan(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    file = tmp_path / "out" / "plan.json"
    file.parent.mkdir()
    answer = cli("offboard", ZOE, "--ticket", "INC-42", "--plan", str(file))
    assert answer.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in file.parent.iterdir()] == ["plan.json"]
    assert f"plan apply {file}" in answer.out
    assert "Nothing was sent" in answer.out
    assert plan_from_text(file.read_text()).ticket == "INC-42"
    assert api.writes == []
    assert cli("plan", "show", str(file)).out == cli("offboard", ZOE, "--ticket", "INC-42").out.replace(
        format_time_ms(cli.now_ms), format_time_ms(NOON_MS + 1000)
    )
    assert cli("plan", "show", str(file), "--json").json["plan"] == json.loads(file.read_text())


def test_plan_and_yes_exclude_each_other(cli: CommandLine, api: FakeDirectory, tmp_path: Path) -> None:
    for words in (("offboard", ZOE), ("undo", "x/y.json")):
        answer = cli(*words, "--plan", str(tmp_path / "p.json"), "--yes")
        if words[0] == "offboard":
            assert "--plan and --yes cannot be used together" in answer.err
        assert answer.code == 2
    assert api.calls == []
    assert not (tmp_path / "p.json").exists()


def test_a_plan_file_that_cannot_be_written_is_reported(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli("offboard", ZOE, "--plan", str(tmp_path / "no" / "p.json"))
    assert answer.code == 2
    assert str(tmp_path / "no" / "p.json") in answer.err


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"format": 2}', b'{"format": 1, "kind": "destroy"}', b"[" * 100_000],
)
def test_a_file_that_is_no_plan_is_reported(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(content)
    for words in (("show",), ("apply",), ("apply", "--yes")):
        answer = cli("plan", words[0], str(file), *words[1:])
        assert (answer.code, answer.out) == (2, "")
        assert str(file) in answer.err
    assert api.calls == []


def test_a_missing_plan_file_is_reported(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli("plan", "apply", str(tmp_path / "gone.json"), "--yes")
    assert answer.code == 2
    assert "gone.json" in answer.err


@pytest.mark.parametrize(("name", "value"), [("profile", "acme"), ("base_url", "https://eu-api.walkme.com")])
@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_a_plan_for_another_account_is_refused(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path, name: str, value: str, yes: tuple[str, ...]
) -> None:
    file = tmp_path / "plan.json"
    cli("offboard", ZOE, "--plan", str(file))
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    asked = len(api.calls)
    answer = cli("plan", "apply", str(file), *yes)
    assert (answer.code, answer.out) == (2, "")
    assert value in answer.err
    assert len(api.calls) == asked
    assert api.writes == []


def test_an_old_plan_is_shown_with_its_age_and_later_changes(
    cli: CommandLine, api: FakeDirectory, tmp_path: Path
) -> None:
    file = tmp_path / "plan.json"
    cli("offboard", ZOE, BO, "--plan", str(file))
    cli.now_ms += 3 * 86_400_000
    api.edit(person(11).id, status="pending", groups=("g1", "g9"))
    api.remove(person(7).id)
    answer = cli("plan", "apply", str(file))
    assert answer.code == 0
    assert "! The plan was made 3 days ago by " in answer.out
    since = [text.split("Since the plan was made: ")[1] for text in answer.out.splitlines() if "Since" in text]
    assert since == [
        "the status is pending now, not active. Not sent.",
        "the person was taken out of Süd=West. Nothing is left to send for it.",
        "was put into g9, which is not in the plan: stays there.",
        "the user was deleted. Not sent.",
    ]
    assert answer.out.endswith("6 steps, each one call. 4 of them will not be sent (x).\n")
    assert api.writes == []


def test_a_recent_plan_without_changes_has_no_warning(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    cli("offboard", ZOE, "--plan", str(file))
    answer = cli("plan", "apply", str(file))
    assert "- The plan was made less than a minute ago by " in answer.out
    assert "Since" not in answer.out


# ---------------------------------------------------------------- on a terminal


async def test_on_a_terminal_the_browser_starts_with_the_plan(
    cli: CommandLine, api: FakeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = on_a_terminal(monkeypatch)
    assert cli("offboard", ZOE, BO, "--ticket", "INC-1").code == 0
    assert api.calls == []
    (start,) = started
    assert start.task is not None
    assert start.open_change_services is not None
    assert start.task.title == "Offboard 2 people"
    session = start.open_session("env", start.surface)
    change_services = start.open_change_services(session)
    try:
        plan = await start.task.make_plan(session, change_services)
    finally:
        await change_services.aclose()
        await session.aclose()
    assert len(plan.steps) == 6
    assert plan.ticket == "INC-1"


def test_the_browser_restarts_after_reading_the_account_if_look_ups_by_email_are_ignored(
    cli: CommandLine, api: FakeDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = on_a_terminal(monkeypatch)
    loaded: list[int] = []

    def run_browser(start: BrowserStart) -> int:
        session = start.open_session("env", start.surface)

        async def count() -> None:
            loaded.append((await session.mirror.coverage()).loaded)
            await session.aclose()

        asyncio.run(count())
        started.append(start)
        if len(started) == 1:
            raise LookUpIgnored("This server ignores look-ups by email.")
        return 0

    monkeypatch.setattr("walkme_tui.ui.start.run_browser", run_browser)
    answer = cli("offboard", ZOE)
    assert (answer.code, len(started), loaded) == (0, 2, [0, 20])
    assert "The whole account is read now to find the user." in answer.err


def test_json_yes_and_plan_start_no_browser_on_a_terminal(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = on_a_terminal(monkeypatch)
    assert cli("offboard", ZOE, "--json").json["plan"]["kind"] == "offboard"
    assert cli("offboard", ZOE, "--plan", str(tmp_path / "p.json")).code == 0
    assert started == []


@pytest.mark.parametrize("file", ["stdin", "stdout", "stderr"])
def test_with_a_redirected_stream_no_browser_is_started(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    started = on_a_terminal(monkeypatch, tuple({"stdin", "stdout", "stderr"} - {file}))
    assert "Nothing was sent" in cli("offboard", ZOE).err
    assert started == []


def test_on_an_unsuitable_terminal_no_browser_is_started(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    started = on_a_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    assert "Nothing was sent" in cli("offboard", ZOE).err
    assert started == []


def test_on_a_terminal_the_browser_asks_for_the_ticket(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    started = on_a_terminal(monkeypatch)
    cli.configure(TICKETS)
    assert cli("offboard", ZOE, "--profile", "acme").code == 0
    assert started[0].profile == "acme"


def test_without_a_profile_no_browser_is_started(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    started = on_a_terminal(monkeypatch)
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    answer = cli("offboard", ZOE)
    assert answer.code == 2
    assert "no profile yet" in answer.err
    assert started == []
