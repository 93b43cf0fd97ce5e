"""From a theme file's colours to what Textual paints with."""

from walkme_tui.ui.theming.textual_theme import textual_theme

__all__ = ["textual_theme"]
