"""What the browser remembers from one start to the next, in ``state.toml``: never people's data."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from walkme_tui.config.paths import private_folder
from walkme_tui.config.toml_files import read_toml
from walkme_tui.config.writing import write_atomically
from walkme_tui.domain.text import clean

BROKEN_SUFFIX: Final = ".broken"
MAX_WIDTHS: Final = 100


@dataclass(frozen=True, slots=True)
class State:
    """The arrangement of the screen.

    ``tab`` is the name of the open tab, ``theme`` the one chosen in the program, both None before. ``detail_open`` is
    None while the width of the screen decides. ``pane_widths`` are columns by the pane's name.
    """

    tab: str | None = None
    theme: str | None = None
    profile: str | None = None
    detail_open: bool | None = None
    hide_inactive: bool = False
    pane_widths: dict[str, int] = field(default_factory=dict)


def load_state(file: Path) -> tuple[State, str]:
    """The remembered state and a sentence for the person, empty if all is well; never raises.

    A file that is no TOML is moved aside; an entry of another type counts as not there.
    """
    try:
        document = read_toml(file)
    except (FileNotFoundError, NotADirectoryError):
        return State(), ""
    if document.problems:
        return State(), _set_aside(file)
    found = document.values
    known = {name: found[name] for name, fits in _FITS.items() if name in found and fits(found[name])}
    return State(**known), ""


def save_state(file: Path, state: State) -> None:
    """Write the state for its owner only, all or nothing; OSError or ConfigurationError if that fails."""
    import tomli_w

    values = {name: value for name, value in asdict(state).items() if value is not None}
    private_folder(file.parent)
    write_atomically(file, tomli_w.dumps(values))


def _set_aside(file: Path) -> str:
    aside = file.with_name(file.name + BROKEN_SUFFIX)
    try:
        file.replace(aside)
    except OSError:
        return f"{clean(str(file))} cannot be read, so the program begins with its usual arrangement."
    return f"{clean(file.name)} could not be read; it was moved to {clean(str(aside))} and a new one begins."


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _widths(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= MAX_WIDTHS and all(map(_width, value.values()))


def _width(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000


_FITS: Final[dict[str, Callable[[Any], bool]]] = {
    "tab": _text,
    "theme": _text,
    "profile": _text,
    "detail_open": _truth,
    "hide_inactive": _truth,
    "pane_widths": _widths,
}
