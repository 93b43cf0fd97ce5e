"""The styles of text outside the user table, resolved from the current theme.

They are looked up in the theme instead of being component classes: Textual would compute a style sheet for each style
of each widget, a large part of the start-up time.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from rich.style import Style
from textual.color import Color

from walkme_tui.ui.words import wrap


class TextStyle(StrEnum):
    """What a span of text means."""

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


StyledSpan: TypeAlias = tuple[str, TextStyle]
"""Clean text in one style."""

StyledText: TypeAlias = Sequence[StyledSpan]
"""The spans of one line, from the left."""

# For each style the theme's variables for colour, background and attributes; empty: those of the widget.
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


def wrapped(text: str, width: int, style: TextStyle = TextStyle.PLAIN, mark: str = "") -> Iterator[StyledText]:
    """Clean text in lines of at most ``width`` cells; ``mark`` begins the first line, the others are indented."""
    for line in wrap(text, width - len(mark)):
        yield [(mark + line, style)]
        mark = " " * len(mark)


def text_styles(variables: Mapping[str, str]) -> Mapping[TextStyle, Style]:
    """The Rich style of every ``TextStyle`` under a theme's variables, to be laid over that of the widget."""
    return _styles(tuple(variables[name] for name in _NAMES))


@lru_cache(maxsize=8)
def _styles(values: tuple[str, ...]) -> Mapping[TextStyle, Style]:
    variables = dict(zip(_NAMES, values, strict=True))

    def rich_style(color: str, background: str, attributes: str) -> Style:
        colors = Style.from_color(
            Color.parse(variables[color]).rich_color if color else None,
            Color.parse(variables[background]).rich_color if background else None,
        )
        return colors + Style.parse(variables[attributes]) if attributes else colors

    return {style: rich_style(*names) for style, names in _VARIABLES.items()}
