"""The program's folders, and how folders and files are made."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from walkme_tui.config.paths import Paths, private_folder
from walkme_tui.config.private_files import atomic_text, write_atomically
from walkme_tui.domain.errors import ConfigurationError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def named_folders(folder: Path) -> dict[str, str]:
    return {f"WALKME_TUI_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}


def test_the_variables_set_the_folders(tmp_path: Path) -> None:
    assert Paths.from_environment(named_folders(tmp_path)) == Paths.below(tmp_path)
    assert Paths.below(tmp_path).config_file == tmp_path / "config" / "config.toml"
    assert Paths.below(tmp_path).state_file == tmp_path / "state" / "state.toml"


def test_home_and_relative_folders_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)
    environ = {**named_folders(tmp_path), "WALKME_TUI_CONFIG_DIR": "~/c", "WALKME_TUI_STATE_DIR": "s"}
    paths = Paths.from_environment(environ)
    assert (paths.config, paths.state) == (Path("/home/me/c"), tmp_path / "s")


def test_without_variables_the_platform_folders_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    paths = Paths.from_environment({"WALKME_TUI_CONFIG_DIR": ""})
    folders = (paths.config, paths.cache, paths.data, paths.state)
    assert len(set(folders)) == 4 or sys.platform == "darwin"
    assert all(folder.is_relative_to(tmp_path) and "walkme-tui" in folder.parts for folder in folders)
    assert not any(folder.exists() for folder in folders)


def test_platformdirs_is_imported_only_if_a_variable_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys; from walkme_tui.config.paths import Paths; Paths.from_environment();"
        "sys.exit('platformdirs' in sys.modules)"
    )
    environ = {**os.environ, **named_folders(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0


def test_folders_are_made_for_their_owner_only(tmp_path: Path) -> None:
    made = private_folder(tmp_path / "a" / "b")
    assert mode(made) == 0o700
    made.chmod(0o755)
    assert mode(private_folder(made)) == 0o755


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be created"):
        private_folder(tmp_path / "file" / "folder")


def test_a_file_is_replaced_atomically_and_private(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text("old")
    file.chmod(0o644)
    write_atomically(file, "new ë \ud800\r\n")
    assert file.read_bytes() == b"new \xc3\xab \\ud800\r\n"
    assert mode(file) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["x.toml"]


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, ending: type[BaseException]
) -> None:
    file = tmp_path / "x.csv"
    file.write_text("old")

    def write() -> None:
        with atomic_text(file) as stream:
            stream.write("half")
            stream.flush()
            raise ending

    with pytest.raises(ending):
        write()
    assert file.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


def test_writing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "x")
    write_atomically(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "x").read_text() == "new"


@pytest.mark.parametrize("named", ["~nobody-of-this-name/cache", ""])
def test_an_unknown_home_folder_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str) -> None:
    def unknown(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", unknown)
    environ = {**named_folders(tmp_path), "WALKME_TUI_CACHE_DIR": named}
    with pytest.raises(ConfigurationError, match=r"WALKME_TUI_CACHE_DIR .* home folder .* unknown"):
        Paths.from_environment(environ)


def test_an_inaccessible_parent_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="File name too long"):
        private_folder(tmp_path / ("x" * 300))


def test_a_new_file_replaces_none_that_appears_while_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new.txt"

    def write() -> None:
        with atomic_text(file, new=True) as stream:
            stream.write("mine")
            file.write_text("theirs")

    with pytest.raises(FileExistsError):
        write()
    with pytest.raises(FileExistsError), atomic_text(file, new=True):
        pass
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("new.txt", "theirs")]


def test_a_new_file_is_made_on_a_file_system_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links")

    monkeypatch.setattr(os, "link", refuse)
    with atomic_text(tmp_path / "new.txt", new=True) as stream:
        stream.write("mine")
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("new.txt", "mine")]
