"""From a theme file's colours to what Textual paints with."""

from walkme_tui.ui.theming.textual_theme import is_colorless, textual_theme
from walkme_tui.ui.theming.without_colors import WITHOUT_COLORS

__all__ = ["WITHOUT_COLORS", "is_colorless", "textual_theme"]
