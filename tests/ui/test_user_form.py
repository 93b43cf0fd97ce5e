"""The form of a user by keyboard and mouse: its fields, what it says about them, and what it returns."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.odd_people import OddPeople
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.plans import Consequence, Gravity
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.ui.dialogs.confirmation import QUIET_SECONDS
from walkme_tui.ui.dialogs.user_form import UserForm
from walkme_tui.ui.user_draft import UserDraft

SIZES = [(80, 24), (60, 15)]
ANN = User(
    "u1", "ann@example.com", "Ann", "Lee", "Editor", "active", "okta|1", extra={"department": "North", "seat": 4}
)
OWNED = "an identity provider owns this record"


def judge(draft: UserDraft) -> Sequence[Consequence]:
    return [Consequence(Gravity.WARNING, OWNED)] if draft.is_changed else []


class Form:
    """A form on the screen."""

    def __init__(self, browser: Browser, form: UserForm) -> None:
        self.browser = browser
        self.form = form

    @property
    def focus(self) -> str:
        return self.browser.focus.removeprefix("field-")

    @property
    def answers(self) -> list[UserDraft | None]:
        found = []
        while not self.form._answers.empty():
            found.append(self.form._answers.get_nowait())
        return found

    async def press(self, *keys: str) -> None:
        await self.browser.press(*keys)

    def says(self, text: str) -> bool:
        """True if the form shows this text, line breaks and its frame not counted."""
        return text in " ".join(self.browser.screen_text.replace("│", " ").split())


@asynccontextmanager
async def open_form(
    user: User | None = ANN, size: tuple[int, int] = (80, 24), environment: Environment = Environment.SANDBOX
) -> AsyncIterator[Form]:
    async with open_browser(Setting(environment=environment), size) as browser:
        form = UserForm(browser.setting.time.monotonic)
        account = browser.browser.session.account
        form.load(UserDraft.of(user) if user is not None else UserDraft(), account, judge)
        browser.app.push_screen(form)
        await browser.pause()
        yield Form(browser, form)


@pytest.mark.parametrize("size", SIZES)
async def test_every_field_is_reached_by_the_keyboard_and_shown(size: tuple[int, int]) -> None:
    async with open_form(size=size) as form:
        shown = {"email": "ann@example.com", "first-name": "Ann", "last-name": "Lee", "role": "Editor"}
        shown |= {"status": "● active", "external-id": "okta|1"}
        for name, text in shown.items():
            assert form.focus == name
            assert form.says(text)
            await form.press("down")
        assert form.focus == "save"
        await form.press("pagedown", "pagedown")
        assert form.says("department North")
        await form.press("tab")
        assert form.focus == "cancel"
        await form.press("tab")
        assert form.focus == "email"
        await form.press("up")
        assert form.focus == "email"
        await form.press("shift+tab", "shift+tab")
        assert form.focus == "save"


@pytest.mark.parametrize("size", SIZES)
async def test_enter_goes_to_the_next_field_and_from_the_last_to_save(size: tuple[int, int]) -> None:
    async with open_form(size=size) as form:
        await form.press("x", *["enter"] * 6)
        assert form.focus == "save"
        await form.press("enter")
        assert not form.answers
        form.browser.setting.time.advance(QUIET_SECONDS)
        await form.press("enter")
        (draft,) = form.answers
        assert draft is not None
        assert draft.values == {"email": "ann@example.comx"}


@pytest.mark.parametrize("size", SIZES)
async def test_f2_saves_what_was_edited_only(size: tuple[int, int]) -> None:
    async with open_form(size=size) as form:
        await form.press("down", "down", "backspace", "backspace", "backspace", *"Moss", "f2")
        (draft,) = form.answers
        assert draft is not None
        assert draft.values == {"last_name": "Moss"}


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_returned_before_old_new_and_consequences_were_shown(size: tuple[int, int]) -> None:
    async with open_form(ANN._replace(last_name="Le\u200be", role="a\u200bb"), size=size) as form:
        await form.press("x")
        shown = form.says("ann@example.com -> ann@example.comx") and form.says(OWNED)
        assert shown is (size == (80, 24))
        await form.press("f2")
        assert form.says("ann@example.com -> ann@example.comx")
        assert form.says(OWNED)
        assert len(form.answers) == shown
        await form.press("f2")
        assert len(form.answers) == (not shown)


async def test_an_untouched_form_returns_nothing() -> None:
    async with open_form() as form:
        await form.press("f2")
        assert form.says("Nothing was changed: there is nothing to send.")
        assert not form.answers


@pytest.mark.parametrize("seed", range(12))
async def test_a_form_of_a_hostile_record_that_was_only_walked_through_sends_nothing(seed: int) -> None:
    user = OddPeople(Random(seed), many_roles=True).user(seed)
    async with open_form(user) as form:
        form.form.offer({"Viewer": 3, "\x1b[31m": 1, "[@click=app.quit]x": 2}, ["\x07", "active"])
        await form.press("right", "home", "end", "tab", "left", "tab", "tab", "space", "down", "escape", "tab", "space")
        await form.press("escape", "tab", "home", "f2")
        assert form.form.draft.values == {}
        assert not form.answers
        await form.press("escape")
        assert form.browser.dialog == ""


async def test_a_value_with_hidden_characters_is_shown_and_replaced_whole() -> None:
    async with open_form(ANN._replace(email="ann\u200b@example.com")) as form:
        assert form.says("ann⟨200B⟩@example.com")
        assert form.says("Typing replaces the whole value.")
        await form.press("left", "left")
        assert not form.form.draft.is_changed
        await form.press("b")
        assert form.form.draft.values == {"email": "b"}
        await form.press("o")
        assert form.form.draft.values == {"email": "bo"}
        assert not form.says("Typing replaces the whole value.")


async def test_backspace_removes_all_of_a_value_with_hidden_characters() -> None:
    async with open_form(ANN._replace(first_name="An\x1bn")) as form:
        await form.press("down", "backspace")
        assert form.form.draft.values == {"first_name": None}
        await form.press("f5")
        assert form.form.draft.values == {}
        assert form.says("An␛n")


async def test_reasons_are_shown_while_typing() -> None:
    async with open_form() as form:
        await form.press("ctrl+u", "a")
        assert form.says("! An unusual email")
        await form.press("f2")
        assert len(form.answers) == 1


async def test_what_cannot_be_sent_is_not_returned_and_its_field_gets_the_focus() -> None:
    async with open_form() as form:
        await form.press("ctrl+u", "down", "x", "f2")
        assert not form.answers
        assert form.focus == "email"
        assert form.says("An email is required.")


async def test_a_role_is_chosen_from_those_of_the_account_with_their_counts() -> None:
    async with open_form() as form:
        form.form.offer({"Viewer": 1204, "Editor": 87}, [])
        await form.press("down", "down", "down", "space")
        assert form.says("Viewer 1 204 users")
        await form.press("v", "enter")
        assert form.focus == "role"
        assert form.form.draft.values == {"role": "Viewer"}
        assert form.says("Editor -> Viewer")


async def test_a_new_role_is_asked_about() -> None:
    async with open_form() as form:
        form.form.offer({"Viewer": 1204, "Editor": 87}, [])
        await form.press("down", "down", "down", "space", "end", "enter")
        assert form.browser.focus == "field-value"
        await form.browser.type("editor")
        await form.press("enter")
        assert form.says("No loaded user has the role editor. There is Editor.")
        await form.browser.armed()
        await form.press("u")
        assert form.form.draft.values == {"role": "editor"}
        await form.press("space", "end", "enter", "escape")
        assert form.form.draft.values == {"role": "editor"}


async def test_keys_behind_a_list_reach_what_they_were_typed_for() -> None:
    async with open_form() as form:
        await form.press("down", "down", "down")
        await form.browser.type_ahead(
            *["space", "v", "enter", "space", "escape", "down", "space", "i", "enter", "down", "!"]
        )
        assert form.form.draft.values == {"role": "Viewer", "status": "inactive", "external_id": "okta|1!"}


async def test_keys_typed_before_the_form_is_mounted_are_typed_into_it() -> None:
    async with open_browser(Setting()) as browser:
        form = UserForm(browser.setting.time.monotonic)
        form.load(UserDraft.of(ANN), browser.browser.session.account, judge)
        browser.app.push_screen(form)
        await browser.type_ahead("x", "down", "y")
        assert form.draft.values == {"email": "ann@example.comx", "first_name": "Anny"}


async def test_escape_asks_before_edits_are_discarded() -> None:
    async with open_form() as form:
        await form.press("x", "escape")
        assert form.says("Leave without saving?")
        await form.press("escape")
        assert form.form.draft.values == {"email": "ann@example.comx"}
        await form.press("ctrl+q")
        await form.browser.listening("Leave without saving?")
        await form.press("d")
        assert form.answers == [None]
        assert form.browser.dialog == ""


async def test_fields_that_the_program_does_not_know_are_shown_read_only() -> None:
    async with open_form(ANN._replace(role=UNKNOWN, extra={"role": ["a"], "department": "North"})) as form:
        assert form.says('role ["a"] department North')
        assert form.says("Role ? unknown")


async def test_a_form_can_be_filled_again() -> None:
    async with open_form() as form:
        await form.press("x", "down", "down", "down", "space")
        account = form.browser.browser.session.account
        form.form.load(UserDraft(), account, judge)
        await form.browser.pause()
        assert form.focus == "email"
        assert form.says("New user")
        assert not form.says("ann@example.com")
        assert not form.says("Status")
        await form.browser.type("bo@example.com")
        await form.press("f2")
        assert [draft.values for draft in form.answers if draft is not None] == [{"email": "bo@example.com"}]


async def test_while_it_is_saved_only_escape_does_something() -> None:
    async with open_form() as form:
        await form.press("x", "f2")
        await form.press("y", "f2", "tab")
        assert form.says("saving…")
        assert form.form.draft.values == {"email": "ann@example.comx"}
        assert len(form.answers) == 1
        await form.press("escape")
        assert form.browser.dialog == ""


async def test_a_problem_returns_to_the_draft_with_its_reasons_at_the_fields() -> None:
    async with open_form() as form:
        await form.press("x", "f2")
        draft = form.form.draft.refused({"external_id": "taken"})
        form.form.show_problem("The server refused the edit.", draft)
        await form.browser.pause()
        assert form.focus == "external-id"
        assert form.says("The server refused the edit.")
        assert form.says("! taken")
        await form.press("z")
        assert not form.says("taken")
        assert not form.says("The server refused the edit.")
        assert form.form.draft.values == {"email": "ann@example.comx", "external_id": "okta|1z"}


@pytest.mark.parametrize("size", SIZES)
async def test_the_mouse_focuses_fields_and_presses_the_buttons(size: tuple[int, int]) -> None:
    async with open_form(size=size) as form:
        await form.browser.pilot.click("#field-first-name", offset=(20, 0))
        await form.press("a")
        assert form.form.draft.values == {"first_name": "Anna"}
        await form.browser.pilot.click("#cancel")
        await form.browser.pause()
        assert form.says("Leave without saving?")
        await form.press("escape")
        await form.browser.pilot.click("#save")
        await form.browser.pause()
        assert len(form.answers) == 1


async def test_the_mouse_chooses_from_a_list() -> None:
    async with open_form() as form:
        await form.browser.pilot.click("#field-status")
        await form.browser.pause()
        await form.browser.pilot.click("#field-status SelectOverlay", offset=(4, 2))
        await form.browser.pause()
        assert form.form.draft.values == {"status": "inactive"}
        assert form.focus == "status"


async def test_a_paste_goes_into_the_field_without_control_characters() -> None:
    async with open_form() as form:
        from textual.events import Paste

        form.browser.app.post_message(Paste("one\x1b[2J\ntwo"))
        await form.browser.type_ahead("!")
        assert form.form.draft.values == {"email": "ann@example.comone[2J!"}


async def test_production_is_marked() -> None:
    async with open_form(environment=Environment.PRODUCTION) as form:
        assert form.says("PRODUCTION")


async def test_a_resized_terminal_shows_the_form_again() -> None:
    async with open_form() as form:
        await form.press("x")
        await form.browser.resize(60, 15)
        assert form.says("ann@example.comx")
        assert form.says("[ Save ]")
        await form.press("f2", "f2")
        assert len(form.answers) == 1
