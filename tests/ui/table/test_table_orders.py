"""A sorted table: the header shows the order, the cursor stays on its user, and End goes to the last row."""

import pytest

from tests.support.fake_directory import people, person
from tests.support.fake_listing import FakeListing, mirrored
from tests.support.table_driver import TableDriver, table_of
from walkme_tui.domain.mirrored import ListedRow
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.ui.widgets.user_table.table import UserTable

BY_EMAIL = UserQuery(sort=Sort(SortKey.EMAIL))
BACKWARDS = UserQuery(sort=Sort(SortKey.EMAIL, reverse=True))


def rows(*numbers: int) -> list[ListedRow]:
    return [mirrored(number, person(number)) for number in numbers]


def backwards(count: int) -> list[ListedRow]:
    return rows(*reversed(range(count)))


async def shows(table: TableDriver, shown: list[ListedRow], query: UserQuery, *, exact: bool = True) -> None:
    table.listing.replace(shown, query, exact=exact)
    await table.settle()


# ------------------------------------------------------------ the header


@pytest.mark.parametrize(
    ("key", "reverse", "heading"),
    [
        (SortKey.EMAIL, False, "EMAIL ↑"),
        (SortKey.FIRST, True, "FIRST ↓"),
        (SortKey.LAST, False, "LAST ↑"),
        (SortKey.STATUS, False, "STATUS ↑"),
        (SortKey.GROUPS, True, "↓ GRP"),
        (SortKey.UPDATED, False, "↑ UPD"),
    ],
)
async def test_the_header_has_an_arrow_and_no_heading_moves(key: SortKey, reverse: bool, heading: str) -> None:
    async with table_of(people(5)) as table:
        plain = table.lines[0]
        await shows(table, rows(0, 1), UserQuery(sort=Sort(key, reverse)))
        assert heading in table.lines[0]
        for name in ("EMAIL", "FIRST", "LAST", "ROLE", "STATUS", "GRP", "UPD", "EXTERNAL ID"):
            assert table.lines[0].index(name) == plain.index(name)
        await shows(table, rows(0, 1), UserQuery())
        assert table.lines[0] == plain


async def test_an_order_by_a_column_that_is_not_shown_has_no_arrow() -> None:
    async with table_of(people(5), size=(80, 10)) as table:
        await shows(table, rows(0, 1), UserQuery(sort=Sort(SortKey.CREATED)))
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]


async def test_a_click_on_a_heading_posts_its_order() -> None:
    async with table_of(people(100)) as table:
        await table.press("down")
        for name in ("EMAIL", "STATUS", "EXTERNAL ID"):
            await table.click(table.lines[0].index(name) + 1, -1)
        await table.click(1, -1)
        keys = [event.key for event in table.heard(UserTable.HeadingClicked)]
        assert keys == [SortKey.EMAIL, SortKey.STATUS, SortKey.EXTERNAL_ID]
        assert table.cursor == 1


async def test_the_orders_are_those_of_the_shown_columns() -> None:
    async with table_of(people(3), size=(80, 10)) as table:
        assert table.table.sort_keys == (SortKey.EMAIL, SortKey.NAME, SortKey.STATUS, SortKey.GROUPS)


# ------------------------------------------------------------ the cursor


async def test_another_order_starts_at_its_first_row_if_no_user_was_chosen() -> None:
    async with table_of(people(100)) as table:
        await shows(table, backwards(100), BACKWARDS)
        assert (table.cursor, table.person) == (0, person(99).id)


async def test_a_user_who_was_chosen_stays_under_the_cursor_in_another_order() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        await shows(table, backwards(100), BACKWARDS)
        assert (table.table.cursor_index, table.person) == (97, person(2).id)
        assert table.cursor is not None


async def test_the_cursor_waits_for_the_chosen_user_until_the_order_is_known() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        await shows(table, backwards(100)[:22], BACKWARDS, exact=False)
        assert (table.cursor, table.person) == (0, person(99).id)
        await shows(table, backwards(100), BACKWARDS)
        assert (table.table.cursor_index, table.person) == (97, person(2).id)
        assert table.heard(UserTable.CursorMoved)[-1].user.user.id == person(2).id


async def test_the_cursor_waits_for_the_chosen_user_through_a_second_order() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        await shows(table, backwards(100)[:22], BACKWARDS, exact=False)
        await shows(table, rows(*range(50, 72)), BY_EMAIL, exact=False)
        await shows(table, rows(*range(50, 100), *range(50)), BY_EMAIL)
        assert table.person == person(2).id


async def test_a_cursor_that_was_moved_meanwhile_stays() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        await shows(table, backwards(100)[:22], BACKWARDS, exact=False)
        await table.press("down")
        await shows(table, backwards(100), BACKWARDS)
        assert (table.cursor, table.person) == (1, person(98).id)


async def test_the_cursor_does_not_wait_while_a_filter_is_typed() -> None:
    async with table_of(people(100)) as table:
        await table.press("down", "down")
        await shows(table, rows(*range(50, 72)), UserQuery("a"), exact=False)
        await shows(table, rows(*range(50, 72), 2), UserQuery("a"))
        assert (table.cursor, table.person) == (0, person(50).id)


async def test_clearing_the_filter_keeps_the_cursor_on_its_user() -> None:
    async with table_of(people(100)) as table:
        await shows(table, rows(60), UserQuery("sixty"))
        assert table.person == person(60).id
        await shows(table, backwards(100)[:22], BACKWARDS, exact=False)
        await shows(table, backwards(100), BACKWARDS)
        assert (table.table.cursor_index, table.person) == (39, person(60).id)


async def test_the_cursor_goes_to_the_last_row_once_it_is_known() -> None:
    async with table_of(people(10)) as table:
        await shows(table, rows(*range(22)), BY_EMAIL, exact=False)
        await table.press("G")
        assert table.cursor == 0
        await shows(table, rows(*range(100)), BY_EMAIL)
        assert (table.table.cursor_index, table.person) == (99, person(99).id)
        assert table.row(10).under_cursor


@pytest.mark.parametrize("key", ["down", "g", "pagedown"])
async def test_a_later_key_cancels_the_move_to_the_last_row(key: str) -> None:
    async with table_of(people(10)) as table:
        await shows(table, rows(*range(22)), BY_EMAIL, exact=False)
        await table.press("G", key)
        index = table.table.cursor_index
        await shows(table, rows(*range(100)), BY_EMAIL)
        assert table.table.cursor_index == index < 22


async def test_another_view_cancels_the_move_to_the_last_row() -> None:
    async with table_of(people(10)) as table:
        await shows(table, rows(*range(22)), BY_EMAIL, exact=False)
        await table.press("G")
        await shows(table, rows(3, 4, 5), UserQuery("three"))
        assert table.cursor == 0


async def test_the_last_row_of_the_servers_list_needs_no_exact_total() -> None:
    listing = FakeListing(people(100))
    listing.replace_total(exact=False)
    async with table_of(listing) as table:
        await table.press("G")
        assert table.person == person(99).id


# ------------------------------------------------------------ wide columns


async def test_wide_columns_show_all_of_an_email_and_the_rest_on_other_pages() -> None:
    long = person(0)._replace(email="a.rather.long.address.of.somebody@example.org", external_id="okta|" + "7" * 30)
    async with table_of([long], size=(80, 6)) as table:
        assert "somebody@ex…" not in table.row(0).text
        table.table.show_wide(True)
        await table.settle()
        assert table.lines[0].split() == ["EMAIL", "FIRST", "LAST", "›"]
        seen = [table.lines[0]]
        for _ in range(10):
            table.table.turn_columns(1)
            await table.settle()
            seen.append(table.lines[0])
            if "EXTERNAL ID" in table.lines[0]:
                assert "okta|" + "7" * 30 in table.row(0).text
        assert seen[-1].split() == ["‹", "EMAIL", "ID"]
        assert person(0).id in table.row(0).text
        table.table.turn_columns(-20)
        await table.settle()
        assert table.lines[0] == seen[0]
        table.table.show_wide(False)
        await table.settle()
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]


async def test_the_day_of_creation_has_a_column_of_its_own() -> None:
    async with table_of([person(0), person(1)._replace(created_at_ms=None)], size=(300, 6)) as table:
        table.table.show_wide(True)
        await table.settle()
        assert "14 Nov 2023" in table.row(0).text
        assert "Nov 2023" not in table.row(1).text


async def test_columns_that_are_not_wide_have_no_other_pages() -> None:
    async with table_of(people(3), size=(80, 6)) as table:
        table.table.turn_columns(1)
        await table.settle()
        assert table.lines[0].split() == ["EMAIL", "NAME", "STATUS", "GRP"]
