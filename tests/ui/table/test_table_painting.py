"""What the table paints: aligned columns, messages in place of rows, and few bytes."""

from typing import Any

import pyte
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content
from textual.strip import Strip

from tests.support.fake_directory import people, person
from tests.support.fake_listing import STARTED_AT_MS, FakeListing, mirrored
from tests.support.table_driver import TableDriver, table_of
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User
from walkme_tui.services.reading.listing import ListingChanged, Phase, RowsChanged
from walkme_tui.ui.widgets.user_table import listing_view

# Longer than any test.
NEVER = 3600.0
HOSTILE = (
    "[b]bold[/b] [@click=app.quit]x[/]",
    "\x1b[2J\x1b]52;c;QUJD\x07",
    "two\nlines\r\tand a tab",
    "\u202eright to left\u202c שלום עולם مرحبا",
    "a" + "\u0301" * 500,
    "👨\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽 🇩🇪",
    "x" * 4000,
    "漢字" * 2000,
    "क्षि नमस्ते ยิ้ม",
    "\x9b31m\x90q\x9c\u2028\ufeff\u00ad",
    "ᄀ ᅡ ᆨ ꥠ ힰ",
)


def terminal_screen(table: TableDriver) -> "pyte.Screen":
    """The screen of a terminal that draws the output of the program."""
    width, height = table.app.size
    screen = pyte.Screen(width, height)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7l")
    for y, strip in enumerate(lean_strips(table)):
        stream.feed(f"\x1b[{y + 1};1H{strip.render(table.app.console)}")
    return screen


def lean_strips(table: TableDriver) -> list[Strip]:
    return table.table.render_lines(table.table.size.region)


def glyph_columns(screen: "pyte.Screen", y: int) -> tuple[int, ...]:
    return tuple(x for x in range(screen.columns) if screen.buffer[y][x].data in {"●", "○", "◌"})


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
async def test_hostile_text_does_not_move_columns(width: int) -> None:
    users = [
        person(at)._replace(first_name=text, last_name=text, email=text, role=text, external_id=text, status="active")
        for at, text in enumerate(HOSTILE)
    ]
    async with table_of([*users, person(99)], size=(width, len(HOSTILE) + 3)) as table:
        assert {strip.cell_length for strip in table.strips()} == {width}
        assert {cell_len(line) for line in table.lines} == {width}
        assert not [line for line in table.lines if not line.isprintable()]
        screen = terminal_screen(table)
        assert len({glyph_columns(screen, y) for y in range(1, len(HOSTILE) + 1)}) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=60), min_size=6, max_size=6))
async def test_arbitrary_text_does_not_move_columns(texts: list[str]) -> None:
    first, last, email, role, external, status = texts
    user = User("1", email, first, last, role, status, external, None, STARTED_AT_MS, ("a",))
    async with table_of([user, person(0)], size=(120, 4)) as table:
        assert {cell_len(line) for line in table.lines} == {120}
        assert not [line for line in table.lines if not line.isprintable()]
        at = table.lines[0].index("GRP")
        assert [terminal_screen(table).buffer[1][x].data for x in range(at, at + 3)] == [" ", " ", "1"]


async def test_the_column_after_text_of_uncertain_width_is_aligned() -> None:
    async with table_of([person(0)._replace(first_name="👍"), person(1)], size=(120, 5)) as table:
        unsure, sure = (strip.render(table.app.console) for strip in lean_strips(table)[1:3])
        first, last = table.lines[0].index("FIRST") + 1, table.lines[0].index("LAST") - 1
        assert f"{' ' * (last - first)}\x1b[{first}G👍\x1b[{last}G" in unsure
        assert "G" not in sure.replace("Grace", "")


async def test_unknown_values_are_question_marks_and_empty_ones_blank() -> None:
    known = person(1)._replace(email=None, role="", groups=())
    async with table_of([User("0"), known], size=(120, 5)) as table:
        assert table.row(0).text.split() == ["▌"] + ["?"] * 8
        assert table.row(1).text.split() == ["Amina", "O'Brien", "●", "active", "0", "1", "y", "okta|000001"]


async def test_a_narrow_table_has_one_column_for_the_name() -> None:
    async with table_of(people(5), size=(80, 6)) as table:
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]
        assert "Zoë Çelik" in table.row(0).text
    async with table_of(people(5), size=(120, 6)) as table:
        assert table.lines[0].split() == ["EMAIL", "FIRST", "LAST", "ROLE", "STATUS", "GRP", "UPD", "EXTERNAL", "ID"]


async def test_a_status_is_a_glyph_and_a_word() -> None:
    statuses = ("active", "inactive", "pending", "suspended", "[red]", None, UNKNOWN)
    users = [person(at)._replace(status=status) for at, status in enumerate(statuses)]
    async with table_of(users, size=(80, 9)) as table:
        at = table.lines[0].index("STATUS")
        cells = [table.row(row).text[at : at + 10].strip() for row in range(7)]
        assert cells == ["● active", "○ inactive", "◌ pending", "suspended", "[red]", "", "?"]


async def test_an_unreadable_row_shows_its_position_and_reason() -> None:
    async with table_of([person(0), UnreadableRecord("its id is a number, not text")]) as table:
        assert "record 2 cannot be read: its id is a number, not text" in table.row(1).text


async def test_rows_that_are_not_loaded_are_placeholders() -> None:
    async with table_of(FakeListing(people(50), here=range(2))) as table:
        assert not table.row(1).is_placeholder
        assert table.row(2).is_placeholder
        table.listing.deliver(2, 3)
        await table.settle()
        assert table.row(3).email == "person00003@example.com"
        assert table.row(4).is_placeholder


async def test_rows_of_another_user_are_drawn_again() -> None:
    async with table_of(people(60), size=(120, 12)) as table:
        await table.press("pagedown", "pageup")
        others = [mirrored(at, person(at + 100)) for at in range(61)]
        table.listing.replace(others)
        await table.settle()
        assert table.row(1).email == "person00101@example.com"
        await table.press("pagedown")
        assert table.row(1).email == "person00112@example.com"


async def test_rows_of_an_earlier_start_are_dim_until_confirmed() -> None:
    async with table_of(FakeListing(people(5), fetched_at_ms=STARTED_AT_MS - 1)) as table:
        old = list(table.strips()[2])
        table.listing.replace([mirrored(at, user) for at, user in enumerate(people(5))], quietly=True)
        await table.settle()
        new = list(table.strips()[2])
        assert "".join(part.text for part in old) == "".join(part.text for part in new)
        assert len({part.style for part in old if part.text.strip()}) == 1
        assert len({part.style for part in new if part.text.strip()}) > 1


async def test_an_empty_view_shows_its_message() -> None:
    async with table_of(FakeListing(phase=Phase.LOADING)) as table:
        table.table.loading_text = Content("Asking for the first page …")
        table.table.empty_text = Content("Nobody matches [b]. Press / to change the filter.")
        table.table.refresh()
        await table.settle()
        assert table.row(1).text.strip() == "Asking for the first page …"
        table.listing.replace([])
        await table.settle()
        assert table.row(1).text.strip() == "Nobody matches [b]. Press / to change the filter."


async def test_long_messages_wrap_inside_the_table() -> None:
    async with table_of(FakeListing(), size=(40, 10)) as table:
        table.table.set_empty_text(Content("Nobody is here, and this goes on for longer than one line takes."))
        await table.settle()
        assert "Nobody is here" in table.row(1).text
        assert "takes." in table.row(2).text


async def test_a_tiny_table_is_drawn() -> None:
    async with table_of(FakeListing(), size=(4, 5)) as table:
        assert {cell_len(line) for line in table.lines} == {4}
    async with table_of(people(3), size=(4, 3)) as table:
        assert {cell_len(line) for line in table.lines} == {4}


async def test_a_million_rows_scroll_to_their_ends() -> None:
    class Endless(FakeListing):
        def row(self, index: int):  # type: ignore[no-untyped-def]
            return mirrored(index, person(index))

    listing = Endless(people(1))
    listing._rows = range(1_000_000)  # type: ignore[assignment]
    async with table_of(listing, size=(80, 8)) as table:
        await table.press("G")
        assert table.row(6).email == "person999999@example.com"
        await table.press("g")
        assert table.row(0).email == "person00000@example.com"


async def test_a_resize_changes_the_columns_and_keeps_the_cursor_visible() -> None:
    async with table_of(people(100), size=(120, 20)) as table:
        await table.press(*["down"] * 15)
        await table.pilot.resize_terminal(80, 8)
        await table.settle()
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]
        assert table.cursor is not None
        assert table.person == person(15).id


async def test_a_cursor_move_draws_two_lines_and_a_tick_draws_none() -> None:
    async with table_of(people(100), size=(120, 20)) as table:
        before = lean_strips(table)
        await table.press("down")
        after = lean_strips(table)
        assert [at for at, strip in enumerate(after) if strip is not before[at]] == [1, 2]
        table.listing.tell(RowsChanged(0, 99))
        table.listing.tell(ListingChanged())
        await table.settle()
        assert [list(strip) for strip in lean_strips(table)] == [list(strip) for strip in after]


async def test_a_cursor_move_costs_few_bytes() -> None:
    async with table_of(people(100), size=(120, 20)) as table:
        rows = lean_strips(table)[1:3]
        assert sum(len(strip.render(table.app.console).encode()) for strip in rows) < 410


async def test_the_cursors_row_shows_the_focus() -> None:
    async with table_of(people(5)) as table:
        with_focus = list(table.strips()[1])
        table.app.set_focus(None)
        await table.settle()
        assert table.row(0).text.startswith("▏")
        assert next(iter(table.strips()[1])).style != with_focus[0].style


async def test_zebra_stripes_every_other_row() -> None:
    async with table_of(people(5)) as table:
        grounds = [{part.style.bgcolor for part in strip if part.style} for strip in table.strips()[2:5]]
        assert grounds[0] == grounds[2] != grounds[1]
        table.table.zebra = False
        table.table.refresh()
        await table.settle()
        assert len({part.style.bgcolor for strip in table.strips()[2:5] for part in strip if part.style}) == 1


async def test_another_theme_changes_the_colours_of_the_rows() -> None:
    async with table_of(people(5)) as table:
        before = list(table.strips()[2])
        table.app.theme = "textual-light"
        await table.settle()
        after = list(table.strips()[2])
        assert before[0].text == after[0].text
        assert before[0].style != after[0].style


async def test_a_jump_shows_placeholders_only_if_rows_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_view, "REPAINT_DELAY_SECONDS", NEVER)
    async with table_of(FakeListing(people(500), here=range(20))) as table:
        before = table.lines
        table.table.action_last()
        await table.pilot.pause()
        assert table.lines == before
        table.listing.deliver(489, 499)
        await table.pilot.pause()
        assert table.row(10).email == "person00499@example.com"
        assert table.row(10).under_cursor
        monkeypatch.setattr(listing_view, "REPAINT_DELAY_SECONDS", 0)
        table.table.move_to(250)
        await table.settle()
        assert table.row(3).is_placeholder
        assert table.person is None


@pytest.mark.parametrize(("delay_seconds", "is_painted"), [(NEVER, False), (0, True)])
async def test_rows_loaded_elsewhere_do_not_end_the_wait(
    delay_seconds: float, is_painted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_view, "REPAINT_DELAY_SECONDS", delay_seconds)
    async with table_of(FakeListing(people(500), here=range(20))) as table:
        before = table.lines
        table.table.action_last()
        table.listing.deliver(100, 110)
        assert table.table._deferred_repaint is not None
        await table.settle()
        assert (table.lines != before) is is_painted
        assert table.row(10).is_placeholder is is_painted


async def test_the_headings_are_painted_with_the_columns_of_rows_that_arrive() -> None:
    users = [person(at)._replace(email=f"somebody-with-a-long-name-{at}@example.com") for at in range(9)]
    async with table_of(FakeListing(users, here=range(0)), size=(60, 8)) as table:
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]
        updates: list[Any] = []
        app: Any = table.app
        app._display = lambda _screen, update: updates.append(update)
        table.listing.deliver(0, 8)
        await table.settle()
        assert table.lines[0].split() == ["EMAIL", "STATUS"]
        assert any("STATUS" in "".join(update.render_segments(table.app.console)) for update in updates)


async def test_rows_of_another_view_are_painted_before_the_next_frame_is_due() -> None:
    async with table_of(people(100)) as table:
        table.listing.replace([mirrored(0, person(60))], UserQuery("sixty"))
        assert table.row(0).email == "person00060@example.com"
        assert not table.table._repaint_required
