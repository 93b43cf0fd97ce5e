"""The line filter for terminals without colours: only attributes such as bold, dim and reverse remain."""

from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class WithoutColors(LineFilter):
    """Removes every colour, so that no colour sequence is written; Textual's own filters write greys instead."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the base's signature
        """The same text in the same attributes."""
        return [Segment(text, style and _without_colors(style), control) for text, style, control in segments]


@lru_cache(maxsize=1024)
def _without_colors(style: Style) -> Style:
    return style.without_color


WITHOUT_COLORS: Final = WithoutColors()
"""The shared instance: Textual caches filtered lines by filter instance."""
