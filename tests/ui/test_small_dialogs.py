"""A confirmation dialog accepts its keys only while its question and its keys are visible."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, Known
from walkme_tui.ui.dialogs.bulk import BulkDialog
from walkme_tui.ui.dialogs.confirmation import QUIET_SECONDS, ConfirmationDialog

SIZES = [(80, 24), (120, 12), (80, 11), (60, 9), (40, 24), (40, 8), (39, 24), (80, 7), (24, 5), (10, 2)]
TOO_SMALL = "Terminal too small"
Opening: TypeAlias = Callable[[Browser], Awaitable[None]]


async def open_plan(browser: Browser) -> None:
    await browser.press("O")


async def open_plan_with_number(browser: Browser) -> None:
    await browser.press("asterisk", "O")


async def open_receipt(browser: Browser) -> None:
    await browser.press("x")
    await browser.listening("Deactivate")
    await browser.press("y")
    await browser.listening("Done and verified.")


async def open_question(browser: Browser) -> None:
    await browser.press("M")


DIALOGS: dict[str, tuple[Opening, tuple[str, ...]]] = {
    "plan": (open_plan, ("Offboard", "leave", "y run")),
    "plan with a number": (open_plan_with_number, ("Offboard", "leave", "y run", "People")),
    "receipt": (open_receipt, ("Deactivation of", "Done and verified.", "z undo")),
    "question": (open_question, ("Read the", "12 requests at", "kept.", "a read all")),
}


def setting(groups: Known[tuple[str, ...]] = ("g1",)) -> Setting:
    users = [person(number)._replace(status="active", groups=groups) for number in range(12)]
    api = FakeDirectory(users, groups=[Group("g1", "Sales")])
    return Setting(api=api, environment=Environment.PRODUCTION)


@pytest.mark.parametrize("kind", DIALOGS)
async def test_a_dialog_is_armed_only_while_its_question_and_its_keys_are_shown(kind: str) -> None:
    opening, texts = DIALOGS[kind]
    armed_at = set()
    async with open_browser(setting(UNKNOWN if kind == "question" else ("g1",)), size=(80, 24)) as browser:
        await browser.loaded()
        await opening(browser)
        await browser.settled(lambda: isinstance(browser.app.screen, ConfirmationDialog))
        dialog = browser.app.screen
        assert isinstance(dialog, ConfirmationDialog)
        for size in [*SIZES, *reversed(SIZES)]:
            await browser.resize(*size)
            armed_by_resize = dialog.armed
            browser.quiet(dialog)
            await browser.pause()
            assert not armed_by_resize
            shown = all(browser.says(text) for text in texts)
            assert dialog.armed <= shown, f"{size}: {browser.screen_text}"
            assert browser.says(TOO_SMALL[: size[0] - 2]) is not dialog.armed, f"{size}: {browser.screen_text}"
            if dialog.armed:
                armed_at.add(size)
    assert (80, 24) in armed_at


async def open_deletion(browser: Browser) -> None:
    await browser.press("asterisk", "b")
    await browser.settled(lambda: isinstance(browser.app.screen, BulkDialog))
    await browser.press("D")


async def leave_a_job(browser: Browser) -> None:
    await browser.press("x")
    await browser.listening("Deactivate")
    await browser.press("y")
    await browser.settled(lambda: "Deactivating" in browser.status_line)
    await browser.press("q")


@pytest.mark.parametrize(
    ("opening", "keys"),
    [(open_deletion, "x deactivate instead d plan deletion"), (leave_a_job, "w wait, then leave s stop and leave")],
)
async def test_a_question_with_two_answers_fits_on_60_by_15_cells(opening: Opening, keys: str) -> None:
    people = setting()
    assert isinstance(people.api, FakeDirectory)
    gate = people.api.hold("patch_user")
    async with open_browser(people, size=(60, 15)) as browser:
        await browser.loaded()
        await opening(browser)
        await browser.listening()
        assert browser.says(keys)
        gate.set()


async def test_the_keys_that_scroll_the_people_are_named_where_some_are_not_shown() -> None:
    async with open_browser(setting(), size=(80, 40)) as browser:
        await browser.loaded()
        await browser.press("asterisk", "b")
        await browser.settled(lambda: browser.says("Enter select Esc cancel"))
        await browser.resize(60, 15)
        await browser.settled(lambda: browser.says("Enter select PgUp PgDn people Esc cancel"))


async def test_a_dialog_is_armed_without_a_key() -> None:
    async with open_browser(setting()) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.settled(lambda: isinstance(browser.app.screen, ConfirmationDialog))
        dialog = browser.app.screen
        assert isinstance(dialog, ConfirmationDialog)
        await browser.settled(lambda: dialog.shown)
        browser.setting.time.advance(QUIET_SECONDS)
        await browser.settled(lambda: dialog.armed)


async def test_a_dialog_whose_text_becomes_shorter_is_shown_again() -> None:
    async with open_browser(setting(), size=(80, 24)) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.armed()
        line = browser.app.screen.query_one("#ticket-line")
        line.styles.height = 30
        await browser.resize(81, 24)
        assert browser.says(TOO_SMALL)
        line.styles.height = 1
        await browser.settled(lambda: browser.says("Offboard"))
        await browser.armed()
        assert browser.focus == "answer"


async def test_hidden_keys_do_nothing_except_close_the_dialog() -> None:
    async with open_browser(setting(), size=(80, 24)) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.armed()
        await browser.resize(30, 6)
        await browser.press("t", "y", "p", "k")
        await browser.resize(80, 24)
        assert browser.says("Ticket none")
        assert browser.focus == "answer"
        assert not browser.says("keep Sales")
        await browser.resize(30, 6)
        await browser.press("enter")
        assert browser.dialog == ""
