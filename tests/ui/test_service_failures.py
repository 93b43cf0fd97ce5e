"""No failing service ends the program: commands and handlers run while mirror, server or journal fail."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.commands import COMMANDS
from walkme_tui.domain.errors import (
    ConfigurationError,
    JournalUnavailable,
    MirrorUnavailable,
    SecretUnavailable,
    Unreachable,
    WalkmeError,
)
from walkme_tui.domain.groups import Group
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.events import Event, PageLoaded, UserForgotten, UserStored
from walkme_tui.services.ports import Session
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.dialogs.confirmation import ConfirmationDialog

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]
LEFT_OUT = {"app.quit", "app.suspend"}  # they end or stop the program
ERRORS = {
    "mirror": MirrorUnavailable("Another program keeps the local copy busy."),
    "api": Unreachable("Cannot reach api.walkme.com."),
    "secret": SecretUnavailable("The command pass failed with exit code 1."),
    "journal": JournalUnavailable("The journal is damaged."),
}


def demo_that_fails(_: Surface) -> Session:
    raise ConfigurationError("The demo needs starlette.")


class Failing:
    """A proxy whose coroutine methods raise ``error`` while it is set."""

    def __init__(self, target: object) -> None:
        self.target = target
        self.error: WalkmeError | None = None

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.target, name)
        if not inspect.iscoroutinefunction(value) or name == "aclose":
            return value

        async def call(*arguments: object, **named: object) -> object:
            if self.error is not None:
                raise self.error
            return await value(*arguments, **named)

        return call


@dataclass
class FailingBench(Bench):
    """Opens change services whose journal can fail; opening them fails as well then."""

    error: WalkmeError | None = None
    journals: list[Failing] = field(default_factory=list)

    def __call__(self, session: Session) -> ChangeServices:
        if self.error is not None:
            raise self.error
        opened = super().__call__(session)
        self.journals.append(Failing(opened.journal))
        journal: Any = self.journals[-1]
        for part in (opened.job_runs, opened.job_runs._executor, opened.job_runs._receipts):
            part._journal = journal
        opened.journal = journal
        return opened


class Account:
    """A browser's services, all of which can fail."""

    def __init__(self) -> None:
        users = [person(index)._replace(status="active", groups=("g1", "g2")) for index in range(12)]
        self.api: Any = Failing(FakeDirectory([*users], groups=GROUPS))
        self.mirror: Any = Failing(open_mirror(None, account_key="acme"))
        self.bench = FailingBench()
        self.setting = Setting(api=self.api, mirror=self.mirror, bench=self.bench, open_demo=demo_that_fails)

    def fail(self, what: str) -> None:
        """Let every call into one service raise from now on."""
        error = ERRORS[what]
        parts = {"mirror": [self.mirror], "journal": [self.bench, *self.bench.journals]}
        for part in parts.get(what, [self.api]):
            part.error = error


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are written into ``tmp_path``."""
    monkeypatch.chdir(tmp_path)


async def answer(browser: Browser) -> None:
    """Confirm what the dialog on top offers, then close all dialogs."""
    if isinstance(browser.app.screen, ConfirmationDialog):
        await browser.armed()
        await browser.press("y", "r", "d")
    elif browser.dialog:
        await browser.press("enter")
    while browser.dialog:
        await browser.press("escape")


async def opened(browser: Browser, account: Account, tab: Tab, *, with_job: bool) -> None:
    """Load users, groups and jobs, run a job so that the Jobs tab has one, and open the tab."""
    await browser.loaded()
    if with_job:
        await browser.deactivate_user()
        await browser.press("down")
    await browser.press("2")
    await browser.settled(lambda: browser.groups)
    await browser.press("4")
    await browser.settled(lambda: browser.browser.area.jobs_tab.was_read)
    browser.browser.navigation.show_tab(tab)
    await browser.pause()


@pytest.mark.parametrize("tab", [Tab.USERS, Tab.GROUPS, Tab.JOBS])
@pytest.mark.parametrize("what", list(ERRORS))
async def test_no_command_ends_the_program(what: str, tab: Tab) -> None:
    account = Account()
    async with open_browser(account.setting) as browser:
        await opened(browser, account, tab, with_job=True)
        account.fail(what)
        for command in COMMANDS:
            if command.id in LEFT_OUT:
                continue
            browser.browser.navigation.show_tab(tab)
            browser.app.run_command(command.id)
            await browser.pause()
            await answer(browser)
            assert browser.app.broken_by is None, command.id
            assert browser.running, command.id


def published(event: Event) -> Callable[[Browser], object]:
    return lambda browser: browser.browser.session.events.publish(event)


HANDLERS: dict[str, Callable[[Browser], object]] = {
    "a user chosen in the news": lambda browser: browser.browser.navigation.show_user(person(3).id),
    "a group chosen": lambda browser: browser.browser.navigation.show_group("g1"),
    "a second": lambda browser: browser.browser.chrome.tick(),
    "a refresh": lambda browser: browser.browser.pages.refresh(),
    "a page": published(PageLoaded(1, 0, 11)),
    "a stored user": published(UserStored(person(1).id)),
    "a user who is gone": published(UserForgotten(person(1).id)),
    "the groups": lambda browser: browser.browser.group_loading.read(),
    "the counts": lambda browser: browser.browser.group_loading.count(),
    "the jobs": lambda browser: browser.browser.change_commands.read_jobs(),
    "all marks": lambda browser: browser.table.action_mark_all(),
    "another order": lambda browser: browser.browser.ordering.sort_next(),
    "columns": lambda browser: browser.browser.ordering.toggle_wide(),
    "views": lambda browser: browser.browser.ordering.views(),
    "a double click": lambda browser: browser.browser.navigation.open_details(),
}


@pytest.mark.parametrize("what", list(ERRORS))
async def test_no_handler_ends_the_program(what: str) -> None:
    account = Account()
    async with open_browser(account.setting) as browser:
        await opened(browser, account, Tab.USERS, with_job=False)
        account.fail(what)
        for name, run in HANDLERS.items():
            browser.browser.navigation.show_tab(Tab.USERS)
            run(browser)
            await browser.pause()
            await browser.tick()
            assert browser.app.broken_by is None, name
            assert browser.running, name
        for text in ("zo", "person00003@example.com", "role:", "group:sales", "qqqqqq"):
            await browser.filter(text)
            await browser.tick()
            await browser.press("tab", "enter", "escape", "escape")
            assert browser.running, text


async def test_choosing_a_user_in_the_news_while_the_mirror_fails_shows_a_message() -> None:
    account = Account()
    async with open_browser(account.setting) as browser:
        await browser.loaded()
        account.fail("mirror")
        browser.browser.navigation.show_user(person(3).id)
        said = "Finding the user failed: Another program keeps the local copy busy."
        await browser.settled(
            lambda: any(said in each or "keeps the local copy busy" in each for each in browser.toasts)
        )
