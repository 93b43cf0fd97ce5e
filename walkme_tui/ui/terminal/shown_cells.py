"""What the terminal shows, so that a frame writes only the cells that changed: over SSH every byte counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, takewhile
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from walkme_tui.ui.safe import has_sure_width
from walkme_tui.ui.terminal.compact_strip import PLAIN, CompactStrip, style_change

MIN_SAVED: Final = 16
"""Fewer unchanged cells of a compact strip are written again: it is kept ready to be written whole."""


class ShownCells:
    """The pieces of lines that were written last; a piece is what one widget shows on a line."""

    def __init__(self) -> None:
        self._lines: dict[int, tuple[Sequence[int], dict[int, Strip]]] = {}

    def forget(self) -> None:
        """Write whatever is painted next: the terminal may show something else."""
        self._lines.clear()

    def changes(self, update: CompositorUpdate) -> CompositorUpdate:
        """The part of an update that the terminal does not show yet."""
        return _Changes(self, update)

    def written(self, update: CompositorUpdate, console: Console) -> str:
        """What to write."""
        if isinstance(update, LayoutUpdate) and max(self._lines, default=0) >= len(update.strips):
            self.forget()  # a terminal that became lower drew the lines below its end on its last one
        pieces: list[str] = []
        style, place = PLAIN, (0, -1)
        for x, y, strip in self._changed_parts(update):
            if place != (x, y):
                pieces.append(Control.move_to(x, y).segment.text)
            compact = strip if isinstance(strip, CompactStrip) else CompactStrip(strip, strip.cell_length)
            text, style = compact.render_after(style, console, x)
            pieces.append(text)
            place = (x + strip.cell_length, y) if _is_ascii(strip) else (0, -1)
        return "".join(pieces) + style_change(style, PLAIN, console)

    def _changed_parts(self, update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
        for y, cuts, painted in _painted(update):
            shown = self._shown(y, cuts)
            for x, end in pairwise(cuts):
                strip = painted.get(x)
                if strip is None:
                    continue
                first, last = _changed(shown.pop(x, None), strip)
                if strip.cell_length == end - x:
                    shown[x] = strip
                if first < last:
                    yield x + first, y, strip if last - first == strip.cell_length else strip.crop(first, last)

    def _shown(self, y: int, cuts: Sequence[int]) -> dict[int, Strip]:
        """The pieces that a line shows between these columns, empty where that is not known."""
        known_cuts, known = self._lines.get(y, (cuts, {}))
        if known_cuts != cuts:
            is_whole = len(known) == len(known_cuts) - 1 and known_cuts[-1] == cuts[-1]
            whole = Strip.join([known[x] for x in known_cuts[:-1]]) if is_whole else None
            parts = whole.divide(cuts[1:]) if whole is not None else ()
            # A character of two cells that is divided becomes two blanks, but the terminal shows the character.
            is_divided = whole is not None and "".join(part.text for part in parts) != whole.text
            known = dict(zip(cuts, parts, strict=False)) if not is_divided else {}
        self._lines[y] = cuts, known
        return known


class _Changes(CompositorUpdate):
    """Knows what to write only when it is written: Textual drops some updates."""

    def __init__(self, shown: ShownCells, update: CompositorUpdate) -> None:
        self._shown = shown
        self._update = update

    def render_segments(self, console: Console) -> str:
        """The escape sequences and text."""
        return self._shown.written(self._update, console)


def _painted(update: CompositorUpdate) -> Iterator[tuple[int, Sequence[int], Mapping[int, Strip]]]:
    """For each line the columns where its pieces begin, and where it ends, and the pieces that were painted."""
    if isinstance(update, ChopsUpdate):
        for y, first, last in update.spans:
            chops, ends = update.chops[y], update.chop_ends[y]
            painted = {
                x: strip
                for (x, strip), end in zip(chops.items(), ends, strict=True)
                if strip is not None and x < last and end > first
            }
            yield y, (*chops, ends[-1]), painted
    elif isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips):
            strips = list(line)
            cuts = tuple(accumulate((strip.cell_length for strip in strips), initial=0))
            yield y, cuts, dict(zip(cuts, strips, strict=False))


def _changed(before: Strip | None, after: Strip) -> tuple[int, int]:
    """The first changed cell, and the one after the last; all of them where the terminal may draw other widths."""
    cells = after.cell_length
    if before is None or before.cell_length != cells:
        return 0, cells
    if before == after:
        return 0, 0
    left = _common_cells(before, after)
    right = min(_common_cells(reversed(before), reversed(after), from_right=True), cells - left)
    if left + right < (MIN_SAVED if isinstance(after, CompactStrip) else 1) or not (
        _is_sure(before) and _is_sure(after)
    ):
        return 0, cells
    return left, cells - right


def _common_cells(before: Iterable[Segment], after: Iterable[Segment], *, from_right: bool = False) -> int:
    """How many cells are equal at the beginning; from the right the segments come last first."""
    cells = 0
    for (old, old_style, _), (new, new_style, _) in zip(before, after, strict=False):
        if old_style != new_style:
            break
        if old != new:
            pairs = zip(reversed(old), reversed(new), strict=False) if from_right else zip(old, new, strict=False)
            return cells + cell_len("".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)))
        cells += cell_len(old)
    return cells


def _is_sure(strip: Strip) -> bool:
    """True if every terminal draws each character with the width that we compute, which is not 0."""
    return all(text.isascii() or (has_sure_width(text) and all(map(cell_len, text))) for text, _, _ in strip)


def _is_ascii(strip: Strip) -> bool:
    return all(text.isascii() for text, _, _ in strip)
