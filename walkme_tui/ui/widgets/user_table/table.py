"""The table of users: a cursor and marks over a listing."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from textual import events

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.ports import Clock
from walkme_tui.services.reading.listing import Listing, ListingChange, RowsChanged
from walkme_tui.ui.widgets.user_table import messages
from walkme_tui.ui.widgets.user_table.bulk_marks import mark_all, mark_range
from walkme_tui.ui.widgets.user_table.columns import GUTTER, SORTED_BY
from walkme_tui.ui.widgets.user_table.cursor_follow import NEAR_SCREENS, Following, at_hand, following
from walkme_tui.ui.widgets.user_table.marks import Marks
from walkme_tui.ui.widgets.user_table.rendering import RowState
from walkme_tui.ui.widgets.user_table.row_styles import RowBackground
from walkme_tui.ui.widgets.user_table.view import HEADER_LINES, ListingView
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.services.sync.news import News


class UserTable(ListingView):
    """Users of one view with a cursor and marks, both kept by user id whatever happens to the list.

    ``empty_text`` and ``loading_text`` are shown in place of rows. ``not_loaded`` tells how many users of the account
    are not in the mirror, for the words of "mark all". ``zebra`` gives every other row the ground that the theme has
    for stripes.
    """

    CursorMoved: TypeAlias = messages.CursorMoved
    Opened: TypeAlias = messages.Opened
    HeadingClicked: TypeAlias = messages.HeadingClicked
    MarksChanged: TypeAlias = messages.MarksChanged
    ViewChanged: TypeAlias = messages.ViewChanged
    MarksReported: TypeAlias = messages.MarksReported
    Failed: TypeAlias = messages.Failed

    def __init__(
        self,
        listing: Listing,
        *,
        started_at_ms: int,
        clock: Clock,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
    ) -> None:
        super().__init__(listing, clock=clock, id=id)
        self.zebra = True
        self.news: News | None = None
        self.not_loaded: Callable[[], int | None] = lambda: None
        self._started_at_ms = started_at_ms
        self._cursor = 0
        self._person: MirroredUser | None = None
        self._chosen = False
        self._sought: MirroredUser | None = None
        self._following = Following(keeps=True, waits=False)
        self._goes_to_the_end = False
        self._marks = Marks()
        self._shown_query = listing.query
        self._is_new_view = False

    # ------------------------------------------------------------ what the screen asks

    @property
    def cursor_index(self) -> int:
        """The row that the cursor is on, from 0."""
        return self._cursor

    @property
    def cursor_user(self) -> MirroredUser | None:
        """The user under the cursor; None where the row is not here, cannot be read, or there is none."""
        return self._person

    @property
    def is_settled(self) -> bool:
        """True if the view that was asked for last is shown, with the cursor in its place."""
        listing, goes_on = self.listing, self._goes_to_the_end and not self.is_whole
        return listing.settled and self._shown_query == listing.query and self._sought is None and not goes_on

    @property
    def has_cursor_row(self) -> bool:
        """True if the row under the cursor is here, or there is none: no row, or a record that cannot be read."""
        row = self.listing.row(self._cursor)
        if not isinstance(row, MirroredUser):
            return row is not None or not self.row_count
        return self._person is not None and self._person.user.id == row.user.id

    @property
    def paints_cursor_row(self) -> bool:
        """True if who is under the cursor is painted."""
        return not self.row_count or self.is_drawn(self._cursor)

    @property
    def marks(self) -> frozenset[str]:
        """The ids of the marked users."""
        return self._marks.ids

    @property
    def marked_emails(self) -> Mapping[str, str | None]:
        """Email by id of every marked user, in the order of marking; None where it was not at hand."""
        return self._marks.emails

    def show(self, query: UserQuery) -> None:
        """Change the view; the cursor stays on its person if the new one has them, else it goes to the first row."""
        self.listing.show(query)

    def go_to(self, person: MirroredUser) -> None:
        """Put the cursor on this user, now or when the view that was asked for is there."""
        self._person, self._chosen = person, True
        if self.listing.settled:
            self._find(person)
        else:
            self._sought = person

    # ------------------------------------------------------------ life

    def on_mount(self) -> None:
        """Serve the listing for as long as the table is there."""
        self.listing.listener = self._listing_changed
        start_worker(self, WorkerGroup.LISTING, self.listing.run, name="Loading the list")
        self._view_changed()

    def on_unmount(self) -> None:
        """Nobody listens any more."""
        self.listing.listener = None

    def on_resize(self) -> None:
        """Ask for what is visible now, and keep the cursor visible if it was."""
        if self.visible_rows and self._cursor >= self.visible_rows.stop:
            self.scroll_to_row(self._cursor - self.page_rows + 1)
        self.want_visible()

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor's row shows where the keys go."""
        super().watch_has_focus(_has_focus)
        self.repaint_rows((self._cursor,))

    # ------------------------------------------------------------ the listing's side

    def _listing_changed(self, change: ListingChange) -> None:
        if isinstance(change, RowsChanged):
            self.repaint_rows(range(change.first, change.last + 1), only_changed=True)
            if change.first <= self._cursor <= change.last:
                self._look_under_the_cursor()
            self.rows_came()
        else:
            self._view_changed()
            self.post_message(messages.ViewChanged(self))

    def _view_changed(self) -> None:
        """Every index may stand for another user: find the cursor's person again."""
        is_asked_for = self.listing.query != self._shown_query
        if is_asked_for:
            self._begin_view(self._shown_query, self.listing.query)
        self.take_row_count()
        self._place_cursor()
        self.repaint_changed()
        self.ask()
        if is_asked_for:
            self.paint_now()

    def _begin_view(self, before: UserQuery, now: UserQuery) -> None:
        self._following = following(before, now, chosen=self._chosen)
        if not self._following.keeps:
            self._sought = None
        self._shown_query, self._is_new_view, self._goes_to_the_end = now, True, False

    @property
    def is_whole(self) -> bool:
        """False while no more than the first rows of an order are known."""
        total = self.listing.total
        return total is None or total.exact or self.listing.query.is_list

    def _place_cursor(self) -> None:
        """Put the cursor where its person is now, as far as that is known."""
        if self._goes_to_the_end and self.is_whole and self.row_count:
            self.move_to(self.row_count - 1)
            return
        person = self._sought or self._person
        if self._is_new_view and not self._following.keeps:
            person = None
        if person is None or not self.row_count:
            self._settle()
            return
        near = range(self.scroll_offset.y, min(self.scroll_offset.y + NEAR_SCREENS * self.page_rows, self.row_count))
        index = at_hand(self.listing, person, (self._cursor, *near))
        if index is not None:
            self._follow(index, person)
        elif self.is_whole and not self._has_all_at_hand(near):
            self._find(person)
        else:
            self._sought = person if self._following.waits and not self.is_whole else None
            self._settle()

    def _has_all_at_hand(self, near: range) -> bool:
        return len(near) == self.row_count and all(self.listing.row(index) is not None for index in near)

    def _look_under_the_cursor(self) -> None:
        """Rows under the cursor were read: take over who came, follow who went elsewhere."""
        row = self.listing.row(self._cursor)
        if row is None:
            return
        here = row if isinstance(row, MirroredUser) else None
        if self._person is None:
            if here is not None:
                self._person = here
                self._tell_move()
        elif here is not None and here.user.id == self._person.user.id:
            self._person = here
        elif self._sought is None:
            self._find(self._person)

    def _find(self, person: MirroredUser) -> None:
        self._sought = person

        async def find() -> None:
            try:
                index = await self.listing.locate(person.user.id)
            except WalkmeError as error:
                self.post_message(messages.Failed(self, error))
                index = None
            if self._sought is not person:
                return  # the cursor was moved meanwhile
            if index is not None:
                self._follow(index, person)
            else:
                self._sought = None
                self._settle()
                self.repaint_changed()

        start_worker(self, WorkerGroup.CURSOR, find, exclusive=True, name="Finding the user under the cursor")

    def _follow(self, index: int, person: MirroredUser) -> None:
        """The cursor's person is at this index now: be there, on the same line of the screen if it can be."""
        line = self._cursor - self.scroll_offset.y
        was_away = self._person is None or self._person.user.id != person.user.id
        before, self._cursor = self._cursor, index
        self._person, self._sought = self._user_at(index) or person, None
        if self._is_new_view or was_away or not 0 <= line < self.page_rows:
            self.keep_cursor_in_view()
        else:
            self.scroll_to_row(index - line)
        self._is_new_view = False
        if index != before:
            self.repaint_rows((before, index))
        if index != before or was_away:
            self._tell_move()

    def _settle(self) -> None:
        """The person is gone, or there was none: the cursor keeps its place, in a new view it begins at the first."""
        before = (self._person, self._cursor)
        self._cursor = 0 if self._is_new_view else max(0, min(self._cursor, self.row_count - 1))
        self._is_new_view = False
        self._person = self._user_at(self._cursor)
        self._chosen = self._chosen and (before[0] is None or self._sought is not None)
        self.keep_cursor_in_view()
        if before != (self._person, self._cursor):
            self._tell_move()

    def _user_at(self, index: int) -> MirroredUser | None:
        row = self.listing.row(index) if 0 <= index < self.row_count else None
        return row if isinstance(row, MirroredUser) else None

    def look(self, index: int, row: ListedRow | None) -> RowState:
        """Cursor and mark show in the gutter, what is not confirmed yet is dim."""
        if index == self._cursor:
            ground = RowBackground.CURSOR if self.has_focus else RowBackground.CURSOR_BLURRED
        else:
            ground = RowBackground.ZEBRA if self.zebra and index % 2 else RowBackground.PLAIN
        dim = row is not None and row.fetched_at_ms < self._started_at_ms
        if not isinstance(row, MirroredUser):
            return RowState(ground, marked=False, dim=dim)
        user_id, news = row.user.id, self.news
        if news is None:
            return RowState(ground, user_id in self._marks, dim)
        return RowState(ground, user_id in self._marks, dim, news.unseen(user_id), news.is_new(user_id))

    # ------------------------------------------------------------ cursor

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest there is, and keep it in view."""
        index = max(0, min(index, self.row_count - 1))
        self._chosen, self._sought, self._goes_to_the_end = True, None, False
        if index == self._cursor:
            self.keep_cursor_in_view()
            return
        before = self._cursor
        self._cursor = index
        self._person = self._user_at(index)
        self._is_new_view = False
        self.keep_cursor_in_view()
        self.repaint_rows((before, index))
        self._tell_move()

    def _tell_move(self) -> None:
        """Tell the screen directly: on every key the containers between would take their turns first."""
        self.screen.post_message(messages.CursorMoved(self, self._person, self._cursor))

    def keep_cursor_in_view(self) -> None:
        """Scroll by half a page where the cursor left the screen: a scroll by one line costs as many bytes."""
        first = self.scroll_offset.y
        if not first <= self._cursor < first + self.page_rows:
            self.scroll_to_row(self._cursor - self.page_rows // 2)

    def _turn_page(self, rows: int) -> None:
        self.scroll_to_row(self.scroll_offset.y + rows)
        self.move_to(self._cursor + rows)

    def action_cursor_down(self) -> None:
        """Next row."""
        self.move_to(self._cursor + 1)

    def action_cursor_up(self) -> None:
        """Previous row."""
        self.move_to(self._cursor - 1)

    def action_page_down(self) -> None:
        """A page down."""
        self._turn_page(self.page_rows)

    def action_page_up(self) -> None:
        """A page up."""
        self._turn_page(-self.page_rows)

    def action_first(self) -> None:
        """First row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Last row; while only the first rows of an order are known, as soon as the last one is."""
        if self.is_whole:
            self.move_to(self.row_count - 1)
        else:
            self._chosen, self._sought, self._goes_to_the_end = True, None, True

    def action_open(self) -> None:
        """Open the user under the cursor."""
        if self._person is not None:
            self._chosen = True
            self.post_message(messages.Opened(self, self._person))

    # ------------------------------------------------------------ marks

    def action_toggle_mark(self) -> None:
        """Mark the user under the cursor, or take the mark away."""
        if self._person is not None:
            self._chosen = True
            self._marks.toggle(self._person)
            self._marks_changed((self._cursor,))

    def action_mark_range(self) -> None:
        """Mark from the last mark to the cursor; gaps are fetched first."""
        self._mark(partial(mark_range, self.listing, self._marks, self._cursor))

    def action_mark_all(self) -> None:
        """Mark all that is loaded in this view."""
        self._mark(partial(mark_all, self.listing, self._marks, self.not_loaded()))

    def action_clear_marks(self) -> None:
        """Take every mark away."""
        if self._marks:
            self._marks.clear()
            self._marks_changed(self.visible_rows)

    def unmark(self, user_ids: Iterable[str]) -> int:
        """Take the marks of these users away; how many were marked."""
        removed = self._marks.remove(user_ids)
        if removed:
            self._marks_changed(self.visible_rows)
        return removed

    def _mark(self, marking: Callable[[], Awaitable[str]]) -> None:
        async def mark() -> None:
            before = len(self._marks)
            try:
                said = await marking()
            except WalkmeError as error:
                self.post_message(messages.Failed(self, error))
                return
            self.post_message(messages.MarksReported(self, said))
            if len(self._marks) != before:
                self._marks_changed(self.visible_rows)

        start_worker(self, WorkerGroup.MARKS, mark, exclusive=True, name="Marking")

    def _marks_changed(self, rows: Sequence[int]) -> None:
        self.repaint_rows(rows, only_changed=True)
        self.post_message(messages.MarksChanged(self, len(self._marks)))

    # ------------------------------------------------------------ mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; in the gutter mark it, too; a double click opens it."""
        event.stop()
        index = self.scroll_offset.y + event.y - HEADER_LINES
        if event.y < HEADER_LINES:
            self._click_heading(event.x)
            return
        if index not in self.visible_rows:
            return
        self.move_to(index)
        if event.x < GUTTER:
            self.action_toggle_mark()
        elif event.chain == 2:
            self.action_open()

    def _click_heading(self, x: int) -> None:
        field = self.layout_of_columns.field_at(x)
        key = SORTED_BY.get(field) if field is not None else None
        if key is not None:
            self.post_message(messages.HeadingClicked(self, key))
