"""Looks up on the server a full email address or id that was typed into the filter box."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.errors import LookUpIgnored, NotFound, WalkmeError
from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.dom import DOMNode
    from textual.timer import Timer

    from walkme_tui.services.directory import Directory

PAUSE_SECONDS: Final = 0.2
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class LookUpState(StrEnum):
    """The state of a look-up."""

    PENDING = "pending"
    FOUND = "found"
    ABSENT = "absent"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FilterLookUp:
    """One look-up of an email or id; ``why`` is the reason of a failure."""

    key: str
    state: LookUpState
    why: str = ""

    @property
    def message(self) -> StatusMessage:
        """The message for the status line."""
        key = clean(self.key, 80)
        match self.state:
            case LookUpState.PENDING:
                return StatusMessage(f"Looking up {key} on the server…", TextStyle.DIM)
            case LookUpState.FOUND:
                return StatusMessage(f"{key} was found on the server.", TextStyle.DIM)
            case LookUpState.ABSENT:
                return StatusMessage(f"{key} is not on the server.")
            case LookUpState.IGNORED:
                return StatusMessage(
                    "This server ignores look-ups by email: only loaded people are searched.", TextStyle.WARN
                )
            case LookUpState.FAILED:
                return StatusMessage(f"Looking up {key} failed: {clean(self.why, 200)}", TextStyle.WARN)


class FilterLookUps:
    """Looks up a whole email address or id ``PAUSE_SECONDS`` after it was typed; only the latest one counts.

    ``changed`` is called when ``current`` has another state. Timers and workers run on ``node``.
    """

    def __init__(self, node: "DOMNode", directory: "Directory", changed: "Callable[[], None]") -> None:
        self._node, self._directory, self._changed = node, directory, changed
        self._timer: Timer | None = None
        self.current: FilterLookUp | None = None

    def consider(self, text: str) -> None:
        """Look up this text of the filter box if it is a whole address or id."""
        key = text.strip()
        if self.current is not None and self.current.key == key:
            return  # its timer or its request is under way
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if not (EMAIL.fullmatch(key) or UUID.fullmatch(key)):
            self.current = None
        else:
            self.current = FilterLookUp(key, LookUpState.PENDING)
            self._timer = self._node.set_timer(PAUSE_SECONDS, lambda: self._ask(key))

    def _ask(self, key: str) -> None:
        start_worker(
            self._node,
            WorkerGroup.LOOK_UP,
            partial(self._look_up, key),
            name="Looking up the user",
            exclusive=True,
        )

    async def _look_up(self, key: str) -> None:
        try:
            await self._directory.look_up(key)
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
            self._changed()
