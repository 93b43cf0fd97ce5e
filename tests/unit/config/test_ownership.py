"""Files that other users can change are not used."""

import os
import stat
from pathlib import Path

import pytest

from tests.support.owners import give_away
from walkme_tui.config.ownership import write_problem
from walkme_tui.config.settings import check_settings, load_settings
from walkme_tui.domain.errors import ConfigurationError

ME, OTHER = 987_001, 987_002  # no system has users with these numbers
FILE, FOLDER = stat.S_IFREG, stat.S_IFDIR


def distrusted(mode: int, owner: int, user_id: int = ME) -> str:
    info = os.stat_result((mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))
    problem = write_problem(Path("/etc/it is"), info, user_id)
    return "" if problem is None else f"{problem.reason}: {problem.fix_command}"


@pytest.mark.parametrize("mode", [FILE | 0o600, FILE | 0o644, FOLDER | 0o755, FOLDER | 0o1777, FOLDER | 0o700])
@pytest.mark.parametrize("owner", [ME, 0])
def test_files_writable_by_the_user_and_root_only_are_trusted(mode: int, owner: int) -> None:
    assert distrusted(mode, owner) == ""


@pytest.mark.parametrize("mode", [FILE | 0o620, FILE | 0o602, FILE | 0o1666, FOLDER | 0o775, FOLDER | 0o757])
@pytest.mark.parametrize("owner", [ME, 0])
def test_files_writable_by_others_are_distrusted(mode: int, owner: int) -> None:
    assert distrusted(mode, owner) == "can be written by other users: chmod go-w '/etc/it is'"


@pytest.mark.parametrize("mode", [FILE | 0o600, FILE | 0o666, FOLDER | 0o700, FOLDER | 0o1777])
def test_files_of_another_user_are_distrusted(mode: int) -> None:
    assert distrusted(mode, OTHER) == "belongs to the user 987002, not to 987001: sudo chown 987001 '/etc/it is'"
    assert distrusted(mode, ME, user_id=0) == "belongs to the user 987001, not to root: chown root '/etc/it is'"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A config.toml in a folder of its own."""
    found = tmp_path / "config" / "config.toml"
    found.parent.mkdir(mode=0o755)
    found.write_text('[profiles.acme.rest]\nclient_id = "a"\nsecret_command = ["true"]\n')
    found.chmod(0o644)
    assert list(load_settings(found).profiles) == ["acme"]
    return found


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_configuration_that_others_can_write_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file)
    assert str(caught.value) == (
        f"{file}: this file can be written by other users, so it is not used. "
        f"If you trust its contents, run: chmod go-w {file}"
    )
    assert check_settings(file).settings.profiles == {}


@pytest.mark.parametrize("linked", [False, True])
def test_a_configuration_in_a_folder_that_others_can_write_is_refused(file: Path, tmp_path: Path, linked: bool) -> None:
    file.parent.chmod(0o777)
    named = file
    if linked:
        named = tmp_path / "config.toml"
        named.symlink_to(file)
    with pytest.raises(ConfigurationError, match="can be written by other users") as caught:
        load_settings(named)
    assert f"its folder {file.parent} " in caught.value.message
    assert f"chmod go-w {file.parent}" in caught.value.hint


def test_a_configuration_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_away(file, monkeypatch)
    with pytest.raises(ConfigurationError, match="belongs to the user") as caught:
        load_settings(file)
    assert f"chown {'root' if os.geteuid() == 0 else '54321'} {file}" in caught.value.hint


def test_a_folder_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_away(file.parent, monkeypatch)
    with pytest.raises(ConfigurationError, match="belongs to the user"):
        load_settings(file)
