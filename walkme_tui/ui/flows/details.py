"""The details follow the cursor after a rest, and are read again when what is known is old."""

from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import ApiError, MirrorUnavailable, NotFound
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.widgets.detail import DetailPane
from walkme_tui.ui.widgets.detail.pane import Subject
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

    from walkme_tui.ui.flows.view import View

REST_SECONDS: Final = 0.15
FRESH_MS: Final = 30_000


class Details:
    """Keeps the detail pane on the user under the cursor; ``looked_at`` is told on whom it came to rest."""

    def __init__(self, view: "View", pane: DetailPane) -> None:
        self._view = view
        self._pane = pane
        self._timer: Timer | None = None
        self._next: Subject = None
        self.looked_at: Callable[[str], None] = lambda _: None

    def follow(self, subject: Subject) -> None:
        """The cursor is here now; the pane shows it once the cursor rests."""
        self._next = subject
        if self._timer is None:
            self._timer = self._pane.set_timer(REST_SECONDS, self._rested)
        else:
            self._timer.reset()
            self._timer.resume()

    def show(self, subject: Subject) -> None:
        """Show this one at once."""
        self._next = subject
        self._rested()

    def _rested(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        subject = self._next
        if isinstance(subject, MirroredUser):
            self.looked_at(subject.user.id)
        if not self._pane.display:
            return
        self._pane.show(subject)
        if isinstance(subject, MirroredUser) and self._old(subject):
            start_worker(
                self._pane, WorkerGroup.DETAILS, partial(self._reread, subject), name="read details", exclusive=True
            )

    def _old(self, mirrored: MirroredUser) -> bool:
        read = mirrored.detailed_at_ms
        return read is None or self._view.session.clock() - read > FRESH_MS

    async def _reread(self, mirrored: MirroredUser) -> None:
        """What the server says now; what it cannot say leaves the pane as it is, with a line on why."""
        try:
            fresh = await self._view.directory.reread(mirrored.user.id)
        except NotFound:
            self._shown(mirrored, mirrored, "The server says that this user does not exist any more.")
        except (ApiError, MirrorUnavailable) as error:
            self._shown(mirrored, mirrored, f"Not read again: {clean(error.message, 300)}")
        else:
            self._shown(mirrored, fresh)

    def _shown(self, asked: MirroredUser, answer: MirroredUser, trouble: str = "") -> None:
        now = self._pane.subject
        if isinstance(now, MirroredUser) and now.user.id == asked.user.id:
            self._pane.show(answer, trouble)


async def read_again(view: "View", mirrored: MirroredUser) -> None:
    """Read one user again because the person asked for it, and say how it went."""
    user = mirrored.user
    who = clean(user.email if isinstance(user.email, str) else user.id, 80)
    try:
        await view.directory.reread(user.id)
    except (ApiError, MirrorUnavailable) as error:
        from walkme_tui.ui.errors import report

        report(view.app, error, doing=f"Reading {who} again")
    else:
        view.app.notify(f"Read {who} again.", markup=False, timeout=2)
