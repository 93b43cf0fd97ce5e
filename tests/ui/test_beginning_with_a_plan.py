"""The browser when the command line opens it with a plan."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from textual import events

from tests.support.browser import Browser, Setting, close, open_browser
from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import UserPage
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui import start
from walkme_tui.ui.app import WalkmeApp
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser_start import StartPlan
from walkme_tui.ui.dialogs.dialog import Dialog
from walkme_tui.ui.plan_preload import PlanPreload


def setting_with_plan(task: StartPlan) -> tuple[Setting, FakeDirectory]:
    api = FakeDirectory([user._replace(status="active") for user in map(person, range(5))])
    return Setting(api=api, task=task), api


def app_of(setting: Setting) -> WalkmeApp:
    """The program as ``start`` makes it: the plan is being made before the app exists."""
    app = setting.app()
    assert app.session is not None
    assert setting.task is not None
    app._plan = PlanPreload(setting.task, app.session, setting.bench)
    return app


async def offboarding(_: Session, change_services: ChangeServices) -> Plan:
    return (await change_services.planner.offboard(["person00003@example.com"])).with_ticket("INC-5")


async def test_a_plan_from_the_command_line_is_shown_and_can_be_run() -> None:
    setting, api = setting_with_plan(StartPlan("Offboard person00003@example.com", offboarding))
    app = app_of(setting)
    async with app.run_test(size=(80, 24)) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.listening("Offboard Carmen Weber")
        assert "INC-5" in browser.screen_text
        assert setting.bench.opened == 1
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert api.writes
    await close(app)


async def test_closing_the_plan_shows_the_list() -> None:
    setting, api = setting_with_plan(StartPlan("Offboard person00003@example.com", offboarding))
    app = app_of(setting)
    async with app.run_test(size=(80, 24)) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.listening("Offboard Carmen Weber")
        await browser.press("escape")
        await browser.loaded()
        assert browser.running
        assert browser.dialog == ""
    await close(app)
    assert not api.writes


async def test_a_plan_that_cannot_be_made_ends_the_program_with_the_reason() -> None:
    async def fail(_: Session, __: ChangeServices) -> Plan:
        raise NotFound("No user has the email nobody@example.com.")

    setting, _ = setting_with_plan(StartPlan("Offboard nobody@example.com", fail))
    app = app_of(setting)
    async with app.run_test(size=(80, 24)) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.settled(lambda: not browser.running)
        assert app.job_tasks is not None
        assert isinstance(app.job_tasks.plan_failure, NotFound)
    await close(app)


async def test_escape_cancels_a_plan_that_is_being_made() -> None:
    gate = asyncio.Event()

    async def wait(session: Session, change_services: ChangeServices) -> Plan:
        await gate.wait()
        return await offboarding(session, change_services)

    setting, _ = setting_with_plan(StartPlan("Offboard person00003@example.com", wait))
    app = app_of(setting)
    async with app.run_test(size=(80, 24)) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.settled(lambda: "reading from the server… Esc stops." in browser.status_line)
        await browser.press("escape")
        gate.set()
        await browser.loaded()
        await browser.pause()
        assert browser.dialog == ""
        assert browser.running
    await close(app)


async def test_without_a_plan_the_change_services_are_opened_once_after_the_first_frame() -> None:
    setting = Setting(api=FakeDirectory(people(5)))
    async with open_browser(setting) as browser:
        await browser.loaded()
        assert setting.bench.opened <= 1
        await browser.settled(lambda: setting.bench.opened == 1)
        assert browser.dialog == ""


async def test_the_first_request_of_a_plan_is_sent_before_textual_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def offboarding_after_a_while(session: Session, change_services: ChangeServices) -> Plan:
        for _ in range(100):  # as long as the client is imported
            await asyncio.sleep(0)
        return await offboarding(session, change_services)

    setting, api = setting_with_plan(StartPlan("Offboard person00003@example.com", offboarding_after_a_while))
    setting.mirror = open_mirror(None, account_key="acme")
    await setting.mirror.save_page(UserPage(page=1, page_size=100, rows=tuple(people(5)), total=5), 0)
    gate = api.hold("find_user")
    sent: list[tuple[object, ...]] = []

    def end() -> None:
        sent.extend(api.asked("find_user"))
        raise ZeroDivisionError

    monkeypatch.setattr("walkme_tui.ui.start._import_app", end)
    begin = setting.app().start._replace(profile="acme", open_session=lambda *_: setting.session())
    with pytest.raises(ZeroDivisionError):
        await start._browse(begin)
    gate.set()
    assert sent


class ClosingBench(Bench):
    """Counts the change services that were closed."""

    closed = 0

    def __call__(self, session: Session) -> ChangeServices:
        opened = super().__call__(session)
        close = opened.journal.aclose

        async def close_and_count() -> None:
            await close()
            self.closed += 1

        opened.journal.aclose = close_and_count  # type: ignore[method-assign]  # the last that they close
        return opened


async def never(_: Session, __: ChangeServices) -> Plan:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("make_plan", [offboarding, never])
@pytest.mark.parametrize("broken", ["", "preload_rows", "_import_app", "_theme", "WalkmeApp.run_async", "quit"])
async def test_preloaded_change_services_are_closed_once_however_the_program_ends(
    make_plan: Callable[[Session, ChangeServices], Awaitable[Plan]], broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = ClosingBench()
    setting, _ = setting_with_plan(StartPlan("Offboard person00003@example.com", make_plan))
    setting.bench = bench
    app = setting.app()
    begin = app.start._replace(profile="acme", open_session=lambda *_: setting.session())
    closed = asyncio.Event()

    async def run(app: WalkmeApp) -> None:
        if broken == "":
            assert app.job_tasks is None  # the browser ends before its screen takes over the change services
        if broken == "quit":
            app.get_default_screen()
            assert app.job_tasks is not None
            await app.job_tasks.change_services()

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(WalkmeApp, "run_async", run)
    if broken not in {"", "quit"}:
        target = "walkme_tui.ui.app.WalkmeApp.run_async" if "." in broken else f"walkme_tui.ui.start.{broken}"
        monkeypatch.setattr(target, fail)
    monkeypatch.setattr("walkme_tui.ui.start._collect_garbage_again", closed.set)
    monkeypatch.setattr("walkme_tui.ui.preload.SEND_TIMEOUT_SECONDS", 0)  # one of the plans sends no request
    with suppress(ZeroDivisionError):
        await start._browse(begin)
    assert bench.opened == bench.closed
    assert bench.opened == (0 if broken == "preload_rows" and not bench.opened else 1)


async def test_services_start_once_behind_a_dialog_that_is_painted_or_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_browser(Setting()) as browser:
        app, screen = browser.app, browser.app.screen
        assert isinstance(screen, BrowserScreen)
        painted: list[bool] = []
        monkeypatch.setattr(
            screen,
            "_begin",
            lambda: painted.append(app.screen is screen or bool(app.screen.query_one("#frame").region)),
        )
        app.show_help()
        screen._begin_after_dialog()
        assert painted == []
        await browser.settled(lambda: painted == [True])
        await browser.press("escape")
        await browser.settled(lambda: app.screen is screen)
        app.show_help()
        screen._begin_after_dialog()
        assert isinstance(app.screen, Dialog)
        app.screen.process_key(events.Key("escape", None))  # closes the dialog as soon as it is mounted
        await browser.settled(lambda: painted == [True, True])
