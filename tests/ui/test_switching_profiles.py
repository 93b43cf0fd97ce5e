"""Switching profiles while a job runs, while another switch is under way, and when it fails or the program ends."""

import asyncio
import threading

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import until
from tests.ui.test_browser_sessions import PROFILES
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import Status
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import BrowserStart


def account() -> FakeDirectory:
    users = [person(index)._replace(status="active", groups=("g1",)) for index in range(12)]
    return FakeDirectory([*users], groups=[Group("g1", "Sales")])


def cannot_open(_name: str, _surface: Surface) -> Session:
    raise ConfigurationError("The profile globex has no REST connection.")


async def deactivation_held(browser: Browser, api: FakeDirectory) -> asyncio.Event:
    """Start the deactivation of the user under the cursor; its write waits for the returned event."""
    count, gate = len(api.asked("patch_user")), api.hold("patch_user")
    await browser.press("x")
    await browser.listening("Deactivate")
    await browser.press("y")
    await browser.settled(lambda: len(api.asked("patch_user")) > count)
    return gate


@pytest.mark.parametrize("choice", ["w", "s"])
async def test_after_a_failed_switch_jobs_show_their_results(choice: str) -> None:
    api = account()
    async with open_browser(Setting(api=api, profiles=PROFILES, open_session=cannot_open)) as browser:
        await browser.loaded()
        gate = await deactivation_held(browser, api)
        await browser.press("C", "down", "enter")
        await browser.listening("A job is running")
        await browser.press(choice)
        gate.set()
        await browser.settled(lambda: any("has no REST connection" in toast for toast in browser.toasts))
        # The job that ended meanwhile shows its result, because the profile stays open.
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter", "down")
        gate = await deactivation_held(browser, api)
        assert "then" not in browser.status_line
        gate.set()
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_the_profile_opens_if_the_job_ends_before_the_question_is_answered() -> None:
    api, opener = account(), Opener()
    opener.may_open.set()
    async with open_browser(Setting(api=api, profiles=PROFILES, open_session=opener)) as browser:
        await browser.loaded()
        gate = await deactivation_held(browser, api)
        await browser.press("C", "down", "enter")
        await browser.listening("A job is running")
        gate.set()
        await browser.settled(lambda: browser.account_line.startswith("globex"))


class Opener:
    """Opens the second profile once ``may_open`` is set; ``sessions`` are what it opened."""

    def __init__(self) -> None:
        self.may_open = threading.Event()
        self.apis: list[FakeDirectory] = []

    def __call__(self, _name: str, _surface: Surface) -> Session:
        api = FakeDirectory(people(5, start=100))
        self.may_open.wait(10)
        self.apis.append(api)
        return Setting(api=api, profile="globex").session()


async def opening(browser: Browser) -> None:
    """Choose the second profile, which opens once ``may_open`` is set."""
    await browser.loaded()
    await browser.press("C", "down", "enter")


@pytest.mark.parametrize("count", [1, 3])
async def test_a_second_switch_does_not_replace_one_that_is_under_way(count: int) -> None:
    opener = Opener()
    async with open_browser(Setting(api=account(), profiles=PROFILES, open_session=opener)) as browser:
        await opening(browser)
        for _ in range(count):
            await browser.press("C")
        assert browser.dialog == ""
        opener.may_open.set()
        await browser.settled(lambda: browser.account_line.startswith("globex"))
    assert [api.closed for api in opener.apis] == [True]


async def test_a_switch_asks_before_it_stops_a_job_that_started_meanwhile() -> None:
    api, opener = account(), Opener()
    async with open_browser(Setting(api=api, profiles=PROFILES, open_session=opener)) as browser:
        await opening(browser)
        gate, work = api.hold("patch_user"), browser.app.job_tasks
        assert work is not None
        services = await work.change_services()
        plan = await services.planner.set_status(person(0).id, Status.INACTIVE)
        await work.start((await services.job_runs.submit(plan)).summary)
        await browser.settled(lambda: api.asked("patch_user"))
        opener.may_open.set()
        await browser.listening("A job is running")
        await browser.press("w")
        gate.set()
        await browser.settled(lambda: browser.account_line.startswith("globex"))
        await browser.settled(lambda: api.closed)
    assert len(api.writes) == 1


async def test_a_session_that_opens_after_the_program_has_ended_is_closed() -> None:
    opener = Opener()
    async with open_browser(Setting(api=account(), profiles=PROFILES, open_session=opener)) as browser:
        await opening(browser)
        browser.app.exit(0)
        opener.may_open.set()
    await until(lambda: opener.apis and opener.apis[0].closed)


async def test_a_session_whose_view_cannot_be_read_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = BrowserStart.later_query

    def later_query(start: BrowserStart, account: Account) -> tuple[UserQuery, bool]:
        if account.profile == "globex":
            raise ConfigurationError("The saved view cannot be read.")
        return real(start, account)

    monkeypatch.setattr(BrowserStart, "later_query", later_query)
    opener = Opener()
    opener.may_open.set()
    async with open_browser(Setting(api=account(), profiles=PROFILES, open_session=opener)) as browser:
        await opening(browser)
        await browser.settled(lambda: any("The saved view cannot be read." in toast for toast in browser.toasts))
        assert browser.account_line.startswith("acme")
        assert [api.closed for api in opener.apis] == [True]
