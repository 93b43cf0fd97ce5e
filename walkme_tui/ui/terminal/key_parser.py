"""The parser of the keyboard, which reads Esc and a letter typed quickly after it as these two keys."""

from collections.abc import Iterable
from typing import Final

from textual._xterm_parser import XTermParser
from textual.events import Key

ESC: Final = "\x1b"

# What follows Esc in the sequences of other keys and in the answers of terminals. Terminals on macOS send Esc b and
# Esc f for Option and an arrow.
_LEADS: Final = "[O]P_^Xbf"
_END: Final = "\\"
"""After Esc the end of an answer, which is no key."""


class KeyParser(XTermParser):
    """Textual's parser without keys that are pressed with Alt, because no command has one.

    Terminals send Alt+e as Esc and e. A slow line, or tmux, which keeps an Esc for up to half a second, sends the same
    for these two keys typed one after the other.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        first, second = sequence[:1], sequence[1:]
        if first == ESC and len(second) == 1 and second.isprintable() and second not in _LEADS:
            alt, sequence = True, second
        if alt and sequence != _END:
            yield Key("escape", ESC)
            alt = False
        yield from super()._sequence_to_key_events(sequence, alt)
