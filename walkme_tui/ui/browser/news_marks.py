"""What changed in the account, on the screen: marked in the rows until it was looked at, and counted below them."""

from functools import partial
from typing import TYPE_CHECKING

from walkme_tui.services.sync.news import News
from walkme_tui.ui.flows.news import news_words
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.widgets.user_table import UserTable
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from walkme_tui.ui.browser.screen import BrowserScreen


class NewsMarks:
    """Shows a session's news. Whoever had the cursor for a moment was looked at, once it goes on."""

    def __init__(self, browser: "BrowserScreen") -> None:
        self._browser = browser
        self._news = News(browser.session)
        self._looked_at: str | None = None
        self._stop: Callable[[], None] | None = None

    def begin(self) -> None:
        """Collect, and mark what is found."""
        self._stop = self._news.listen()
        self._news.changed = self._changed

    def end(self) -> None:
        """Collect no more."""
        if self._stop is not None:
            self._stop()

    def attach(self, table: UserTable) -> None:
        """Have a table mark what is new to the person."""
        table.news = self._news

    def rested_on(self, user_id: str) -> None:
        """The cursor has been on this user for a moment."""
        self._looked_at = user_id

    def moved(self, user_id: str | None) -> None:
        """The cursor is on this user now: whoever was looked at before is no news any more."""
        if self._looked_at is not None and self._looked_at != user_id:
            if self._news.see(self._looked_at):
                self._repaint()
            self._looked_at = None

    def show(self) -> None:
        """List all of it."""
        from walkme_tui.ui.flows.news import show_news

        showing = partial(show_news, self._browser, Origin(self._browser), self._news)
        start_worker(self._browser, WorkerGroup.NEWS, showing, name="Reading what changed")

    @property
    def saying(self) -> StatusMessage | None:
        """What the status line says of it, where there is nothing more important."""
        count = self._news.count
        return StatusMessage(f"{news_words(count).capitalize()}. N lists them.", TextStyle.DIM) if count.any else None

    def _changed(self) -> None:
        self._browser.situation.tell_soon()
        self._repaint()

    def _repaint(self) -> None:
        for table in self._browser.query(UserTable):
            table.repaint_rows(table.visible_rows, only_changed=True)
