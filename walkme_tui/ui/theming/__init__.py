"""Themes for Textual, and line filters for terminals with fewer characters or colours."""

from walkme_tui.ui.theming.ascii_signs import AsciiSigns, needs_ascii_signs
from walkme_tui.ui.theming.textual_theme import is_colorless, textual_theme
from walkme_tui.ui.theming.without_colors import WITHOUT_COLORS

__all__ = ["WITHOUT_COLORS", "AsciiSigns", "is_colorless", "needs_ascii_signs", "textual_theme"]
