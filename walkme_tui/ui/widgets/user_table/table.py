"""The table of users: a cursor and marks on a listing view, with keys, mouse and messages."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import SortKey, UserQuery
from walkme_tui.services.ports import Clock
from walkme_tui.services.reading.listing import Listing, ListingChange, RowsChanged
from walkme_tui.ui.widgets.user_table.columns import GUTTER, SORTED_BY, Field
from walkme_tui.ui.widgets.user_table.listing_view import HEADER_LINES, ListingView
from walkme_tui.ui.widgets.user_table.marks import Marks, mark_all, mark_range
from walkme_tui.ui.widgets.user_table.row_cursor import RowCursor
from walkme_tui.ui.widgets.user_table.row_renderer import RowState
from walkme_tui.ui.widgets.user_table.row_styles import RowBackground
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.services.sync.news import News


class UserTable(ListingView):
    """The users of one view with a cursor and marks, both kept by user id when the list changes.

    ``not_loaded`` returns how many users of the account are not in the mirror, for the message of "mark all". ``zebra``
    gives every other row the theme's stripe colour.
    """

    class TableMessage(Message):
        """A message of a table."""

        def __init__(self, table: "UserTable") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "UserTable":
            """The table."""
            return self.table

    class CursorMoved(TableMessage):
        """The cursor is on another user, or on a row that is not loaded yet (``user`` is None)."""

        def __init__(self, table: "UserTable", user: MirroredUser | None, index: int) -> None:
            super().__init__(table)
            self.user = user
            self.index = index

    class Opened(TableMessage):
        """Enter or a double click on a user."""

        def __init__(self, table: "UserTable", user: MirroredUser) -> None:
            super().__init__(table)
            self.user = user

    class HeadingClicked(TableMessage):
        """A click on the heading of a sortable column."""

        def __init__(self, table: "UserTable", key: SortKey) -> None:
            super().__init__(table)
            self.key = key

    class MarksChanged(TableMessage):
        """``count`` users are marked now."""

        def __init__(self, table: "UserTable", count: int) -> None:
            super().__init__(table)
            self.count = count

    class ViewChanged(TableMessage):
        """Total, order or phase of the listing changed."""

    class MarksReported(TableMessage):
        """The result of marking a range or all, in a sentence without directory text."""

        def __init__(self, table: "UserTable", text: str) -> None:
            super().__init__(table)
            self.text = text

    class Failed(TableMessage):
        """A request to the listing failed, and nothing changed."""

        def __init__(self, table: "UserTable", error: WalkmeError) -> None:
            super().__init__(table)
            self.error = error

    def __init__(
        self,
        listing: Listing,
        *,
        started_at_ms: int,
        clock: Clock,
        absent_fields: Collection[Field] = (),
        id: str | None = None,  # noqa: A002 - Textual's own name for it
    ) -> None:
        super().__init__(listing, self._row_state, clock=clock, absent_fields=absent_fields, id=id)
        self.zebra = True
        self.news: News | None = None
        self.not_loaded: Callable[[], int | None] = lambda: None
        self._started_at_ms = started_at_ms
        self._marks = Marks()
        self._cursor = RowCursor(self, moved=self._cursor_moved, locate=self._locate)

    # ------------------------------------------------------------ state

    @property
    def cursor_index(self) -> int:
        """The row that the cursor is on, from 0."""
        return self._cursor.index

    @property
    def cursor_user(self) -> MirroredUser | None:
        """The user under the cursor; None where the row is not loaded, cannot be read, or does not exist."""
        return self._cursor.user

    @property
    def is_settled(self) -> bool:
        """True if the view that was requested last is shown, with the cursor in its place."""
        return self.listing.settled and self._cursor.settled

    @property
    def has_cursor_row(self) -> bool:
        """True if the row under the cursor is loaded, cannot be read, or does not exist."""
        return self._cursor.row_loaded

    @property
    def paints_cursor_row(self) -> bool:
        """True if the user under the cursor is painted."""
        return not self.row_count or self.is_drawn(self._cursor.index)

    @property
    def marks(self) -> frozenset[str]:
        """The ids of the marked users."""
        return self._marks.ids

    @property
    def marked_emails(self) -> Mapping[str, str | None]:
        """Email by id of every marked user, in the order of marking; None where it was unknown."""
        return self._marks.emails

    def show(self, query: UserQuery) -> None:
        """Change the view; the cursor stays on its user if the new one has them, else it goes to the first row."""
        self.listing.show(query)

    def go_to(self, user: MirroredUser) -> None:
        """Put the cursor on this user, now or when the requested view is there."""
        self._cursor.go_to(user)

    # ------------------------------------------------------------ mounting

    def on_mount(self) -> None:
        """Serve the listing for as long as the table is mounted."""
        self.listing.listener = self._listing_changed
        start_worker(self, WorkerGroup.LISTING, self.listing.run, name="Loading the list")
        self._view_changed()

    def on_unmount(self) -> None:
        """Stop listening."""
        self.listing.listener = None

    def on_resize(self) -> None:
        """Request the rows that are visible now, and keep the cursor visible if it was."""
        if self.visible_rows and self._cursor.index >= self.visible_rows.stop:
            self.scroll_to_row(self._cursor.index - self.page_rows + 1)
        self.request_rows()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Paint the cursor's row: it shows whether the table has the focus."""
        super().watch_has_focus(_has_focus)
        self.repaint_rows((self._cursor.index,))

    # ------------------------------------------------------------ listing

    def _listing_changed(self, change: ListingChange) -> None:
        if isinstance(change, RowsChanged):
            self.repaint_rows(range(change.first, change.last + 1), only_changed=True)
            if change.first <= self._cursor.index <= change.last:
                self._cursor.row_changed()
            self.rows_loaded()
        else:
            self._view_changed()
            self.post_message(self.ViewChanged(self))

    def _view_changed(self) -> None:
        """Every index may be another user's now."""
        is_other_query = self._cursor.begin_view()
        self.update_row_count()
        self._cursor.place()
        self.repaint_changed()
        self.request_rows_soon()
        if is_other_query:
            self.paint_now()

    def _row_state(self, index: int, row: ListedRow | None) -> RowState:
        if index == self._cursor.index:
            background = RowBackground.CURSOR if self.has_focus else RowBackground.CURSOR_BLURRED
        else:
            background = RowBackground.ZEBRA if self.zebra and index % 2 else RowBackground.PLAIN
        dim = row is not None and row.fetched_at_ms < self._started_at_ms
        if not isinstance(row, MirroredUser):
            return RowState(background, marked=False, dim=dim)
        user_id, news = row.user.id, self.news
        if news is None:
            return RowState(background, user_id in self._marks, dim)
        return RowState(background, user_id in self._marks, dim, news.unseen(user_id), news.is_new(user_id))

    # ------------------------------------------------------------ cursor

    def _cursor_moved(self) -> None:
        """Post to the screen: bubbling would pass through the queue of every container on each key."""
        self.screen.post_message(self.CursorMoved(self, self._cursor.user, self._cursor.index))

    def _locate(self, user: MirroredUser) -> None:
        async def locate() -> None:
            try:
                index = await self.listing.locate(user.user.id)
            except WalkmeError as error:
                self.post_message(self.Failed(self, error))
                index = None
            self._cursor.located(user, index)

        start_worker(self, WorkerGroup.CURSOR, locate, exclusive=True, name="Finding the user under the cursor")

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest there is, and keep it in view."""
        self._cursor.move_to(index)

    def keep_cursor_in_view(self) -> None:
        """Scroll to the cursor."""
        self._cursor.keep_in_view()

    def _move_by_page(self, rows: int) -> None:
        self.scroll_to_row(self.first_row + rows)
        self._cursor.move_to(self._cursor.index + rows)

    def action_cursor_down(self) -> None:
        """Next row."""
        self._cursor.move_to(self._cursor.index + 1)

    def action_cursor_up(self) -> None:
        """Previous row."""
        self._cursor.move_to(self._cursor.index - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self._move_by_page(self.page_rows)

    def action_page_up(self) -> None:
        """A page up."""
        self._move_by_page(-self.page_rows)

    def action_first(self) -> None:
        """First row."""
        self._cursor.move_to(0)

    def action_last(self) -> None:
        """Last row; while only the first rows of an order are known, as soon as the last one is."""
        self._cursor.move_to_last()

    def action_open(self) -> None:
        """Open the user under the cursor."""
        if self._cursor.user is not None:
            self._cursor.chosen = True
            self.post_message(self.Opened(self, self._cursor.user))

    # ------------------------------------------------------------ marks

    def action_toggle_mark(self) -> None:
        """Mark the user under the cursor, or remove the mark."""
        if self._cursor.user is not None:
            self._cursor.chosen = True
            self._marks.toggle(self._cursor.user)
            self._marks_changed((self._cursor.index,))

    def action_mark_range(self) -> None:
        """Mark from the last mark to the cursor; rows that are missing are loaded first."""
        self._mark(partial(mark_range, self.listing, self._marks, self._cursor.index))

    def action_mark_all(self) -> None:
        """Mark all that is loaded in this view."""
        self._mark(partial(mark_all, self.listing, self._marks, self.not_loaded()))

    def action_clear_marks(self) -> None:
        """Remove all marks."""
        if self._marks:
            self._marks.clear()
            self._marks_changed(self.visible_rows)

    def unmark(self, user_ids: Iterable[str]) -> int:
        """Remove the marks of these users; returns how many were marked."""
        removed = self._marks.remove(user_ids)
        if removed:
            self._marks_changed(self.visible_rows)
        return removed

    def _mark(self, marking: Callable[[], Awaitable[str]]) -> None:
        async def mark() -> None:
            before = len(self._marks)
            try:
                message = await marking()
            except WalkmeError as error:
                self.post_message(self.Failed(self, error))
                return
            self.post_message(self.MarksReported(self, message))
            if len(self._marks) != before:
                self._marks_changed(self.visible_rows)

        start_worker(self, WorkerGroup.MARKS, mark, exclusive=True, name="Marking")

    def _marks_changed(self, rows: Sequence[int]) -> None:
        self.repaint_rows(rows, only_changed=True)
        self.post_message(self.MarksChanged(self, len(self._marks)))

    # ------------------------------------------------------------ mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a click in the gutter also marks it, a double click opens it."""
        event.stop()
        if event.y < HEADER_LINES:
            self._click_heading(event.x)
            return
        index = self.first_row + event.y - HEADER_LINES
        if index not in self.visible_rows:
            return
        self._cursor.move_to(index)
        if event.x < GUTTER:
            self.action_toggle_mark()
        elif event.chain == 2:
            self.action_open()

    def _click_heading(self, x: int) -> None:
        field = self.column_layout.field_at(x)
        key = SORTED_BY.get(field) if field is not None else None
        if key is not None:
            self.post_message(self.HeadingClicked(self, key))
