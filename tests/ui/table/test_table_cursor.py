"""The cursor stays on its user while the list changes, and never waits for rows."""

from textual import events

from tests.support.fake_directory import people, person
from tests.support.fake_listing import FakeListing, mirrored
from tests.support.table_driver import table_of
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UnreadableRecord
from walkme_tui.services.reading.listing import ListingChanged, Phase
from walkme_tui.ui.widgets.user_table.table import UserTable


async def test_keys_move_the_cursor_and_post_to_the_screen_directly() -> None:
    async with table_of(people(100)) as table:
        assert (table.cursor, table.person) == (0, person(0).id)
        await table.press("down", "down", "up")
        assert (table.cursor, table.person) == (1, person(1).id)
        moves = [(event.index, event.user.user.id) for event in table.heard(UserTable.CursorMoved)]
        assert moves[-3:] == [(1, person(1).id), (2, person(2).id), (1, person(1).id)]


async def test_the_cursor_stops_at_the_first_and_last_row() -> None:
    async with table_of(people(1000)) as table:
        await table.press("G", "down")
        assert table.person == person(999).id
        assert table.row(10).email == "person00999@example.com"
        assert table.row(10).under_cursor
        await table.press("g", "up")
        assert (table.cursor, table.person) == (0, person(0).id)


async def test_a_page_key_scrolls_and_moves_the_cursor() -> None:
    async with table_of(people(1000)) as table:
        await table.press("down", "pagedown")
        assert (table.cursor, table.person) == (1, person(12).id)
        await table.press("pageup")
        assert (table.cursor, table.person) == (1, person(1).id)


async def test_at_the_edge_the_table_scrolls_by_half_a_page() -> None:
    async with table_of(people(1000)) as table:
        await table.press(*["down"] * 10)
        assert table.cursor == 10
        await table.press("down")
        assert (table.cursor, table.person) == (5, person(11).id)


async def test_the_cursor_moves_over_rows_that_are_not_loaded() -> None:
    async with table_of(FakeListing(people(500), here=())) as table:
        await table.press("down", "down", "pagedown", "G", "up")
        assert table.table.cursor_index == 498
        assert table.person is None
        assert table.row(9).is_placeholder
        assert table.row(9).under_cursor


async def test_loading_the_row_under_the_cursor_sets_the_cursors_user() -> None:
    async with table_of(FakeListing(people(50), here=())) as table:
        await table.press("down")
        assert table.heard(UserTable.CursorMoved)[-1].user is None
        table.listing.deliver(0, 9)
        await table.settle()
        assert table.person == person(1).id
        assert table.heard(UserTable.CursorMoved)[-1].user.user.id == person(1).id
        assert table.row(1).email == "person00001@example.com"


async def test_the_cursor_follows_its_user_when_the_list_shifts() -> None:
    async with table_of(people(100)) as table:
        await table.press("pagedown", "down")
        line, before = table.cursor, table.person
        table.listing.replace([mirrored(at, user) for at, user in enumerate([*people(3, start=900), *people(100)])])
        await table.settle()
        assert table.person == before
        assert table.cursor == line
        assert table.table.cursor_index == 15


async def test_the_cursor_follows_its_user_in_a_refreshed_page() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        rows = [mirrored(at, user) for at, user in enumerate([*people(1, start=900), *people(99)])]
        table.listing.replace(rows, quietly=True)
        await table.settle()
        assert table.person == person(2).id
        assert table.table.cursor_index == 3


async def test_the_cursor_keeps_its_index_when_its_user_is_gone() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        rows = [row for row in table.listing.rows if row.position != 2]
        table.listing.replace(rows)
        await table.settle()
        assert (table.table.cursor_index, table.person) == (2, person(3).id)


async def test_a_new_view_keeps_the_user_or_begins_at_the_first_row() -> None:
    async with table_of(people(100)) as table:
        await table.press(*["down"] * 6)
        table.table.show(UserQuery(text="amina"))
        assert table.listing.shown == [UserQuery(text="amina")]
        table.listing.replace([mirrored(at, person(number)) for at, number in enumerate((1, 6, 11))], UserQuery("a"))
        await table.settle()
        assert (table.cursor, table.person) == (1, person(6).id)
        table.listing.replace([mirrored(at, person(number)) for at, number in enumerate((2, 12, 22))], UserQuery("b"))
        await table.settle()
        assert (table.cursor, table.person) == (0, person(2).id)


async def test_a_key_cancels_the_search_for_the_cursors_user() -> None:
    async with table_of(people(100)) as table:
        table.listing.tell(ListingChanged())
        table.table.action_cursor_down()
        await table.settle()
        assert table.person == person(1).id


async def test_the_cursor_stays_inside_a_shorter_list() -> None:
    async with table_of(people(1000)) as table:
        await table.press("G")
        table.listing.replace([mirrored(at, user) for at, user in enumerate(people(3))])
        await table.settle()
        assert table.person == person(2).id
        assert table.cursor == 2


async def test_an_empty_view_has_no_user_under_the_cursor() -> None:
    async with table_of(people(10)) as table:
        table.listing.replace([], UserQuery("nobody"))
        await table.settle()
        assert table.person is None
        assert table.heard(UserTable.CursorMoved)[-1].user is None
        await table.press("down", "G", "pagedown", "enter", "space", "up")
        assert table.table.cursor_index == 0
        assert not table.heard(UserTable.Opened)


async def test_enter_opens_the_user_under_the_cursor() -> None:
    async with table_of(people(10)) as table:
        await table.press("down", "enter")
        assert [event.user.user.id for event in table.heard(UserTable.Opened)] == [person(1).id]


async def test_the_cursor_passes_an_unreadable_row_which_cannot_be_opened() -> None:
    async with table_of([person(0), UnreadableRecord("has no id"), person(2)]) as table:
        await table.press("down", "enter")
        assert table.person is None
        assert not table.heard(UserTable.Opened)
        await table.press("down")
        assert table.person == person(2).id


async def test_a_change_of_the_cursors_user_is_drawn_at_once() -> None:
    async with table_of(people(10)) as table:
        rows = [mirrored(at, person(at)._replace(role="Gone")) for at in range(10)]
        table.listing.replace(rows, quietly=True)
        await table.settle()
        user = table.table.cursor_user
        assert user is not None
        assert user.user.role == "Gone"
        assert "Gone" in table.row(0).text


async def test_a_click_moves_the_cursor_and_a_second_click_opens_the_user() -> None:
    async with table_of(people(100)) as table:
        await table.click(10, 4)
        assert table.cursor == 4
        assert not table.heard(UserTable.Opened)
        await table.click(10, 5, times=2)
        assert [event.user.user.id for event in table.heard(UserTable.Opened)] == [person(5).id]


async def test_a_click_on_the_headings_does_nothing() -> None:
    async with table_of(people(100)) as table:
        await table.press("down")
        await table.click(10, -1)
        assert table.cursor == 1


async def test_the_wheel_scrolls_without_moving_the_cursor() -> None:
    async with table_of(people(100)) as table:
        await table.pilot._post_mouse_events([events.MouseScrollDown], UserTable, (10, 5), button=0)
        await table.settle()
        assert table.row(0).email == "person00003@example.com"
        assert (table.cursor, table.person) == (None, person(0).id)
        await table.press("down")
        assert table.person == person(1).id
        assert table.cursor is not None


async def test_only_visible_rows_are_requested() -> None:
    async with table_of(FakeListing(people(500), here=())) as table:
        assert table.listing.wanted[-1] == (0, 10)
        await table.press("pagedown")
        assert table.listing.wanted[-1] == (11, 21)
        before = len(table.listing.wanted)
        await table.press("down", "down")
        assert len(table.listing.wanted) == before


async def test_the_listing_runs_while_the_table_is_mounted() -> None:
    listing = FakeListing(people(5), phase=Phase.READY)
    async with table_of(listing) as table:
        states = [listing.is_served]
        await table.table.remove()
        await table.settle()
        assert [*states, listing.is_served] == [True, False]
        assert listing.listener is None
