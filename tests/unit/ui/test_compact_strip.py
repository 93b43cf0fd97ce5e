"""A compact strip draws the same as a plain one, with fewer bytes."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from walkme_tui.ui.terminal.compact_strip import CompactStrip

COLORS = ("#d5dae2", "#14171c", "red", "default", None)
styles = st.builds(
    Style,
    color=st.sampled_from(COLORS),
    bgcolor=st.sampled_from(COLORS),
    bold=st.booleans(),
    italic=st.booleans(),
    underline=st.booleans(),
    reverse=st.booleans(),
    strike=st.booleans(),
)
segments = st.lists(st.builds(Segment, st.text("abc é山", min_size=1, max_size=6), styles | st.none()), max_size=6)


def drawn(strip: Strip, system: str) -> list[object]:
    """Every cell of the line as a terminal shows it."""
    screen = pyte.Screen(40, 2)
    console = Console(color_system=system, force_terminal=True)  # type: ignore[arg-type]  # one of Rich's names
    pyte.Stream(screen).feed(strip.render(console) + "|")
    return [screen.buffer[0][x] for x in range(40)]


@pytest.mark.parametrize("system", ["truecolor", "256", "standard"])
@given(segments)
def test_a_compact_strip_draws_the_same_cells(system: str, parts: list[Segment]) -> None:
    plain = Strip(parts)
    assert drawn(CompactStrip(parts, plain.cell_length), system) == drawn(plain, system)


def test_bold_and_dim_are_switched_one_by_one() -> None:
    parts = [Segment("a", Style(bold=True, dim=True)), Segment("b", Style(dim=True)), Segment("c", Style(bold=True))]
    console = Console(color_system="truecolor", force_terminal=True)
    assert CompactStrip(parts, 3).render(console) == "\x1b[1;2ma\x1b[22;2mb\x1b[22;1mc\x1b[0m"


def test_only_style_changes_are_written() -> None:
    ground = Style(color="#d5dae2", bgcolor="#14171c")
    parts = [
        Segment("a", ground),
        Segment("b", ground + Style(color="#808080")),
        Segment("c", Style(bgcolor="#14171c")),
    ]
    console = Console(color_system="truecolor", force_terminal=True)
    assert CompactStrip(parts, 3).render(console) == (
        "\x1b[38;2;213;218;226;48;2;20;23;28ma\x1b[38;2;128;128;128mb\x1b[39mc\x1b[0m"
    )
    assert console._color_system is ColorSystem.TRUECOLOR


def test_after_text_of_uncertain_width_the_cursor_is_moved_to_its_column() -> None:
    style = Style(bold=True)
    strip = CompactStrip([Segment("ab", style), Segment("👍  ", style), Segment("c", style)], 7)
    console = Console(color_system="truecolor", force_terminal=True)
    assert strip.render_after(style, console, 10) == ("ab    \x1b[13G👍\x1b[17Gc", style)
    assert strip.render_after(style, console, 20) == ("ab    \x1b[23G👍\x1b[27Gc", style)
