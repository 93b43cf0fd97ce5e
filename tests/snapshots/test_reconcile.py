"""Snapshots of the comparison of REST with SCIM, each for one visual property."""

from tests.snapshots.conftest import SnapshotCheck
from tests.snapshots.test_screens import NARROW, WIDE
from tests.support.browser import Browser
from tests.ui.test_reconcile_tab import drifted, opened


def test_differences_by_kind_with_both_records_below(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await opened(browser)
        await browser.tick(90)  # the age of the records does not depend on how long opening took
        await browser.settled(lambda: browser.says("SCIM all 7 users, as of 1 min ago"))
        await browser.press("tab", "space", "down")
        await browser.settled(lambda: browser.says("Tanaka Renamed differs"))

    assert matches_snapshot(drifted().setting, drive, WIDE)


def test_differences_by_kind_on_a_narrow_screen(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await opened(browser)
        await browser.tick(90)  # the age of the records does not depend on how long opening took
        await browser.settled(lambda: browser.says("SCIM all 7 users, as of 1 min ago"))
        await browser.press("down", "down", "down")
        await browser.settled(lambda: browser.says("status, memb"))

    assert matches_snapshot(drifted().setting, drive, NARROW)


def test_both_records_one_below_the_other(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await browser.loaded()
        await browser.press("down", "down", "down", "d")
        await browser.settled(lambda: "only REST" in browser.dialog)

    assert matches_snapshot(drifted().setting, drive, NARROW)


def test_the_plan_names_the_surface_that_it_changes(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await opened(browser)
        await browser.tick(90)  # the age of the records does not depend on how long opening took
        await browser.settled(lambda: browser.says("SCIM all 7 users, as of 1 min ago"))
        await browser.press("tab", "asterisk", "b", "enter")
        await browser.listening("Reconcile")

    assert matches_snapshot(drifted().setting, drive, WIDE)
