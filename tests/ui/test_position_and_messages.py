"""Cursor position and mark count are always shown; messages never cover the cursor row."""

import pytest
from textual.widgets._toast import Toast

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.groups import Group
from walkme_tui.ui.browser.chrome import Chrome

TOO_LONG = "A sentence that is far too long for the status line of a narrow terminal, so that it has to be a toast."


def cursor_line(browser: Browser) -> int:
    return next(at for at, line in enumerate(browser.screen_text.split("\n")) if line.startswith("▌"))


def toast_lines(browser: Browser) -> set[int]:
    return {y for toast in browser.browser.query(Toast) for y in toast.region.line_range}


async def test_the_last_line_shows_row_count_and_scroll_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time the cursor rests, not with the update of each second."""
    monkeypatch.setattr(Chrome, "tick", lambda _: None)
    async with open_browser(Setting(api=FakeDirectory(people(250))), size=(80, 24)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.hints.endswith("1 of 250 · top"))
        await browser.press("down", "down", "pagedown")
        await browser.settled(lambda: browser.hints.endswith("22 of 250 · 15 %"))
        await browser.press("G")
        await browser.settled(lambda: browser.hints.endswith("250 of 250 · end"))


async def test_a_list_that_fits_the_screen_is_not_scrolled() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(3))), size=(80, 24)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.hints.endswith("1 of 3"))


async def test_the_mark_count_includes_filtered_users() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(30))), size=(120, 24)) as browser:
        await browser.loaded()
        await browser.press("space", "down", "space")
        await browser.settled(lambda: browser.hints.endswith("2 marked · 2 of 30 · top"))
        await browser.filter("person00005")
        await browser.settled(lambda: browser.hints.endswith("2 marked · 1 of 1"))
        await browser.press("escape", "escape", "escape")
        await browser.settled(lambda: browser.row_count == 30 and "marked" not in browser.hints)


async def test_other_lists_show_a_position() -> None:
    groups = [Group(f"g{at}", f"Group {at}") for at in range(5)]
    async with open_browser(Setting(api=FakeDirectory(people(3), groups=groups)), size=(120, 24)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: len(browser.groups) >= 5)
        await browser.press("down")
        await browser.settled(lambda: f"2 of {len(browser.groups)}" in browser.hints)


async def test_a_short_message_is_in_the_status_line_instead_of_a_toast() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(30))), size=(80, 24), draws_toasts=True) as browser:
        await browser.loaded()
        await browser.press("t")
        await browser.settled(lambda: "Inactive users are hidden." in browser.status_line)
        assert not toast_lines(browser)


async def test_the_status_line_shows_its_text_again_after_a_message() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(30))), size=(80, 24)) as browser:
        await browser.loaded()
        before = browser.status_line
        browser.app.notify("A short one.", markup=False, timeout=0.05)
        await browser.settled(lambda: "A short one." in browser.status_line)
        await browser.settled(lambda: browser.status_line == before)


async def test_a_second_message_does_not_replace_the_first() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(30))), size=(80, 24), draws_toasts=True) as browser:
        await browser.loaded()
        browser.app.notify("The first.", markup=False)
        browser.app.notify("The second.", markup=False)
        await browser.settled(lambda: toast_lines(browser))
        assert "The first." in browser.status_line
        assert browser.says("The second.")


async def test_toasts_are_at_the_end_of_the_screen_away_from_the_cursor() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(250))), size=(80, 24), draws_toasts=True) as browser:
        await browser.loaded()
        browser.app.notify(TOO_LONG, markup=False)
        await browser.settled(lambda: toast_lines(browser))
        assert min(toast_lines(browser)) > cursor_line(browser)
        await browser.press(*["down"] * 18)
        await browser.settled(lambda: max(toast_lines(browser)) < cursor_line(browser))
        browser.app.notify(TOO_LONG.upper(), markup=False)
        await browser.settled(lambda: len(browser.browser.query(Toast)) == 2)
        await browser.settled(lambda: max(toast_lines(browser)) < cursor_line(browser))
