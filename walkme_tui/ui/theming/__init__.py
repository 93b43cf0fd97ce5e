"""From a theme file's colours to what Textual paints with, and what terminals with fewer signs or colours get."""

from walkme_tui.ui.theming.ascii_signs import AsciiSigns, needs_ascii_signs
from walkme_tui.ui.theming.textual_theme import is_colorless, textual_theme
from walkme_tui.ui.theming.without_colors import WITHOUT_COLORS

__all__ = ["WITHOUT_COLORS", "AsciiSigns", "is_colorless", "needs_ascii_signs", "textual_theme"]
