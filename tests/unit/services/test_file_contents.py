"""Reading the file of an import, and files that are none."""

import os
from pathlib import Path

import pytest

from walkme_tui.domain.errors import CsvProblem
from walkme_tui.domain.imports.csv_file import MAX_BYTES
from walkme_tui.services.imports.file_contents import file_contents


def test_a_file_is_read_by_a_path_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "people.csv").write_bytes(b"email\n\xff")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert file_contents("~/people.csv") == (tmp_path / "people.csv", b"email\n\xff")


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "people.csv").write_bytes(b"email\n")
    monkeypatch.chdir(tmp_path)
    assert file_contents("people.csv").path == tmp_path / "people.csv"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.csv", "There is no such file."),
        ("folder", "It is a directory."),
        ("pipe", "It is no regular file"),
        ("loop", "It cannot be read: Too many levels of symbolic links."),
        ("plain.csv/x.csv", "It cannot be read: Not a directory."),
        ("x" * 300, "It cannot be read: File name too long."),
        ("nu\0l", "It cannot be read: embedded null byte."),
        ("large.csv", "The file is larger than 50 MB."),
    ],
)
def test_what_is_no_readable_file_is_refused_by_its_path(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "plain.csv").touch()
    with (tmp_path / "large.csv").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CsvProblem) as caught:
        file_contents(str(tmp_path / name))
    assert caught.value.message.startswith(str(tmp_path))
    assert reason in caught.value.message


@pytest.mark.parametrize("typed", ["/dev/zero", "/dev/null", "", "~no-such-user/people.csv", "\x1b[2J.csv"])
def test_other_paths_are_refused(typed: str) -> None:
    with pytest.raises(CsvProblem) as caught:
        file_contents(typed)
    assert caught.value.message.isprintable()


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # the tests may run as root, who may read everything
    with pytest.raises(CsvProblem, match="It cannot be read: Permission denied"):
        file_contents(str(tmp_path / "people.csv"))
