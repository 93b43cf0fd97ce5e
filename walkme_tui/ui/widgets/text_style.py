"""The inks that text is written with, and what each is in the theme of the moment.

They are looked up in the theme once instead of being component classes: Textual would work out a style sheet for each
ink of each widget, and that is a good part of a start.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from rich.style import Style
from textual.color import Color


class TextStyle(StrEnum):
    """What a piece of text means to the eye."""

    PLAIN = "plain"
    DIM = "dim"
    STRONG = "strong"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    PRODUCTION = "production"
    SANDBOX = "sandbox"
    CURSOR = "cursor"
    CURSOR_BLURRED = "cursor-blurred"
    CARET = "caret"


StyledText: TypeAlias = tuple[str, TextStyle]
"""Clean text and its ink."""

StyledLine: TypeAlias = Sequence[StyledText]
"""One line on the screen, from the left."""

# For each ink the theme's variables for colour, background and text style; empty: that of what it lies on.
_VARIABLES: Final = {
    TextStyle.PLAIN: ("", "", ""),
    TextStyle.DIM: ("dim", "", "dim-style"),
    TextStyle.STRONG: ("", "", "strong-style"),
    TextStyle.ACCENT: ("accent", "", "strong-style"),
    TextStyle.GOOD: ("success", "", ""),
    TextStyle.WARN: ("warning", "", ""),
    TextStyle.BAD: ("error", "", "strong-style"),
    TextStyle.PRODUCTION: ("on-filled", "production", "filled-style"),
    TextStyle.SANDBOX: ("on-filled", "sandbox", "filled-style"),
    TextStyle.CURSOR: ("cursor-text", "cursor", "cursor-style"),
    TextStyle.CURSOR_BLURRED: ("foreground", "marked", "cursor-blurred-style"),
    TextStyle.CARET: ("on-filled", "accent", "cursor-style"),
}
_NAMES: Final = tuple(dict.fromkeys(name for names in _VARIABLES.values() for name in names if name))


def ink_styles(variables: Mapping[str, str]) -> Mapping[TextStyle, Style]:
    """The style of every ink under a theme's variables, to be laid over that of the widget."""
    return _styles(tuple(variables[name] for name in _NAMES))


@lru_cache(maxsize=8)
def _styles(values: tuple[str, ...]) -> Mapping[TextStyle, Style]:
    variables = dict(zip(_NAMES, values, strict=True))

    def style(color: str, background: str, text: str) -> Style:
        painted = Style.from_color(
            Color.parse(variables[color]).rich_color if color else None,
            Color.parse(variables[background]).rich_color if background else None,
        )
        return painted + Style.parse(variables[text]) if text else painted

    return {ink: style(*names) for ink, names in _VARIABLES.items()}
