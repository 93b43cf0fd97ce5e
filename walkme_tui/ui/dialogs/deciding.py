"""What the dialogs share in which something can be decided that matters."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget

from walkme_tui.domain.accounts import Account, Environment
from walkme_tui.domain.text import clean
from walkme_tui.ui.dialogs.dialog import Dialog, Result
from walkme_tui.ui.widgets.answer_button import AnswerButton
from walkme_tui.ui.widgets.ink import Ink, Line
from walkme_tui.ui.widgets.one_line import OneLine

DEAF_SECONDS: Final = 0.3
WIDE_FRAME: Final = 92
FRAME: Final = 70
FRAME_SHARE: Final = 0.96
FRAME_SIDES: Final = 4
FRAME_HEIGHT_SHARE: Final = 0.9
FRAME_EDGES: Final = 6
"""Border, title and keys, with the blanks between them."""


class DecidingDialog(Dialog[Result]):
    """The button that does nothing has the focus, and the keys that decide are deaf for the first 300 ms."""

    BUTTON: ClassVar[str] = "Cancel"

    def __init__(
        self, title: Line, foot: Line, right: Line = (), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(title, foot, right)
        self._monotonic = monotonic
        self._opened_at: float | None = None
        self._button = AnswerButton(self.BUTTON)

    def bottom(self) -> Sequence[Widget]:
        """The button, and the keys beside it."""
        return [Horizontal(self._button, OneLine(id="foot"), id="bottom")]

    def fill(self) -> None:
        """Give the button the focus; count from the first picture on."""
        self.set_focus(self._button)
        self.call_after_refresh(self._listen)

    def _listen(self) -> None:
        self._opened_at = self._monotonic()

    @property
    def shown(self) -> bool:
        """True once the first picture was painted."""
        return self._opened_at is not None

    @property
    def listens(self) -> bool:
        """True once a key can only be meant for this dialog."""
        return self._opened_at is not None and self._monotonic() - self._opened_at >= DEAF_SECONDS

    # ------------------------------------------------------------ keys

    def decisions(self) -> Mapping[str, Callable[[], object]]:
        """The keys that decide something."""
        raise NotImplementedError

    def others(self) -> Mapping[str, Callable[[], object]]:
        """The keys that only move, copy or look."""
        return {}

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter presses the button, wherever the focus is."""
        deciding = {key: partial(self._decide, action) for key, action in self.decisions().items()}
        return {"enter": self.leave, "space": self.leave, **self.others(), **deciding}

    def _decide(self, action: Callable[[], object]) -> None:
        """Do it, unless the key was pressed for what was on the screen before."""
        if self.listens:
            action()

    @on(AnswerButton.Pressed)
    def leave(self) -> None:
        """The button answers nothing."""
        if self.is_current:
            self.dismiss(None)


def room(screen_height: int, around: int) -> int:
    """How many lines a frame of the style sheet has inside for what scrolls, with ``around`` lines beside it."""
    return max(2, int(screen_height * FRAME_HEIGHT_SHARE) - FRAME_EDGES - around)


def inner_width(screen_width: int, frame: int = WIDE_FRAME) -> int:
    """How many cells a frame of the style sheet has inside on a screen: text is broken before it is laid out."""
    return max(8, min(frame, int(screen_width * FRAME_SHARE)) - FRAME_SIDES)


def account_mark(account: Account) -> Line:
    """Where it happens, for the corner of a dialog; production is filled."""
    name = (f"{clean(account.profile, 30)} ", Ink.DIM)
    if account.environment is Environment.PRODUCTION:
        return [name, (" PRODUCTION ", Ink.PRODUCTION)]
    return [name, (" SANDBOX ", Ink.SANDBOX)]
