"""Deleting a user with ``D``: what is lost, the deactivation that is offered, and the typed email."""

import pytest

from tests.support.active_users import account, user_of
from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import RequestRejected
from walkme_tui.domain.users import User


async def show_question(browser: Browser) -> None:
    await browser.loaded()
    await browser.press("D")
    await browser.settled(lambda: "Delete" in browser.dialog)
    await browser.armed()


def names(api: FakeDirectory) -> list[str]:
    return [write.name for write in api.writes]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_the_typed_email_deletes_the_user(size: tuple[int, int]) -> None:
    api = account()
    first = user_of(api)
    async with open_browser(Setting(api=api, environment=Environment.PRODUCTION), size) as browser:
        await show_question(browser)
        for text in ("permanent", "Lost:", "new id"):
            assert text in browser.dialog
        await browser.press("t", *str(first.email).upper(), "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: first.email not in browser.emails)
    assert names(api) == ["delete_user"]
    assert first not in api.users


@pytest.mark.parametrize("typed", ["", "person00001@example.com", "person00000@example.co"])
async def test_another_text_deletes_nothing(typed: str) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press("t", *typed, "enter")
        await browser.armed()
        await browser.press("y")
        assert "nothing was sent" in browser.dialog
        await browser.press("escape", "escape")
        assert browser.dialog == ""
    assert not api.writes


async def test_enter_and_typed_letters_delete_nothing() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press(*"yyDD", "enter", "enter")
        assert browser.dialog == ""
    assert not api.writes


async def test_x_deactivates_instead() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press("x")
        await browser.settled(lambda: "Ticket" in browser.dialog)
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert names(api) == ["patch_user"]
    assert user_of(api).status == "inactive"


async def test_an_inactive_user_cannot_be_deactivated_instead() -> None:
    api = account()
    api.users[0] = user_of(api)._replace(status="inactive")
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        assert "x deactivate" not in browser.dialog
        await browser.press("x")
        assert "Delete" in browser.dialog


async def test_a_user_without_an_email_is_deleted_by_the_id() -> None:
    api = account()
    api.users[0] = user_of(api)._replace(email=None)
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        assert "cannot create the user again" in " ".join(browser.dialog.split())
        await browser.press("t", *user_of(api).id, "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert names(api) == ["delete_user"]


async def test_a_refused_deletion_is_shown_with_its_reason() -> None:
    api = account()
    api.fail_next(RequestRejected("The account keeps this user (422).", status=422), name="delete_user")
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press("t", *str(user_of(api).email), "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "keeps this user" in " ".join(browser.dialog.split()))
    assert user_of(api).email == "person00000@example.com"


async def test_a_deletion_that_ends_elsewhere_is_undone_in_the_jobs_tab() -> None:
    api = account()
    gate = api.hold("delete_user")
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press("t", *str(user_of(api).email), "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: browser.dialog == "")
        await browser.press("2")
        gate.set()
        await browser.settled(lambda: any("z in the Jobs tab undoes it." in toast for toast in browser.toasts))
        await browser.press("4", "z")
        await browser.settled(lambda: "new id" in browser.screen_text)


async def test_an_undo_creates_the_user_again_with_a_new_id() -> None:
    api = account()
    first = user_of(api)
    async with open_browser(Setting(api=api)) as browser:
        await show_question(browser)
        await browser.press("t", *str(first.email), "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.armed()
        await browser.press("z")
        await browser.settled(lambda: "Ticket" in browser.dialog)
        assert "new id" in browser.screen_text
        assert "◌ pending new user" in browser.dialog
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    emails = {user.email: user.id for user in api.users if isinstance(user, User)}
    assert emails[first.email] != first.id
