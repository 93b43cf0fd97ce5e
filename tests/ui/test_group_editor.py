"""The groups of one user and of the marked users, edited with ``a``."""

import pytest

from tests.support.active_users import GROUPS, account, user_of
from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group

BETA = Group("g9", "Beta \x1b]52;c;AAAA\x07 [@click=app.quit]Group")


def account_with_beta(count: int = 12) -> FakeDirectory:
    api = account(count)
    return FakeDirectory(api.users, groups=[*GROUPS, BETA])


async def show_picker(browser: Browser, *keys: str) -> None:
    await browser.loaded()
    await browser.press(*keys, "a")
    await browser.settled(lambda: "Groups of" in browser.dialog)


def written(api: FakeDirectory) -> set[tuple[str, ...]]:
    return {(write.name, *map(str, write.arguments)) for write in api.writes}


async def test_groups_are_filtered_toggled_and_changed() -> None:
    api = account_with_beta()
    first = user_of(api).id
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        await browser.press(*"beta", "space")
        assert "+ Beta" in browser.dialog
        assert "Sales" not in browser.dialog
        await browser.press("escape", *"sal", "space", "f2")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert written(api) == {("add_member", "g9", first), ("remove_member", "g1", first)}
    assert user_of(api).groups == ("g2", "g3", "g9")


async def test_leaving_every_group_warns_before_it_is_sent() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        await browser.press("space", "down", "space", "down")
        assert "in no group afterwards" not in browser.dialog
        await browser.press("space")
        assert "in no group afterwards" in browser.dialog
    assert not api.writes


async def test_on_a_small_screen_all_that_is_sent_is_shown_before() -> None:
    api = account()
    api.users[0] = user_of(api)._replace(external_id="okta|1")
    async with open_browser(Setting(api=api), (60, 15)) as browser:
        await show_picker(browser)
        await browser.press("space", "down", "space", "down", "space")
        assert "Groups decide" not in browser.screen_text
        await browser.press("f2")
        assert "Groups decide" in browser.screen_text
        await browser.press("escape")
        assert "type to filter" in browser.screen_text
        await browser.press("f2")
        assert not api.writes
        await browser.press("f2")
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_an_untouched_picker_sends_nothing_and_closes_with_one_key() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        await browser.press("space", "space", "f2")
        assert "nothing to send" in browser.dialog
        await browser.press("escape")
        assert browser.dialog == ""
    assert not api.writes


async def test_esc_with_a_choice_asks_before_it_is_discarded() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        await browser.press("space", "escape")
        assert "Leave without saving?" in browser.dialog
        await browser.press("enter")
        assert "- Engineering" in browser.dialog
        await browser.press("escape")
        await browser.armed()
        await browser.press("d")
        await browser.settled(lambda: browser.dialog == "")
    assert not api.writes


async def test_a_plan_that_cannot_be_made_returns_to_the_choice() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        api.offline = Unreachable("The server cannot be reached.")
        await browser.press("space", "f2")
        await browser.settled(lambda: any("cannot be reached" in toast for toast in browser.toasts))
        await browser.settled(lambda: "- Engineering" in browser.dialog)
        assert not api.writes
        api.offline = None
        await browser.press("f2")
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_marked_users_are_reviewed_as_one_plan_of_what_changes() -> None:
    api = account_with_beta()
    api.users[1] = user_of(api, 1)._replace(groups=("g9",))
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser, "space", "down", "space")
        assert "2 marked users" in browser.dialog
        assert "1 of 2" in browser.dialog
        await browser.press(*"beta", "space", "f2")
        await browser.settled(lambda: "Ticket" in browser.dialog)
        assert not api.writes
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert written(api) == {("add_member", "g9", user_of(api).id)}


async def test_unknown_groups_are_read_before_they_are_shown() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api)) as browser:
        await show_picker(browser)
        assert "✓ Sales" in browser.dialog


async def test_a_hostile_name_is_only_text() -> None:
    async with open_browser(Setting(api=account_with_beta())) as browser:
        await show_picker(browser)
        assert "␛]52;c;AAAA␇ [@click=app.quit]Group" in browser.dialog


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_enter_goes_to_save_and_saves_with_the_keyboard_only(size: tuple[int, int]) -> None:
    api = account_with_beta()
    setting = Setting(api=api, environment=Environment.PRODUCTION)
    async with open_browser(setting, size) as browser:
        await show_picker(browser)
        await browser.press("space", "enter", "enter")
        assert not api.writes  # the second Enter came at once
        setting.time.advance(1)
        await browser.press("enter")
        if "F2 again" in browser.dialog:
            setting.time.advance(1)
            await browser.press("enter")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert len(api.writes) == 1


async def test_a_click_toggles_a_group() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await show_picker(browser)
        await browser.pilot.click("#choices", offset=(10, 2))
        await browser.settled(lambda: "- Sales" in browser.dialog)
        await browser.pilot.click("#choices", offset=(10, 2))
        await browser.settled(lambda: "Nothing is chosen" in browser.dialog)


async def test_the_filter_of_many_groups_finds_one() -> None:
    groups = [Group(f"g{index}", f"Team {index:04}") for index in range(5000)]
    async with open_browser(Setting(api=FakeDirectory([person(0)], groups=groups))) as browser:
        await show_picker(browser)
        await browser.press(*"team4711")
        assert "Team 4711" in browser.dialog
        assert "Team 0001" not in browser.dialog
        await browser.press(*"x")
        await browser.settled(lambda: browser.says("None of the 5 000 groups"))
