"""Keys, help, palette and copying, all defined by the table of commands."""

import pytest
from rich.cells import cell_len
from rich.style import Style

from tests.support.browser import Browser, Setting, open_browser
from tests.support.clipboard import Clipboard
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.commands import COMMANDS, offered
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User
from walkme_tui.ui.browser.actions import ACTIONS
from walkme_tui.ui.keys import bound, labels
from walkme_tui.ui.widgets.scrolling_text import ScrollingText


def account(count: int = 50) -> FakeDirectory:
    return FakeDirectory(people(count))


def test_every_command_has_an_action_and_every_action_a_command() -> None:
    app_commands = {"app.help", "app.palette", "app.profile", "app.quit", "app.redraw", "app.suspend"}
    assert set(ACTIONS) | app_commands == {command.id for command in COMMANDS}


def test_binding_a_key_removes_it_from_its_previous_command() -> None:
    commands = {command.id: command for command in bound({"mark.toggle": ("j",), "app.help": ()})}
    assert commands["mark.toggle"].keys == ("j",)
    assert commands["cursor.down"].keys == ("↓",)
    assert commands["app.help"].keys == ()
    assert labels(commands["cursor.down"]) == "↓"


async def test_configured_keys_replace_the_default_keys() -> None:
    keymap = {"mark.toggle": ("F2",), "app.help": ()}
    async with open_browser(Setting(api=account(), keymap=keymap)) as browser:
        await browser.loaded()
        await browser.press("f2")
        assert browser.marked == {person(0).id}
        await browser.press("space", "question_mark", "f1")
        assert browser.marked == {person(0).id}
        assert browser.dialog == ""
        assert "F2 mark" in browser.hints
        assert "help" not in browser.hints


async def test_the_footer_offers_the_keys_of_the_list_and_of_the_details() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        assert browser.hints.startswith("Enter open   / filter   Space mark   O offboard   ? help   e edit   q quit")
        await browser.press("enter")
        assert browser.hints.startswith("Esc back   J raw")


@pytest.mark.parametrize("surface", Surface)
async def test_the_help_lists_every_command_of_the_surface(surface: Surface) -> None:
    async with open_browser(Setting(api=account(), surface=surface)) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        listed = {command.title for command in COMMANDS if command.title in browser.dialog}
        assert listed == {command.title for command in offered(COMMANDS, browser.browser.session.capabilities)}
        await browser.press("G", "escape")
        assert browser.dialog == ""


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_no_line_of_the_help_is_cut_off(size: tuple[int, int]) -> None:
    async with open_browser(Setting(api=account()), size) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        text = browser.app.screen.query_one("#help", ScrollingText)
        width = text.scrollable_content_region.width
        assert [line for line in text.text.splitlines() if cell_len(line.rstrip()) > width] == []


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_the_quit_keys_quit(key: str) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press(key)
        assert not browser.running


@pytest.mark.parametrize("opener", ["question_mark", "colon", "slash", "y"])
async def test_ctrl_q_quits_from_everywhere(opener: str) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press(opener, "ctrl+q")
        assert not browser.running


async def test_ctrl_c_shows_how_to_quit() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("ctrl+c")
        assert browser.running
        assert any("q quits" in toast for toast in browser.toasts)


@pytest.mark.parametrize("key", ["ctrl+a", "ctrl+d", "ctrl+k", "ctrl+s", "ctrl+h", "ctrl+z", "delete"])
async def test_keys_of_commands_that_do_not_exist_do_nothing(key: str) -> None:
    api = account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        calls = len(api.calls)
        before = browser.screen_text
        await browser.press(key)
        assert (browser.screen_text, len(api.calls)) == (before, calls)


@pytest.mark.parametrize("opener", ["colon", "ctrl+p"])
async def test_the_palette_runs_the_chosen_command(opener: str) -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press(opener)
        await browser.type("mark all")
        assert browser.dialog.count("Mark all that is loaded") == 1
        await browser.press("enter")
        await browser.settled(lambda: len(browser.marked) == 50)


async def test_the_palette_changes_the_theme() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        for name in ("paper", "mono", "dusk"):
            await browser.press("colon")
            await browser.type(f"theme {name}")
            await browser.press("enter")
            assert browser.app.theme == name
            await browser.press("down")
            assert browser.says("person00001@example.com")


async def test_a_search_without_a_result_says_so() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("colon")
        await browser.type("no such command")
        assert browser.says("No entry has these words.")


async def test_the_palette_has_no_commands_of_textual() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("colon")
        await browser.type("screenshot")
        assert browser.dialog == "Commands\nEnter select   Esc cancel"


async def test_the_email_under_the_cursor_is_copied_despite_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space", "down", "Y")
        assert clipboard.texts == ["person00001@example.com"]
        assert browser.toasts == ["Sent to the terminal: person00001@example.com"]


async def test_the_copy_menu_copies_the_emails_of_marked_users(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space", "down", "down", "space", "y")
        await browser.settled(
            lambda: "Copy of 2 marked: person00000@example.com, person00002@example.com" in browser.dialog
        )
        await browser.press("enter")
        await browser.settled(lambda: clipboard.texts == ["person00000@example.com\nperson00002@example.com"])
        await browser.settled(lambda: browser.toasts == ["Sent to the terminal: 2 × email"])


@pytest.mark.parametrize(
    ("downs", "copied"),
    [
        (1, person(0).id),
        (2, "Zoë Çelik"),
        (4, '"firstName": "Zoë"'),
        (5, "- `person00000@example.com`\n  - `id`: `00000000-"),
        (6, f"person00000@example.com\tZoë\tÇelik\tViewer\tactive\t\t\t{person(0).id}"),
        (7, f'--header "Authorization: Bearer $WALKME_TOKEN" https://api.walkme.com/users/{person(0).id}'),
    ],
    ids=["id", "name", "json", "markdown", "row", "curl"],
)
async def test_the_copy_menu_copies_the_chosen_field(monkeypatch: pytest.MonkeyPatch, downs: int, copied: str) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("y")
        await browser.settled(lambda: browser.dialog)
        await browser.press(*["down"] * downs, "enter")
        await browser.settled(lambda: clipboard.texts)
        assert copied in clipboard.texts[0]


async def test_copied_text_has_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    nasty = User(id="u1", email="a@example.com\nrm -rf ~\n\x1b[2J", first_name="\u202eevil", last_name="x")
    async with open_browser(Setting(api=FakeDirectory([nasty]))) as browser:
        await browser.loaded()
        await browser.press("Y", "y")
        await browser.settled(lambda: browser.dialog)
        for downs in (4, 5, 6, 7):
            await browser.press(*["down"] * downs, "enter")
            await browser.press("y")
            await browser.settled(lambda: browser.dialog)
        await browser.settled(lambda: len(clipboard.texts) == 5)
        email, *others = clipboard.texts
        assert email.isprintable()
        assert all(sign.isprintable() or sign in "\n\t" for text in others for sign in text)


async def test_a_cell_of_a_row_is_no_formula_and_says_what_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    user = User(id="-u1", email="=cmd()", first_name=None, last_name="a\tb", groups=("g1", "g2"))
    api = FakeDirectory([user], groups=[Group("g1", "Sales")])
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("2", "1", "y")
        await browser.settled(lambda: browser.dialog)
        await browser.press(*["down"] * 6, "enter")
        await browser.settled(lambda: clipboard.texts)
        assert clipboard.texts[0].split("\t") == ["'=cmd()", "", "a␉b", "?", "?", "Sales; g2", "?", "'-u1"]


async def copy_card(browser: Browser, clipboard: Clipboard, downs: int, form: int) -> str:
    """Choose the answer card, so many entries down the copy menu, in a form."""
    await browser.press("y")
    await browser.settled(lambda: browser.dialog)
    await browser.press(*["down"] * downs, "enter")
    await browser.settled(lambda: "Answer card for a ticket" in browser.dialog)
    await browser.press(*["down"] * form, "enter")
    await browser.settled(lambda: clipboard.texts)
    return clipboard.texts.pop()


@pytest.mark.parametrize(
    ("form", "begins", "contains"),
    [
        (0, "As of 2", "Zoë Çelik"),
        (1, "- As of 2", "`Zoë Çelik`"),
        (2, "{", '"firstName": "Zoë"'),
        (3, "As of 2", f"the user {person(0).id} "),
        (4, "- As of 2", f"the user `{person(0).id}` "),
        (5, "{", '"redacted": true'),
    ],
)
async def test_the_answer_card_is_verified_and_copied(
    monkeypatch: pytest.MonkeyPatch, form: int, begins: str, contains: str
) -> None:
    clipboard, api = Clipboard(monkeypatch), account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        before = len(api.asked("get_user"))
        card = await copy_card(browser, clipboard, 3, form)
        assert len(api.asked("get_user")) == before + 1
        assert card.startswith(begins)
        assert contains in card
        assert ("person00000" in card) is (form < 3)
        await browser.settled(lambda: browser.toasts == ["Sent to the terminal: the answer card"])


async def test_a_card_that_cannot_be_verified_says_how_old_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard, api = Clipboard(monkeypatch), account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        api.offline = Unreachable("No route.")
        card = await copy_card(browser, clipboard, 3, 0)
        assert "read from the list" in card
        assert "never in full" in card
        assert any("No route. The card says how old its data is." in toast for toast in browser.toasts)


async def test_there_is_no_card_of_a_user_who_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard, api = Clipboard(monkeypatch), account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        del api.users[0]
        await browser.press("y")
        await browser.settled(lambda: browser.dialog)
        await browser.press("down", "down", "down", "enter")
        await browser.settled(lambda: "Answer card for a ticket" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: any("Reading person00000@example.com again failed" in x for x in browser.toasts))
        assert clipboard.texts == []


async def test_marked_users_get_a_card_each_without_being_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard, api = Clipboard(monkeypatch), account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("space", "down", "space")
        calls = len(api.asked("get_user"))
        cards = (await copy_card(browser, clipboard, 3, 0)).splitlines()
        assert ["person00000" in cards[0], "person00001" in cards[1], len(cards)] == [True, True, 2]
        assert len(api.asked("get_user")) == calls
        await browser.settled(lambda: browser.toasts == ["Sent to the terminal: 2 × answer card"])


async def test_the_card_of_a_group_counts_its_members(monkeypatch: pytest.MonkeyPatch) -> None:
    clipboard = Clipboard(monkeypatch)
    async with open_browser(Setting(api=FakeDirectory(people(8), groups=[Group("g1", "Sales")])), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.settled(lambda: browser.says("Sales"))
        await browser.press("down")
        card = await copy_card(browser, clipboard, 2, 0)
        assert "the group Sales (id g1) has 4 members; all 8 users read;" in card


async def test_text_that_is_too_long_for_the_terminal_is_not_copied() -> None:
    huge = User(id="u1", email="a" * 80_000 + "@example.com")
    async with open_browser(Setting(api=FakeDirectory([huge])), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("Y")
        assert any("Not copied" in toast for toast in browser.toasts)


@pytest.mark.parametrize("theme", ["dusk", "paper", "mono"])
async def test_the_browser_starts_with_every_theme(theme: str) -> None:
    async with open_browser(Setting(api=account(), theme=theme)) as browser:
        await browser.loaded()
        await browser.press("space", "2", "1", "question_mark", "escape", "colon", "escape", "Y")
        assert browser.says("person00001@example.com")


@pytest.mark.parametrize("theme", ["dusk", "paper", "mono"])
async def test_a_dialog_dims_what_is_behind_it(theme: str) -> None:
    async with open_browser(Setting(api=account(), theme=theme)) as browser:
        await browser.loaded()
        before, style_before = browser.screen_text.splitlines(), style_of_the_first_name(browser)
        await browser.press("question_mark")
        # The first two lines are above the dialog, and the first cells of a row beside it.
        await browser.settled(lambda: beside_dialog(browser.screen_text.splitlines()) == beside_dialog(before))
        style_after = style_of_the_first_name(browser)
        assert style_after != style_before
        assert style_after.dim if theme == "mono" else style_after.color != style_before.color


def beside_dialog(lines: list[str]) -> list[str]:
    return [*lines[:2], *(line[:6] for line in lines[2:])]


def style_of_the_first_name(browser: Browser) -> Style:
    strip = browser.strips[3]
    return next(segment.style for segment in strip if segment.text.strip() and segment.style is not None)
