"""Snapshots of an import, each for one visual property."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.snapshots.conftest import Drive, SnapshotCheck
from tests.snapshots.test_screens import quiet
from tests.support.browser import Browser, Setting
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.groups import Group
from walkme_tui.ui.widgets.text_bar import TextBar

WIDE, NARROW, SMALL = (120, 40), (80, 24), (60, 15)
GROUPS = [Group("g1", "Sales"), Group("g2", "Field-EMEA"), Group("g3", "Beta")]
ROWS = """\
E-Mail,First Name,Last Name,Role,Team,Phone
person00000@example.com,Zora,Çelik,Viewer,,+44 1
person00001@example.com,Amina,O'Brien,Editor,,
anna.nowak@example.com,Anna,Nowak,Editor,Sales;Beta,+44 2
eva.schmidt,Eva,Schmidt,Viewer,Sales,
carmen.weber@example.com,Carmen,Weber,Viewer,Saels,
bo.tanaka@example.com,Bo,Tanaka,Viewer,,
bo.tanaka@example.com,Bo,Tanaka,Editor,,
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with files to import."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(ROWS)
    (tmp_path / "people-2026.csv").write_text(ROWS)
    (tmp_path / "archive").mkdir()
    return tmp_path


def setting(count: int = 12) -> Setting:
    return Setting(api=FakeDirectory(people(count), groups=GROUPS))


def importing(then: Callable[[Browser], Awaitable[None]] | None = None, file: str = "people.csv") -> Drive:
    """Open the import of a file, and wait until its rows are checked."""

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("i")
        await browser.type(file)
        await browser.press("enter")
        await browser.settled(lambda: browser.app.screen.query("#import-counts"))
        await checked(browser)
        if then is not None:
            await then(browser)
        await browser.tick(0)

    return drive


async def checked(browser: Browser) -> None:
    """Wait until the rows are planned."""
    counts = browser.app.screen.query_one("#import-counts", TextBar)
    await browser.settled(lambda: counts.text and "…" not in counts.text)
    await browser.pause()


def pressing(*keys: str) -> Callable[[Browser], Awaitable[None]]:
    async def press(browser: Browser) -> None:
        for key in keys:
            await browser.press(key)
            if browser.app.screen.query("#import-counts"):
                await checked(browser)

    return press


def test_files_that_a_path_can_be_completed_with(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("i")
        await browser.type("pe")
        await browser.settled(lambda: browser.says("people-2026.csv"))
        await browser.tick(0)

    assert matches_snapshot(setting(), drive, NARROW)


def test_what_the_rows_of_a_file_would_do(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(setting(), importing(), NARROW)


def test_what_the_rows_would_do_wide(matches_snapshot: SnapshotCheck) -> None:
    """With an update of a user, and something else chosen for one row."""
    assert matches_snapshot(setting(), importing(pressing("u", "space")), WIDE)


def test_what_the_rows_would_do_small(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(setting(), importing(), SMALL)


def test_only_the_rows_that_fail(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(setting(), importing(pressing("f")), NARROW)


def test_which_column_is_which_field(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(setting(), importing(pressing("c")), NARROW)


def test_what_a_file_would_be_in_each_encoding(matches_snapshot: SnapshotCheck, folder: Path) -> None:
    (folder / "people.csv").write_bytes(ROWS.encode("cp1252"))

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("i")
        await browser.type("people.csv")
        await browser.press("enter")
        await browser.settled(lambda: browser.says("Encoding of the file"))
        await browser.tick(0)

    assert matches_snapshot(setting(), drive, NARROW)


def test_a_file_that_cannot_be_read_as_csv(matches_snapshot: SnapshotCheck, folder: Path) -> None:
    (folder / "people.csv").write_text('E-Mail,First Name\na@example.com,"Anna\n')

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("i")
        await browser.type("people.csv")
        await browser.press("enter")
        await browser.settled(lambda: "quotation mark" in browser.screen_text)
        await browser.tick(0)

    assert matches_snapshot(setting(), drive, NARROW)


def test_emails_to_look_up(matches_snapshot: SnapshotCheck, folder: Path) -> None:
    rows = "".join(f"new{number}@example.com,New,User,,,\n" for number in range(250))
    (folder / "people.csv").write_text(ROWS + rows)
    assert matches_snapshot(setting(400), importing(), NARROW)


def test_the_plan_of_an_import(matches_snapshot: SnapshotCheck) -> None:
    async def review(browser: Browser) -> None:
        await browser.press("enter")
        await browser.listening("Import")

    assert matches_snapshot(setting(), importing(review), NARROW)


def test_the_receipt_of_an_import(matches_snapshot: SnapshotCheck) -> None:
    async def run(browser: Browser) -> None:
        await browser.press("enter")
        await browser.listening("Import")
        await browser.press("y")
        await browser.listening("rows were not imported")

    assert matches_snapshot(setting(), importing(run), NARROW)
