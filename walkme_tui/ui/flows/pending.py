"""What is pending: requests that the user can cancel, and dialogs that wait until the user opens them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, NamedTuple, TypeVar

from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle

T = TypeVar("T")

FRESH_SECONDS: Final = 300.0
"""A dialog that is not opened in this time is dropped, because what it shows is out of date."""


class Place(NamedTuple):
    """Where the user is: tab, cursor, ``typing`` while the filter box has the focus, ``screens`` with the dialogs."""

    tab: str
    user_id: str | None
    job_id: str | None
    typing: bool
    screens: int

    def differs_from(self, now: "Place") -> bool:
        """True if a dialog that was requested here would open over something else in ``now``.

        A first row that arrived meanwhile is not another place.
        """
        user_id = self.user_id if self.user_id is not None else now.user_id
        job_id = self.job_id if self.job_id is not None else now.job_id
        return now.typing or now != self._replace(user_id=user_id, job_id=job_id)


class _Request(NamedTuple, Generic[T]):
    status: Callable[[], str]
    task: "asyncio.Task[T]"
    group: tuple[bool, str]


class _ReadyDialog(NamedTuple):
    status: str
    opened: "asyncio.Future[Place]"


class Pending:
    """The pending requests and dialogs of a session; ``changed`` is called when ``status`` changes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._requests: list[_Request[Any]] = []
        self._dialogs: list[_ReadyDialog] = []

    async def request(
        self,
        status: Callable[[], str],
        work: Callable[[], Coroutine[object, object, T]],
        *,
        long: bool = False,
        kind: str = "",
    ) -> T | None:
        """Return the result of ``work``, None where the user cancelled it; the status line shows ``status`` meanwhile.

        Raises what ``work`` raises. A new request cancels the one before it of its ``kind``, except a ``long`` one,
        which takes minutes and continues in the background.
        """
        group = (long, kind)
        for before in [each for each in self._requests if each.group == group]:
            self._requests.remove(before)
            before.task.cancel()
        request = _Request(status, asyncio.create_task(work()), group)
        self._requests.insert(0 if long else len(self._requests), request)
        self._changed()
        try:
            return await request.task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if request.task.cancelled() and (current is None or not current.cancelling()):
                return None
            request.task.cancel()
            raise
        finally:
            if request in self._requests:
                self._requests.remove(request)
            self._changed()

    def cancel_latest(self) -> bool:
        """Cancel the latest request; False if there is none."""
        if not self._requests:
            return False
        self._requests.pop().task.cancel()
        return True

    def cancel_all(self) -> None:
        """Cancel all requests."""
        while self.cancel_latest():
            pass

    async def postpone(self, status: str) -> Place | None:
        """Wait until the user opens a dialog; returns where they do, None if they do not within ``FRESH_SECONDS``."""
        dialog = _ReadyDialog(status, asyncio.get_running_loop().create_future())
        self._dialogs.append(dialog)
        self._changed()
        try:
            return await asyncio.wait_for(dialog.opened, FRESH_SECONDS)
        except TimeoutError:
            return None
        finally:
            self._dialogs.remove(dialog)
            self._changed()

    def open_latest(self, place: Place) -> bool:
        """Open the dialog that became ready last; False if there is none."""
        ready = [each for each in self._dialogs if not each.opened.done()]
        if ready:
            ready[-1].opened.set_result(place)
        return bool(ready)

    @property
    def status(self) -> StatusMessage | None:
        """The message for the status line, None if nothing is pending."""
        if self._requests:
            return StatusMessage(self._requests[-1].status(), TextStyle.PLAIN)
        if self._dialogs:
            return StatusMessage(self._dialogs[-1].status, TextStyle.ACCENT)
        return None
