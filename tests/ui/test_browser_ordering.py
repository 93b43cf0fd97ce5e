"""Sort orders, wide columns and saved views: set by keys, the palette or a click, and restored at the next start."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.config.state import StateFile
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.views import SavedView, TableLayout, TableName
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.widgets import tab_bar

BY_NAME = Sort(SortKey.NAME)


def account(count: int = 100) -> FakeDirectory:
    return FakeDirectory(people(count))


def heading(browser: Browser) -> str:
    return next(line for line in browser.screen_text.splitlines() if "EMAIL" in line)


async def test_s_cycles_through_the_columns_and_back_to_the_order_of_the_server() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.row_count == 100)
        first = browser.emails[0]
        seen = []
        for key in (SortKey.EMAIL, SortKey.NAME, SortKey.ROLE, SortKey.STATUS):
            await browser.press("s")
            await browser.wait_for_sort(Sort(key))
            seen.append(heading(browser))
        assert [line.partition("↑")[0].split()[-1] for line in seen] == ["EMAIL", "NAME", "ROLE", "STATUS"]
        await browser.press("s")
        await browser.wait_for_sort(Sort(SortKey.GROUPS, reverse=True))
        await browser.press("s", "s")
        await browser.wait_for_sort(None)
        await browser.settled(lambda: browser.emails[:1] == [first])


async def test_reversing_the_order_keeps_the_cursor_on_its_user() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("down", "down", "s")
        await browser.wait_for_sort(Sort(SortKey.EMAIL))
        await browser.press("S")
        await browser.wait_for_sort(Sort(SortKey.EMAIL, reverse=True))
        await browser.settled(lambda: browser.cursor_email == "person00002@example.com")
        assert "EMAIL ↓" in heading(browser)


async def test_g_goes_to_the_last_user_of_a_sorted_list() -> None:
    async with open_browser(Setting(api=account(100))) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.row_count == 100)
        await browser.press("s", "G")
        await browser.settled(lambda: browser.cursor_email == "person00099@example.com")


async def test_a_click_on_a_heading_sorts_and_a_second_click_reverses() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        x = heading(browser).index("NAME")
        y = browser.screen_text.splitlines().index(heading(browser))
        await browser.pilot.click(offset=(x, y))
        await browser.wait_for_sort(BY_NAME)
        await browser.pilot.click(offset=(x, y))
        await browser.wait_for_sort(Sort(SortKey.NAME, reverse=True))


async def test_order_and_width_are_restored_at_the_next_start(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.press("s", "s", "w")
        written = StateFile(tmp_path / "state.toml")
        await browser.settled(lambda: written.table_layout("acme", TableName.USERS) == TableLayout(BY_NAME, wide=True))
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.wait_for_sort(BY_NAME)
        assert browser.table.wide
        assert "NAME ↑" not in heading(browser) or "FIRST" in heading(browser)


async def test_a_view_is_saved_applied_and_deleted(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.filter("status:inactive")
        await browser.press("enter", "s")
        await browser.run_in_palette("save this view")
        await browser.settled(lambda: "Save this view as" in browser.dialog)
        await browser.type("no good")
        assert "without blanks" in browser.dialog
        await browser.press("enter")
        assert browser.dialog
        await browser.press("ctrl+u")
        await browser.type("leavers")
        await browser.press("enter")
        await browser.settled(lambda: any("@leavers" in toast for toast in browser.toasts))
        await browser.press("escape")
        await browser.settled(lambda: browser.filter_text == "")
        await browser.run_in_palette("view leavers")
        await browser.settled(lambda: browser.filter_text == "status:inactive")
        await browser.wait_for_sort(Sort(SortKey.EMAIL))
        await browser.run_in_palette("forget a saved")
        await browser.settled(lambda: "Delete a saved view" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: any("leavers was deleted" in toast for toast in browser.toasts))
    assert "leavers" not in [view.name for view in state_file.views()]


async def test_the_program_starts_with_the_requested_view(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    state_file.save_table_layout("acme", TableName.USERS, TableLayout(BY_NAME))
    view = SavedView("pending", "status:pending", Sort(SortKey.EMAIL, reverse=True), wide=True)
    setting = Setting(api=account(), state_file=state_file, view=view, query=view.text)
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.wait_for_sort(Sort(SortKey.EMAIL, reverse=True))
        assert browser.filter_text == "status:pending"
        assert browser.table.wide
        assert browser.cursor_email == "person00099@example.com"


class FullDisk(StateFile):
    """A state file to which nothing can be saved."""

    def save_table_layout(self, profile: str, table: TableName, look: TableLayout) -> str:
        return "The disk is full."


async def test_a_failure_to_save_is_reported_once() -> None:
    async with open_browser(Setting(api=account(), state_file=FullDisk(None))) as browser:
        await browser.loaded()
        await browser.press("s", "s", "s")
        await browser.wait_for_sort(Sort(SortKey.ROLE))
        assert browser.toasts == ["The disk is full."]


@pytest.mark.parametrize(
    ("typed", "key", "becomes"),
    [("stat", "tab", "status:"), ("status:in", "right", "status:inactive"), ("zoe role:ed", "tab", "zoe role:Editor")],
)
async def test_tab_or_right_accepts_the_completion(typed: str, key: str, becomes: str) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter(typed)
        await browser.settled(lambda: f"/ {becomes}".lower() in browser.screen_text.lower())
        await browser.press(key)
        assert browser.filter_text == becomes
        assert browser.focus == "filter"


async def test_an_invalid_word_is_reported_and_matches_no_user() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("rolle:admin ")
        await browser.settled(lambda: browser.status_line == "! There is no field rolle:. Did you mean role:?")
        await browser.settled(lambda: browser.row_count == 0)
        assert browser.says("A word of the filter is not valid, so no user matches.")
        await browser.press("ctrl+u")
        await browser.type("role:boss ")
        await browser.settled(lambda: "No loaded user has the role boss." in browser.status_line)
        await browser.press("ctrl+u")
        await browser.settled(lambda: browser.row_count == 100)
        assert browser.status_line == ""


async def test_an_order_by_a_hidden_column_is_shown_beside_the_filter() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.run_in_palette("sort by time of creation")
        await browser.settled(lambda: browser.filter_count == "↓ time of creation")
        await browser.filter("zoe")
        await browser.settled(lambda: browser.filter_count == "↓ time of creation · 10 of 100 loaded")
        await browser.press("escape", "s")
        await browser.settled(lambda: browser.filter_count == "10 of 100 loaded")


async def test_the_previous_count_stays_while_the_next_one_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tab_bar, "COUNT_DELAY_SECONDS", 0.5)
    mirror = open_mirror(None, account_key="acme")
    async with open_browser(Setting(api=account(), mirror=mirror), (80, 24)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.row_count == 100)
        await browser.filter("person")
        await browser.settled(lambda: browser.filter_count == "100 of 100 loaded")
        released = asyncio.Event()
        matching = mirror.matching

        async def matching_once_released(query: UserQuery, after: int = 0) -> Sequence[int]:
            await released.wait()
            return await matching(query, after)

        monkeypatch.setattr(mirror, "matching", matching_once_released)
        await browser.press("backspace")
        await browser.settled(lambda: not (total := browser.table.listing.total) or not total.exact)
        assert browser.filter_count == "100 of 100 loaded"
        await browser.settled(lambda: browser.filter_count == "… of 100 loaded")
        released.set()
        await browser.settled(lambda: browser.filter_count == "100 of 100 loaded")
