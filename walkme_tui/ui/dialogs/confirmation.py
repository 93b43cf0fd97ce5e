"""The base of the dialogs in which a key changes something: they ignore keys that were typed for something else."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events, on
from textual.containers import Horizontal
from textual.scroll_view import ScrollView
from textual.widget import Widget

from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.text import clean
from walkme_tui.ui.dialogs.dialog import QUIT, Dialog, Result
from walkme_tui.ui.widgets.dialog_button import DialogButton
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle
from walkme_tui.ui.widgets.too_small import is_too_small, show_too_small

QUIET_SECONDS: Final = 0.5
"""How long no key may be pressed before one that decides."""
CHECK_SECONDS: Final = 0.05
WAIT: Final = "wait"
MIN_LIST_LINES: Final = 2
TOO_SMALL: Final = "Terminal too small: enlarge it, or press Esc."
DISMISSING_KEYS: Final = frozenset({"escape", "enter", "space"})
OTHER_KEYS: Final = "yunb0123456789"
WIDE_FRAME: Final = 92
LARGE_FRAME: Final = 96
FRAME: Final = 70
FRAME_SHARE: Final = 0.96
FRAME_SIDES: Final = 4
FRAME_HEIGHT_SHARE: Final = 0.9
FRAME_EDGES: Final = 6
"""Border, title and keys, with the blanks between them."""

SHORT_SCREEN: Final = 20
"""On a lower screen the frame of class ``short`` has no blank lines."""


class ConfirmationDialog(Dialog[Result]):
    """The dismissing button has the focus; a key that decides counts only while the dialog is armed.

    It is armed half a second after it was painted or the last key was pressed: text that was typed for something else
    comes faster than that. It is never armed while its question or its keys are not wholly on the screen. The footer
    shows whether it is armed.
    """

    BUTTON: ClassVar[str] = "Cancel"

    def __init__(
        self, title: StyledText, right: StyledText = (), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(title, (), right)
        self._monotonic = monotonic
        self._quiet_since: float | None = None
        self._armed = False
        self._was_armed = False
        self._keys_width = 0
        self._button = DialogButton(self.BUTTON)

    def footer(self) -> Sequence[Widget]:
        """The button and the keys."""
        return [Horizontal(self._button, TextBar(id="footer"), id="bottom")]

    def fill(self) -> None:
        """Give the button the focus; the dialog is armed half a second after it is painted."""
        self.set_focus(self._button)
        self.write_footer()
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self._check_size())
        self.call_after_refresh(self._painted)

    # ------------------------------------------------------------ armed or not

    @property
    def shown(self) -> bool:
        """True once the dialog was painted."""
        return self._quiet_since is not None

    @property
    def armed(self) -> bool:
        """True while a key that decides counts."""
        return self._armed

    def _painted(self) -> None:
        self._quiet_since = self._monotonic()
        self.set_interval(CHECK_SECONDS, self._arm_if_quiet)

    def _arm_if_quiet(self) -> None:
        if self._armed or self._quiet_since is None or not self.is_current:
            return
        if self._monotonic() - self._quiet_since >= QUIET_SECONDS and self._fits():
            self._armed = self._was_armed = True
            self.write_footer()

    @on(events.Resize)
    def disarm(self) -> None:
        """Ignore the keys that decide for the next half second."""
        if self._quiet_since is not None:
            self._quiet_since = self._monotonic()
        if self._armed:
            self._armed = False
            self.write_footer()

    def _check_size(self) -> None:
        """Show the dialog if it fits into the terminal, otherwise a message; called after each change of the layout.

        Texts are written into a dialog after it was laid out first, so it may fit only later.
        """
        if not self.is_attached:
            return
        self.write_footer()
        if (fits := self._fits()) is not self.has_class("tiny"):
            return
        show_too_small(self, not fits, TOO_SMALL)
        if not fits:
            self.set_focus(self._button)
            self.disarm()

    def _fits(self) -> bool:
        """True if the question and the keys that decide are on the screen; lists may scroll, the title may be cut."""
        frame = self.query_one("#frame")
        lists = [each for each in frame.children if isinstance(each, ScrollView)]
        return (
            not is_too_small(self.app.size)
            and all(each.region and frame.content_region.contains_region(each.region) for each in frame.children)
            and all(each.size.height >= min(MIN_LIST_LINES, each.virtual_size.height) for each in lists)
            and self._keys_width <= self.query_one("#footer").size.width
        )

    def write_footer(self) -> None:
        """Write the keys; while those that decide do not count, they are dim, with "wait" at the right if it fits."""
        deciding = self.decision_keys()
        pieces: list[StyledSpan] = []
        for key, word in self.hints():
            counts = self._armed or key not in deciding
            shown = self._replacement_key(key) if key in deciding else key
            pieces += [
                ("   " if pieces else "  ", TextStyle.PLAIN),
                (shown, TextStyle.ACCENT if counts else TextStyle.DIM),
            ]
            pieces.append((f" {word}", TextStyle.DIM))
            if key in deciding:
                self._keys_width = sum(cell_len(text) for text, _ in pieces)
        waits = not self._armed and any(key in deciding for key, _ in self.hints())
        room = max((bar.size.width for bar in self.query("#footer")), default=0)
        has_room = self._keys_width + len(WAIT) < room
        self.fill_footer(pieces, [(WAIT, TextStyle.DIM)] if waits and has_room else ())

    # ------------------------------------------------------------ keys

    def hints(self) -> Sequence[tuple[str, str]]:
        """The keys in the footer, each with a word."""
        raise NotImplementedError

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """The keys that decide something."""
        raise NotImplementedError

    def other_keys(self) -> Mapping[str, Callable[[], object]]:
        """The keys that change nothing: move, copy, show."""
        return {}

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter and Space press the button, wherever the focus is."""
        deciding = {
            self._replacement_key(key): partial(self._decide, action) for key, action in self.decision_keys().items()
        }
        return {"enter": self.leave, "space": self.leave, **self.other_keys(), **deciding}

    def _replacement_key(self, key: str) -> str:
        """The key for a decision: another one if this key is bound to the command that opens the dialog."""
        if key not in self.opening_keys:
            return key
        taken = {*self.opening_keys, *self.other_keys(), *self.decision_keys()}
        return next(other for other in OTHER_KEYS if other not in taken)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key; every key disarms. A dialog that does not fit handles only the keys that dismiss it."""
        if self.has_class("tiny") and event.key not in DISMISSING_KEYS:
            return event.key != QUIT
        taken = super().process_key(event)
        if self.is_current:
            self.disarm()
        return taken

    def _decide(self, action: Callable[[], object]) -> None:
        """Run the action if the dialog is armed."""
        if self._armed:
            action()

    def run_once_armed(self, action: Callable[[], object]) -> None:
        """Run the action if the dialog was armed at least once: the key is not part of text typed before it opened."""
        if self._was_armed:
            action()

    @on(DialogButton.Pressed)
    def press_button(self) -> None:
        """Close the dialog without a decision."""
        self.leave()


def available_lines(screen_height: int, around: int) -> int:
    """The lines that a frame of the style sheet has for its list, with ``around`` lines for other widgets."""
    return max(2, int(screen_height * FRAME_HEIGHT_SHARE) - FRAME_EDGES - around)


def inner_width(screen_width: int, frame: int = WIDE_FRAME) -> int:
    """The inner width of a frame of the style sheet in cells; text is wrapped before the layout is known."""
    return max(8, min(frame, int(screen_width * FRAME_SHARE)) - FRAME_SIDES)


def account_mark(account: Account) -> StyledText:
    """Profile, surface if it is SCIM, and environment for the corner of a dialog; production is highlighted."""
    surface = "" if account.surface is Surface.REST else f"{account.surface.upper()} "
    name = (f"{clean(account.profile, 30)} {surface}", TextStyle.DIM)
    if account.environment is Environment.PRODUCTION:
        return [name, (" PRODUCTION ", TextStyle.PRODUCTION)]
    return [name, (" SANDBOX ", TextStyle.SANDBOX)]
