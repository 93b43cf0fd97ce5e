"""A message in place of a screen that the terminal has no room for."""

from typing import TYPE_CHECKING, Any, Final

from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen

MIN_WIDTH: Final = 40
MIN_HEIGHT: Final = 8


def is_too_small(size: "Size") -> bool:
    """True if a terminal of this size shows no screen at all."""
    return size.width < MIN_WIDTH or size.height < MIN_HEIGHT


def show_too_small(screen: "Screen[Any]", too_small: bool, message: str = "The terminal is too small.") -> None:
    """Show the message instead of the screen while ``too_small``; the style sheet hides the rest of class ``tiny``."""
    if too_small and not screen.query("#too-small"):
        bar = TextBar(id="too-small")
        bar.write([(f" {message}", TextStyle.PLAIN)])
        screen.mount(bar)
    screen.set_class(too_small, "tiny")
