"""A full email address or id in the filter box is asked from the server too, and a line says so."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import LookUpIgnored, NotFound, WalkmeError
from walkme_tui.domain.text import clean
from walkme_tui.ui.flows.context import View
from walkme_tui.ui.widgets.ink import Ink
from walkme_tui.ui.widgets.status_line import Saying
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.timer import Timer

PAUSE_SECONDS: Final = 0.2
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Outcome(StrEnum):
    """How far the question has come."""

    ASKING = "asking"
    FOUND = "found"
    ABSENT = "absent"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LookUp:
    """One question to the server."""

    key: str
    outcome: Outcome
    why: str = ""

    @property
    def saying(self) -> Saying:
        """What the status line says of it."""
        key = clean(self.key, 80)
        match self.outcome:
            case Outcome.ASKING:
                return Saying(f"Asking the server for {key}…", Ink.DIM)
            case Outcome.FOUND:
                return Saying(f"The server knows {key}.", Ink.DIM)
            case Outcome.ABSENT:
                return Saying(f"{key} is not on the server.")
            case Outcome.IGNORED:
                return Saying("This server ignores look-ups by email: only loaded people are searched.", Ink.WARN)
            case Outcome.FAILED:
                return Saying(f"The server could not be asked for {key}: {clean(self.why, 200)}", Ink.WARN)


class LookUps:
    """Asks for what is typed once it is a whole address and typing rests for a moment; the last question wins."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._timer: Timer | None = None
        self.current: LookUp | None = None

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
            self.current = LookUp(key, Outcome.ASKING)
            self._timer = self._view.screen.set_timer(PAUSE_SECONDS, lambda: self._ask(key))

    def _ask(self, key: str) -> None:
        start_worker(
            self._view.screen, WorkerGroup.LOOK_UP, partial(self._look_up, key), name="look up", exclusive=True
        )

    async def _look_up(self, key: str) -> None:
        try:
            await self._view.directory.look_up(key)
        except NotFound:
            answer = LookUp(key, Outcome.ABSENT)
        except LookUpIgnored:
            answer = LookUp(key, Outcome.IGNORED)
        except WalkmeError as error:
            answer = LookUp(key, Outcome.FAILED, error.message)
        else:
            answer = LookUp(key, Outcome.FOUND)
        if self.current is not None and self.current.key == key:
            self.current = answer
            self._view.refresh_situation()
