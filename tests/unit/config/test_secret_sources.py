"""Sources of a credential: their value, their error messages, and that no message contains the value."""

import os
import sys
import time
import types
from pathlib import Path

import pytest

from tests.support.owners import give_away
from walkme_tui.config.secrets import CommandSource, FileSource, KeyringSource, SecretSource, VariableSource
from walkme_tui.domain.errors import SecretUnavailable

VALUE = "correct-horse-battery"


def python(code: str, timeout_seconds: float = 20.0) -> CommandSource:
    return CommandSource((sys.executable, "-S", "-c", code), timeout_seconds)


def refusal(source: SecretSource) -> str:
    with pytest.raises(SecretUnavailable) as caught:
        source.read()
    assert VALUE not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------- command


def test_a_command_returns_its_first_line() -> None:
    assert python(f"print('{VALUE}'); print('user: me')").read().reveal() == VALUE
    assert python(f"import sys; sys.stdout.write('{VALUE}')").read().reveal() == VALUE
    assert python(f"import sys; sys.stdout.write('{VALUE}' + chr(13) + chr(10))").read().reveal() == VALUE


def test_a_command_sees_the_environment_and_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TEST", VALUE)
    code = "import os, sys; print(os.environ['ACME_TEST'] + repr(sys.stdin.read()))"
    assert python(code).read().reveal() == VALUE + "''"


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    source = CommandSource(("echo", f"$HOME; touch {tmp_path}/made"))
    assert source.read().reveal() == f"$HOME; touch {tmp_path}/made"
    assert not (tmp_path / "made").exists()


def test_a_command_has_no_terminal() -> None:
    code = f"import os\ntry: os.open('/dev/tty', os.O_RDWR); print('terminal')\nexcept OSError: print('{VALUE}')"
    assert python(code).read().reveal() == VALUE


def test_a_failing_command_is_reported_with_its_exit_code_without_its_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_TEST", VALUE)
    code = "import os, sys; v = os.environ['ACME_TEST']; print(v); print(v, file=sys.stderr); sys.exit(3)"
    text = refusal(python(code))
    assert "exit code 3" in text
    assert "the command `" in text


def test_the_standard_error_of_a_command_is_discarded(capfd: pytest.CaptureFixture[str]) -> None:
    python(f"import sys; print('x'); print('{VALUE}', file=sys.stderr)").read()
    assert capfd.readouterr() == ("", "")


def test_a_command_ended_by_a_signal_is_reported_with_it() -> None:
    assert "signal 9" in refusal(python("import os; os.kill(os.getpid(), 9)"))


def test_the_message_for_a_missing_command_mentions_that_no_shell_runs_it() -> None:
    text = refusal(CommandSource(("no-such-program-anywhere", "x")))
    assert "cannot be run" in text
    assert "without a shell" in text


@pytest.mark.parametrize("code", ["print()", "pass", "import sys; sys.stdout.buffer.write(bytes([255, 254]))"])
def test_an_empty_or_unreadable_first_line_is_refused(code: str) -> None:
    assert "Run it yourself" in refusal(python(code))


def test_control_characters_are_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TEST", VALUE)
    code = "import os; print(os.environ['ACME_TEST'] + chr(27) + '[2J')"
    assert "control characters" in refusal(python(code))


def test_a_command_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(60)"
    )
    assert "did not finish within 2 seconds" in refusal(python(code, 2.0))
    for _ in range(200):
        if not runs(int(child.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("the child is still running")


def runs(process: int) -> bool:
    """True unless the process is gone or a zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def test_a_command_with_endless_output_is_ended_without_using_much_memory() -> None:
    assert "did not finish" in refusal(python("while True: print('x' * 1000)", 1.0))


def test_a_long_output_after_the_first_line_does_not_block_the_command() -> None:
    code = f"print('{VALUE}')\nfor _ in range(3000): print('y' * 100)"
    assert python(code).read().reveal() == VALUE


# ---------------------------------------------------------------- variable


def test_a_variable_returns_its_value_or_a_message_to_export_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_SECRET", VALUE)
    assert VariableSource("ACME_SECRET").read().reveal() == VALUE
    monkeypatch.setenv("ACME_SECRET", "")
    assert "export" in refusal(VariableSource("ACME_SECRET"))
    monkeypatch.delenv("ACME_SECRET")
    assert "The variable ACME_SECRET" in refusal(VariableSource("ACME_SECRET"))


# ---------------------------------------------------------------- file


def test_a_private_file_returns_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{VALUE}\nsecond\n")
    file.chmod(0o600)
    assert FileSource(file).read().reveal() == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644])
def test_a_file_accessible_to_others_is_refused_with_the_command_to_fix_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "my secret"
    file.write_text(VALUE)
    file.chmod(mode)
    assert f"chmod 600 '{file}'" in refusal(FileSource(file))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", ""])
def test_a_byte_order_mark_is_stripped(tmp_path: Path, encoding: str, line_end: str) -> None:
    file = tmp_path / "secret"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file.write_bytes(f"{mark}{VALUE}ü{line_end}".encode(encoding))
    file.chmod(0o600)
    assert FileSource(file).read().reveal() == f"{VALUE}ü"


def test_an_incomplete_utf_16_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{VALUE}".encode("utf-16")[:-1])
    file.chmod(0o600)
    assert "is not text" in refusal(FileSource(file))


def test_a_file_of_another_user_is_refused_with_the_command_to_fix_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my secret"
    file.write_text(VALUE)
    file.chmod(0o600)
    give_away(file, monkeypatch)
    said = refusal(FileSource(file))
    assert f"{file} belongs to the user " in said
    assert "chown " in said
    assert f" '{file}'" in said


def test_a_missing_file_a_folder_and_a_pipe_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(FileSource(tmp_path / "none"))
    folder = tmp_path / "folder"
    folder.mkdir(0o700)
    assert "not a regular file" in refusal(FileSource(folder))
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a regular file" in refusal(FileSource(tmp_path / "pipe"))


# ---------------------------------------------------------------- keyring


def fake_keyring(monkeypatch: pytest.MonkeyPatch, get_password: object) -> None:
    module = types.ModuleType("keyring")
    monkeypatch.setattr(module, "get_password", get_password, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", module)


def test_the_keyring_returns_its_entry_or_a_message_how_to_store_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_keyring(monkeypatch, lambda service, user: VALUE if (service, user) == ("walkme", "acme") else None)
    assert KeyringSource("walkme", "acme").read().reveal() == VALUE
    assert "keyring set walkme other" in refusal(KeyringSource("walkme", "other"))


def test_without_the_keyring_extra_the_message_contains_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert 'pip install "walkme-tui[keyring]"' in refusal(KeyringSource("walkme", "acme"))


def test_a_failing_keyring_is_reported_by_the_type_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(service: str, user: str) -> str:
        raise LookupError(VALUE)

    fake_keyring(monkeypatch, refuse)
    assert "LookupError" in refusal(KeyringSource("walkme", "acme"))


def test_a_hanging_keyring_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_keyring(monkeypatch, lambda service, user: time.sleep(3))
    assert "did not answer within 0.05 seconds" in refusal(KeyringSource("walkme", "acme", 0.05))


# ---------------------------------------------------------------- descriptions


def test_every_source_has_a_description() -> None:
    assert CommandSource(("pass", "show", "walkme/acme")).describe() == "the command `pass show walkme/acme`"
    assert VariableSource("ACME_SECRET").describe() == "the variable ACME_SECRET"
    assert FileSource(Path("/etc/x\x1b[2J")).describe() == "the file /etc/x␛[2J"
    assert KeyringSource("walkme", "acme").describe() == "the keyring entry walkme of acme"
    assert len(CommandSource(("x" * 500,)).describe()) < 110
