"""The Groups tab: groups, their counts and their members."""

import pytest

from tests.support.browser import Browser, Setting, counted, open_browser
from tests.support.clipboard import Clipboard
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import PermissionRefused
from walkme_tui.domain.groups import Group

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]


def account(count: int = 60) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


async def open_groups_tab(browser: Browser) -> None:
    await browser.loaded()
    await browser.press("2")
    await browser.settled(lambda: browser.groups)


async def test_group_counts_are_exact_when_the_account_is_loaded() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await counted(browser, "Engineering 0", "Sales 30", "Support 15")
        assert browser.panes == ["groups", "members"]


async def test_group_counts_are_lower_bounds_while_the_account_is_not_loaded() -> None:
    async with open_browser(Setting(api=account(1000)), (80, 24)) as browser:
        await open_groups_tab(browser)
        await browser.settled(lambda: any(line.startswith("Sales ≥ ") for line in browser.groups))
        await browser.press("down")
        await browser.settled(lambda: "Sales · ≥ " in browser.members_heading)
        assert "% loaded" in browser.members_heading


async def test_members_follow_the_group_under_the_cursor() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.settled(lambda: browser.says("This group has no members."))
        await browser.press("down")
        await browser.settled(lambda: browser.row_count == 30)
        assert browser.members_heading.startswith("Sales · 30 members, complete as of ")
        await browser.press("down")
        await browser.settled(lambda: browser.row_count == 15)


async def test_m_and_enter_go_to_the_members() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "m")
        assert browser.focus == "members-table"
        await browser.press("shift+tab")
        assert browser.focus == "groups"
        await browser.press("enter")
        assert browser.focus == "members-table"


async def test_a_member_is_opened_beside_the_list_on_a_wide_screen() -> None:
    async with open_browser(Setting(api=account()), (120, 40)) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "enter")
        await browser.settled(lambda: browser.cursor_user is not None)
        await browser.press("enter")
        assert browser.panes == ["groups", "members", "detail"]
        await browser.settled(lambda: "person00001@example.com" in browser.detail or browser.detail)
        await browser.press("escape")
        assert browser.focus == "members-table"


async def test_memberships_missing_from_lists_are_shown_as_unknown() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await open_groups_tab(browser)
        await browser.press("down")
        await browser.settled(lambda: "groups of 60 users not known yet" in browser.members_heading)


async def test_m_on_a_user_goes_to_one_of_their_groups() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.setting.api.asked("list_groups"))  # type: ignore[attr-defined]
        await browser.press("down", "down", "down", "m")
        await browser.settled(lambda: "Groups of Carmen Weber" in browser.dialog)
        assert "Sales" in browser.dialog
        await browser.press("down", "enter")
        await browser.settled(lambda: browser.panes == ["groups", "members"])
        await browser.settled(lambda: browser.members_heading.startswith("Support · "))


async def test_m_on_a_user_whose_groups_are_unknown_reads_them_first() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("down", "down", "m")
        await browser.settled(lambda: "Groups of Bo Tanaka" in browser.dialog)


async def test_m_on_a_user_without_groups_shows_a_message() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("m")
        await browser.settled(lambda: "Zoë Çelik is in no group." in browser.toasts)


async def test_the_filter_applies_to_the_list_that_has_the_focus() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.filter("sup")
        await browser.settled(lambda: [line.split()[0] for line in browser.groups] == ["Support"])
        await browser.press("enter", "m")
        assert browser.filter_text == ""
        await browser.settled(lambda: browser.row_count == 15)
        await browser.filter("admin")
        await browser.settled(lambda: browser.row_count == 5)
        await browser.press("escape", "shift+tab")
        assert browser.filter_text == "sup"
        await browser.press("1")
        assert (browser.filter_text, browser.row_count) == ("", 60)


async def test_a_filter_that_matches_no_group_shows_a_message() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.filter("emma")
        await browser.settled(lambda: browser.says("has “emma”"))
        assert not browser.says("This account has no groups.")
        await browser.press("escape", "escape")
        await browser.settled(lambda: not browser.says("has “emma”"))


async def test_an_account_without_groups_shows_a_message() -> None:
    async with open_browser(Setting(api=FakeDirectory([person(0), person(4)]))) as browser:
        await browser.press("2")
        await browser.settled(lambda: browser.says("This account has no groups."))


async def test_groups_without_permission_show_the_missing_scope() -> None:
    api = FakeDirectory([person(0), person(4)])
    api.fail_next(
        PermissionRefused("This client may not read groups.", scope="users:read"), name="list_groups", times=9
    )
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.says("The groups could not be read."))
        assert any("The scope users:read is missing." in toast for toast in browser.toasts)


async def test_an_empty_list_is_not_repainted_every_second() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.settled(lambda: browser.says("This group has no members."))
        await browser.tick()
        empty_text = browser.table.empty_text
        await browser.tick()
        assert browser.table.empty_text is empty_text


async def test_the_cursor_is_on_the_first_group_when_the_tab_opens() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await counted(browser, "Engineering 0", "Sales 30", "Support 15")
        assert browser.browser.area.groups_tab.groups.cursor == 0
        await browser.settled(lambda: browser.members_heading.startswith("Engineering"))


async def test_escape_returns_from_a_group_to_the_user_it_was_opened_from() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("carmen")
        await browser.settled(lambda: 0 < browser.row_count < 60)
        await browser.press("enter", "down", "down")
        await browser.settled(lambda: browser.cursor_user is not None and browser.cursor_user.groups)
        email, count = browser.cursor_email, browser.row_count
        await browser.press("m")
        await browser.settled(lambda: "Groups of Carmen" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: browser.panes == ["groups", "members"])
        await browser.settled(lambda: browser.row_count and browser.cursor_email != email)
        await browser.press("tab", "down", "space", "escape")
        assert browser.panes == ["groups", "members"]
        await browser.press("escape")
        assert (browser.panes, browser.focus) == (["users", "detail"], "users")
        assert (browser.filter_text, browser.row_count, browser.cursor_email) == ("carmen", count, email)
        await browser.press("2", "escape")
        assert browser.panes == ["groups", "members"]


async def test_escape_returns_from_a_members_other_group_to_that_member() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.filter("sal")
        await browser.press("enter", "m")
        await browser.settled(lambda: browser.members_heading.startswith("Sales") and browser.row_count == 30)
        await browser.press("down")
        email = browser.cursor_email
        await browser.press("m")
        await browser.settled(lambda: "Groups of" in browser.dialog)
        await browser.press("down", "enter")
        await browser.settled(lambda: browser.members_heading.startswith("Support"))
        await browser.press("escape")
        await browser.settled(lambda: browser.members_heading.startswith("Sales"))
        assert browser.focus == "members-table"
        await browser.settled(lambda: browser.cursor_email == email)
        await browser.press("shift+tab")
        assert browser.filter_text == "sal"


@pytest.mark.parametrize(
    ("keys", "copied"), [(["y", "enter"], "Sales"), (["y", "down", "enter"], "g1"), (["Y"], "Sales")]
)
async def test_a_group_is_copied_by_name_or_id(monkeypatch: pytest.MonkeyPatch, keys: list[str], copied: str) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await counted(browser, "Engineering 0", "Sales 30", "Support 15")
        await browser.press("down", *keys)
        await browser.settled(lambda: clipboard.texts == [copied])


async def test_a_special_row_of_the_group_list_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await counted(browser, "(in no group) 30")
        await browser.press("G", "y")
        await browser.settled(lambda: browser.says("There is no group under the cursor."))
    assert not clipboard.texts
