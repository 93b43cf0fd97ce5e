"""The mouse: rows, tabs, the filter box, groups; and details that are longer than the screen."""

from tests.support.browser import Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.groups import Group

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]


def account() -> FakeDirectory:
    return FakeDirectory(people(60), groups=GROUPS)


async def test_a_click_moves_the_cursor_and_a_double_click_opens_the_user() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.pilot.click("#users", offset=(10, 4))
        assert browser.cursor_email == "person00003@example.com"
        await browser.pilot.click("#users", offset=(10, 4), times=2)
        await browser.settled(lambda: browser.panes == ["detail"])


async def test_a_click_on_a_tab_opens_it() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.pilot.click("#tabs", offset=(13, 0))
        await browser.settled(lambda: browser.panes == ["groups", "members"])
        await browser.pilot.click("#tabs", offset=(32, 0))
        await browser.settled(lambda: browser.panes == ["requests"])
        await browser.pilot.click("#tabs", offset=(2, 0))
        await browser.settled(lambda: browser.panes == ["users", "detail"])


async def test_a_click_on_the_filter_focuses_it() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.pilot.click("#filter")
        await browser.type("zoe")
        assert browser.filter_text == "zoe"
        await browser.settled(lambda: browser.row_count == 6)
        await browser.pilot.click("#users", offset=(10, 2))
        await browser.type("j")
        assert (browser.focus, browser.filter_text) == ("users", "zoe")


async def test_a_click_on_a_group_shows_its_members() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.groups)
        await browser.pilot.click("#groups", offset=(3, 2))
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30"))
        assert browser.focus == "groups"
        await browser.pilot.click("#members-table", offset=(10, 3))
        assert browser.focus == "members-table"


async def test_details_that_are_longer_than_the_screen_scroll() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("enter", "J")
        await browser.resize(60, 8)
        detail = browser.browser.area.detail
        await browser.settled(lambda: detail.max_scroll_y > 0)
        await browser.press("G")
        assert detail.scroll_offset.y == detail.max_scroll_y
        await browser.press("g")
        assert detail.scroll_offset.y == 0
