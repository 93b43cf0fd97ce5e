"""The last of three layers against hostile text: control characters become symbols."""

from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_CONTROLS: Final = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_CONTROLS.update(dict.fromkeys(range(0x80, 0xA0), 0xFFFD))
_CONTROLS.update(dict.fromkeys((0x2028, 0x2029), 0xFFFD))


class ControlCharacterFilter(LineFilter):
    """Replaces control characters with symbols, so that the terminal never executes them.

    Everything that a widget draws passes ``App.get_line_filters()``; put ``CONTROL_CHARACTER_FILTER`` first.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the base's signature
        """The segments with replacements, which keep the number of columns."""
        if all(text.isprintable() or control for text, _, control in segments):
            return segments
        return [
            segment if segment.control else Segment(segment.text.translate(_CONTROLS), segment.style)
            for segment in segments
        ]


CONTROL_CHARACTER_FILTER: Final = ControlCharacterFilter()
"""The shared instance: Textual caches filtered lines by filter instance."""
