"""Snapshots of the Groups tab, each for one visual property."""

import asyncio

from tests.snapshots.conftest import Drive, SnapshotCheck
from tests.support.browser import Browser, Setting
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import NOON_MS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UserPage
from walkme_tui.services.events import UserStored
from walkme_tui.services.ports import SyncSettings
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror

WIDE, NARROW = (120, 40), (80, 24)
GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]
TEAMS = [Group(f"t{number}", f"Team {number:02}") for number in range(30)]


def account(count: int = 60, groups: list[Group] = GROUPS, *, lean: bool = False) -> FakeDirectory:
    api = FakeDirectory(people(count), groups=groups)
    api.lean = lean
    api.status = api.status._replace(permitted_per_second=9.8)
    return api


def part_of(count: int, total: int) -> SqliteMirror:
    """A mirror with the first users of a larger account."""
    mirror = open_mirror(None, account_key="acme")
    asyncio.run(mirror.save_page(UserPage(1, count, tuple(people(count)), total), NOON_MS))
    return mirror


def pressing(*keys: str) -> Drive:
    """Open the Groups tab, wait for the counts, press keys, and wait for their effect."""

    async def drive(browser: Browser) -> None:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.browser.group_names)
        await wait_for_counts(browser)
        if isinstance(browser.setting.api, FakeDirectory) and browser.setting.api.lean:
            await browser.settled(lambda: any("(groups unknown)" in line for line in browser.groups))
        await browser.press(*keys)
        await wait_for_counts(browser)

    return drive


async def wait_for_counts(browser: Browser) -> None:
    """Wait until everything is counted and shown."""
    for _ in range(600):
        await browser.tick(0)
        await browser.pilot.pause(0.01)
        if not any("·" in line for line in browser.groups) and not browser.browser.area.groups_tab.stale:
            break
    await browser.tick(0)


def test_people_in_no_group_are_lower_bounds_while_loading(matches_snapshot: SnapshotCheck) -> None:
    api = account(1000)
    api.hold("list_users")
    assert matches_snapshot(Setting(api=api, mirror=part_of(100, 1000)), pressing("down", "down", "down"), WIDE)


def test_two_marked_groups_compared(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("down", "space", "down", "space", "c"), WIDE)


def test_two_marked_groups_compared_narrow(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("down", "space", "down", "space", "c", "m"), NARROW)


def test_special_rows_stay_while_many_groups_scroll(matches_snapshot: SnapshotCheck) -> None:
    drive = pressing("space", *["down"] * 25, "space")
    assert matches_snapshot(Setting(api=account(groups=[*GROUPS, *TEAMS])), drive, NARROW)


def test_three_marks_show_what_to_do(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("space", "down", "space", "down", "space"), NARROW)


def test_people_of_unknown_groups(matches_snapshot: SnapshotCheck) -> None:
    api = account(lean=True)
    api.hold("get_user")  # the details read the groups of the first user
    assert matches_snapshot(Setting(api=api), pressing("G"), WIDE)


def test_the_cost_of_a_backfill(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await pressing("G", "enter")(browser)
        await browser.filter("status:pending")
        await browser.settled(lambda: browser.row_count == 40)
        await browser.press("enter", "M")
        await browser.listening("Read the groups")
        await browser.tick(0)

    api = account(1000, lean=True)
    api.hold("list_users")
    mirror = open_mirror(None, account_key="acme")
    lean = tuple(api._listed(user) for user in people(200))
    asyncio.run(mirror.save_page(UserPage(1, 200, lean, 1000), NOON_MS))
    assert matches_snapshot(Setting(api=api, mirror=mirror), drive, NARROW)


def test_a_running_backfill_with_some_known_groups(matches_snapshot: SnapshotCheck) -> None:
    api = account(lean=True)
    api.hold("get_user")

    async def drive(browser: Browser) -> None:
        session = browser.browser.session
        for number in range(24):
            await session.mirror.save_user(person(number), NOON_MS)
            session.events.publish(UserStored(person(number).id))
        await pressing("down", "M")(browser)
        await browser.listening("Read the groups of 36 users")
        await browser.press("a")
        await browser.settled(lambda: api.in_flight == 4)
        await wait_for_counts(browser)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_hostile_group_names(matches_snapshot: SnapshotCheck) -> None:
    texts = [
        "[@click=app.quit]press me[/]",
        "\x1b[31mred\x1b]52;c;ZXZpbA==\x07",
        "one\ntwo\tthree",
        "\u202edlrow olleh",
    ]
    texts += ["東京都渋谷区神宮前の皆さん", "ياسمين الخطيب", "Sales " * 40]
    groups = [Group(f"g{number}", text) for number, text in enumerate(texts, 1)]
    assert matches_snapshot(Setting(api=account(groups=groups)), pressing("space", "down", "space", "c", "c"), WIDE)


def test_members_that_the_group_listed(matches_snapshot: SnapshotCheck) -> None:
    api = account(lean=True)
    api.unread, api.dangling = {"groups"}, {"g1": ("gone-1", "gone-2")}
    setting = Setting(api=api, surface=Surface.SCIM, sync=SyncSettings(fully=True))

    async def drive(browser: Browser) -> None:
        await pressing()(browser)
        await browser.settled(lambda: browser.says("Engineering 0"))  # the group under the cursor is read
        await browser.press("down")
        await browser.settled(lambda: "2 more are no users" in browser.members_heading)
        await browser.press("enter", "enter")
        await browser.settled(lambda: "others unknown" in browser.detail)
        await wait_for_counts(browser)
        await browser.settled(lambda: browser.says("(groups unknown) 60"))  # the two that are no users count no more

    assert matches_snapshot(setting, drive, WIDE)
