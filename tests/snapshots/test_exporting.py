"""Snapshots of the dialog for exports, each for one visual property."""

from pathlib import Path

import pytest

from tests.snapshots.conftest import SnapshotCheck
from tests.snapshots.test_screens import NARROW, account, quiet
from tests.support.browser import Browser, Setting

SMALL = (60, 15)


@pytest.fixture(autouse=True)
def working_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dialog shows the folder of the process."""
    monkeypatch.chdir("/")


def test_an_export_of_a_filtered_view(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.filter("example.com")
        await browser.press("enter", "t", "E")
        await browser.settled(lambda: browser.says("of this view"))

    assert matches_snapshot(Setting(api=account()), drive, NARROW)


def test_an_incomplete_export_to_a_file_that_exists_on_a_small_screen(
    matches_snapshot: SnapshotCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people.json").write_text("")

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        monkeypatch.chdir(tmp_path)
        await browser.press("E")
        await browser.settled(lambda: browser.says("of this view"))
        await browser.press("ctrl+u", *"people.csv", "down", "down", "down", "enter")
        await browser.settled(lambda: browser.says("exists already"))

    assert matches_snapshot(Setting(api=account(2500)), drive, SMALL)
