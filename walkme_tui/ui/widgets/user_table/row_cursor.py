"""The cursor of the user table: a row and its user, followed by id while the list changes."""

from collections.abc import Callable, Iterable
from typing import Final

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.ui.widgets.user_table.listing_view import ListingView

NEAR_SCREENS: Final = 3
"""Screens of loaded rows that are searched for the cursor's user before the listing searches for them."""


class RowCursor:
    """The index of a row and the user there.

    ``moved`` is called after either changed. ``locate`` is called with a user whose index is not known; it answers
    with ``located``. ``chosen`` is True after a key or a click put the cursor on its user.
    """

    def __init__(
        self,
        window: ListingView,
        *,
        moved: Callable[[], None],
        locate: Callable[[MirroredUser], None],
    ) -> None:
        self.index = 0
        self.user: MirroredUser | None = None
        self.chosen = False
        self._listing = window.listing
        self._window = window
        self._moved = moved
        self._locate = locate
        self._shown_query = window.listing.query
        self._in_new_view = False
        self._keeps_user = True
        self._waits_for_user = False
        self._sought: MirroredUser | None = None
        self._last_row_requested = False

    @property
    def settled(self) -> bool:
        """True if the cursor has its place in the view that was requested last."""
        waits_for_last_row = self._last_row_requested and not self.order_known
        return self._shown_query == self._listing.query and self._sought is None and not waits_for_last_row

    @property
    def row_loaded(self) -> bool:
        """True if the cursor's row is loaded, cannot be read, or does not exist."""
        row = self._listing.row(self.index)
        if not isinstance(row, MirroredUser):
            return row is not None or not self._window.row_count
        return self.user is not None and self.user.user.id == row.user.id

    @property
    def order_known(self) -> bool:
        """False while only the first rows of an order are known."""
        total = self._listing.total
        return total is None or total.exact or self._listing.query.is_list

    # ------------------------------------------------------------ changes of the listing

    def begin_view(self) -> bool:
        """Note the query of the listing; True if it is another one than before."""
        before, now = self._shown_query, self._listing.query
        if now == before:
            return False
        same_text = before._replace(hide_inactive=now.hide_inactive, sort=now.sort) == now
        filter_cleared = before.text != now.text and not now.text.strip()
        # A first row that was not chosen is not followed into another order. While a filter is typed, its first
        # matches are read: the cursor must not leave them later.
        self._keeps_user = self.chosen or filter_cleared
        self._waits_for_user = same_text or filter_cleared
        if not self._keeps_user:
            self._sought = None
        self._shown_query, self._in_new_view, self._last_row_requested = now, True, False
        return True

    def place(self) -> None:
        """Put the cursor where its user is now, as far as that is known."""
        window = self._window
        if self._last_row_requested and self.order_known and window.row_count:
            self.move_to(window.row_count - 1)
            return
        user = self._sought or self.user
        if self._in_new_view and not self._keeps_user:
            user = None
        if user is None or not window.row_count:
            self._stay()
            return
        first = window.first_row
        near = range(first, min(first + NEAR_SCREENS * window.page_rows, window.row_count))
        index = self._index_among((self.index, *near), user)
        if index is not None:
            self._follow(index, user)
        elif self.order_known and not self._all_loaded(near):
            self._seek(user)
        else:
            self._sought = user if self._waits_for_user and not self.order_known else None
            self._stay()

    def row_changed(self) -> None:
        """The cursor's row was loaded or read again: take its user over, or follow a user who is elsewhere now."""
        row = self._listing.row(self.index)
        if row is None:
            return
        here = row if isinstance(row, MirroredUser) else None
        if self.user is None:
            if here is not None:
                self.user = here
                self._moved()
        elif here is not None and here.user.id == self.user.user.id:
            self.user = here
        elif self._sought is None:
            self._seek(self.user)

    def located(self, user: MirroredUser, index: int | None) -> None:
        """The answer to ``locate``: where the user is, None if the view does not have them."""
        if self._sought is not user:
            return  # the cursor was moved meanwhile
        if index is not None:
            self._follow(index, user)
        else:
            self._sought = None
            self._stay()
            self._window.repaint_changed()

    def _seek(self, user: MirroredUser) -> None:
        self._sought = user
        self._locate(user)

    def _follow(self, index: int, user: MirroredUser) -> None:
        """Go to the row of the user, on the same line of the screen where that is possible."""
        window = self._window
        line = self.index - window.first_row
        was_elsewhere = self.user is None or self.user.user.id != user.user.id
        before, self.index = self.index, index
        self.user, self._sought = self._user_at(index) or user, None
        if self._in_new_view or was_elsewhere or not 0 <= line < window.page_rows:
            self.keep_in_view()
        else:
            window.scroll_to_row(index - line)
        self._in_new_view = False
        if index != before:
            window.repaint_rows((before, index))
        if index != before or was_elsewhere:
            self._moved()

    def _stay(self) -> None:
        """Without a user to follow: keep the index, in a new view go to the first row."""
        before = (self.user, self.index)
        self.index = 0 if self._in_new_view else max(0, min(self.index, self._window.row_count - 1))
        self._in_new_view = False
        self.user = self._user_at(self.index)
        self.chosen = self.chosen and (before[0] is None or self._sought is not None)
        self.keep_in_view()
        if before != (self.user, self.index):
            self._moved()

    def _index_among(self, indexes: Iterable[int], user: MirroredUser) -> int | None:
        for index in indexes:
            row = self._listing.row(index)
            if isinstance(row, MirroredUser) and row.user.id == user.user.id:
                return index
        return None

    def _all_loaded(self, near: range) -> bool:
        return len(near) == self._window.row_count and all(self._listing.row(index) is not None for index in near)

    def _user_at(self, index: int) -> MirroredUser | None:
        row = self._listing.row(index) if 0 <= index < self._window.row_count else None
        return row if isinstance(row, MirroredUser) else None

    # ------------------------------------------------------------ moves by the person

    def go_to(self, user: MirroredUser) -> None:
        """Put the cursor on this user, now or when the requested view is there."""
        self.user, self.chosen = user, True
        if self._listing.settled:
            self._seek(user)
        else:
            self._sought = user

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, or on the nearest there is, and keep it in view."""
        index = max(0, min(index, self._window.row_count - 1))
        self.chosen, self._sought, self._last_row_requested = True, None, False
        if index == self.index:
            self.keep_in_view()
            return
        before, self.index = self.index, index
        self.user = self._user_at(index)
        self._in_new_view = False
        self.keep_in_view()
        self._window.repaint_rows((before, index))
        self._moved()

    def move_to_last(self) -> None:
        """Put the cursor on the last row as soon as it is known."""
        if self.order_known:
            self.move_to(self._window.row_count - 1)
        else:
            self.chosen, self._sought, self._last_row_requested = True, None, True

    def keep_in_view(self) -> None:
        """Scroll by half a page where the cursor left the screen: a scroll by one line costs as many bytes."""
        window = self._window
        first = window.first_row
        if not first <= self.index < first + window.page_rows:
            window.scroll_to_row(self.index - window.page_rows // 2)
