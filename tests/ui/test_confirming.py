"""Keys that were typed before a dialog opened, or for another part of it, confirm nothing."""

import pytest
from textual.widgets._toast import Toast

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.groups import Group
from walkme_tui.ui.dialogs.confirmation import QUIET_SECONDS, ConfirmationDialog

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]
KEY_SECONDS = 0.12


def account(count: int = 12) -> FakeDirectory:
    users = [user._replace(status="active", groups=("g1", "g2")) for user in map(person, range(count))]
    return FakeDirectory(users, groups=GROUPS)


def production(api: FakeDirectory) -> Setting:
    return Setting(api=api, environment=Environment.PRODUCTION)


def shown(browser: Browser) -> bool:
    screen = browser.app.screen
    return isinstance(screen, ConfirmationDialog) and screen.shown


async def type_steadily(browser: Browser, text: str) -> None:
    """Type text, a key every 120 ms."""
    for character in text:
        browser.setting.time.advance(KEY_SECONDS)
        await browser.type(character)


async def opened(browser: Browser, *keys: str) -> None:
    """Press keys and wait until the dialog that they open is painted."""
    await browser.loaded()
    await browser.press(*keys)
    await browser.settled(lambda: shown(browser))


async def test_an_email_typed_on_the_table_changes_nothing() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await opened(browser, "x")
        await type_steadily(browser, "ander.meyer@example.com")
        await browser.pause()
    assert not api.writes


@pytest.mark.parametrize("email", ["alex.meyer@example.com", "eva@example.com", "nora@example.com"])
async def test_an_email_typed_into_an_editor_changes_nothing(email: str) -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await browser.loaded()
        await type_steadily(browser, email)
        await browser.press("enter", "enter", "space", "enter")
        await browser.pause()
    assert not api.writes


async def test_letters_typed_while_the_plan_opens_neither_confirm_nor_keep_a_group() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await opened(browser, "O")
        await type_steadily(browser, "akley")
        assert browser.says("run 3 steps")
        assert not browser.says("keep Sales")
    assert not api.writes


@pytest.mark.parametrize("key", ["b", "k", "down", "y", "t"])
async def test_every_key_restarts_the_quiet_time_before_a_confirmation(key: str) -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await opened(browser, "O")
        assert browser.says("wait")
        await browser.armed()
        assert not browser.says("wait")
        await browser.press(key)
        if key != "y":
            assert browser.says("wait") is (key != "t")  # the ticket field takes the keys
            await browser.press(*(["enter"] if key == "t" else []), "y")
            browser.setting.time.advance(QUIET_SECONDS - 0.01)
            await browser.press("y")
            assert not api.writes
            await browser.armed()
            await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_letters_typed_while_the_plan_opens_do_not_save_it() -> None:
    async with open_browser(production(account())) as browser:
        await opened(browser, "O")
        await type_steadily(browser, "zopp")
        assert "Save the plan as" not in browser.dialog
        await browser.armed()
        await browser.press("p")
        await browser.settled(lambda: "Save the plan as" in browser.dialog)


async def test_letters_typed_into_the_ticket_confirm_nothing() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await opened(browser, "O")
        await browser.press("tab")
        assert browser.focus == "ticket"
        browser.setting.time.advance(QUIET_SECONDS)
        await type_steadily(browser, "y yes")
        await browser.press("enter", "y")
        assert browser.says("Ticket y yes")
    assert not api.writes


async def test_the_key_that_opens_a_dialog_confirms_nothing_in_it() -> None:
    api = account()
    keymap: dict[str, tuple[str, ...]] = {"user.offboard": ("y",), "job.discard": ("d",)}
    async with open_browser(Setting(api=api, environment=Environment.PRODUCTION, keymap=keymap)) as browser:
        await opened(browser, "y")
        await browser.armed()
        await browser.press("y")
        assert browser.says("u run 3 steps")
        assert not api.writes
        await browser.armed()
        await browser.press("u")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert browser.says("z undo")


async def mark(browser: Browser, count: int) -> None:
    """Mark the first people."""
    await browser.loaded()
    for _ in range(count):
        await browser.press("space", "down")


async def test_a_plan_for_many_people_in_production_requires_their_number() -> None:
    api = account()
    async with open_browser(production(api), (80, 24)) as browser:
        await mark(browser, 11)
        await browser.press("O")
        await browser.listening("Offboard 11 people")
        assert browser.says("People type the number of people in this plan, then press y")
        assert browser.focus == "answer"
        await browser.press("y")
        assert browser.focus == "number"
        assert browser.says("nothing was sent: type the number of people first")
        await browser.type("12")
        await browser.press("enter")
        await browser.armed()
        await browser.press("y")
        assert browser.says("nothing was sent: the plan is about 11 people")
        assert browser.focus == "number"
        await browser.press("backspace")
        await browser.type("1")
        await browser.press("enter", "y")
        assert not api.writes
        await browser.armed()
        await browser.press("y")
        await browser.listening("Done and verified.")
        writes = len(api.writes)
        await browser.press("z")
        await browser.listening("Undo for 11 people")
        await browser.press("y")
        assert len(api.writes) == writes
        await browser.press("1", "1", "tab")
        assert browser.focus == "answer"
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: len(api.writes) > writes)
        await browser.listening("Done and verified.")


async def test_the_number_of_people_can_be_typed_at_once() -> None:
    api = account()
    async with open_browser(production(api), (80, 24)) as browser:
        await mark(browser, 11)
        await browser.press("O")
        await browser.listening("Offboard 11 people")
        await browser.press("1", "1", "enter")
        await browser.armed()
        await browser.press("y")
        await browser.listening("Done and verified.")


async def test_the_key_that_confirms_is_not_typed_into_the_number() -> None:
    api = account()
    async with open_browser(production(api), (80, 24)) as browser:
        await mark(browser, 11)
        await browser.press("O")
        await browser.listening("Offboard 11 people")
        await browser.press("1", "2", "k", "t", "y")
        await browser.armed()
        await browser.press("y")
        assert browser.says("People 12 nothing was sent: the plan is about 11 people")
        await browser.press("backspace", "1")
        assert browser.says("People 11 type the number of people in this plan, then press y")
        assert browser.says("y run 33 steps")
        await browser.press("y")
        assert not api.writes
        await browser.armed()
        await browser.press("y")
        await browser.listening("Done and verified.")


@pytest.mark.parametrize(("count", "environment"), [(10, Environment.PRODUCTION), (12, Environment.SANDBOX)])
async def test_ten_people_or_a_sandbox_require_no_number(count: int, environment: Environment) -> None:
    api = account()
    async with open_browser(Setting(api=api, environment=environment)) as browser:
        await mark(browser, count)
        await browser.press("O")
        await browser.listening(f"Offboard {count} people")
        assert not browser.says("number of people")
        await browser.press("y")
        await browser.listening("Done and verified.")


@pytest.mark.parametrize("key", ["escape", "enter", "space"])
async def test_the_keys_that_close_a_dialog_always_work(key: str) -> None:
    async with open_browser(production(account())) as browser:
        await opened(browser, "O")
        await browser.press(key)
        assert browser.dialog == ""


async def test_messages_from_before_do_not_cover_a_dialog() -> None:
    async with open_browser(production(account()), (80, 24), draws_toasts=True) as browser:
        await browser.loaded()
        for text in ("In the status line.", "An export was written.", "The email was corrected."):
            browser.app.notify(text, markup=False, timeout=600)
        await browser.settled(lambda: len(browser.app._notifications) == 2)
        before, now = browser.app._notifications
        before.raised_at -= 60
        now.raised_at += 60
        await opened(browser, "D")
        await browser.settled(lambda: list(browser.app._notifications) == [now])
        await browser.settled(lambda: len(browser.app.screen.query(Toast)) == 1)
