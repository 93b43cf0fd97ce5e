"""The table and the details share the width of the screen according to the visible texts."""

import pytest

from tests.support.browser import Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person

LONG = "zaneta.brzeczyszczykiewicz@example.org"


def account(*emails: str) -> FakeDirectory:
    return FakeDirectory([person(at)._replace(email=email) for at, email in enumerate(emails)])


@pytest.mark.parametrize("width", [80, 100, 120, 160])
async def test_visible_emails_are_shown_in_full(width: int) -> None:
    api = account(*(f"{'x' * length}@example.com" for length in range(3, 30)))
    async with open_browser(Setting(api=api), size=(width, 40)) as browser:
        await browser.loaded()
        for email in browser.emails:
            assert f" {email} " in browser.screen_text


async def test_an_email_that_is_too_long_keeps_its_domain() -> None:
    async with open_browser(Setting(api=account("y" * 80 + "@example.com")), size=(80, 24)) as browser:
        await browser.loaded()
        assert "y…y" in browser.screen_text
        assert "y@example.com " in browser.screen_text


async def test_the_details_leave_the_table_the_width_of_its_texts() -> None:
    async with open_browser(Setting(api=account("a@example.com", "b@example.com")), size=(160, 30)) as browser:
        await browser.loaded()
        before = browser.browser.area.detail.outer_size.width
    async with open_browser(Setting(api=account(LONG + ".xx", LONG)), size=(160, 30)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.browser.area.detail.outer_size.width < before)
        assert f" {LONG}.xx " in browser.screen_text


async def test_scrolling_to_a_long_email_widens_its_column_and_scrolling_away_keeps_it() -> None:
    emails = [f"{at:02}@example.com" for at in range(60)]
    emails[45] = LONG
    async with open_browser(Setting(api=account(*emails)), size=(80, 20)) as browser:
        await browser.loaded()
        narrow = browser.table.column_layout
        await browser.press("G")
        await browser.loaded(59)
        await browser.settled(lambda: f" {LONG} " in browser.screen_text)
        wide = browser.table.column_layout
        assert wide != narrow
        await browser.press("g")
        assert browser.table.column_layout == wide


async def test_another_view_is_measured_again() -> None:
    async with open_browser(Setting(api=account("a@example.com", LONG)), size=(80, 20)) as browser:
        await browser.loaded()
        await browser.settled(lambda: f" {LONG} " in browser.screen_text)
        wide = browser.table.column_layout
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 1)
        await browser.settled(lambda: browser.table.column_layout != wide)


async def test_members_share_the_width_with_groups_and_details() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(30))), size=(120, 30)) as browser:
        await browser.loaded()
        await browser.press("2", "p")
        await browser.settled(lambda: browser.panes == ["groups", "members", "detail"])
        widths = [pane.outer_size.width for pane in browser.browser.area.children if pane.display]
        assert sum(widths) == 120
        assert all(width >= 24 for width in widths)
