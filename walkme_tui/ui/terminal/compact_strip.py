"""Strips that cost few bytes and keep their columns aligned whatever width a terminal gives a character."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rich.cells import cell_len
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import SGR_STYLES, Strip

from walkme_tui.ui.safe import has_sure_width


class CompactStrip(Strip):
    """A strip that writes only the style changes between segments.

    The cells of text whose width differs between terminals are blanked first, and the cursor is moved to the column of
    what follows: the next segment, or in the same one what is two blanks or more away. A crop is a plain ``Strip``.
    """

    __slots__ = ["_between", "_left"]

    def __init__(self, segments: Iterable[Segment], cell_length: int):
        super().__init__(segments, cell_length)
        self._left = 0
        self._between: str | None = None

    def render(self, console: Console) -> str:
        """The escape sequences and text, ending in the terminal's default style."""
        text, style = self.render_after(PLAIN, console)
        return text + style_change(style, PLAIN, console)

    def render_after(self, before: Style, console: Console, left: int = 0) -> tuple[str, Style]:
        """The same from column ``left`` of a terminal in another style, and the style that it leaves there."""
        if not self._segments:
            return "", before
        if self._between is None or self._left != left:
            self._left = left
            self._between = self._text_and_changes(console)
        first, last = self._segments[0].style or PLAIN, self._segments[-1].style or PLAIN
        return style_change(before, first, console) + self._between, last

    def _text_and_changes(self, console: Console) -> str:
        """The text with the style changes between its segments."""
        written: list[str] = []
        before = self._segments[0].style or PLAIN
        at = self._left
        for text, style, _ in _with_following_blanks(self._segments):
            after = style or PLAIN
            if after is not before:
                written.append(style_change(before, after, console))
                before = after
            for part in (text,) if has_sure_width(text) else _COLUMNS.split(text):
                end = at + cell_len(part)
                if has_sure_width(part):
                    written.append(part)
                else:
                    written.append(f"{' ' * (end - at)}\x1b[{at + 1}G{part.rstrip()}\x1b[{end + 1}G")
                at = end
        return "".join(written)


def joins(text: str, style: Style, before: Style) -> bool:
    """True if ``text`` looks the same in the style before it: blanks show the background only."""
    if style is before:
        return True
    return (
        text.isspace() and style.bgcolor == before.bgcolor and not (before.underline or before.strike or before.reverse)
    )


PLAIN: Final = Style.null()
_COLUMNS: Final = re.compile(r"(?<=  )(?=\S)")

# The code that switches each of SGR_STYLES off.
_OFF: Final = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29"} | {
    "21": "24",
    "51": "54",
    "52": "54",
    "53": "55",
}


def _with_following_blanks(segments: Iterable[Segment]) -> Iterator[Segment]:
    """The segments, those of uncertain width with the blanks after them, so that these do not cut a longer text."""
    held: Segment | None = None
    for segment in segments:
        if (
            held is not None
            and segment.text.isspace()
            and joins(segment.text, segment.style or PLAIN, held.style or PLAIN)
        ):
            held = Segment(held.text + segment.text, held.style)
            continue
        if held is not None:
            yield held
        held = None if has_sure_width(segment.text) else segment
        if held is None:
            yield segment
    if held is not None:
        yield held


def style_change(before: Style, after: Style, console: Console) -> str:
    """The shortest escape sequence that turns the terminal from one style to the other."""
    if after == PLAIN:
        return "" if before == PLAIN else "\x1b[0m"
    return _change(before, after, console._color_system or ColorSystem.TRUECOLOR)  # noqa: SLF001 - as in Strip.render


@lru_cache(maxsize=4096)
def _change(before: Style, after: Style, system: ColorSystem) -> str:
    if before == after:
        return ""
    codes = _attribute_codes(_attributes(before), _attributes(after))
    codes += _color_codes(before.color, after.color, system, foreground=True)
    codes += _color_codes(before.bgcolor, after.bgcolor, system, foreground=False)
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _attributes(style: Style) -> set[str]:
    bits = style._attributes & style._set_attributes  # noqa: SLF001 - as in Strip.render_ansi
    return {code for bit, code in enumerate(SGR_STYLES) if bits & (1 << bit)}


def _attribute_codes(before: set[str], after: set[str]) -> list[str]:
    """The codes that change the attributes; one code may switch off two (bold and dim), then the other is set again."""
    off = {_OFF[code] for code in before - after}
    again = {code for code in before & after if _OFF[code] in off}
    return sorted(off) + sorted(again | (after - before))


def _color_codes(before: Color | None, after: Color | None, system: ColorSystem, *, foreground: bool) -> list[str]:
    if before == after:
        return []
    if after is None:
        return ["39" if foreground else "49"]
    return list(after.downgrade(system).get_ansi_codes(foreground))
