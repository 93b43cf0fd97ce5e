"""M reads the groups of users one by one if lists lack them: it shows the cost first, then runs in the background."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import PermissionRefused, Unreachable
from walkme_tui.domain.groups import Group

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]
READING = "Reading the groups of users"


def lean(count: int = 60) -> FakeDirectory:
    api = FakeDirectory(people(count), groups=GROUPS)
    api.lean = True
    api.status = api.status._replace(permitted_per_second=9.8)
    return api


@asynccontextmanager
async def lean_browser(api: FakeDirectory) -> AsyncIterator[Browser]:
    """The Groups tab of an account whose list lacks groups, too narrow for the details pane, which would read users."""
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.browser.group_names)
        await browser.tick()
        yield browser


def asked(browser: Browser) -> int:
    api = browser.setting.api
    assert isinstance(api, FakeDirectory)
    return len(api.asked("get_user"))


async def test_the_cost_is_shown_before_anything_is_requested() -> None:
    async with lean_browser(lean()) as browser:
        await browser.press("M")
        await browser.listening("Read the groups of 60 users one by one")
        assert "60 requests at up to 9.8/s: about 6 s." in browser.dialog
        await browser.press("enter")  # Cancel has the focus
        assert browser.dialog == ""
        assert asked(browser) == 0


async def test_the_backfill_reads_all_users_and_counts_become_exact() -> None:
    async with lean_browser(lean()) as browser:
        await browser.press("M")
        await browser.listening("Read the groups")
        await browser.press("a")
        await browser.settled(lambda: "The groups of 60 users were read." in browser.toasts)
        assert asked(browser) == 60
        for _ in range(400):
            if "Sales 30" in browser.groups and "(groups unknown) 60" not in browser.groups:
                break
            await browser.tick()
            await browser.pilot.pause(0.02)
        assert browser.groups == [
            "Engineering 0",
            "Sales 30",
            "Support 15",
            "(in no group) 30",
            "(inactive in groups) 6",
        ]
        await browser.press("down")
        await browser.settled(lambda: browser.members_heading.startswith("Sales · 30 members, complete as of"))
        await browser.press("M")
        await browser.settled(lambda: "The groups of all loaded users are known." in browser.toasts)


async def test_the_backfill_continues_on_other_tabs_and_m_stops_it() -> None:
    api = lean()
    gate = api.hold("get_user")
    async with lean_browser(api) as browser:
        await browser.press("M")
        await browser.listening("Read the groups")
        await browser.press("a")
        await browser.settled(lambda: api.in_flight == 4)
        await browser.tick()
        assert browser.status_line.startswith(f"{READING}: 0 of 60. M stops.")
        await browser.press("5", "2")
        assert api.in_flight == 4
        await browser.press("M")
        await browser.settled(lambda: browser.status_line.startswith(f"{READING} is stopping after the requests"))
        gate.set()
        await browser.settled(
            lambda: any("were read, 56 users are left. M resumes." in each for each in browser.toasts)
        )
        await browser.settled(lambda: READING not in browser.status_line)
        assert asked(browser) == 4
        await browser.press("M")
        await browser.listening("Read the groups of 56 users one by one")


async def test_the_backfill_can_be_limited_to_the_filtered_view() -> None:
    async with open_browser(Setting(api=lean()), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("status:pending")
        await browser.settled(lambda: browser.row_count == 12)
        await browser.press("enter", "M")
        await browser.listening("Read the groups of 60 users one by one")
        assert "Only for this view: 12 requests at up to 9.8/s: about 1 s." in browser.dialog
        await browser.press("v")
        await browser.settled(lambda: "The groups of 12 users were read." in browser.toasts)
        assert asked(browser) == 12


async def test_the_backfill_shows_an_outage_and_continues_after_it() -> None:
    api = lean()
    async with lean_browser(api) as browser:
        api.fail_next(Unreachable("The line is cut."), name="get_user", times=4)
        await browser.press("M")
        await browser.listening("Read the groups")
        await browser.press("a")
        await browser.settled(lambda: browser.browser.area.groups_tab.reading.progress.failure)
        await browser.tick(0)
        assert f"{READING} resumes in 1 s. M stops. The line is cut." in browser.status_line
        await browser.settled(lambda: "The groups of 60 users were read." in browser.toasts)


async def test_a_permanent_failure_ends_the_backfill_with_what_to_do() -> None:
    api = lean()
    async with lean_browser(api) as browser:
        api.fail_next(PermissionRefused("This client may not read users.", scope="users:read"), name="get_user")
        await browser.press("M")
        await browser.listening("Read the groups")
        await browser.press("a")
        await browser.settled(lambda: any("The scope users:read is missing." in toast for toast in browser.toasts))
        assert any("users are left. M resumes." in toast for toast in browser.toasts)


async def test_a_server_that_never_returns_groups_is_reported() -> None:
    api = lean()
    api.unread = {"groups"}
    async with lean_browser(api) as browser:
        await browser.press("M")
        await browser.listening("Read the groups")
        await browser.press("a")
        await browser.settled(lambda: any("no response contained groups" in toast for toast in browser.toasts))
        assert asked(browser) < 30


async def test_m_reports_that_all_groups_are_known() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(20), groups=GROUPS)), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("M")
        await browser.settled(lambda: "The groups of all loaded users are known." in browser.toasts)


async def test_m_on_a_member_shows_the_groups_of_that_user() -> None:
    api = lean()
    async with lean_browser(api) as browser:
        await browser.press("G")
        await browser.settled(lambda: browser.row_count == 60)
        await browser.press("enter", "down", "down", "down", "m")
        await browser.settled(lambda: "Groups of " in browser.dialog)
        assert "Sales" in browser.dialog
        assert browser.cursor_user is not None
        assert api.asked("get_user")[-1] == (person(3).id,)
