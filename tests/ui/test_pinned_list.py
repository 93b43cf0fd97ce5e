"""A list with pinned last rows, which stay in view."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from walkme_tui.config.themes import read_theme, shipped_folder
from walkme_tui.ui.theming.textual_theme import textual_theme
from walkme_tui.ui.widgets.pinned_list import PinnedList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle


class Names(PinnedList[str]):
    """Rows are texts; the part before the blank identifies a row."""

    def key(self, row: str) -> Hashable:
        return row.split(maxsplit=1)[0]

    def line(self, row: str, width: int) -> StyledText:
        return [(row, TextStyle.PLAIN)]

    def note(self, width: int) -> str:
        return "note" if width > 10 else ""


class ListApp(App[None]):
    """An app with only the list."""

    def __init__(self) -> None:
        super().__init__()
        self.names = Names(id="names")
        theme, _ = read_theme(shipped_folder() / "dusk.toml")
        assert theme is not None
        self.register_theme(textual_theme(theme))
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        yield self.names


def rows(count: int) -> list[str]:
    return [f"row{number:03}" for number in range(count)]


@asynccontextmanager
async def shown(count: int, pinned: int, height: int) -> AsyncIterator[tuple[Names, Pilot[None]]]:
    app = ListApp()
    async with app.run_test(size=(30, height)) as pilot:
        app.names.focus()
        app.names.show_parts(rows(count), [f"pin{number}" for number in range(pinned)])
        await pilot.pause()
        yield app.names, pilot


def screen(names: Names) -> list[str]:
    """The lines of the screen, with the cursor's bar as ``>``."""
    text = [names.render_line(y).text.rstrip() for y in range(names.size.height)]
    return [line.replace("▌", ">").lstrip(" ") for line in text]


async def test_rows_that_fit_are_not_pinned() -> None:
    async with shown(3, 2, 10) as (names, _):
        rule = f"─ note {'─' * 23}"
        assert screen(names) == [">row000", "row001", "row002", rule, "pin0", "pin1", "", "", "", ""]


async def test_pinned_rows_stay_while_the_others_scroll() -> None:
    async with shown(50, 2, 10) as (names, pilot):
        assert screen(names)[5:] == ["row005", "row006", screen(names)[7], "pin0", "pin1"]
        names.move_to(30)
        await pilot.pause()
        assert ">row030" in screen(names)[:7]
        assert screen(names)[8:] == ["pin0", "pin1"]
        names.move_to(49)
        await pilot.pause()
        assert screen(names)[6] == ">row049"


async def test_the_cursor_moves_through_all_rows() -> None:
    async with shown(50, 2, 10) as (names, pilot):
        names.action_last()
        await pilot.pause()
        assert screen(names)[8:] == ["pin0", ">pin1"]
        assert screen(names)[0] == "row000"  # without scrolling
        names.action_cursor_up()
        names.action_cursor_up()
        await pilot.pause()
        assert names.current == "row049"
        assert ">row049" in screen(names)[:7]
        names.action_first()
        await pilot.pause()
        assert screen(names)[0] == ">row000"


@pytest.mark.parametrize("count", [0, 1, 4, 15])
@pytest.mark.parametrize("pinned", [0, 1, 5])
@pytest.mark.parametrize("height", [3, 5, 9, 20])
async def test_every_row_can_be_reached_and_clicked(count: int, pinned: int, height: int) -> None:
    async with shown(count, pinned, height) as (names, pilot):
        for index in range(count + pinned):
            names.move_to(index)
            await pilot.pause()
            line = names.screen_line(index)
            assert line is not None, index
            assert 0 <= line < height
            assert names.row_at(line) == index
            assert screen(names)[line] == f">{names.rows[index]}"


async def test_a_click_on_the_separator_does_nothing() -> None:
    async with shown(3, 2, 10) as (names, pilot):
        await pilot.click(names, offset=(3, 5))
        assert names.current == "pin1"
        await pilot.click(names, offset=(3, 3))
        assert names.current == "pin1"


async def test_more_pinned_rows_do_not_move_the_others() -> None:
    async with shown(50, 1, 10) as (names, pilot):
        names.move_to(3)
        await pilot.pause()
        before = screen(names)[:6]
        names.show_parts(rows(50), ["new0", "new1", "pin0"])
        await pilot.pause()
        assert screen(names)[:6] == before
        assert screen(names)[7:] == ["new0", "new1", "pin0"]


async def test_the_cursor_stays_in_view_when_pinned_rows_are_added() -> None:
    async with shown(50, 1, 10) as (names, pilot):
        names.move_to(7)
        await pilot.pause()
        names.show_parts(rows(50), ["new0", "new1", "pin0"])
        await pilot.pause()
        assert ">row007" in screen(names)[:6]


async def test_pinned_rows_alone_have_no_separator() -> None:
    async with shown(0, 2, 5) as (names, _):
        assert screen(names) == [">pin0", "pin1", "", "", ""]


async def test_the_first_pinned_row_adds_the_separator() -> None:
    async with shown(51, 0, 10) as (names, pilot):
        names.show_parts(rows(50), ["row050"])
        names.move_to(49)
        await pilot.pause()
        assert screen(names)[7] == ">row049"
        assert screen(names)[9] == "row050"
