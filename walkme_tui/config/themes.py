"""Colour themes: one TOML file each, shipped with the program or the user's own."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.config.sections import Section, nearest
from walkme_tui.config.toml_files import ConfigProblem, TomlFile, read_toml
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

MONO: Final = "mono"
DEFAULT_DARK: Final = "dusk"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_HUES: Final = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
ANSI: Final = frozenset({"ansi_default", *(f"ansi_{hue}" for hue in _HUES), *(f"ansi_bright_{hue}" for hue in _HUES)})


class ThemeColors(NamedTuple):
    """Colours by their use, each ``#rrggbb`` in lower case or ``ansi_…``.

    ``text`` and ``dim`` are foregrounds on ``background``, ``panel`` and ``zebra``. ``cursor`` is the background of the
    cursor's row, with ``cursor_text`` on it, ``selection`` that of marked rows. ``accent`` marks focus and matches. A
    badge is written in ``background`` on ``production`` or ``sandbox``. ``line`` separates two panes. ``zebra`` is the
    background of every second row; None: the same for all rows.
    """

    background: str
    panel: str
    text: str
    dim: str
    accent: str
    success: str
    warning: str
    error: str
    production: str
    sandbox: str
    cursor: str
    cursor_text: str
    selection: str
    line: str
    zebra: str | None = None


class ThemeSpec(NamedTuple):
    """One theme; ``palette`` is None without colours: then only bold, dim and reverse are used."""

    name: str
    dark: bool
    palette: ThemeColors | None
    source: Path


class Themes(NamedTuple):
    """The loaded themes by name, and the problems of the files that could not be loaded."""

    loaded: dict[str, ThemeSpec]
    failed: tuple[ConfigProblem, ...]

    @property
    def failure(self) -> str:
        """A message about all failures, empty if there are none."""
        if not self.failed:
            return ""
        names = ", ".join(dict.fromkeys(clean(problem.file.name) for problem in self.failed))
        return f"These themes could not be loaded: {names}. For the reasons: walkme-tui themes list"

    def choose(self, name: str | None, no_color: bool = False) -> ThemeSpec:
        """The theme of this name, by default the dark one; with ``no_color`` always ``mono``.

        Raises ``ConfigurationError`` if there is no theme of that name.
        """
        wanted = MONO if no_color else name or DEFAULT_DARK
        if wanted in self.loaded:
            return self.loaded[wanted]
        raise ConfigurationError(f'There is no theme "{clean(wanted, 60)}".', hint=nearest(wanted, self.loaded))


def load_themes(own_folder: Path | None = None) -> Themes:
    """The shipped themes and those in ``own_folder``, which replace shipped ones of the same name."""
    loaded: dict[str, ThemeSpec] = {}
    failed: list[ConfigProblem] = []
    for file in (*_files(shipped_folder()), *_files(own_folder)):
        theme, problems = read_theme(file)
        failed += problems
        if theme:
            loaded[theme.name] = theme
    return Themes(loaded, tuple(failed))


def shipped_folder() -> Path:
    """The folder of the shipped themes: inside the package in a wheel, beside ``pyproject.toml`` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def read_theme(file: Path) -> tuple[ThemeSpec | None, tuple[ConfigProblem, ...]]:
    """The theme in a file, or None and all its problems."""
    try:
        document = read_toml(file)
    except FileNotFoundError:
        return None, (ConfigProblem(file, None, "there is no such file."),)
    theme = None if document.problems else _theme(document)
    problems = tuple(sorted(document.problems, key=lambda problem: problem.line or 0))
    return (None if problems else theme), problems


def _files(folder: Path | None) -> Iterable[Path]:
    if folder is None:
        return ()
    try:
        return sorted(folder.glob("*.toml"))
    except OSError:
        return ()


def _theme(document: TomlFile) -> ThemeSpec | None:
    top = Section(document, (), dict(document.values))
    top.check_keys(("name", "dark", "colors"))
    name = top.text("name")
    if "name" not in top.values:
        top.add_problem("", 'the theme has no "name".')
    elif name is not None and not _NAME.fullmatch(name):
        message = f'"{clean(name, 60)}" is not a valid name of a theme.'
        top.add_problem("name", message, "Use up to 40 lower-case letters, digits and hyphens.")
    if "dark" not in top.values:
        top.add_problem("", 'the theme does not say whether it is "dark".', "Add dark = true or dark = false.")
    dark = top.boolean("dark", default=True)
    colors = top.section("colors")
    palette = None if colors is None else _palette(colors)
    return None if name is None else ThemeSpec(name, dark, palette, document.path)


def _palette(section: Section) -> ThemeColors | None:
    roles = ThemeColors._fields
    section.check_keys(roles)
    colors = {role: _color(section, role) for role in roles if role in section.values}
    missing = [role for role in roles if role not in section.values and role != "zebra"]
    if missing:
        section.add_problem("", f"[colors] lacks {', '.join(missing)}.", "A theme without [colors] uses no colours.")
    if missing or None in colors.values():
        return None
    return ThemeColors(**{role: color for role, color in colors.items() if color is not None})


def _color(section: Section, role: str) -> str | None:
    written = section.text(role)
    if written is None:
        return None
    if _HEX.fullmatch(written) or written in ANSI:
        return written.lower()
    message = f'"{role}" in [colors] is "{clean(written, 40)}", which is not a colour.'
    hint = nearest(written, sorted(ANSI)) if written.lower().startswith("ansi") else "Write #rrggbb, or an ansi_… name."
    section.add_problem(role, message, hint)
    return None
