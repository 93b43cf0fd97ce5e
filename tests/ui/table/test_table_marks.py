"""Marks belong to users, and marking many reports what was marked."""

from tests.support.fake_directory import people, person
from tests.support.fake_listing import FakeListing, mirrored
from tests.support.table_driver import TableDriver, table_of
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UnreadableRecord
from walkme_tui.ui.widgets.user_table.table import UserTable


def ids(*numbers: int) -> frozenset[str]:
    return frozenset(person(number).id for number in numbers)


def reports(table: TableDriver) -> str:
    return str(table.heard(UserTable.MarksReported)[-1].text)


async def test_space_marks_and_unmarks_and_shows_both_signs() -> None:
    async with table_of(people(20)) as table:
        await table.press("down", "space")
        assert table.table.marks == ids(1)
        assert table.row(1).marked
        assert table.row(1).under_cursor
        await table.press("down")
        assert table.row(1).marked
        assert not table.row(1).under_cursor
        await table.press("up", "space")
        assert table.table.marks == frozenset()
        assert not table.row(1).marked
        assert [event.count for event in table.heard(UserTable.MarksChanged)] == [1, 0]


async def test_emails_come_in_the_order_of_marking() -> None:
    async with table_of(people(20)) as table:
        await table.press("down", "down", "space", "up", "space")
        assert list(table.table.marked_emails.values()) == ["person00002@example.com", "person00001@example.com"]


async def test_marks_follow_their_users() -> None:
    async with table_of(people(20)) as table:
        await table.press("down", "space")
        table.listing.replace([mirrored(at, user) for at, user in enumerate([*people(2, start=900), *people(20)])])
        await table.settle()
        marked = [table.row(at).email for at in range(8) if table.row(at).marked]
        assert marked == ["person00001@example.com"]


async def test_marks_outlive_a_filter_that_hides_them() -> None:
    async with table_of(people(20)) as table:
        await table.press("space")
        table.listing.replace([mirrored(0, person(7))], UserQuery("7"))
        await table.settle()
        assert table.table.marks == ids(0)
        table.listing.replace([mirrored(at, user) for at, user in enumerate(people(20))], UserQuery())
        await table.settle()
        assert table.row(0).marked


async def test_a_click_in_the_gutter_marks() -> None:
    async with table_of(people(20)) as table:
        await table.click(1, 3)
        assert table.table.marks == ids(3)
        assert table.row(3).marked


async def test_a_range_goes_from_the_last_mark_to_the_cursor() -> None:
    async with table_of(people(50)) as table:
        await table.press("down", "down", "down", "space", "up", "up", "v")
        assert table.table.marks == ids(1, 2, 3)
        assert reports(table) == "Marked 3 users."
        assert [table.row(at).marked for at in range(5)] == [False, True, True, True, False]


async def test_a_range_loads_missing_rows_first() -> None:
    async with table_of(FakeListing(people(500), here=range(11))) as table:
        await table.press("space", "pagedown", "pagedown", "v")
        await table.settle()
        assert table.table.marks == ids(*range(23))
        assert reports(table) == "Marked 23 users."


async def test_a_range_reports_records_that_cannot_be_read() -> None:
    async with table_of([person(0), UnreadableRecord("has no id"), person(2)]) as table:
        await table.press("space", "down", "down", "v")
        assert table.table.marks == ids(0, 2)
        assert reports(table) == "Marked 2 users; 1 record could not be read."


async def test_a_range_without_a_first_mark_explains_what_to_do() -> None:
    async with table_of(people(5)) as table:
        await table.press("down", "v")
        assert table.table.marks == frozenset()
        assert "mark its first user" in reports(table)


async def test_a_range_whose_first_mark_is_not_in_the_view_marks_nothing() -> None:
    async with table_of(people(5)) as table:
        await table.press("space")
        table.listing.replace([mirrored(0, person(7))], UserQuery("7"))
        await table.settle()
        await table.press("v")
        assert table.table.marks == ids(0)
        assert "not in this view" in reports(table)


async def test_a_range_of_too_many_rows_is_refused() -> None:
    async with table_of(FakeListing(people(20_000), here=range(11))) as table:
        await table.press("space", "G", "v")
        assert table.table.marks == ids(0)
        assert reports(table) == "That range has 20 000 rows; at most 10 000 can be marked. Nothing was marked."


async def test_a_range_that_cannot_be_loaded_marks_nothing_and_posts_the_error() -> None:
    async with table_of(people(50)) as table:
        await table.press("space", "down", "down")
        table.listing.failure = Unreachable("the line is down")
        await table.press("v")
        assert table.table.marks == ids(0)
        assert table.heard(UserTable.Failed)[-1].error is table.listing.failure


async def test_mark_all_marks_loaded_users_and_reports_the_others() -> None:
    async with table_of(FakeListing(people(500), here=range(40))) as table:
        table.table.not_loaded = lambda: 460
        await table.press("asterisk")
        assert table.table.marks == ids(*range(40))
        assert reports(table) == "Marked 40; 460 not loaded."


async def test_mark_all_of_a_complete_account_reports_only_the_number() -> None:
    async with table_of(people(7)) as table:
        await table.press("asterisk")
        assert reports(table) == "Marked 7."
        assert table.row(6).marked


async def test_clearing_removes_all_marks() -> None:
    async with table_of(people(7)) as table:
        await table.press("asterisk", "backslash")
        assert table.table.marks == frozenset()
        assert not table.row(3).marked
        assert table.heard(UserTable.MarksChanged)[-1].count == 0
