"""Crash reports: the place of the error, without typed text, directory data or credentials."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from walkme_tui.config.crash_report import crash_report, write_crash_report
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.secrets import Secret

VALUE = "correct-horse-battery"


def caught(work: Callable[[], object]) -> BaseException:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - the error is what the test is about
        return error
    raise AssertionError("nothing was raised")


def breaks() -> None:
    token = Secret(VALUE)  # a local variable that must not be reported
    email = "zoe.celik@example.com"
    raise ValueError(f"bad header Bearer {token.reveal()} for {email} \x1b[2J")


def test_a_report_is_private_and_has_the_place_of_the_error(tmp_path: Path) -> None:
    path = write_crash_report(caught(breaks), tmp_path / "state")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert "ValueError" in text
    assert "test_crash.py" in text
    assert "in breaks" in text


def test_a_report_has_no_values(tmp_path: Path) -> None:
    text = write_crash_report(caught(breaks), tmp_path).read_text()
    for secret in (VALUE, "Bearer", "zoe.celik", "\x1b", "token ="):
        assert secret not in text


def test_two_reports_in_one_second_are_two_files(tmp_path: Path) -> None:
    error = caught(breaks)
    assert write_crash_report(error, tmp_path) != write_crash_report(error, tmp_path)


@pytest.mark.parametrize(
    "work",
    [
        lambda: int(VALUE),
        lambda: dict[str, str]()[VALUE],
        lambda: (_ for _ in ()).throw(KeyError(VALUE)),
        lambda: (_ for _ in ()).throw(Unreachable(VALUE, hint=VALUE)),
        lambda: (_ for _ in ()).throw(TypeError(f"Invalid auth argument: {VALUE!r}")),
        lambda: (_ for _ in ()).throw(AttributeError(f"{VALUE * 3} a@{VALUE}")),
        lambda: VALUE.encode("ascii").decode("utf-16-le").encode("ascii"),
        lambda: Path(f"/{VALUE}").read_text(),
        lambda: (_ for _ in ()).throw(ExceptionGroup(VALUE, [ValueError(VALUE)])),
    ],
)
def test_messages_that_quote_a_value_are_left_out(work: Callable[[], object]) -> None:
    text = crash_report(caught(work))
    assert VALUE not in text
    assert "test_crash.py" in text


def in_file(path: str, code: str) -> Callable[[], object]:
    return lambda: exec(compile(code, path, "exec"), {})


@pytest.mark.parametrize("code", ["object().nothing", "nothing", "[][3]", "len()", "import walkme_nothing"])
def test_messages_about_the_code_are_kept(code: str) -> None:
    error = caught(in_file("/x/walkme_tui/ui/app.py", code))
    assert str(error) in crash_report(error)
    for elsewhere in ("/x/walkme_tui/api/auth.py", "/x/site-packages/httpx/_client.py"):
        assert "left out" in crash_report(caught(in_file(elsewhere, code)))


@pytest.mark.parametrize("code", ["int('{0}')", "dict()['{0}']", "raise NotImplementedError('{0}')", "assert 0, '{0}'"])
def test_messages_about_values_are_left_out_in_every_module(code: str) -> None:
    report = crash_report(caught(in_file("/x/walkme_tui/ui/app.py", code.format(VALUE))))
    assert VALUE not in report
    assert "left out" in report


def test_system_errors_are_reported_without_the_file_name() -> None:
    assert "FileNotFoundError: No such file or directory" in crash_report(caught(Path("/none").read_text))


def test_causes_contexts_and_groups_are_reported_once_each() -> None:
    def chain() -> None:
        try:
            try:
                int("a")
            except ValueError as error:
                raise KeyError("b") from error
        except KeyError:
            raise ExceptionGroup("c", [RuntimeError("d"), RuntimeError("e")])  # noqa: B904 - the context is wanted

    text = crash_report(caught(chain))
    assert [line.split(" (")[0] for line in text.splitlines() if line and not line.startswith(" ")][3:] == [
        "ExceptionGroup",
        "one of a group: RuntimeError",
        "one of a group: RuntimeError",
        "while handling KeyError",
        "caused by ValueError",
    ]


def test_an_endless_recursion_gives_a_short_report() -> None:
    def again() -> None:
        again()

    assert len(crash_report(caught(again)).splitlines()) < 250


def test_a_circular_chain_of_causes_ends() -> None:
    error = caught(breaks)
    error.__cause__ = other = ValueError()
    other.__cause__ = error
    assert crash_report(error).count("ValueError") == 2
