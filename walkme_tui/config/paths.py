"""Where the program keeps its things on this machine."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.domain.errors import ConfigurationError

APPLICATION: Final = "walkme-tui"
PRIVATE: Final = 0o700


class Paths(NamedTuple):
    """The four folders: ``config`` is the person's, ``cache`` holds mirrors, ``data`` the journal, ``state`` the rest.

    They need not exist yet; ``private_folder`` makes one when something is to be written.
    """

    config: Path
    cache: Path
    data: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The file of profiles and keys; the program never writes to it once it is there."""
        return self.config / "config.toml"

    @property
    def themes(self) -> Path:
        """The person's own themes."""
        return self.config / "themes"

    @property
    def state_file(self) -> Path:
        """What the browser remembers between two starts."""
        return self.state / "state.toml"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Paths":
        """The folders that ``WALKME_TUI_*_DIR`` name, else the ones that are usual on this system.

        ConfigurationError where one lies in a home folder that nobody knows.
        """
        variables = os.environ if environ is None else environ
        return cls(
            config=_folder(variables, "WALKME_TUI_CONFIG_DIR", "user_config_path"),
            cache=_folder(variables, "WALKME_TUI_CACHE_DIR", "user_cache_path"),
            data=_folder(variables, "WALKME_TUI_DATA_DIR", "user_data_path"),
            state=_folder(variables, "WALKME_TUI_STATE_DIR", "user_state_path"),
        )

    @classmethod
    def below(cls, folder: Path) -> "Paths":
        """Four folders side by side in ``folder``: for the demo account and for tests."""
        return cls(folder / "config", folder / "cache", folder / "data", folder / "state")


def private_folder(folder: Path) -> Path:
    """Make ``folder`` and its missing parents, the folder itself for its owner only; ConfigurationError if it fails.

    A folder that exists keeps its mode: the person may have widened it.
    """
    try:
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint="Make it yourself, or name another one with the variable WALKME_TUI_*_DIR for it.",
        ) from error
    return folder


def _folder(environ: Mapping[str, str], variable: str, usual: str) -> Path:
    named = environ.get(variable, "")
    try:
        if named:
            return Path(named).expanduser().absolute()
        import platformdirs

        find: Callable[..., Path] = getattr(platformdirs, usual)
        return find(APPLICATION, appauthor=False)
    except RuntimeError as error:
        where = f"{variable} begins with ~" if named else f"{variable} is not set"
        raise ConfigurationError(
            f"{where}, and the home folder is not known.",
            hint=f"Set {variable} to a whole path, or HOME.",
        ) from error
