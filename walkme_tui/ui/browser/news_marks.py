"""Marks users that changed in the account until the cursor was on them, and counts them in the status line."""

from functools import partial
from typing import TYPE_CHECKING

from walkme_tui.services.sync.news import News
from walkme_tui.ui.flows.news import news_words
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.widgets.user_table.table import UserTable


class NewsMarks:
    """Shows the news of a session in its tables; ``changed`` is called when the count changed."""

    def __init__(self, view: "FlowContext", tables: "Sequence[UserTable]", changed: "Callable[[], None]") -> None:
        self._view, self._tables, self._changed = view, tables, changed
        self._news = News(view.session)
        self._rested_on: str | None = None
        self._stop = self._news.listen()
        self._news.changed = self._count_changed
        for table in tables:
            table.news = self._news

    def end(self) -> None:
        """Stop collecting."""
        self._stop()

    def rested_on(self, user_id: str) -> None:
        """Note that the cursor rested on this user."""
        self._rested_on = user_id

    def moved(self, user_id: str | None) -> None:
        """Remove the mark of the user that the cursor rested on, now that it is on another one."""
        if self._rested_on is not None and self._rested_on != user_id:
            if self._news.see(self._rested_on):
                self._repaint()
            self._rested_on = None

    def show(self) -> None:
        """List the news."""
        from walkme_tui.ui.flows.news import show_news

        showing = partial(show_news, self._view, Origin(self._view), self._news)
        start_worker(self._view.screen, WorkerGroup.NEWS, showing, name="Reading what changed")

    @property
    def message(self) -> StatusMessage | None:
        """The message for the status line, None where nothing changed."""
        count = self._news.count
        return StatusMessage(f"{news_words(count).capitalize()}. N lists them.", TextStyle.DIM) if count.any else None

    def _count_changed(self) -> None:
        self._changed()
        self._repaint()

    def _repaint(self) -> None:
        for table in self._tables:
            if table.is_attached:
                table.repaint_rows(table.visible_rows, only_changed=True)
