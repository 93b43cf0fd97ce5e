"""A browser that raises an exception when j is pressed, run by ``test_browser_crash.py`` in its own terminal.

Its arguments: the folder for the report, and the place of the exception (``BREAKS``); or ``secret``: no exception,
but a secret command that does not end.
"""

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.browser import Setting
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.config import crash_hooks
from walkme_tui.services.deferred_api import DeferredApi
from walkme_tui.store.sqlite_thread import SqliteThread
from walkme_tui.ui.browser import actions
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser_start import BrowserStart
from walkme_tui.ui.start import run_browser
from walkme_tui.ui.workers import WorkerGroup

if TYPE_CHECKING:
    from textual.worker import Worker

SECRET = "sesame-" + "open-4711"


def break_now(browser: BrowserScreen) -> None:
    local_secret = SECRET
    raise ValueError(f"{local_secret} {browser.cursor_email_of_zoe}")  # type: ignore[attr-defined]


def break_in_a_worker(browser: BrowserScreen) -> None:
    async def work() -> None:
        local_secret = SECRET
        await asyncio.sleep(0)
        raise ValueError(local_secret)

    browser.run_worker(work(), group=WorkerGroup.STATUS)


def break_in_a_task(browser: BrowserScreen) -> None:
    async def work() -> None:
        raise ValueError(SECRET)

    asyncio.get_running_loop().create_task(work())


def break_in_a_callback(browser: BrowserScreen) -> None:
    def work() -> None:
        raise ValueError(SECRET)

    asyncio.get_running_loop().call_soon(work)


def break_on_a_thread(browser: BrowserScreen) -> None:
    def work() -> None:
        raise ValueError(SECRET)

    threading.Thread(target=work).start()


def break_the_database(browser: BrowserScreen) -> None:
    def broken(thread: SqliteThread) -> None:
        raise ValueError(SECRET)

    SqliteThread._next = broken  # type: ignore[method-assign,assignment]

    async def read_until_it_breaks() -> None:
        # A thread that waits for work is in the unbroken method, and enters the broken one after the next call.
        while True:
            await browser.session.mirror.coverage()
            await asyncio.sleep(0.01)

    _: Worker[None] = browser.run_worker(read_until_it_breaks, group=WorkerGroup.STATUS)


BREAKS = {
    "verb": break_now,
    "worker": break_in_a_worker,
    "task": break_in_a_task,
    "callback": break_in_a_callback,
    "thread": break_on_a_thread,
    "database": break_the_database,
}


def wait_for_the_secret() -> FakeDirectory:
    time.sleep(600)
    return FakeDirectory()


def main() -> int:
    """Run it."""
    folder, where = sys.argv[1:]
    os.environ["WALKME_TUI_STATE_DIR"] = folder
    table: dict[str, Any] = dict(actions.ACTIONS)
    table["cursor.down"] = BREAKS.get(where, break_now)
    actions.ACTIONS = table  # type: ignore[misc]
    api = DeferredApi(wait_for_the_secret) if where == "secret" else FakeDirectory(people(5))
    setting = Setting(api=api)
    start = BrowserStart(
        profiles=(),
        profile="acme",
        open_session=lambda *_: setting.session(),
        open_demo=lambda _: setting.session(),
        demo=False,
        query="",
        keymap={},
        theme=None,
        no_color=False,
        problem="",
        state_folder=Path(folder),
    )
    return run_browser(start)


if __name__ == "__main__":
    crash_hooks.install()
    sys.exit(crash_hooks.final_code(main()))
