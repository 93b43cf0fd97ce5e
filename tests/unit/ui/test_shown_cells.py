"""A terminal that gets only the changed cells shows the same as one that gets every frame whole."""

from collections.abc import Mapping
from itertools import accumulate
from typing import TypeAlias

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from walkme_tui.ui.terminal.compact_strip import CompactStrip
from walkme_tui.ui.terminal.shown_cells import ShownCells

WIDTH, HEIGHT = 24, 2
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = (Style(), Style(color="#d5dae2", bgcolor="#14171c"), Style(bold=True), Style(bgcolor="red", underline=True))
# Letters, a letter of two cells, our border, a combining mark, and two of uncertain width.
TEXTS = st.text("aab 山│éẹ", max_size=8) | st.sampled_from(["e\u0301", "👍", "☃"])

Line: TypeAlias = list[Strip]


def padded(parts: list[Segment], width: int) -> Strip:
    return Strip(parts).crop(0, width).adjust_cell_length(width, STYLES[1])


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """The pieces of a line: of one to three widgets, some of which draw compact strips."""
    ends = sorted({*draw(st.lists(st.sampled_from((5, 12, 20)), max_size=2)), WIDTH})
    line = []
    for width in (end - start for start, end in zip([0, *ends], ends, strict=False)):
        parts = draw(st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=4))
        strip = padded([Segment(text, style) for text, style in parts], width)
        line.append(CompactStrip(strip, width) if draw(st.booleans()) else strip)
    return line


frames = st.lists(
    st.tuples(st.lists(lines(), min_size=HEIGHT, max_size=HEIGHT), st.sets(st.integers(0, HEIGHT - 1))), max_size=6
)


def pieces(line: Line) -> Mapping[int, Strip]:
    return dict(zip(accumulate((strip.cell_length for strip in line), initial=0), line, strict=False))


def whole(screen: list[Line]) -> LayoutUpdate:
    return LayoutUpdate([*screen], Region(0, 0, WIDTH, HEIGHT))


def partial(screen: list[Line], numbers: set[int]) -> ChopsUpdate:
    """An update of these lines."""
    ends = [[*accumulate(strip.cell_length for strip in line)] for line in screen]
    return ChopsUpdate([pieces(line) for line in screen], [(y, 0, WIDTH) for y in sorted(numbers)], ends)


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7l")
    return screen, stream


def cells(screen: pyte.Screen) -> list[object]:
    return [screen.buffer[y][x] for y in range(HEIGHT) for x in range(WIDTH)]


@settings(max_examples=40, deadline=None)
@given(frames)
def test_the_terminal_shows_the_same_as_if_every_frame_were_written_whole(
    shown: list[tuple[list[Line], set[int]]],
) -> None:
    shown_cells, (screen, stream) = ShownCells(), terminal()
    now = [padded([], WIDTH)], [padded([], WIDTH)]
    current: list[Line] = [list(line) for line in now]
    stream.feed(shown_cells.changes(whole(current)).render_segments(CONSOLE))
    for lines_of_frame, numbers in shown:
        changed = numbers or set(range(HEIGHT))
        current = [lines_of_frame[y] if y in changed else line for y, line in enumerate(current)]
        update = partial(current, numbers) if numbers else whole(current)
        stream.feed(shown_cells.changes(update).render_segments(CONSOLE))
        expected, all_of_it = terminal()
        for y, line in enumerate(current):
            all_of_it.feed(f"\x1b[{y + 1};1H" + "".join(Strip(strip).render(CONSOLE) for strip in line))
        assert cells(screen) == cells(expected)


def written(before: str, after: str, shown_cells: ShownCells | None = None) -> str:
    shown_cells = shown_cells or ShownCells()
    line = [[padded([Segment(before, STYLES[1])], WIDTH)], [padded([], WIDTH)]]
    shown_cells.changes(whole(line)).render_segments(CONSOLE)
    line[0] = [padded([Segment(after, STYLES[1])], WIDTH)]
    return shown_cells.changes(partial(line, {0, 1})).render_segments(CONSOLE)


def test_only_the_cells_between_the_first_and_the_last_change_are_written() -> None:
    assert written("5 of 20 · top", "6 of 20 · top") == "\x1b[1;1H\x1b[38;2;213;218;226;48;2;20;23;28m6\x1b[0m"
    assert written("│ 山 name", "│ 山 names") == "\x1b[1;10H\x1b[38;2;213;218;226;48;2;20;23;28ms\x1b[0m"
    assert not written("the same", "the same")


def test_a_line_with_text_of_uncertain_width_is_written_whole() -> None:
    assert "the same, " in written("the same, 👍", "the same, 👍👍")


def test_what_follows_text_of_uncertain_width_is_in_its_column_in_the_strips_of_every_widget() -> None:
    border, style = Segment("│", STYLES[1]), STYLES[1]
    dialog = Strip([border, Segment("a कि कि   b", style), Segment("  ", Style(bgcolor="#14171c")), border])
    line = [Strip([Segment("left", style)]), dialog, padded([Segment("right", style)], WIDTH - 4 - dialog.cell_length)]
    text = ShownCells().changes(whole([line, line])).render_segments(CONSOLE)
    screen, stream = terminal()
    stream.feed(text.replace("कि", "##"))  # a terminal that gives the vowel sign a cell of its own
    assert screen.display == ["left│a ## ## b  │right".ljust(WIDTH)] * 2


def test_both_halves_of_a_wide_character_are_written_where_two_widgets_now_show_them() -> None:
    shown_cells = ShownCells()
    assert not written("山", "山", shown_cells)
    line = [[padded([], 1), padded([], WIDTH - 1)], [padded([], WIDTH)]]
    assert " " * WIDTH in shown_cells.changes(partial(line, {0})).render_segments(CONSOLE)


def test_a_combining_mark_is_written_with_its_letter() -> None:
    assert "e\u0323" in written("the same, e", "the same, e\u0323")


def test_pieces_beside_each_other_are_written_in_one_move() -> None:
    shown_cells = ShownCells()
    line = [Strip([Segment("left", STYLES[1])]), Strip([Segment("x" * 20, STYLES[2])])]
    text = shown_cells.changes(whole([line, line])).render_segments(CONSOLE)
    assert text.count("H") == 2


def test_everything_is_written_again_after_the_terminal_was_cleared() -> None:
    shown_cells = ShownCells()
    assert not written("the same", "the same", shown_cells)
    shown_cells.forget()
    line = [[padded([Segment("the same", STYLES[1])], WIDTH)], [padded([], WIDTH)]]
    assert "the same" in shown_cells.changes(partial(line, {0})).render_segments(CONSOLE)


def test_everything_is_written_again_where_lines_were_painted_that_a_lower_terminal_does_not_have() -> None:
    """It drew them on its last line."""
    shown_cells, line = ShownCells(), [padded([Segment("the same", STYLES[1])], WIDTH)]
    shown_cells.changes(partial([line] * 4, {0, 1, 3})).render_segments(CONSOLE)
    assert shown_cells.changes(whole([line] * 2)).render_segments(CONSOLE).count("the same") == 2
    assert not shown_cells.changes(whole([line] * 2)).render_segments(CONSOLE)
