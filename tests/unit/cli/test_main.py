"""Exit codes and messages of failures."""

import inspect
import os
import select
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

import pytest

from tests.support.command_line import CommandLine
from walkme_tui import __version__
from walkme_tui.cli import main
from walkme_tui.cli.exit_codes import exit_code
from walkme_tui.cli.output.messages import print_error
from walkme_tui.cli.output.streams import guard_standard_streams
from walkme_tui.domain import errors
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.users import User

CODES = {
    errors.ConfigurationError: 2,
    errors.CsvProblem: 2,
    errors.EncodingUnknown: 2,
    errors.NoEmailColumn: 2,
    errors.SecretUnavailable: 2,
    errors.MirrorUnavailable: 2,
    errors.JournalUnavailable: 2,
    errors.ApiError: 1,
    errors.NotFound: 1,
    errors.Conflict: 1,
    errors.ChangedMeanwhile: 1,
    errors.RequestRejected: 1,
    errors.SignInRefused: 3,
    errors.PermissionRefused: 3,
    errors.ServiceUnavailable: 4,
    errors.Unreachable: 4,
    errors.HostUnknown: 4,
    errors.TlsRefused: 4,
    errors.RateLimited: 4,
    errors.ServerFault: 4,
    errors.UnexpectedAnswer: 4,
    errors.MethodRefused: 1,
    errors.LookUpIgnored: 1,
    errors.OutcomeUnknown: 4,
    errors.ReadOnlyRefused: 5,
    errors.PlanTooLarge: 1,
    errors.AccountBusy: 6,
    errors.LookUpIgnored: 1,
}
# These hold records besides their message; the exit code is 1.
WITH_RECORDS: tuple[WalkmeError, ...] = (
    errors.AlreadyExists("x", User("u-1")),
    errors.EditConflict("x", User("u-1"), ()),
)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path)


def fail_every_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make every sub-command raise ``error``."""

    def run(options: object) -> int:
        raise error

    monkeypatch.setattr(main, "import_module", lambda name: SimpleNamespace(run=run))


def test_every_expected_failure_has_its_exit_code() -> None:
    tree = {
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, WalkmeError) and kind is not WalkmeError
    }
    assert tree == CODES.keys() | {type(error) for error in WITH_RECORDS}
    assert {kind: int(exit_code(kind("x"))) for kind in CODES} == CODES
    assert {int(exit_code(error)) for error in WITH_RECORDS} == {1}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_a_failure_is_reported_on_standard_error_only(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, kind: type[WalkmeError], code: int
) -> None:
    fail_every_command(monkeypatch, kind("It broke.", hint="First do this.\nThen that."))
    for words in (("profiles",), ("profiles", "--json")):
        answer = cli(*words)
        assert answer.code == code
        assert answer.out == ""
        assert answer.err == "walkme-tui: It broke.\nFirst do this.\nThen that.\n"


def test_hostile_text_in_a_message_adds_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(WalkmeError("No user \x1b[2J\nwalkme-tui: all is well", hint="a\x07\nb"))
    assert capsys.readouterr().err == "walkme-tui: No user ␛[2J␊walkme-tui: all is well\na␇\nb\n"


def test_a_usage_error_shows_the_usage(cli: CommandLine) -> None:
    answer = cli("whois")
    assert answer.code == 2
    assert answer.err.startswith("walkme-tui: the following arguments are required: EMAIL|ID\nusage: walkme-tui whois")


def test_version_and_help_exit_0(cli: CommandLine) -> None:
    assert cli("--version") == type(cli("--version"))(0, f"walkme-tui {__version__}\n", "")
    assert cli("--help").code == 0


def test_an_interruption_exits_130(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_every_command(monkeypatch, KeyboardInterrupt())
    assert cli("profiles").code == 130


def test_a_bug_prints_one_line_and_writes_a_report_without_values(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_every_command(monkeypatch, ValueError("hunter2 of zoe@example.com"))
    answer = cli("profiles")
    (report,) = cli.paths.state.iterdir()
    assert answer.code == 70
    assert str(report) in answer.err
    assert "Traceback" not in answer.err
    for text in (answer.err, report.read_text()):
        assert "hunter2" not in text
        assert "zoe@" not in text
    assert report.stat().st_mode & 0o777 == 0o600


def test_a_bug_is_reported_even_if_no_report_can_be_written(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.paths.state.write_text("a file where the folder should be")
    fail_every_command(monkeypatch, ValueError("x"))
    answer = cli("profiles")
    assert answer.code == 70
    assert "the crash report could not be written" in answer.err


def program(
    folder: Path, words: str, stdout: int | TextIO, stderr: int | TextIO, **variables: str
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command line as a process, with folders of its own."""
    folders = {f"WALKME_TUI_{kind}_DIR": str(folder / "own") for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "walkme_tui", *words.split()]
    environment = {**kept, **folders, **variables}
    return subprocess.run(command, stdout=stdout, stderr=stderr, env=environment, check=False, timeout=60)


@pytest.mark.parametrize("words", ["keys", "--help", "export --demo --cached"])
def test_a_closed_pipe_exits_141_without_a_message(tmp_path: Path, words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    found = program(tmp_path, words, write, subprocess.PIPE)
    os.close(write)
    assert (found.returncode, found.stderr) == (141, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_change_the_exit_code(tmp_path: Path, closed: str) -> None:
    folders = {f"WALKME_TUI_{kind}_DIR": str(tmp_path / "own") for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    for words, code in (("members --demo nobody", 1), ("keys", 0)):
        command = f'exec "$0" -m walkme_tui {words} {closed}'
        found = subprocess.run(
            ["sh", "-c", command, sys.executable], env={**os.environ, **folders}, check=False, timeout=60
        )
        assert found.returncode == code, words
    assert not (tmp_path / "own").exists(), "a crash report"


NEEDS_NO_SERVER = (
    "--version",
    "--help",
    "export --help",
    "keys",
    "keys --json",
    "profiles",
    "themes --json",
    "config init",
    "config path",
    "config check",
    "completion bash",
    "jobs",
    "cache clear",
)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", NEEDS_NO_SERVER)
def test_a_full_standard_output_exits_74_with_a_message(words: str, unbuffered: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = program(tmp_path, words, full, subprocess.PIPE, PYTHONUNBUFFERED=unbuffered)
    assert ended.returncode == 74
    assert ended.stderr.startswith(b"walkme-tui: Standard output could not be written: No space left on device.\n")
    assert not list(tmp_path.rglob("crash*"))


@pytest.mark.parametrize("words", ["export --demo", "export --demo --json", "members --demo Sales --csv"])
def test_a_full_standard_output_exits_74_for_streamed_output(words: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = program(tmp_path, words, full, subprocess.PIPE)
    assert ended.returncode == 74
    assert b"Standard output could not be written: No space left on device." in ended.stderr
    assert b"because of a bug" not in ended.stderr
    assert not list(tmp_path.rglob("crash*"))


@pytest.mark.parametrize(("words", "code"), [("keys", 0), ("profiles --profile", 2), ("members --demo nobody", 1)])
def test_a_full_standard_error_does_not_change_the_exit_code(words: str, code: int, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = program(tmp_path, words, subprocess.PIPE, full)
    assert ended.returncode == code
    assert bool(ended.stdout) == (code == 0)
    assert not list(tmp_path.rglob("crash*"))


def test_with_both_streams_full_the_exit_code_is_right(tmp_path: Path) -> None:
    """Unflushed output would fail again when Python ends, with exit code 120."""
    with Path("/dev/full").open("w") as full:
        assert program(tmp_path, "--version", full, full).returncode == 74
        assert program(tmp_path, "--profile", full, full).returncode == 2


def test_writing_waits_for_a_non_blocking_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    arrived = bytearray()
    monkeypatch.setattr(select, "select", lambda *_: arrived.extend(os.read(read, 1 << 16)))
    with open(write, "w") as stream, open(read, "rb") as reader:  # noqa: PTH123 - descriptors
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "__stdout__", stream)
        guard_standard_streams()
        assert sys.stdout is not stream
        sys.stdout.write("x" * 300_000)
        sys.stdout.flush()
        stream.close()
        assert arrived
        assert arrived + reader.read() == b"x" * 300_000
