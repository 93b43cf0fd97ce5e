"""A terminal in which nothing can be shown."""

from typing import TYPE_CHECKING, Final

from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen

LEAST_WIDTH: Final = 40
LEAST_HEIGHT: Final = 8


def say_if_too_small(screen: "Screen[None]", size: "Size") -> None:
    """Say it in place of everything else for as long as it is so."""
    tiny = size.width < LEAST_WIDTH or size.height < LEAST_HEIGHT
    if tiny and not screen.query("#too-small"):
        line = TextBar(id="too-small")
        line.write([(" The terminal is too small.", TextStyle.PLAIN)])
        screen.mount(line)
    screen.set_class(tiny, "tiny")
