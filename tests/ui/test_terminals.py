"""The browser in different terminals: output stream, size, characters, colours and job control."""

import base64
import os
import re
import shlex
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from rich.segment import Segment
from textual.color import Color

from tests.support.terminal_program import BROWSER, TerminalProgram
from walkme_tui.ui.theming.ascii_signs import ASCII_SIGNS, AsciiSigns

DOWN: Final = b"\x1b[B"
# Nothing answers at this address.
MONO_PROFILE = """
default_profile = "acme"
[profiles.acme]
theme = "mono"
[profiles.acme.rest]
base_url = "http://127.0.0.1:9"
client_id = "id-1"
secret_env = "NO_SUCH_VARIABLE"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment without the settings of whoever runs the tests."""
    folders = {f"WALKME_TUI_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    return {**os.environ, **folders, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


def demo(environment: Mapping[str, str], *options: str, **named: int | Path) -> TerminalProgram:
    return TerminalProgram([*BROWSER, "--demo", *options], environment, **named)  # type: ignore[arg-type]


# ---------------------------------------------------------------- output stream


def test_the_screen_is_drawn_on_the_terminal_when_standard_error_is_a_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    errors = tmp_path / "errors.log"
    with demo(environment, stderr=errors) as program:
        program.wait_for("@example.com")
        program.send(b"q")
        assert program.wait() == 0
    assert errors.read_bytes() == b""


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_a_terminal_without_cursor_movements_is_refused(environment: dict[str, str], name: str) -> None:
    with demo({**environment, "TERM": name}) as program:
        assert program.wait() == 2
        assert f"TERM is {name}" in program.text
        assert b"\x1b" not in program.output


# ---------------------------------------------------------------- size


def test_the_size_of_the_terminal_overrides_exported_variables(environment: dict[str, str]) -> None:
    with demo({**environment, "COLUMNS": "200", "LINES": "60"}, columns=90, lines=20) as program:
        # The number of people is at the right end of the first line.
        program.wait_until(lambda: "24 950" in program.lines[0])
        program.resize(70, 15)
        program.wait_until(lambda: "24 950" in program.lines[0] and "Enter open" in program.lines[14])
        program.send(b"q")
        assert program.wait() == 0


# ---------------------------------------------------------------- the clipboard


def test_a_long_copy_in_tmux_with_term_screen_is_sent_and_the_screen_repainted(
    environment: dict[str, str],
) -> None:
    with demo({**environment, "TERM": "screen-256color"}, columns=120, lines=30) as program:
        program.wait_for("100 % loaded")
        program.send(b"/silva\r")
        program.wait_for("of 24 950 loaded")
        program.send(b"*")
        program.wait_for("Marked")
        program.send(b"y")
        program.wait_for("Esc cancel")
        program.send(b"\r")
        program.wait_for("Sent to tmux (needs set-clipboard on) or screen")
        program.send(b"q")
        assert program.wait() == 0
    (bare,) = re.findall(rb"(?<!\x1bP)\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", program.output)
    assert len(base64.b64decode(bare).split()) > 20
    # GNU screen prints a text of this length.
    assert b"\x1b[2J" in program.output.partition(bare)[2]


# ---------------------------------------------------------------- colours

COLOUR = re.compile(rb"\x1b\[(?:[0-9;:]*[;:])?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:[;:][0-9;:]*)?m")


@pytest.mark.parametrize("how", ["option", "variable", "theme"])
def test_without_colours_only_attributes_are_written(environment: dict[str, str], tmp_path: Path, how: str) -> None:
    options = ["--no-color"] if how == "option" else []
    if how == "variable":
        environment["NO_COLOR"] = "1"
    if how == "theme":
        (tmp_path / "config").mkdir(mode=0o700)
        (tmp_path / "config" / "config.toml").write_text(MONO_PROFILE)
        command = [*BROWSER]
    else:
        command = [*BROWSER, "--demo", *options]
    environment["COLORTERM"] = "truecolor"
    with TerminalProgram(command, environment, columns=120, lines=30) as program:
        program.wait_for("Enter open")
        for key in (b"?", b":"):
            program.send(key)
            program.wait_for("Esc c")
            program.send(b"\x1b")
            program.wait_until(lambda: "Esc c" not in program.text)
        program.send(b"/yasmin\r")
        program.wait_for("/ yasmin")
        program.send(b"5q")
        assert program.wait() == 0
    assert not COLOUR.search(program.output)
    assert b"\x1b[2m" in program.output


def test_an_empty_no_color_changes_nothing(environment: dict[str, str]) -> None:
    with demo({**environment, "NO_COLOR": "", "COLORTERM": "truecolor"}) as program:
        program.wait_for("@example.com")
        assert b"48;2;20;23;28m" in program.output  # the background of the default theme


# ---------------------------------------------------------------- characters


@pytest.mark.parametrize(
    "variables",
    [
        {"TERM": "linux"},
        {"LC_ALL": "", "LANG": "C"},
        {"LC_ALL": "POSIX"},
        {"LC_ALL": "", "LANG": ""},
    ],
)
def test_a_terminal_without_unicode_gets_ascii(environment: dict[str, str], variables: dict[str, str]) -> None:
    with demo({**environment, **variables}, columns=120, lines=40) as program:
        program.wait_for("* active")
        program.send(b"?")
        program.wait_for("+-------")
        program.send(b"\x1b")
        program.wait_until(lambda: "+-------" not in program.text)
        program.send(b"2")
        program.wait_for("Support")
        program.send(b"q")
        assert program.wait() == 0
    written = program.output.decode()
    assert [sign for sign in ASCII_SIGNS if sign in written] == []


def test_text_outside_the_locales_encoding_becomes_question_marks() -> None:
    segments = [Segment("● Zoë 山 …"), Segment("≥ 12 ≥")]
    in_latin_1 = AsciiSigns("iso8859-1").apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in in_latin_1] == ["* Zoë ?? ~", ">=12 >"]
    in_utf_8 = AsciiSigns("utf-8").apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in in_utf_8] == ["* Zoë 山 ~", ">=12 >"]


# ---------------------------------------------------------------- typed bytes


def test_invalid_bytes_do_not_end_the_browser(environment: dict[str, str]) -> None:
    with demo(environment) as program:
        program.wait_for("Enter open")
        program.send(b"\xff\xc3")
        program.send(b"?")
        program.wait_for("Esc close")
        program.send(b"\x1b")
        program.wait_until(lambda: "Esc close" not in program.text)
        program.send(b"q")
        assert program.wait() == 0
    assert b"Traceback" not in program.output


# ---------------------------------------------------------------- what is written


def test_a_rested_cursor_writes_its_position_without_the_keys_beside_it(environment: dict[str, str]) -> None:
    with demo(environment) as program:
        program.wait_until(lambda: "1 of" in program.lines[-1])
        program.send(DOWN)
        program.wait_until(lambda: "2 of" in program.lines[-1])
        at = len(program.output)
        program.send(DOWN)
        program.wait_until(lambda: "3 of" in program.lines[-1])
        assert b"offboard" in program.output[:at]
        assert b"offboard" not in program.output[at:]


def test_every_line_is_written_again_where_the_terminal_moved_them(environment: dict[str, str]) -> None:
    with demo(environment, lines=30) as program:
        program.wait_until(lambda: "1 of" in program.lines[-1])
        program.resize(80, 24)  # the emulated terminal drops the lines at the top
        texts = {0: "demo", 1: "1 Users", 2: "EMAIL", -1: "1 of"}  # single lines may be written before all of them
        program.wait_until(lambda: all(text in program.lines[at] for at, text in texts.items()))


# ---------------------------------------------------------------- ctrl+l and ctrl+z


@pytest.mark.parametrize(("key", "shown"), [(b"1", "@example.com"), (b"?", "Esc close"), (b"/", "@example.com")])
def test_ctrl_l_repaints_the_whole_screen(environment: dict[str, str], key: bytes, shown: str) -> None:
    with demo(environment) as program:
        program.wait_for("Enter open")
        program.send(key)
        program.wait_for(shown)
        painted = program.output.count(b"\x1b[2J")
        program.send(b"\x0c")
        program.wait_until(lambda: program.output.count(b"\x1b[2J") > painted)
        program.wait_until(lambda: shown in program.text and "demo  SANDBOX" in program.text)


@pytest.fixture
def shell(environment: dict[str, str]) -> Iterator[TerminalProgram]:
    """A shell with job control in which the browser runs."""
    with TerminalProgram(["bash", "--norc", "--noprofile", "-i"], {**environment, "PS1": "shell> "}) as shell:
        shell.wait_for("shell>")
        shell.send(shlex.join([*BROWSER, "--demo"]).encode() + b"\r")
        shell.wait_for("@example.com")
        yield shell


def quit_browser(shell: TerminalProgram) -> None:
    """Quit the browser; it exits with 0, and the shell has its terminal as before."""
    shell.garble()
    shell.send(b"q")
    shell.wait_for("shell>")
    shell.send(b"echo status: $? $(stty -a | grep -Eow -e '-?(echo|icanon|isig)')\r")
    shell.wait_for("status: 0 isig icanon echo")


def test_ctrl_z_restores_the_shells_terminal_and_fg_repaints(shell: TerminalProgram) -> None:
    shell.send(b"\x1a")
    shell.wait_for("Stopped")
    assert b"\x1b[?1049l" in shell.output
    assert b"\x1b[?1000l" in shell.output
    shell.garble()
    shell.resize(100, 30)
    shell.send(b"fg\r")
    shell.wait_until(lambda: "@example.com" in shell.text and "Enter open" in shell.lines[29])
    quit_browser(shell)


@pytest.mark.parametrize("stop", ["TSTP", "STOP"])
def test_a_browser_stopped_by_a_signal_stays_stopped_in_the_background(shell: TerminalProgram, stop: str) -> None:
    shell.send(b"?")
    shell.wait_for("Esc close")
    (pid,) = children(shell.process.pid)
    os.kill(pid, getattr(signal, f"SIG{stop}"))
    shell.wait_for("Stopped")
    shell.garble()
    shell.send(b"bg\r")
    shell.send(b"while jobs | grep -q Running; do sleep 0.1; done; echo st''opped again\r")
    shell.wait_for("stopped again")
    shell.garble()
    shell.send(b"fg\r")
    shell.wait_for("Esc close")
    shell.send(b"\x1b")
    shell.wait_until(lambda: "Esc close" not in shell.text)
    quit_browser(shell)


def test_ctrl_z_without_a_shell_does_not_stop_the_browser(environment: dict[str, str]) -> None:
    with demo(environment) as program:
        program.wait_for("Enter open")
        program.send(b"\x1a")
        program.wait_until(lambda: program.output.count(b"\x1b[?1049h") == 2)
        program.send(b"?")
        program.wait_for("Esc close")


def children(pid: int) -> list[int]:
    """The child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ---------------------------------------------------------------- a secret command that prompts

PROMPTING_PROFILE = """
default_profile = "acme"
[profiles.acme.rest]
base_url = "http://127.0.0.1:9"
client_id = "id-1"
secret_command = ["sh", "-c", "stty -echo; printf 'PIN: ' >/dev/tty; read -r pin; test $pin = 4711; echo $pin"]
"""


def test_the_secret_command_can_prompt_before_the_browser_draws(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "config.toml").write_text(PROMPTING_PROFILE)
    with TerminalProgram(BROWSER, environment, columns=120, lines=30) as program:
        program.wait_for("PIN:")
        program.wait_for("Waiting for the command")
        assert b"\x1b[?1049h" not in program.output
        program.send(b"4711\r")
        program.wait_for("refused the connection")
        assert b"4711" not in program.output
        program.send(b"q")
        assert program.wait() == 0


def test_ctrl_c_at_the_prompt_of_the_secret_command_ends_the_program(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "config.toml").write_text(PROMPTING_PROFILE)
    with TerminalProgram(BROWSER, environment) as program:
        program.wait_for("PIN:")
        program.send(b"\x03")
        assert program.wait() == 130
        assert b"\x1b[?1049h" not in program.output
