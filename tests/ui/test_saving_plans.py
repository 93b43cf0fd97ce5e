"""Saving plans: from every dialog that can run one, and by a profile that may only read."""

from pathlib import Path

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plan_files import plan_from_text
from walkme_tui.domain.plans import Plan
from walkme_tui.ui.dialogs.user_form import UserForm
from walkme_tui.ui.widgets.fields.user_fields import UserFields

SIZES = [(120, 40), (80, 24), (60, 15)]
SALES, BETA = Group("g1", "Sales"), Group("g2", "Beta")
SAVE_ONLY = "Can only be saved (p):"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def account() -> FakeDirectory:
    first = person(0)._replace(status="active", groups=("g1",), role="Viewer", external_id=None)
    return FakeDirectory([first, *people(3, start=1)], groups=[SALES, BETA])


async def saved(browser: Browser, folder: Path) -> Plan:
    """Save the plan that is shown under the suggested name, in quotes."""
    await browser.press("p")
    await browser.settled(lambda: "Save the plan as" in browser.dialog)
    await browser.press("end", "'", "home", "'", "enter")
    await browser.settled(lambda: any("Nothing was sent." in toast for toast in browser.toasts))
    (file,) = files(folder)
    assert file.suffix == ".json"
    return plan_from_text(file.read_text())


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def changes(plan: Plan) -> list[str]:
    return [described(step.change) for step in plan.steps]


def described(change: Change) -> str:
    return f"{change.verb} {change.target(str)}"


@pytest.mark.parametrize("size", SIZES)
async def test_f3_shows_the_plan_of_an_edit_and_saves_it(size: tuple[int, int], folder: Path) -> None:
    api = account()
    async with open_browser(Setting(api=api), size) as browser:
        await browser.loaded()
        await browser.press("e", "down", "down", "ctrl+u", *"Moss")
        await browser.press("f3")
        if "This will be planned." in " ".join(browser.screen_text.split()):
            await browser.press("f3")
        await browser.listening("run 1 step")
        assert changes(await saved(browser, folder)) == ["set last name Çelik -> Moss"]
        await browser.listening("run 1 step")
        await browser.press("escape")
        await browser.settled(lambda: browser.app.screen is browser.browser)
    assert not api.writes


async def test_a_plan_that_is_neither_run_nor_saved_returns_to_the_form(folder: Path) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("e", "down", "down", "ctrl+u", *"Moss")
        await browser.press("f3")
        await browser.listening("run 1 step")
        await browser.press("escape")
        await browser.settled(lambda: isinstance(browser.app.screen, UserForm))
        assert browser.says("Nothing was sent.")
        await browser.press("f2")
        await browser.settled(lambda: any("is Moss. Verified." in toast for toast in browser.toasts))
    assert files(folder) == []


async def test_enter_sends_nothing_that_was_to_be_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    api = account()
    monkeypatch.setattr(UserFields, "edits_seen", False)  # as with texts that are longer than the screen
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("e", "down", "down", "ctrl+u", *"Moss")
        await browser.press("f3")
        await browser.settled(lambda: browser.says("This will be planned."))
        await browser.pause()
        await browser.press("enter")
        await browser.listening("Leave without saving?")
    assert not api.writes


async def test_f3_shows_the_plan_of_the_groups_of_one_user(folder: Path) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("a")
        await browser.settled(lambda: "Groups of" in browser.dialog)
        await browser.type("Beta")
        await browser.press("space", "f3")
        await browser.listening("run 1 step")
        assert changes(await saved(browser, folder)) == ["join Beta"]
    assert not api.writes


@pytest.mark.parametrize("size", SIZES)
async def test_p_saves_the_plan_of_a_deletion_without_the_typed_email(size: tuple[int, int], folder: Path) -> None:
    api = account()
    async with open_browser(Setting(api=api), size) as browser:
        await browser.loaded()
        await browser.press("D")
        await browser.listening("y delete")
        assert changes(await saved(browser, folder)) == ["delete the user"]
    assert not api.writes


@pytest.mark.parametrize("size", SIZES)
async def test_a_read_only_profile_prepares_an_offboarding_and_cannot_run_it(
    size: tuple[int, int], folder: Path
) -> None:
    api = account()
    async with open_browser(Setting(api=api, read_only=True), size) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.listening(SAVE_ONLY)
        assert "run 2 steps" not in browser.dialog
        await browser.press("y")
        await browser.listening(SAVE_ONLY)
        plan = await saved(browser, folder)
    assert changes(plan) == ["set status active -> inactive", "leave Sales"]
    assert "@" in plan.author
    assert not api.writes


async def test_a_plan_can_be_run_and_saved_on_a_small_screen() -> None:
    async with open_browser(Setting(api=account()), (60, 15)) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.listening("y run 2 steps   p save plan")
        await browser.armed()


@pytest.mark.parametrize("key", ["e", "a"])
async def test_what_is_sent_without_a_review_is_shown_where_nothing_may_be_sent(key: str, folder: Path) -> None:
    api = account()
    api.granted = frozenset({"users:read"})
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press(key)
        if key == "e":
            await browser.press("down", "down", "ctrl+u", *"Moss")
        else:
            await browser.settled(lambda: "Groups of" in browser.dialog)
            await browser.type("Beta")
            await browser.press("space")
        await browser.press("f2")
        await browser.listening(SAVE_ONLY)
        assert "the token lacks the scope users:write" in browser.dialog
        assert len((await saved(browser, folder)).steps) == 1
    assert not api.writes


async def test_a_deletion_by_a_read_only_profile_is_shown_to_be_saved(folder: Path) -> None:
    api = account()
    async with open_browser(Setting(api=api, read_only=True)) as browser:
        await browser.loaded()
        await browser.press("D")
        await browser.listening("y delete")
        await browser.press("t")
        await browser.type("person00000@example.com")
        await browser.press("enter")
        await browser.armed()
        await browser.press("y")
        await browser.listening(SAVE_ONLY)
        assert changes(await saved(browser, folder)) == ["delete the user"]
    assert not api.writes
