"""Paths as a person types or pastes them."""

import os
from pathlib import Path

import pytest

from walkme_tui.ui.typed_paths import Completion, completion, shortened, typed_path

SUFFIXES = {".csv"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "typed",
    [
        "{home}/new people.csv",
        "  ~/new people.csv ",
        "new people.csv",
        "'{home}/new people.csv'",
        '"{home}/new people.csv"',
        "{home}/new\\ people.csv",
        "file://{home}/new%20people.csv",
    ],
)
def test_what_shells_and_desktops_paste_is_understood(home: Path, typed: str) -> None:
    assert typed_path(typed.format(home=home)).absolute() == home / "new people.csv"


def test_a_name_with_a_backslash_is_taken_literally_if_it_exists(home: Path) -> None:
    (home / "a\\ b.csv").touch()
    assert typed_path("a\\ b.csv") == Path("a\\ b.csv")
    assert typed_path("c\\'d.csv") == Path("c'd.csv")
    assert typed_path("~nobody-has-this-name/x") == Path("~nobody-has-this-name/x")


def test_a_path_is_completed_with_folders_and_csv_files(home: Path) -> None:
    (home / "lists").mkdir()
    for name in ("people-1.csv", "people-2.CSV", "people.png", ".hidden.csv"):
        (home / name).touch()
    os.mkfifo(home / "people-3.csv")
    assert completion("", SUFFIXES) == Completion("", ("lists/", "people-1.csv", "people-2.CSV"))
    assert completion("p", SUFFIXES) == Completion("eople-", ("people-1.csv", "people-2.CSV"))
    assert completion("~/li", SUFFIXES) == Completion("sts/", ("lists/",))
    assert completion(f"{home}/.h", SUFFIXES) == Completion("idden.csv", (".hidden.csv",))
    assert completion("x", SUFFIXES) == completion("people.png/", SUFFIXES) == completion("a\0/", SUFFIXES)
    assert completion("x", SUFFIXES) == Completion()


def test_the_home_folder_is_shown_short(home: Path) -> None:
    assert shortened(home / "lists") == "~/lists"
    assert shortened(Path("/srv/lists")) == "/srv/lists"
