"""The details follow the cursor once it rests, and are read again where the stored record is old."""

from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import MirrorUnavailable, NotFound, WalkmeError
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import clean
from walkme_tui.services.events import Event, MembersStored, PageLoaded, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.widgets.detail.pane import Subject
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.flows.context import FlowContext

REST_SECONDS: Final = 0.15
FRESH_MS: Final = 30_000
GONE: Final = "This user does not exist on the server any more."


class Details:
    """Keeps the detail pane on the user under the cursor; ``rested_on`` is called with the user it rested on."""

    def __init__(self, view: "FlowContext", area: "PaneArea") -> None:
        self._view, self._area, self._pane = view, area, area.detail
        self._timer: Timer | None = None
        self._next: Subject = None
        self.rested_on: Callable[[str], None] = lambda _: None

    def follow(self) -> None:
        """Show the row under the cursor once it rests."""
        self._next = self._row
        if self._timer is None:
            self._timer = self._pane.set_timer(REST_SECONDS, self._rested)
        else:
            self._timer.reset()
            self._timer.resume()

    def show(self) -> None:
        """Show the row under the cursor at once."""
        self._next = self._row
        self._rested()

    @property
    def _row(self) -> Subject:
        """The row under the cursor of the current table."""
        table = self._area.table
        if table is None or table.listing.phase is not Phase.READY:
            return None
        row = table.listing.row(table.cursor_index)
        return row if row is not None else table.cursor_user

    def refresh(self, change: Event) -> None:
        """Show the stored record again where this change stored or dropped the user on the pane."""
        subject = self._pane.subject
        if not isinstance(subject, MirroredUser) or not self._pane.display:
            return
        if isinstance(change, UserForgotten) and change.user_id == subject.user.id:
            self._pane.show(subject, GONE)
        elif _stores(change, subject):
            start_worker(
                self._pane,
                WorkerGroup.RECORD,
                partial(self._show_stored, subject),
                name="Reading the stored record",
                exclusive=True,
            )

    async def read_again(self, mirrored: MirroredUser) -> None:
        """Read one user again on request, and report how it ended."""
        user, app = mirrored.user, self._view.app
        who = clean(user.email if isinstance(user.email, str) else user.id, 80)
        try:
            self._shown(await self._view.directory.reread(user.id))
        except WalkmeError as error:
            from walkme_tui.ui.errors import report

            report(app, error, doing=f"Reading {who} again")
        else:
            app.notify(f"Read {who} again.", markup=False, timeout=2)

    def _rested(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        subject = self._next
        if isinstance(subject, MirroredUser):
            self.rested_on(subject.user.id)
        if not self._pane.display:
            return
        if not isinstance(subject, MirroredUser):
            self._pane.show(subject)
            return
        if not self._shows(subject.user.id):
            self._pane.show(subject)
        # The row is as the table had it: the mirror may have a newer record by now.
        start_worker(
            self._pane, WorkerGroup.DETAILS, partial(self._update, subject), name="Reading the details", exclusive=True
        )

    async def _update(self, mirrored: MirroredUser) -> None:
        """Show the stored record, then the server's record where that one is old."""
        stored = await self._show_stored(mirrored)
        read = stored.detailed_at_ms
        if read is not None and self._view.session.clock() - read <= FRESH_MS:
            return
        try:
            self._shown(await self._view.directory.reread(stored.user.id))
        except NotFound:
            self._shown(stored, GONE)
        except WalkmeError as error:
            self._shown(stored, f"Not read again: {clean(error.message, 300)}")

    async def _show_stored(self, mirrored: MirroredUser) -> MirroredUser:
        """Show the record as the mirror has it now; ``mirrored`` itself where the mirror has none."""
        try:
            stored = await self._view.session.mirror.user(mirrored.user.id)
        except MirrorUnavailable:
            return mirrored
        now = self._pane.subject
        if stored is None or (isinstance(now, MirroredUser) and _read_at(stored) < _read_at(now)):
            return mirrored
        self._shown(stored)
        return stored

    def _shows(self, user_id: str) -> bool:
        now = self._pane.subject
        return isinstance(now, MirroredUser) and now.user.id == user_id

    def _shown(self, answer: MirroredUser, trouble: str = "") -> None:
        if self._shows(answer.user.id):
            self._pane.show(answer, trouble)


def _stores(change: Event, subject: MirroredUser) -> bool:
    """The mirror may have another record of this user since this change."""
    if isinstance(change, UserStored):
        return change.user_id == subject.user.id
    if isinstance(change, UsersChanged):
        return any(update.user_id == subject.user.id for update in change.updated)
    if isinstance(change, MembersStored):
        return change.complete
    at = subject.position
    return isinstance(change, PageLoaded) and at is not None and change.first <= at <= change.last


def _read_at(mirrored: MirroredUser) -> int:
    return max(mirrored.fetched_at_ms, mirrored.detailed_at_ms or 0)
