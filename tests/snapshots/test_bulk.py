"""Snapshots of the actions for the marked users and of the review of one change of many."""

from tests.snapshots.conftest import SnapshotCheck
from tests.snapshots.test_changing import NARROW, WIDE, account, showing
from tests.snapshots.test_screens import quiet
from tests.support.browser import Browser, Setting
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.users import User

SMALL = (60, 15)
MARKS = ("space", "down", "space", "down", "space", "down", "space", "down", "space")


def mixed_account() -> FakeDirectory:
    """The second user is inactive, and identity providers own some."""
    api = account()
    second = api.users[1]
    assert isinstance(second, User)
    api.edit(second.id, status="inactive")
    return api


async def actions(browser: Browser) -> None:
    await quiet(browser)
    await browser.press(*MARKS, "b")
    await browser.settled(lambda: "Actions for 5 marked users" in browser.dialog)
    await browser.tick(0)


def test_actions_for_the_marked_users(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=mixed_account()), actions, NARROW)


def test_actions_on_a_small_screen(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=mixed_account()), actions, SMALL)


def test_one_change_of_many_people_takes_a_line_each(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=mixed_account()), showing(*MARKS, "b", "x"), NARROW)


def test_names_and_emails_where_there_is_room(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=mixed_account()), showing(*MARKS, "b", "x"), WIDE)


def test_a_deletion_of_several(matches_snapshot: SnapshotCheck) -> None:
    async def delete(browser: Browser) -> None:
        await actions(browser)
        await browser.press("D")
        await browser.listening("permanently?")
        await browser.armed()
        await browser.press("d")
        await browser.listening("type the number of people")
        await browser.armed()
        await browser.tick(0)

    setting = Setting(api=mixed_account(), environment=Environment.PRODUCTION)
    assert matches_snapshot(setting, delete, NARROW)
