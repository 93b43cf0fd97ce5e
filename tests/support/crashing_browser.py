"""A browser that breaks when j is pressed, run by ``test_browser_crash.py`` in a terminal of its own.

Its arguments: the folder for the report, and where it breaks: ``verb`` or ``worker``; or ``secret``: it does not break,
but its secret's command takes longer than anybody waits.
"""

import asyncio
import sys
import time
from pathlib import Path

from tests.support.browser import Setting
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.services.browsing import BrowserStart
from walkme_tui.services.deferred import DeferredApi
from walkme_tui.ui.screens import verbs
from walkme_tui.ui.screens.browser import BrowserScreen
from walkme_tui.ui.start import run_browser
from walkme_tui.ui.workers import WorkerGroup

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


def wait_for_the_secret() -> FakeDirectory:
    time.sleep(600)
    return FakeDirectory()


def main() -> int:
    """Run it."""
    folder, where = sys.argv[1:]
    table = dict(verbs.VERBS)
    table["cursor.down"] = break_now if where == "verb" else break_in_a_worker
    verbs.VERBS = table  # type: ignore[misc]
    api = DeferredApi(wait_for_the_secret) if where == "secret" else FakeDirectory(people(5))
    setting = Setting(api=api)
    start = BrowserStart(
        profiles=(),
        profile="acme",
        open_session=lambda name: setting.session(),
        open_demo=setting.session,
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
    sys.exit(main())
