"""Where the person asked for something: a dialog opens only there, elsewhere it waits until the person opens it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from walkme_tui.ui.dialogs.dialog import Dialog
    from walkme_tui.ui.flows.context import FlowContext

R = TypeVar("R")


class Place(NamedTuple):
    """Where the person is: tab, cursor, ``typing`` while the filter box has the keys, ``screens`` with the dialogs."""

    tab: str
    user_id: str | None
    job_id: str | None
    typing: bool
    screens: int

    def is_left(self, now: "Place") -> bool:
        """True if a dialog that was asked for here would open over something else by ``now``.

        A first row that came meanwhile is not another place.
        """
        user_id = self.user_id if self.user_id is not None else now.user_id
        job_id = self.job_id if self.job_id is not None else now.job_id
        return now.typing or now != self._replace(user_id=user_id, job_id=job_id)


class Origin:
    """The place where something was asked for; make it when the key is pressed, before anything is awaited."""

    def __init__(self, view: "FlowContext") -> None:
        self._view = view
        self._place = view.changing.place
        self._openers = view.changing.openers

    @property
    def is_left(self) -> bool:
        """True if the person is elsewhere by now."""
        return self._place.is_left(self._view.changing.place)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A block in which the program moves the cursor, which is not the person's doing."""
        stayed = not self.is_left
        yield
        if stayed:
            self._place = self._view.changing.place

    async def show(self, dialog: "Dialog[R]", ready: str) -> R | None:
        """What the person answers; None also where they never opened it.

        If they are elsewhere, a toast and the status line say ``ready``, the beginning of a sentence, and which key
        opens the dialog.
        """
        if not await self.reached(ready):
            return None
        dialog.openers, self._openers = self._openers, ()
        return await self._view.app.push_screen_wait(dialog)

    async def reached(self, ready: str) -> bool:
        """True once the person is here or has opened what is ``ready``; False if they did not open it in time."""
        while self.is_left:
            opened_at = await self._view.changing.postpone(ready)
            if opened_at is None:
                return False
            self._place = opened_at
        return True
