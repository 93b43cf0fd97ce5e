"""A full email address or id in the filter box is asked from the server too, and a line says so."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import LookUpIgnored, NotFound, WalkmeError
from walkme_tui.domain.text import clean
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.timer import Timer

PAUSE_SECONDS: Final = 0.2
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class LookUpState(StrEnum):
    """How far the question has come."""

    ASKING = "asking"
    FOUND = "found"
    ABSENT = "absent"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FilterLookUp:
    """One question to the server."""

    key: str
    outcome: LookUpState
    why: str = ""

    @property
    def saying(self) -> StatusMessage:
        """What the status line says of it."""
        key = clean(self.key, 80)
        match self.outcome:
            case LookUpState.ASKING:
                return StatusMessage(f"Asking the server for {key}…", TextStyle.DIM)
            case LookUpState.FOUND:
                return StatusMessage(f"The server knows {key}.", TextStyle.DIM)
            case LookUpState.ABSENT:
                return StatusMessage(f"{key} is not on the server.")
            case LookUpState.IGNORED:
                return StatusMessage(
                    "This server ignores look-ups by email: only loaded people are searched.", TextStyle.WARN
                )
            case LookUpState.FAILED:
                return StatusMessage(f"The server could not be asked for {key}: {clean(self.why, 200)}", TextStyle.WARN)


class FilterLookUps:
    """Asks for what is typed once it is a whole address and typing rests for a moment; the last question wins."""

    def __init__(self, view: FlowContext) -> None:
        self._view = view
        self._timer: Timer | None = None
        self.current: FilterLookUp | None = None

    def consider(self, text: str) -> None:
        """This stands in the filter box now."""
        key = text.strip()
        if self.current is not None and self.current.key == key:
            return  # its timer or its request is under way: to stop either would leave the question unasked
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not (EMAIL.fullmatch(key) or UUID.fullmatch(key)):
            self.current = None
        else:
            self.current = FilterLookUp(key, LookUpState.ASKING)
            self._timer = self._view.screen.set_timer(PAUSE_SECONDS, lambda: self._ask(key))

    def _ask(self, key: str) -> None:
        start_worker(
            self._view.screen,
            WorkerGroup.LOOK_UP,
            partial(self._look_up, key),
            name="Looking up the user",
            exclusive=True,
        )

    async def _look_up(self, key: str) -> None:
        try:
            await self._view.directory.look_up(key)
        except NotFound:
            answer = FilterLookUp(key, LookUpState.ABSENT)
        except LookUpIgnored:
            answer = FilterLookUp(key, LookUpState.IGNORED)
        except WalkmeError as error:
            answer = FilterLookUp(key, LookUpState.FAILED, error.message)
        else:
            answer = FilterLookUp(key, LookUpState.FOUND)
        if self.current is not None and self.current.key == key:
            self.current = answer
            self._view.refresh_situation()
