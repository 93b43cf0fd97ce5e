"""The terminal's clipboard, also through tmux and screen."""

import base64
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from walkme_tui.ui.terminal.driver import repaint

if TYPE_CHECKING:
    from textual.app import App

MAX_CLIPBOARD_BASE64: Final = 74_994  # xterm takes 100 000 bytes in a sequence, several others 74 994
SCREEN_PIECE: Final = 512  # screen drops longer device control strings


class Multiplexer(StrEnum):
    """What the program runs in; the value is its name in messages."""

    NONE = "the terminal"
    TMUX = "tmux (needs set-clipboard on)"
    SCREEN = "screen"
    EITHER = "tmux (needs set-clipboard on) or screen"


def send_to_clipboard(app: "App[Any]", text: str) -> bool:
    """Send ``text`` to the terminal's clipboard; False if it is too long.

    No terminal acknowledges it: ``sent_message`` only names the receiver.
    """
    sequence = clipboard_sequence(text, os.environ)
    if sequence is None:
        return False
    driver = app._driver  # noqa: SLF001 - App.copy_to_clipboard neither wraps for multiplexers nor limits the size
    if driver is not None:
        driver.write(sequence)
        driver.flush()
        if multiplexer(os.environ) is Multiplexer.EITHER:
            repaint(app)
    return True


def sent_message(what: str) -> str:
    """The message after ``send_to_clipboard``: what was sent and to which terminal program."""
    return f"Sent to {multiplexer(os.environ)}: {what}"


def clipboard_sequence(text: str, environment: Mapping[str, str]) -> str | None:
    """The OSC 52 sequence for ``text``, wrapped for tmux and screen; None if it is longer than terminals take."""
    encoded = base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(encoded) > MAX_CLIPBOARD_BASE64:
        return None
    bare = f"\x1b]52;c;{encoded}\a"
    pieces = [f"\x1bP{bare[at : at + SCREEN_PIECE]}\x1b\\" for at in range(0, len(bare), SCREEN_PIECE)]
    match multiplexer(environment):
        case Multiplexer.NONE:
            return bare
        case Multiplexer.TMUX:
            # tmux takes the bare one with "set-clipboard on" and the wrapped one with "allow-passthrough on".
            wrapped = bare.replace("\x1b", "\x1b\x1b")
            return f"{bare}\x1bPtmux;{wrapped}\x1b\\"
        case Multiplexer.SCREEN:
            return "".join(pieces)
        case Multiplexer.EITHER:
            # Both take one piece. Of several, tmux takes only the bare one, which screen prints if it is long.
            return "".join(pieces) + (bare if len(pieces) > 1 else "")


def multiplexer(environment: Mapping[str, str]) -> Multiplexer:
    """The multiplexer around the program; over SSH only ``TERM`` shows it, and older tmux sets ``screen``."""
    terminal = environment.get("TERM", "")
    if "TMUX" in environment or terminal.startswith("tmux"):
        return Multiplexer.TMUX
    if "STY" in environment or terminal.startswith("screen."):
        return Multiplexer.SCREEN
    return Multiplexer.EITHER if terminal.startswith("screen") else Multiplexer.NONE
