"""The folders of the program on this machine."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.domain.errors import ConfigurationError

APPLICATION: Final = "walkme-tui"
PRIVATE: Final = 0o700


class Paths(NamedTuple):
    """The four folders: ``config`` of the user, ``cache`` for mirrors, ``data`` for the journal, ``state``.

    They need not exist; ``private_folder`` creates one before the first write.
    """

    config: Path
    cache: Path
    data: Path
    state: Path

    @property
    def config_file(self) -> Path:
        """The file of profiles and keys; the program creates it but never changes it."""
        return self.config / "config.toml"

    @property
    def themes(self) -> Path:
        """The user's own themes."""
        return self.config / "themes"

    @property
    def state_file(self) -> Path:
        """The saved preferences of the browser."""
        return self.state / "state.toml"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Paths":
        """The folders of ``WALKME_TUI_*_DIR``, by default those that are usual on this system.

        Raises ``ConfigurationError`` if one is in the home folder and that is unknown.
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
        """Four folders inside ``folder``: for the demo account and for tests."""
        return cls(folder / "config", folder / "cache", folder / "data", folder / "state")


def private_folder(folder: Path) -> Path:
    """Create ``folder``, mode 0700, and its missing parents; raises ``ConfigurationError``.

    An existing folder keeps its mode: the user may have changed it.
    """
    try:
        if folder.is_dir():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} cannot be created: {error.strerror}.",
            hint="Create it yourself, or set the variable WALKME_TUI_*_DIR for it to another folder.",
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
            f"{where}, and the home folder is unknown.",
            hint=f"Set {variable} to an absolute path, or set HOME.",
        ) from error
