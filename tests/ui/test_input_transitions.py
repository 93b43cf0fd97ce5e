"""Mouse, focus and paste events while the screen changes: none of them ends the program."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress

import pytest
from textual.css.query import NoMatches
from textual.events import AppBlur, AppFocus, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Paste
from textual.message import Message

from tests.support.browser import Browser, Setting, close
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.groups import Group
from walkme_tui.ui.browser_start import ProfileChoice

GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]
PROFILES = [ProfileChoice(name, Environment.SANDBOX, Surface.REST, "https://x.example") for name in ("acme", "globex")]
TURNS = 25
"""Turns of the event loop in which a change of the screen is under way."""
WHOLE = (120, 40)
LONG = "A message that is too long for the status line. " * 5


def setting() -> Setting:
    made = Setting(api=FakeDirectory(people(100), groups=GROUPS), profiles=PROFILES)
    made.open_session = lambda *_: Setting(api=FakeDirectory(people(50)), profile="globex").session()
    return made


def mouse(kind: type[MouseDown | MouseUp | MouseMove | MouseScrollDown | MouseScrollUp], x: int, y: int) -> Message:
    return kind(None, x, y, 1, 1, 1, shift=False, meta=False, ctrl=False)


def events_at(x: int, y: int) -> list[Message]:
    """A drag, a click, the wheel, loss and return of the terminal's focus, and a paste."""
    return [
        mouse(MouseDown, x, y),
        mouse(MouseMove, x + 1, y + 1),
        mouse(MouseUp, x + 1, y + 1),
        mouse(MouseDown, x, y),
        mouse(MouseUp, x, y),
        mouse(MouseScrollDown, x, y),
        mouse(MouseScrollUp, x, y),
        AppBlur(),
        AppFocus(),
        Paste("pasted"),
    ]


POINTS = [(60, 20), (6, 2), (10, 1), (115, 35), (118, 3), (2, 39), (40, 12)]


async def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.app.simulate_key(key)


async def close_toast(browser: Browser) -> None:
    browser.app.notify(LONG, title="Toast", timeout=60)
    await browser.settled(lambda: browser.says("Toast"))
    browser.app.clear_notifications()


async def close_dialog(browser: Browser) -> None:
    await browser.press("question_mark")
    await press(browser, "escape")


async def close_palette(browser: Browser) -> None:
    await browser.press("colon")
    await press(browser, "escape")


async def switch_profile(browser: Browser) -> None:
    await browser.press("C")
    await browser.settled(lambda: browser.dialog)
    await press(browser, "down", "enter")


async def shrink(browser: Browser) -> None:
    await browser.pilot.resize_terminal(30, 6)


async def enlarge(browser: Browser) -> None:
    await browser.resize(30, 6)
    await browser.pilot.resize_terminal(*WHOLE)


async def open_plan(browser: Browser) -> None:
    await press(browser, "O")


async def quit_program(browser: Browser) -> None:
    await press(browser, "q")


CHANGES: dict[str, Callable[[Browser], Awaitable[None]]] = {
    "a toast goes": close_toast,
    "help opens": lambda browser: press(browser, "question_mark"),
    "help closes": close_dialog,
    "the palette opens": lambda browser: press(browser, "colon"),
    "the palette closes": close_palette,
    "another profile": switch_profile,
    "too small": shrink,
    "large enough": enlarge,
    "another tab": lambda browser: press(browser, "2", "4", "5", "1"),
    "details open": lambda browser: press(browser, "enter", "J", "p", "p"),
    "a plan opens": open_plan,
    "the program ends": quit_program,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("first_turn", [0, 2])
async def test_no_input_ends_the_program_while_the_screen_changes(change: str, first_turn: int) -> None:
    made = setting()
    app = made.app()
    async with app.run_test(size=WHOLE, notifications=True) as pilot:
        browser = Browser(pilot, app, made)
        await browser.loaded()
        await CHANGES[change](browser)
        for turn in range(TURNS):
            if turn >= first_turn and browser.running:
                for message in events_at(*POINTS[turn % len(POINTS)]):
                    browser.app.post_message(message)
            await asyncio.sleep(0)
        await browser.pause()
        assert browser.app.broken_by is None
        assert browser.running == (change != "the program ends")
    await close(app)


@pytest.mark.parametrize("ends", [False, True])
async def test_a_missing_widget_is_a_bug_only_until_the_program_ends(ends: bool) -> None:
    made = setting()
    app = made.app()
    with nullcontext() if ends else suppress(NoMatches):
        async with app.run_test(size=WHOLE) as pilot:
            browser = Browser(pilot, app, made)
            await browser.loaded()
            app.screen.call_later(app.screen.query_one, "#missing")
            if ends:
                app.exit()
            for _ in range(TURNS):
                await asyncio.sleep(0)
    assert isinstance(app.broken_by, NoMatches) is not ends
    await close(app)


async def test_no_input_ends_the_program_while_the_demo_starts() -> None:
    made = Setting(problem="There is no profile yet.")
    made.open_demo = lambda _: Setting(api=FakeDirectory(people(3)), profile="demo").session()
    app = made.app()
    async with app.run_test(size=WHOLE, notifications=True) as pilot:
        browser = Browser(pilot, app, made)
        await browser.pause()
        app.simulate_key("d")
        while app.session is None:
            for point in POINTS:
                for message in events_at(*point):
                    app.post_message(message)
            await browser.pause()
        await browser.loaded()
        assert app.broken_by is None
    await close(app)


@pytest.mark.parametrize("drags", [False, True], ids=["click", "drag"])
@pytest.mark.parametrize("first_turn", range(4))
async def test_the_mouse_over_a_toast_that_is_removed_does_not_end_the_program(drags: bool, first_turn: int) -> None:
    made = setting()
    app = made.app()
    async with app.run_test(size=WHOLE, notifications=True) as pilot:
        browser = Browser(pilot, app, made)
        await browser.loaded()
        app.notify(LONG, title="Toast", timeout=60)
        await browser.settled(lambda: browser.says("Toast"))
        region = app.screen.query_one("Toast").region
        x, y = region.x + 4, region.y + 1
        if drags:
            app.post_message(mouse(MouseDown, x, y))
            app.post_message(mouse(MouseMove, x + 1, y))
            await browser.pause()
        app.clear_notifications()
        for turn in range(2 * TURNS):
            if turn >= first_turn:
                for kind in (MouseMove,) if drags else (MouseDown, MouseUp):
                    app.post_message(mouse(kind, x + turn % 3, y))
            await asyncio.sleep(0)
        app.post_message(mouse(MouseUp, x, y))
        await browser.pause()
        assert app.broken_by is None
        app.post_message(mouse(MouseDown, 10, 8))
        app.post_message(mouse(MouseUp, 10, 8))
        await browser.settled(lambda: browser.cursor_email == "person00005@example.com")
    await close(app)
