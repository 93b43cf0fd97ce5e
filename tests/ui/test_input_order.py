"""Input in one burst: a command waits for the view of the preceding keys and acts on the user shown in it."""

import asyncio
import re
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import pytest
from textual.events import Key, MouseDown, MouseUp, Paste, Resize
from textual.geometry import Size
from textual.message import Message

from tests.support.browser import KEY_NAMES, Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.config.key_names import textual_key
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.commands import CHANGE, COMMANDS, MARK, Command
from walkme_tui.domain.errors import SignInRefused
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser.view_state import JOB_COMMANDS
from walkme_tui.ui.browser_start import ProfileChoice
from walkme_tui.ui.input_queue import LIMIT_SECONDS, NOTE_SECONDS
from walkme_tui.ui.widgets.user_table.table import UserTable

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]
ACTING = [command for command in COMMANDS if command.needs_view and command.keys and command.id not in JOB_COMMANDS]
SIZE = (120, 40)


def account(count: int = 1000) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


def key(name: str) -> Key:
    return Key(KEY_NAMES.get(name, name), name if len(name) == 1 else None)


def click(x: int, y: int) -> list[Message]:
    kinds = (MouseDown, MouseUp)
    return [kind(None, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False) for kind in kinds]


def burst(browser: Browser, *inputs: str | Message) -> None:
    """Queue all inputs before the first one is handled."""
    for each in inputs:
        browser.app.post_message(key(each) if isinstance(each, str) else copy(each))


# ------------------------------------------------------------ every command after every change of view


@dataclass(frozen=True)
class ViewChange:
    """Inputs that change the view, the inputs before and after them, and the command that is itself among them."""

    inputs: Sequence[str | Message]
    before: Sequence[str] = ()
    back: Sequence[str | Message] = ()
    opens: str = ""


VIEW_CHANGES = {
    "a filter is typed": ViewChange(("/", *"grace", "enter"), back=("escape",)),
    "a filter is pasted": ViewChange(("/", Paste("grace"), "enter"), back=("escape",)),
    "a filter is cleared": ViewChange(("escape",), ("/", *"grace", "enter"), ("/", *"grace", "enter")),
    "sorted": ViewChange(("s",)),
    "reversed": ViewChange(("S",)),
    "last row": ViewChange(("G",), back=("g",)),
    "end": ViewChange(("end",), back=("home",)),
    "first row": ViewChange(("g",), ("G",), ("G",)),
    "pages down": ViewChange(("pagedown",) * 5, back=("g",)),
    "another tab": ViewChange(("2",), back=("1",)),
    "the tab before": ViewChange(("1",), ("2",), ("2",)),
    "another group": ViewChange(("j",), ("2",), ("k",)),
    "the members' pane": ViewChange(("2", "enter", "j"), back=("1",), opens="row.open"),
    "members filtered": ViewChange(("/", *"grace", "enter"), ("2", "m"), ("escape",)),
    "inactive hidden": ViewChange(("t",), ("j", "j", "j"), ("t",)),
    "a saved view": ViewChange((":", *"inactive in groups", "enter"), back=("escape",)),
    "sorted from the palette": ViewChange((":", *"sort by email", "enter"), back=(":", *"sort by role", "enter")),
    "a row is clicked": ViewChange(click(10, 8), back=click(10, 5)),
    "a heading is clicked": ViewChange(click(6, 2)),
    "a tab is clicked": ViewChange(click(13, 1), back=("1",)),
    "resized": ViewChange(
        (Resize(Size(100, 30), Size(100, 30)), "pagedown"), back=(Resize(Size(*SIZE), Size(*SIZE)), "g")
    ),
    "read again": ViewChange(("R", "G"), back=("g",)),
}


@dataclass(frozen=True)
class Target:
    """The user and query that a command would have acted on."""

    email: str | None
    painted: str | None
    query: UserQuery


def target_of(table: UserTable) -> Target:
    user = table.cursor_user
    line = table._lines[table.cursor_index - table.scroll_offset.y + 1].text if table._lines else ""
    found = re.search(r"\S+@\S+", line)
    email = user.user.email if user is not None and isinstance(user.user.email, str) else None
    return Target(email, found.group() if found is not None else None, table.listing.query)


async def input_handled(browser: Browser) -> None:
    """Wait until no command waits for the view any more."""
    await browser.settled(lambda: not any(browser.app.screen.pending(each.id) for each in ACTING))  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", VIEW_CHANGES)
async def test_a_command_acts_on_the_user_in_the_view_of_the_preceding_input(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Target] = []
    wanted, runs_left = "", 0
    run = BrowserScreen.run_command

    def run_or_note(screen: BrowserScreen, command_id: str) -> None:
        nonlocal runs_left
        if command_id == wanted and not screen.filter.has_focus and runs_left:
            runs_left -= 1
            run(screen, command_id)
        elif command_id == wanted and not screen.filter.has_focus:
            table = screen.area.table
            assert table is not None
            seen.append(target_of(table))
        else:
            run(screen, command_id)

    monkeypatch.setattr(BrowserScreen, "run_command", run_or_note)
    async with open_browser(Setting(api=account()), SIZE) as browser:
        await browser.loaded()
        await browser.press(*VIEW_CHANGES[way].before)
        for command in ACTING:
            await input_handled(browser)
            seen.clear()
            wanted, runs_left = command.id, int(command.id == VIEW_CHANGES[way].opens)
            burst(browser, *VIEW_CHANGES[way].inputs, textual_key(command.keys[0]))
            await browser.settled(lambda: seen)
            wanted = ""
            await input_handled(browser)
            final = target_of(browser.table)
            assert seen == [final], command.id
            assert final.email is not None
            assert final.painted == final.email
            burst(browser, *VIEW_CHANGES[way].back)


# ------------------------------------------------------------ effects


async def test_offboarding_after_a_filter_plans_for_the_match() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "/", *"person00042", "enter", "O")
        await browser.listening("Ticket")
        assert "person00042@example.com" in browser.dialog
        assert "person00000@example.com" not in browser.dialog


async def test_deactivating_after_a_filter_changes_the_match() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        burst(browser, "/", *"person00042", "enter", "x")
        await browser.listening("Deactivate")
        await browser.press("y")
        await browser.settled(lambda: api.writes)
        assert [write.arguments[0] for write in api.writes] == [person(42).id]


async def test_marks_after_jumps_are_set_in_the_order_of_the_keys() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "G", "space", "k", "space", "g", "space", "j")
        await browser.settled(lambda: browser.table.cursor_index == 1)
        assert list(browser.table.marked_emails.values()) == [
            "person00999@example.com",
            "person00998@example.com",
            "person00000@example.com",
        ]


async def test_copying_after_a_jump_copies_the_email_of_the_new_row() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "end", "Y", "g", "Y")
        await browser.settled(lambda: browser.says("Sent to the terminal: person00999@example.com"))


async def test_a_cursor_key_after_a_filter_moves_within_its_matches() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "/", *"grace", "enter", "j", "j", "space")
        await browser.settled(lambda: browser.marked)
        assert list(browser.table.marked_emails.values()) == ["person00027@example.com"]


async def test_a_command_waits_for_marks_that_are_still_being_set() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "/", *"person0000", "enter", "asterisk", "O")
        await browser.listening("Offboard 9 people: all 10 in this view")


async def test_marking_after_opening_a_group_marks_a_member() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        burst(browser, "2", "enter", "space")
        await browser.settled(lambda: browser.marked)
        assert not browser.browser.area.groups_tab.groups.marked
        assert list(browser.table.marked_emails.values()) == [browser.cursor_email]


async def test_undo_after_opening_the_jobs_tab_undoes_its_job() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        burst(browser, "4", "z")
        await browser.listening("Undo")


async def test_marking_after_switching_profiles_marks_the_first_user_of_the_new_profile() -> None:
    profiles = [
        ProfileChoice(name, Environment.SANDBOX, Surface.REST, "https://x.example") for name in ("acme", "globex")
    ]
    setting = Setting(api=account(), profiles=profiles)
    other = Setting(api=FakeDirectory(people(7, start=2000)), profile="globex")
    setting.open_session = lambda *_: other.session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("C")
        await browser.settled(lambda: browser.dialog)
        burst(browser, "down", "enter", "space")
        await browser.settled(lambda: browser.account_line.startswith("globex") and browser.marked)
        assert list(browser.table.marked_emails.values()) == ["person02000@example.com"]


async def test_no_command_acts_on_a_row_scrolled_out_of_view(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        browser.table.scroll_to_row(200)
        await browser.settled(lambda: browser.table.listing.row(220) is not None)
        burst(browser, "space")
        await browser.settled(lambda: browser.marked)
        assert browser.says("✓ person00000@example.com")


async def test_no_command_acts_while_the_terminal_is_too_small_to_show_its_user() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.resize(30, 6)
        await browser.press("x", "space")
        await browser.resize(*SIZE)
        await browser.press("j", "space")
        await browser.settled(lambda: browser.marked)
        assert list(browser.table.marked_emails.values()) == ["person00001@example.com"]
        assert not api.writes


async def test_page_down_after_a_resize_below_a_dialog_moves_by_the_new_page_size() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        await browser.resize(100, 30)
        burst(browser, "escape", "pagedown", "space")
        await browser.settled(lambda: browser.marked)
        assert browser.table.cursor_index == browser.table.page_rows == 25


# ------------------------------------------------------------ a view that does not load


async def press_on_missing_row(browser: Browser, api: FakeDirectory, *keys: str) -> asyncio.Event:
    """Go to a row whose page is held, and press keys there; returns the event that releases it."""
    gate = api.hold("list_users")
    burst(browser, "G", *keys)
    await browser.settled(lambda: browser.table.cursor_index == 999)
    await browser.pause()
    return gate


async def test_a_waiting_command_is_shown_and_runs_when_the_row_is_loaded() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "space")
        browser.setting.time.advance(2 * NOTE_SECONDS)
        await browser.settled(
            lambda: browser.status_line.startswith("Space waits for the row under the cursor. Esc drops it.")
        )
        assert not browser.marked
        gate.set()
        await browser.settled(lambda: browser.marked)
        await browser.settled(lambda: "waits" not in browser.status_line)
        assert list(browser.table.marked_emails.values()) == ["person00999@example.com"]


async def test_what_waits_is_no_longer_shown_once_its_dialog_is_open() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "b")
        browser.setting.time.advance(2 * NOTE_SECONDS)
        await browser.settled(lambda: browser.status_line.startswith("b waits"))
        gate.set()
        await browser.settled(lambda: "Actions for" in browser.dialog)
        await browser.press("escape")
        assert "waits" not in browser.status_line


async def test_escape_drops_waiting_keys() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "x", "j", "O")
        await browser.press("escape")
        assert browser.panes == ["users", "detail"]
        gate.set()
        await browser.settled(lambda: browser.cursor_email == "person00999@example.com")
        await input_handled(browser)
        assert not api.writes
        assert browser.dialog == ""
        await browser.press("space")
        await browser.settled(lambda: browser.marked)


async def test_waiting_keys_are_dropped_after_a_limit_with_a_message() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "x", "space")
        browser.setting.time.advance(LIMIT_SECONDS + 1)
        message = "x was not executed: the row under the cursor was not ready within 5 s. Dropped with it: 1 key."
        await browser.settled(lambda: message in browser.toasts)
        gate.set()
        await browser.settled(lambda: browser.cursor_email == "person00999@example.com")
        await input_handled(browser)
        assert not api.writes
        assert not browser.marked


@pytest.mark.parametrize("quitting", ["q", "ctrl+q"])
async def test_quitting_does_not_wait_for_waiting_keys(quitting: str) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.hold("list_users")
        burst(browser, "G", "space", quitting)
        await browser.settled(lambda: not browser.running)


async def test_q_after_a_filter_quits_while_keys_wait() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.hold("list_users")
        burst(browser, "G", "space", "/", "z", "enter", "q")
        await browser.settled(lambda: not browser.running)


@pytest.mark.parametrize("keys", [("space",), ("space", "/", "z", "enter"), ("O",), ("x",), ("m", "2", "space")])
async def test_keys_do_not_wait_if_nothing_can_be_loaded(keys: tuple[str, ...]) -> None:
    api = account()
    api.offline = SignInRefused("The server refused the credentials.", status=401)
    async with open_browser(Setting(api=api)) as browser:
        await browser.settled(lambda: browser.says("R reads the secret again"))
        burst(browser, *keys)
        await browser.press("escape", "4")
        await browser.settled(lambda: browser.panes == ["jobs", "steps"])
        await browser.press("1")
        burst(browser, *keys, "q")
        await browser.settled(lambda: not browser.running)
        assert not api.writes


async def test_letters_after_a_waiting_filter_key_are_text() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "space", "/", *"quentin")
        assert browser.running
        gate.set()
        await browser.settled(lambda: browser.filter_text == "quentin")


async def test_waiting_keys_are_dropped_when_a_dialog_opens() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = await press_on_missing_row(browser, api, "space", "x")
        browser.app.show_help()
        await browser.settled(lambda: "Keys" in browser.dialog)
        await browser.settled(lambda: any("Space was not executed: a dialog opened" in each for each in browser.toasts))
        gate.set()
        await browser.press("escape")
        await browser.settled(lambda: browser.cursor_email == "person00999@example.com")
        assert not browser.marked


# ------------------------------------------------------------ declarations of commands


NEVER_WAITS = {"view.back"}
"""Reads the marks only to clear them as the last step; it never waits."""


@pytest.mark.parametrize("command", [each for each in COMMANDS if not each.needs_view], ids=lambda each: each.id)
async def test_commands_that_read_the_cursor_or_the_marks_need_the_view(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    for owner, name in ((BrowserScreen, "user"), (BrowserScreen, "marked"), (UserTable, "marked_emails")):
        getter = getattr(owner, name).fget

        def note(self: object, getter: Callable[[object], object] = getter, name: str = name) -> object:
            if sys._getframe(1).f_code.co_name != "place":  # which only records the place of the cursor
                read.append(name)
            return getter(self)

        monkeypatch.setattr(owner, name, property(note))
    async with open_browser(Setting(api=account(50))) as browser:
        await browser.loaded()
        read.clear()
        if command.id not in NEVER_WAITS and not command.id.startswith("app."):
            browser.browser.run_command(command.id)
        assert read == []


WITHOUT_ROW = {"dialog.open", "user.new", "users.import", "group.new"}
"""Commands that change the account and act on no row."""


def test_commands_that_change_the_account_or_marks_need_the_view() -> None:
    for command in COMMANDS:
        if (command.writes or command.section in {CHANGE, MARK}) and command.id not in WITHOUT_ROW:
            assert command.needs_view, command.id
