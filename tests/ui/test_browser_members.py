"""The Groups tab where groups list their members: they are read once the cursor rests on a group."""

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from tests.ui.test_browser_groups import GROUPS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.services.ports import SyncSettings


def account(count: int = 60) -> FakeDirectory:
    """An account whose users do not carry their groups."""
    api = FakeDirectory(people(count), groups=GROUPS)
    api.lean, api.unread = True, {"groups"}
    return api


def setting(api: FakeDirectory, *, fully: bool = False) -> Setting:
    return Setting(api=api, surface=Surface.SCIM, sync=SyncSettings(fully=fully))


async def open_group(browser: Browser, *keys: str) -> None:
    await browser.loaded()
    await browser.press("2", *keys)
    await browser.settled(lambda: browser.groups)


async def test_the_members_of_the_group_under_the_cursor_are_read_and_exact_at_once() -> None:
    async with open_browser(setting(account(1000))) as browser:
        await open_group(browser, "down")
        await browser.settled(lambda: browser.members_heading == "Sales · 500 members, read just now")
        await browser.settled(lambda: browser.row_count == 500)
        assert "Sales 500" in browser.groups
        browser.setting.time.advance(40)
        await browser.settled(lambda: browser.members_heading == "Sales · 500 members, read 40 s ago")


async def test_groups_that_the_cursor_only_passes_are_not_read() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await open_group(browser, "down", "down")
        await browser.settled(lambda: browser.members_heading.startswith("Support · 15 members"))
        assert ("g1",) not in api.asked("group_members")


async def test_a_group_that_was_read_just_before_is_not_read_again_and_r_reads_it() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await open_group(browser, "down")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30 members"))
        await browser.press("down")
        await browser.settled(lambda: browser.members_heading.startswith("Support · 15 members"))
        await browser.press("up")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30 members"))
        await browser.pilot.pause(0.3)
        assert api.asked("group_members").count(("g1",)) == 1
        api.edit(person(2).id, groups=())
        await browser.press("R")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 29 members"))
        await browser.settled(lambda: browser.row_count == 29)


async def test_reading_and_a_failure_are_shown_with_what_is_kept() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await browser.loaded()
        gate = api.hold("group_members")
        await open_group(browser, "down")
        await browser.settled(lambda: browser.members_heading == "Sales · reading the members…")
        await browser.settled(lambda: browser.says("Reading the members…"))
        gate.set()
        await browser.settled(lambda: browser.members_heading == "Sales · 30 members, read just now")
        api.fail_next(Unreachable("The server does not answer."), name="group_members", times=9)
        await browser.press("R")
        kept = "Sales · 30 members, read just now · not read again: The server does not answer."
        await browser.settled(lambda: browser.members_heading == kept)
        assert browser.row_count == 30
        await browser.press("down")
        await browser.settled(lambda: browser.says("The members could not be read."))
        assert browser.says("R tries again.")


async def test_an_empty_group_that_was_read_has_no_members() -> None:
    async with open_browser(setting(account())) as browser:
        await open_group(browser)
        await browser.settled(lambda: browser.members_heading == "Engineering · 0 members, read just now")
        await browser.settled(lambda: browser.says("This group has no members."))


async def test_members_who_are_no_users_are_counted() -> None:
    api = account()
    api.dangling = {"g1": ("gone-1", "gone-2")}
    async with open_browser(setting(api, fully=True)) as browser:
        await open_group(browser, "down")
        await browser.settled(
            lambda: browser.members_heading == "Sales · 30 members, read just now, 2 more are no users"
        )
        await browser.settled(lambda: browser.row_count == 30)


async def test_entries_that_cannot_be_read_are_counted() -> None:
    api = account()
    api.unreadable_members = 3
    async with open_browser(setting(api)) as browser:
        await open_group(browser, "down")
        await browser.settled(lambda: browser.members_heading == "Sales · ≥ 30 · 3 entries could not be read")


async def test_the_details_show_the_groups_that_are_known_and_that_there_may_be_others() -> None:
    async with open_browser(setting(account()), (120, 40)) as browser:
        await open_group(browser, "down")
        await browser.settled(lambda: browser.row_count == 30)
        await browser.press("enter", "enter")
        await browser.settled(lambda: "others unknown" in browser.detail)
        assert "Sales" in browser.detail


async def test_who_is_in_one_of_two_read_groups_only_is_exact() -> None:
    async with open_browser(setting(account())) as browser:
        await open_group(browser, "down", "space")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30 members"))
        await browser.press("down", "space")
        await browser.settled(lambda: browser.members_heading.startswith("Support · 15 members"))
        await browser.settled(lambda: "Sales, not Support 15" in browser.groups)


async def test_a_group_that_the_rest_surface_cannot_read_is_not_requested() -> None:
    api = FakeDirectory(people(60), groups=[*GROUPS, Group("g9", "Nobody")])
    async with open_browser(Setting(api=api)) as browser:
        await open_group(browser, "down", "down")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30 members, complete as of"))
        assert not api.asked("group_members")
