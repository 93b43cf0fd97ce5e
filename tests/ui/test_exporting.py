"""Exporting users to a file: what is written, the dialog, and what can go wrong."""

import asyncio
import csv
import io
import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import open_session
from walkme_tui.config import private_files
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.dialogs.export import ExportFormat, ExportRequest
from walkme_tui.ui.flows.export_file import write_users

if TYPE_CHECKING:
    from walkme_tui.services.ports.mirror import Mirror

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]
FORMATS = {"csv": 0, "excel": 1, "raw": 2, "json": 3, "markdown": 4}


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File names without a folder are in ``tmp_path``."""
    monkeypatch.chdir(tmp_path)


def account(count: int = 20) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [file.name for file in folder.iterdir()]


async def name_file(browser: Browser, name: str) -> None:
    """Type a file name into the dialog."""
    await browser.settled(lambda: "Export" in browser.dialog)
    await browser.press("ctrl+u")
    await browser.type(name)


async def export_to(browser: Browser, name: str, form: str = "csv") -> None:
    """Press E, choose, and wait until the file was written."""
    await browser.press("E")
    await name_file(browser, name)
    await browser.press(*["down"] * FORMATS[form], "enter")
    await browser.settled(lambda: any("written to" in toast for toast in browser.toasts))


async def test_a_view_is_exported_in_its_order(tmp_path: Path) -> None:
    file = tmp_path / "view.csv"
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("example.com -person00003")
        await browser.press("enter", "s")
        await browser.settled(lambda: browser.row_count == 19)
        await export_to(browser, file.name)
        assert [row["email"] for row in rows_of(file)] == browser.emails
        assert any(f"19 users were written to {file}." in toast for toast in browser.toasts)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["view.csv"]


async def test_marked_users_are_exported_in_the_order_of_marking(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("down", "space", "up", "space", "E")
        await browser.settled(lambda: "Export 2 marked users" in browser.dialog)
        await browser.press("escape")
        await export_to(browser, "marked.csv")
    assert [row["id"] for row in rows_of(tmp_path / "marked.csv")] == [person(1).id, person(0).id]


async def test_the_members_of_the_group_under_the_cursor_are_exported_despite_marks(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.press("m")
        await browser.settled(lambda: browser.cursor_user is not None)
        await browser.press("space", "shift+tab", "E")
        await browser.settled(lambda: "Export 10 members of Sales" in browser.dialog)
        assert browser.says("File members-of-Sales-")
        await browser.press("escape")
        await export_to(browser, file.name)
        assert {row["groups"].split(";")[0] for row in rows_of(file)} == {"Sales"}
        assert len(rows_of(file)) == 10
        await browser.press("m", "E")
        await browser.settled(lambda: "Export 1 marked user" in browser.dialog)


@pytest.mark.parametrize("form", FORMATS)
async def test_each_format(tmp_path: Path, form: str) -> None:
    api = account(3)
    api.users[0] = person(0)._replace(first_name="=1+1\n")
    file = tmp_path / "users.csv"
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded(2)
        await export_to(browser, file.name, form)
    suffix = {"json": ".json", "markdown": ".md"}.get(form, ".csv")
    text = file.with_suffix(suffix).read_text(encoding="utf-8")
    match form:
        case "json":
            found = json.loads(text)
            assert found["users"][0]["firstName"] == "=1+1\n"
            assert (len(found["users"]), found["complete"], found["total"]) == (3, True, 3)
        case "markdown":
            assert len(text.splitlines()) == 5
        case _:
            assert text.startswith("\ufeff") is (form == "excel")
            first = rows_of(file)[0]["firstName"]
            assert first == ("=1+1\n" if form == "raw" else "'=1+1␊")


async def test_a_name_is_understood_as_shells_write_it(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await export_to(browser, "'all users.csv'")
    assert names_in(tmp_path) == ["all users.csv"]


async def test_an_existing_file_is_kept_and_the_dialog_returns_with_the_name(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("old")
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("E")
        await name_file(browser, file.name)
        await browser.press("down", "enter")
        await browser.settled(lambda: browser.says("exists already. Choose another name."))
        assert browser.says("File a.csv")
        await browser.press("backspace", "backspace", "backspace")
        await browser.type("txt")
        await browser.press("enter")
        await browser.settled(lambda: any("written to" in toast for toast in browser.toasts))
    assert file.read_text() == "old"
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").startswith("\ufeffid,")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no/a.csv", "no/a.csv cannot be written: No such file or directory."),
        ("/dev/null/a", "/dev/null/a cannot be written: Not a directory."),
        ("~no-such-user/a.csv", "~no-such-user/a.csv cannot be written: No such file or directory."),
    ],
)
async def test_a_file_that_cannot_be_written_is_reported_in_the_dialog(name: str, reason: str) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("E")
        await name_file(browser, name)
        await browser.press("enter")
        await browser.settled(lambda: browser.says(reason))
        await browser.press("ctrl+u")
        await browser.settled(lambda: not browser.says(reason))
        await browser.press("enter")
        await browser.settled(lambda: browser.says("The file needs a name."))


async def test_an_incomplete_export_says_so_before_and_after(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account(2500)), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("E")
        loaded = browser.browser.pages.coverage
        assert loaded is not None
        said = f"Incomplete: {loaded.loaded} of 2 500 users are loaded."
        await browser.settled(lambda: browser.says(said))
        await name_file(browser, "part.csv")
        await browser.press("down", "down", "down", "enter")
        await browser.settled(lambda: any("written to" in toast and said in toast for toast in browser.toasts))
    found = json.loads((tmp_path / "part.json").read_text(encoding="utf-8"))
    assert (found["complete"], found["loaded"], found["total"]) == (False, loaded.loaded, 2500)
    assert len(found["users"]) == loaded.loaded


async def test_users_who_may_belong_to_a_view_and_unknown_values_are_reported() -> None:
    api = account()
    roles = [UNKNOWN if number < 5 else "Viewer" for number in range(20)]
    api.users = [person(number)._replace(role=role) for number, role in enumerate(roles)]
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.filter("role:viewer")
        await browser.press("enter")
        await browser.settled(lambda: browser.row_count == 15)
        await export_to(browser, "viewers.csv")
        (toast,) = [toast for toast in browser.toasts if "written to" in toast]
        assert "15 users were written" in toast
        assert "Incomplete: 5 users may belong to it too" in toast
        await browser.press("escape")
        await browser.settled(lambda: browser.row_count == 20)
        await export_to(browser, "all.csv")
        said = "Unknown for 5 users, because the list does not contain it: role. Those cells are empty."
        await browser.settled(lambda: any(toast.endswith(said) for toast in browser.toasts))


async def test_members_that_a_group_listed_are_complete_although_the_account_is_not(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account(2500), surface=Surface.SCIM)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: "members, read" in browser.members_heading)
        await browser.press("E")
        await browser.settled(lambda: "members of Sales" in browser.dialog)
        assert not browser.says("Incomplete:")
        await browser.press("escape")
        await export_to(browser, "sales.csv", "json")
        assert not any("Incomplete:" in toast for toast in browser.toasts)
    found = json.loads((tmp_path / "sales.json").read_text(encoding="utf-8"))
    assert (len(found["users"]), found["complete"]) == (1250, True)


class SlowMirror:
    """A mirror whose rows arrive once ``gate`` is set."""

    def __init__(self) -> None:
        self._mirror = open_mirror(None, account_key="acme")
        self.gate = asyncio.Event()
        self.gate.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._mirror, name)

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The rows."""
        await self.gate.wait()
        return await self._mirror.rows(row_ids)


async def test_escape_stops_an_export_and_leaves_no_file(tmp_path: Path) -> None:
    mirror = SlowMirror()
    async with open_browser(Setting(api=account(), mirror=cast("Mirror", mirror))) as browser:
        await browser.loaded()
        mirror.gate.clear()
        await browser.press("E")
        await name_file(browser, "users.csv")
        await browser.press("enter")
        await browser.settled(lambda: names_in(tmp_path))
        assert browser.status_line.startswith("Exporting users: 0 of 20. Esc stops.")
        await browser.press("escape")
        await browser.settled(lambda: any("The export was stopped." in toast for toast in browser.toasts))
        assert names_in(tmp_path) == []
        mirror.gate.set()


async def test_tabs_without_users_have_no_export() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.run_in_palette("export this view")
        await browser.settled(lambda: "Export 20 users of this view" in browser.dialog)
        await browser.press("escape")
        for tab in ("4", "5"):
            await browser.press(tab, "E")
            assert (browser.dialog, browser.toasts) == ("", [])
            await browser.press("colon")
            await browser.type("export this view")
            assert "Export" not in browser.dialog
            await browser.press("escape")


async def test_keys_that_are_typed_ahead_go_to_the_dialog(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.type_ahead("E", "ctrl+u", "x", ".", "c", "s", "v", "enter")
        await browser.settled(lambda: any("20 users were written to" in toast for toast in browser.toasts))
        assert browser.dialog == ""
    assert len(rows_of(tmp_path / "x.csv")) == 20


async def test_marked_users_who_are_gone_are_missed(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space", "down", "space")
        await browser.browser.session.mirror.forget_user(person(0).id)
        await export_to(browser, "marked.csv")
        said = "Incomplete: 1 user is not in the local copy any more."
        assert any("1 user was written to" in toast and said in toast for toast in browser.toasts)
    assert [row["id"] for row in rows_of(tmp_path / "marked.csv")] == [person(1).id]


async def test_an_export_that_is_stopped_while_the_file_gets_its_name_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, loop = tmp_path / "users.csv", asyncio.get_running_loop()
    name_new = private_files._name_new

    def name_and_stop(draft: Path, target: Path) -> None:
        loop.call_soon_threadsafe(writing.cancel)
        name_new(draft, target)

    monkeypatch.setattr(private_files, "_name_new", name_and_stop)
    request = ExportRequest(ExportFormat.CSV, str(file))
    async with open_session(FakeDirectory(people(1))) as session:
        writing = asyncio.create_task(write_users(session, request, UserQuery(), (), lambda _: None))
        exported = await writing
    assert (exported.path, names_in(tmp_path)) == (file, [file.name])
