"""Users imported from a CSV file with ``i``: the file, its rows, their settings, the review and the way back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.config.state import StateFile
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK
from walkme_tui.domain.users import UnreadableRecord, User
from walkme_tui.ui.dialogs.import_setup import ImportDialog
from walkme_tui.ui.widgets.import_list import ImportList
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText

GROUPS = [Group("g1", "Sales"), Group("g2", "Field"), Group("g3", "Beta \x1b]52;c;AAAA\x07 [@click=app.quit]Group")]
HEADER = "E-Mail,First Name,Groups,Phone\n"
OLD = "person00000@example.com"

WriteFile = Callable[..., Path]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Writes a file of the test and returns its path."""

    def write(text: str, name: str = "people.csv", encoding: str = "utf-8") -> Path:
        file = tmp_path / name
        file.write_bytes(text.encode(encoding))
        return file

    return write


def account(count: int = 12) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


def shown(browser: Browser) -> str:
    """The dialog on top, then the screen, with one blank for every run of blanks and line breaks."""
    return " ".join(f"{browser.dialog} {browser.screen_text}".split())


async def choose_file(browser: Browser, path: Path | str) -> None:
    await browser.loaded()
    await browser.press("i")
    browser.app.post_message(events.Paste(str(path)))
    await browser.pause()
    await browser.press("enter")


async def show_rows(browser: Browser, path: Path) -> None:
    """Choose the file and wait until its rows are checked."""
    await choose_file(browser, path)
    await checked(browser)


async def checked(browser: Browser) -> None:
    """Wait until every row is planned again."""
    await browser.settled(lambda: isinstance(browser.app.screen, ImportDialog))
    counts = browser.app.screen.query_one("#import-counts", TextBar)
    await browser.settled(lambda: not any(word in counts.text for word in ("…", "Esc stops")))
    await browser.pause()


def created(api: FakeDirectory) -> list[str]:
    return [str(dict(write.arguments[0])["email"]) for write in api.writes if write.name == "create_user"]  # type: ignore[call-overload]


# ---------------------------------------------------------------- from the file to the receipt


async def test_the_rows_of_a_file_are_checked_reviewed_and_imported(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,Sales,1\n{OLD},Zoë,,2\nbad mail,Bad,,3\n")
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("i")
        await browser.type(str(file)[:-5])
        await browser.settled(lambda: file.name in shown(browser))
        await browser.press("tab", "enter")
        await checked(browser)
        assert "columns email, first name, groups; not imported: Phone" in shown(browser)
        assert "2 new@example.com create Neu; join Sales" in shown(browser)
        assert "4 bad mail fail the email is malformed" in shown(browser)
        assert "3 rows: 1 create, 1 unchanged, 1 fail" in shown(browser)
        await browser.press("enter")
        await browser.listening("Import")
        assert not api.writes
        await browser.press("y")
        await browser.settled(lambda: "Receipt" in browser.dialog)
    assert created(api) == ["new@example.com"]


async def test_the_plan_and_the_receipt_count_the_rows(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n{OLD},Zora,,2\nbad mail,Bad,,3\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("enter")
        await browser.listening("Import")
        assert "3 rows of people.csv: 1 create, 1 skip, 1 fail." in shown(browser)
        assert "2 rows change nothing line 3 skip the user exists already" in shown(browser)
        await browser.press("y")
        await browser.settled(lambda: "Receipt" in browser.dialog)
        assert "1 of 3 rows were not imported." in shown(browser)
        assert "3 rows of people.csv: 1 created, 1 skipped, 1 failed" in shown(browser)
        assert "line 4 failed the email is malformed" in shown(browser)
        await browser.press("escape", "4")
        await browser.settled(lambda: "3 rows of people.csv: 1 created, 1 skipped, 1 failed" in browser.steps)


async def test_the_rows_that_were_not_imported_are_written_and_imported_again(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\nbad mail,Bad,,3\n")
    taken = write_file("", "people-failed.csv")
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        await browser.press("enter")
        await browser.listening("Import")
        await browser.press("y")
        await browser.settled(lambda: "Receipt" in browser.dialog)
        await browser.press("w")
        await browser.settled(lambda: browser.says("people-failed-2.csv"))
        await browser.press(*["backspace"] * len("-2.csv"), *".csv", "enter")
        await browser.settled(lambda: any("exists" in toast for toast in browser.toasts))
        assert taken.read_text() == ""
        await browser.press(*["backspace"] * len(".csv"), *"-b.csv", "enter")
        await browser.settled(lambda: "Receipt" in browser.dialog)
        failed = file.with_name("people-failed-b.csv")
        text = failed.read_text()
        assert text.splitlines()[0] == f"{BYTE_ORDER_MARK}E-Mail,First Name,Groups,Phone,error"
        failed.write_text(text.replace("bad mail", "good@example.com"))
        await browser.press("escape")
        await show_rows(browser, failed)
        assert "not imported: Phone, error" in shown(browser)
        assert "good@example.com create Bad" in shown(browser)


async def test_where_nothing_can_be_sent_the_failing_rows_are_written(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}bad,Bad,,1\n{OLD},Zoë,,2\n")
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        assert "Enter write failing rows" in shown(browser)
        await browser.press("enter")
        await browser.settled(lambda: "Write the rows that were not imported to" in shown(browser))
        await browser.press("enter")
        await checked(browser)
        assert "1 unchanged, 1 fail" in shown(browser)
    written = file.with_name("people-failed.csv").read_text(encoding="utf-8-sig")
    assert written.splitlines()[1:] == ["bad,Bad,,1,failed: the email is malformed: it has no “@”"]
    assert not api.writes


async def test_esc_goes_back_one_step_a_press_and_loses_nothing(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n{OLD},Zora,,2\nbad,Bad,,3\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("u")
        await checked(browser)
        await browser.press("enter")
        await browser.listening("Import")
        await browser.press("t", *"INC-7", "enter", "escape")
        await checked(browser)
        assert "set first name Zoë -> Zora" in shown(browser)
        await browser.press("enter")
        await browser.settled(lambda: browser.says("Ticket INC-7"))
        await browser.press("escape")
        await checked(browser)
        await browser.press("f")
        assert "only failing rows" in shown(browser)
        await browser.press("escape")
        assert "new@example.com" in shown(browser)
        await browser.press("escape")
        await browser.settled(lambda: "Import users from a CSV file" in shown(browser))
        assert browser.says(file.name)
        await browser.press("escape")
        assert browser.dialog == ""
        await browser.press("i", "enter")
        await checked(browser)
        assert "user exists update the user" in shown(browser)


async def test_keys_that_are_typed_ahead_go_to_the_dialog_for_the_file(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n")
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.type_ahead("i", *str(file), "enter")
        await checked(browser)
        assert "1 row: 1 create" in shown(browser)


async def test_a_path_that_is_completed_faster_than_the_folder_is_read(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n")
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.type_ahead("i", *str(file)[:-6], "tab", "enter")
        await checked(browser)
        assert "1 row: 1 create" in shown(browser)


async def test_an_import_with_a_profile_for_reading_only_can_be_saved(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n")
    api = account()
    async with open_browser(Setting(api=api, read_only=True)) as browser:
        await show_rows(browser, file)
        await browser.press("enter")
        await browser.listening("Can only be saved (p): the profile acme is read-only.")
        await browser.press("y")
        assert not api.writes


# ---------------------------------------------------------------- the file


async def test_a_file_that_cannot_be_read_leaves_what_was_typed(tmp_path: Path) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await choose_file(browser, tmp_path / "none.csv")
        await browser.settled(lambda: "There is no such file." in shown(browser))
        assert browser.says("none.csv")
        await browser.press("backspace")
        await browser.settled(lambda: "There is no such file." not in shown(browser))
        await browser.press("enter")
        await browser.settled(lambda: "There is no such file." in shown(browser))


async def test_the_only_row_that_was_taken_for_a_header_is_read_as_a_row(write_file: WriteFile) -> None:
    file = write_file("ann,Ann\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        assert "the file has a header and no rows" in shown(browser)
        await browser.press("h")
        await checked(browser)
        assert "header no" in shown(browser)
        assert "The columns are: column 1, column 2." in shown(browser)
        await browser.press("h")
        await checked(browser)
        assert "the file has a header and no rows" in shown(browser)


async def test_the_folder_and_the_columns_are_remembered(tmp_path: Path, write_file: WriteFile) -> None:
    state_file = StateFile(tmp_path / "state" / "state.toml")
    file = write_file("Who,What\nnew@example.com,Neu\n")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await show_rows(browser, file)
        await browser.press("c", "down", "enter", "down", "enter", "escape")
        await checked(browser)
        assert "columns email = Who, first name = What" in shown(browser)
        await browser.press("enter")
        await browser.listening("Import")
    other = write_file("Who,What\nother@example.com,Anna\n", "other.csv")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.press("i")
        await browser.settled(lambda: browser.says(f"{tmp_path}/"))
        await browser.type(other.name)
        await browser.press("enter")
        await checked(browser)
        assert "other@example.com create Anna" in shown(browser)


async def test_only_columns_that_a_person_chose_are_remembered(tmp_path: Path, write_file: WriteFile) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    file = write_file(f"{HEADER}new@example.com,Neu,,1\n")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await show_rows(browser, file)
        await browser.press("enter")
        await browser.listening("Import")
    assert "imports.columns" not in (tmp_path / "state.toml").read_text()


async def test_a_whole_path_replaces_the_folder_or_the_file_that_is_there_at_first(
    tmp_path: Path, write_file: WriteFile
) -> None:
    state_file = StateFile(tmp_path / "state" / "state.toml")
    assert not state_file.save_import_folder(tmp_path)
    first, second = (write_file(f"{HEADER}{name}@example.com,Neu,,1\n", f"{name}.csv") for name in ("one", "two"))
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        for file in (first, second):
            await browser.press("i")
            await browser.settled(lambda: browser.says(f"{tmp_path}/"))
            browser.app.post_message(events.Paste(str(file)))
            await browser.pause()
            await browser.press("enter")
            await checked(browser)
            assert f"{file.stem}@example.com create" in shown(browser)
            await browser.press("escape")
            await browser.settled(lambda: "Import users from a CSV file" in shown(browser))
            await browser.press("escape")
        await browser.press("i")
        await browser.type(f"{tmp_path}/one.csv")
        await browser.press("enter")
        await checked(browser)
        assert "one@example.com create" in shown(browser)


# ---------------------------------------------------------------- how the file is read


async def test_an_unknown_encoding_is_asked_for(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Zoë,,1\n", encoding="cp1252")
    async with open_browser(Setting(api=account())) as browser:
        await choose_file(browser, file)
        await browser.settled(lambda: "Encoding of the file" in shown(browser))
        assert "UTF-8" not in browser.dialog
        assert "Western Europe, Windows w@example.com,Zoë,,1" in shown(browser)
        await browser.press("enter")
        await checked(browser)
        assert "encoding CP1252" in shown(browser)
        assert "create Zoë" in shown(browser)


async def test_without_an_answer_the_problem_stays_with_the_keys_that_solve_it(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Zoë,,1\n", encoding="cp1252")
    async with open_browser(Setting(api=account())) as browser:
        await choose_file(browser, file)
        await browser.settled(lambda: "Encoding of the file" in shown(browser))
        await browser.press("escape")
        await checked(browser)
        assert "Line 2: the byte EB" in shown(browser)
        await browser.press("enter", "space", "u", "f")
        await checked(browser)
        await browser.press("e", "enter")
        await checked(browser)
        assert "create Zoë" in shown(browser)


async def test_delimiter_and_header_are_overridden(write_file: WriteFile) -> None:
    file = write_file("a@example.com;Anna\nb@example.com;Bo\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        assert "d delimiter semicolon h header no" in shown(browser)
        assert "2 rows: 2 create" in shown(browser)
        await browser.press("d", "up", "enter")
        await checked(browser)
        assert "d delimiter comma" in shown(browser)
        assert "No column is known to contain the emails" in shown(browser)
        assert "c chooses the columns" in shown(browser)
        await browser.press("d", "down", "enter")
        await checked(browser)
        await browser.press("h")
        await checked(browser)
        assert "h header yes" in shown(browser)
        assert "1 row: 1 create" in shown(browser)


async def test_a_field_is_imported_from_one_column_only(write_file: WriteFile) -> None:
    file = write_file("Mail,Work Email\na@example.com,b@example.com\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("c", "down", "enter")
        assert "email now Mail" in browser.dialog
        await browser.press("home", "enter", "escape")
        await checked(browser)
        assert "columns email = Work Email; not imported: Mail" in shown(browser)
        assert "b@example.com create" in shown(browser)


async def test_a_surface_without_roles_imports_none(write_file: WriteFile) -> None:
    file = write_file("E-Mail,Role\nnew@example.com,Editor\n")
    async with open_browser(Setting(api=account(), surface=Surface.SCIM)) as browser:
        await show_rows(browser, file)
        assert "c columns email; not imported: Role" in shown(browser)
        await browser.press("c", "down", "enter")
        assert "role" not in browser.dialog.splitlines()


# ---------------------------------------------------------------- users who exist, groups


async def test_what_happens_with_existing_users_is_chosen_for_all_and_for_one_row(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}{OLD},Zora,,1\nperson00001@example.com,Anna,Field,2\n")
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        assert "2 rows: 2 skip" in shown(browser)
        await browser.press("u")
        await checked(browser)
        assert "2 rows: 2 update" in shown(browser)
        assert "set first name Amina -> Anna; join Field" in shown(browser)
        await browser.press("space")
        await checked(browser)
        assert "2 rows: 1 update, 1 fail" in shown(browser)
        assert (
            f"{OLD} fail (this row only: the row fails) the user exists already; first name is Zoë, not Zora"
            in shown(browser)
        )
        await browser.press("enter")
        await browser.listening("Import")
        await browser.press("y")
        await browser.settled(lambda: "Receipt" in browser.dialog)
    assert {write.name for write in api.writes} == {"patch_user", "add_member"}
    assert not any("Zora" in str(write) for write in api.writes)


@pytest.mark.parametrize("policy", range(3))
@pytest.mark.parametrize(
    ("row", "outcome"), [("new@example.com,Neu", "create"), ("bad,Bad", "fail"), (f"{OLD},", "unchanged")]
)
async def test_a_row_for_which_no_existing_user_matters_has_no_choice(
    write_file: WriteFile, row: str, outcome: str, policy: int
) -> None:
    file = write_file(f"E-Mail,First Name\n{row}\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press(*["u"] * policy, "space")
        await checked(browser)
        assert any("nothing to choose" in toast for toast in browser.toasts)
        assert f"1 row: 1 {outcome}" in shown(browser)
        assert "this row only" not in shown(browser)


async def test_a_row_that_fails_because_of_an_existing_user_is_listed_with_these(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}{OLD},Zora,,1\nbad,Bad,,2\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("f", "f")
        for outcome in ("update", "fail", "skip"):
            await browser.press("space")
            await checked(browser)
            assert "only existing users" in shown(browser)
            assert f"{OLD} {outcome}" in shown(browser)
            assert "bad" not in shown(browser)


async def test_everyone_in_the_file_joins_the_groups_for_all(write_file: WriteFile) -> None:
    file = write_file(f"{HEADER}new@example.com,Neu,Field,1\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("a")
        await browser.settled(lambda: "Groups that everyone in the file joins" in shown(browser))
        await browser.press(*"sales", "space", "f2")
        await checked(browser)
        assert "groups for all Sales" in shown(browser)
        assert "create Neu; join Field; join Sales" in shown(browser)


# ---------------------------------------------------------------- what is not loaded


class SlowLookUps(FakeDirectory):
    """Answers a hundred look-ups at once, and the others when ``gate`` is set."""

    def __init__(self, users: list[User | UnreadableRecord], *, groups: list[Group]) -> None:
        super().__init__(users, groups=groups)
        self.gate = asyncio.Event()
        self._left = 100

    async def find_user(self, email: str) -> User | None:
        self._left -= 1
        if self._left < 0:
            await self.gate.wait()
        return await super().find_user(email)


async def test_a_few_emails_that_are_not_loaded_are_looked_up(write_file: WriteFile) -> None:
    api = account(400)
    file = write_file(f"{HEADER}person00399@example.com,Z,,1\nnew@example.com,Neu,,2\n")
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        assert "2 rows: 1 create, 1 skip" in shown(browser)
    looked_up = [call.arguments[0] for call in api.calls if call.name == "find_user"]
    assert sorted(map(str, looked_up)) == ["new@example.com", "person00399@example.com"]


async def test_many_emails_are_looked_up_when_the_person_wants_it(write_file: WriteFile) -> None:
    api = SlowLookUps(people(400), groups=GROUPS)
    file = write_file(HEADER + "".join(f"new{number}@example.com,N,,\n" for number in range(250)))
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        assert "250 rows: 250 not known yet" in shown(browser)
        assert "Enter look up 250 emails, about 62 s" in shown(browser)
        assert not any(call.name == "find_user" for call in api.calls)
        await browser.press("enter")
        await browser.settled(lambda: "looked up 100 of 250, Esc stops" in shown(browser))
        await browser.press("escape")
        await checked(browser)
        assert "250 rows: 100 create, 150 not known yet" in shown(browser)
        api.gate.set()
        await browser.press("enter")
        await checked(browser)
        assert "250 rows: 250 create" in shown(browser)
        await browser.press("enter")
        await browser.listening("Import 250 people")


async def test_a_look_up_that_fails_is_reported_and_tried_again(write_file: WriteFile) -> None:
    api = account(400)
    file = write_file(f"{HEADER}new@example.com,Neu,,2\n")
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.fail_next(Unreachable("The server cannot be reached."), name="find_user")
        await show_rows(browser, file)
        assert "The server cannot be reached." in shown(browser)
        assert "1 row: 1 not known yet" in shown(browser)
        await browser.press("enter")
        await checked(browser)
        assert "1 row: 1 create" in shown(browser)
        assert "The server cannot be reached." not in shown(browser)


async def test_groups_that_cannot_be_read_are_reported_and_read_again(write_file: WriteFile) -> None:
    api = account()
    file = write_file(f"{HEADER}new@example.com,Neu,Sales,2\n")
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.fail_next(Unreachable("The server cannot be reached."), name="list_groups")
        await show_rows(browser, file)
        assert "The server cannot be reached." in shown(browser)
        assert "Enter try again" in shown(browser)
        await browser.press("enter")
        await checked(browser)
        assert "1 row: 1 create" in shown(browser)


async def test_no_look_up_is_needed_once_the_account_is_loaded(write_file: WriteFile) -> None:
    api = account(400)
    file = write_file(HEADER + "".join(f"new{number}@example.com,N,,\n" for number in range(250)))
    async with open_browser(Setting(api=api)) as browser:
        await show_rows(browser, file)
        assert "250 rows: 250 not known yet" in shown(browser)
        await browser.browser.pages.ensure([3, 4])
        await browser.settled(lambda: "250 rows: 250 create" in shown(browser))
        assert not api.asked("find_user")


# ---------------------------------------------------------------- many rows, odd rows


async def test_only_the_rows_on_the_screen_are_made(write_file: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real_line = ImportList.line

    def line(self: ImportList, row: int, width: int) -> StyledText:
        made.append(row)
        return real_line(self, row, width)

    monkeypatch.setattr(ImportList, "line", line)
    file = write_file(HEADER + "".join(f"new{number}@example.com,N,,\n" for number in range(3_000)))
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        assert browser.says("3 000 rows: 3 000 create")
        await browser.press("G")
        assert browser.says("new2999@example.com")
    assert len(set(made)) < 100


async def test_hostile_cells_are_only_shown(write_file: WriteFile) -> None:
    file = write_file('E-Mail,First Name,[/x]\x1b[31m\nnew@example.com,"\x1b]52;c;AAAA\x07[/x]",x\n')
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        assert "not imported: [/x]␛[31m" in shown(browser)
        await browser.press("c")
        assert "\x1b" not in browser.screen_text
        await browser.press("escape", "e")
        assert "\x1b" not in browser.screen_text
        assert browser.running


async def test_the_jobs_tab_says_where_the_rows_of_a_large_import_are_counted(write_file: WriteFile) -> None:
    file = write_file(HEADER + "".join(f"new{number}@example.com,N,,\n" for number in range(210)) + "bad,B,,\n")
    async with open_browser(Setting(api=account())) as browser:
        await show_rows(browser, file)
        await browser.press("enter")
        await browser.listening("Import 210 people")
        await browser.press("y")
        await browser.settled(lambda: "1 of 211 rows were not imported." in browser.dialog)
        await browser.press("escape", "4")
        await browser.settled(lambda: "o counts the rows of the file" in browser.steps)
        await browser.press("o")
        await browser.settled(lambda: "211 rows of people.csv: 210 created, 1 failed" in browser.dialog)
