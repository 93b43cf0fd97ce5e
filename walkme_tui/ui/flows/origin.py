"""Where the user requested something: its dialog opens only there, elsewhere it waits until the user opens it."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.ui.flows.context import FlowContext

if TYPE_CHECKING:
    from walkme_tui.ui.dialogs.dialog import Dialog

R = TypeVar("R")


def show_now(view: FlowContext, dialog: "Dialog[R]") -> "asyncio.Future[R | None]":
    """Show a dialog at once, so that it receives the next keys; its answer follows."""
    answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
    view.app.push_screen(dialog, lambda given: None if answer.done() else answer.set_result(given))
    return answer


class Origin:
    """The place where something was requested; make it when the key is pressed, before anything is awaited.

    ``of_user`` is false for what is not about the user under the cursor.
    """

    def __init__(self, view: FlowContext, *, of_user: bool = True) -> None:
        self._view = view
        self._place = view.change_commands.place
        if not of_user:
            self._place = self._place._replace(user_id=None)
        self._opening_keys = view.change_commands.opening_keys
        self._changed: frozenset[str] = frozenset()

    @property
    def user_is_elsewhere(self) -> bool:
        """True if the user is elsewhere now."""
        return self._place.differs_from(self._view.change_commands.place)

    @contextmanager
    def moved_by_program(self) -> Iterator[None]:
        """A block in which the program moves the cursor, not the user."""
        stayed = not self.user_is_elsewhere
        yield
        if stayed:
            now = self._view.change_commands.place
            self._place = now._replace(user_id=None) if self._place.user_id is None else now

    async def user_moved_on(self, changed: Collection[str] = ()) -> bool:
        """True if the user is elsewhere now, and not because one of the ``changed`` users left the list."""
        self._changed = self._changed.union(changed)
        user_id, listing = self._place.user_id, self._view.listing
        if self.user_is_elsewhere and user_id in self._changed and listing is not None:
            with suppress(MirrorUnavailable):
                if await listing.locate(user_id) is None:
                    self._place = self._place._replace(user_id=None)
        return self.user_is_elsewhere

    async def show(self, dialog: "Dialog[R]", ready: str) -> R | None:
        """Show a dialog and return the answer, None also where the user never opened it.

        If the user is elsewhere, a toast and the status line show ``ready``, the beginning of a sentence, and the key
        that opens the dialog.
        """
        if not await self.wait_opened(ready):
            return None
        dialog.opening_keys, self._opening_keys = self._opening_keys, ()
        return await self._view.app.push_screen_wait(dialog)

    async def wait_opened(self, ready: str) -> bool:
        """Return True once the user is here or has opened what is ``ready``; False if they did not in time."""
        while await self.user_moved_on():
            opened_at = await self._view.change_commands.postpone(ready)
            if opened_at is None:
                return False
            self._place = opened_at
        return True
