"""A dialog that becomes ready after the focus moved elsewhere opens only on a key press."""

import threading

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.groups import Group
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import ProfileChoice

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]


def account(count: int = 12) -> FakeDirectory:
    users = [user._replace(status="active", groups=("g1", "g2")) for user in map(person, range(count))]
    return FakeDirectory(users, groups=GROUPS)


def production(api: FakeDirectory) -> Setting:
    return Setting(api=api, environment=Environment.PRODUCTION)


async def ready(browser: Browser, what: str) -> None:
    """Wait until a toast and the status line report a ready dialog; none may have opened."""
    await browser.settled(lambda: any(what in toast and "W opens it." in toast for toast in browser.toasts))
    await browser.settled(lambda: what in browser.status_line and "W opens it." in browser.status_line)


async def test_a_plan_never_opens_over_the_filter_box_while_it_has_the_focus() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await browser.loaded()
        gate = api.hold("get_user")
        await browser.press("space", "down", "space", "down", "space", "O", "slash")
        await browser.type("leaver")
        gate.set()
        await ready(browser, "Offboard 3 people: the plan is ready")
        await browser.type("shelly")
        assert browser.dialog == ""
        assert browser.filter_text == "leavershelly"
        asked = len(api.asked("get_user"))
        await browser.press("enter", "W")
        await browser.listening("Offboard 3 people")
        assert len(api.asked("get_user")) == asked
        await browser.settled(lambda: "W opens it" not in browser.status_line)
        await browser.press("escape")
        assert browser.dialog == ""
    assert not api.writes


@pytest.mark.parametrize("command", ["O", "x", "z"])
@pytest.mark.parametrize("way", ["down", "2", "question_mark", "slash"])
async def test_a_plan_opens_only_where_it_was_requested(command: str, way: str) -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await browser.loaded()
        if command == "z":
            await browser.press("x")
            await browser.listening("Deactivate")
            await browser.press("y")
            await browser.listening("Done and verified.")
            await browser.press("enter")
        gate = api.hold("get_user")
        await browser.press(command, way)
        dialog = browser.dialog
        gate.set()
        await ready(browser, "the plan is ready")
        assert browser.dialog == dialog
        await browser.press("escape", "W")
        await browser.listening("Ticket")
        assert "Zoë Çelik" in browser.dialog


async def test_keys_in_the_same_packet_count_as_moving_elsewhere() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await browser.loaded()
        await browser.type_ahead("O", "/", "z", "o")
        await ready(browser, "the plan is ready")
        assert browser.filter_text == "zo"


async def test_the_plan_opens_if_the_focus_stayed_or_returned() -> None:
    api = account()
    async with open_browser(production(api)) as browser:
        await browser.loaded()
        gate = api.hold("get_user")
        await browser.press("O", "down", "up")
        gate.set()
        await browser.listening("Offboard Zoë Çelik")


async def test_unfinished_jobs_are_not_offered_over_the_filter() -> None:
    setting = Setting(api=account())
    await setting.bench.offboarding_left(setting.session_over(account()), person(0).id, 1, sent=False)
    async with open_browser(setting) as browser:
        await browser.filter("zo")
        await ready(browser, "A job was not finished")
        assert browser.dialog == ""
        assert browser.filter_text == "zo"
        await browser.press("escape", "W")
        await browser.listening("A job was not finished")


async def test_groups_of_a_user_are_not_offered_over_the_filter() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        gate = api.hold("get_user")
        await browser.press("m", "slash")
        gate.set()
        await ready(browser, "The groups of Zoë Çelik are known")
        assert browser.focus == "filter"


async def test_w_without_a_ready_dialog_shows_a_message() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("W")
        assert "No dialog is ready." in browser.toasts


async def test_a_switch_of_profiles_does_not_replace_a_focused_filter_box() -> None:
    first, second = account(), account(7)
    gate = threading.Event()
    other = Setting(api=second, profile="globex")

    def open_slowly(*_: object) -> Session:
        assert gate.wait(10)
        return other.session()

    profiles = [ProfileChoice("globex", Environment.PRODUCTION, Surface.REST, "https://eu-api.walkme.com")]
    async with open_browser(Setting(api=first, profiles=profiles, open_session=open_slowly)) as browser:
        await browser.loaded()
        await browser.press("C")
        await browser.settled(lambda: "globex" in browser.dialog)
        await browser.press("enter", "slash")
        await browser.type("zo")
        gate.set()
        await ready(browser, "globex (REST): the account is ready")
        await browser.type("e")
        assert browser.filter_text == "zoe"
        assert browser.account_line.startswith("acme")
        await browser.press("escape", "W")
        await browser.settled(lambda: browser.account_line.startswith("globex"))
