"""ASCII replacements of the signs, for terminals without Unicode, and the filter that applies them."""

import locale
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# One cell for one cell, so that columns stay aligned; also frames, scroll bars and the symbols of clean().
ASCII_SIGNS: Final[Mapping[str, str]] = (
    {"●": "*", "○": "o", "◌": ".", "✓": "v", "·": ".", "–": "-", "—": "-", "×": "x", "…": "~", "≥": ">", "≠": "!"}
    | {"▌": ">", "▏": "|", "‹": "<", "›": ">", "⟨": "<", "⟩": ">", "→": ">", "←": "<", "↑": "^", "↓": "v"}
    | dict.fromkeys("“”", '"')
    | dict.fromkeys("‘’", "'")
    | dict.fromkeys("─━═", "-")
    | dict.fromkeys("│┃║", "|")
    | dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+")
    | dict.fromkeys("▁▂▃▄▅▆▇█▀▊▉▋▍▎▐▔▕", " ")
    | dict.fromkeys(map(chr, (*range(0x2400, 0x2427), 0xFFFD)), "?")
)
# Replacements of two cells.
_PAIRS: Final = {"≥ ": ">="}
_TRANSLATION: Final = str.maketrans(dict(ASCII_SIGNS))


def needs_ascii_signs(environment: Mapping[str, str]) -> bool:
    """True on the Linux console, whose fonts lack most signs, and in a locale that is not UTF-8."""
    # Python uses UTF-8 in the locales C and POSIX; the terminal may not.
    is_c_locale = bool(sys.flags.utf8_mode) and environment.get("PYTHONUTF8") != "1"
    is_utf8 = locale.getencoding().lower().replace("-", "") == "utf8"
    return environment.get("TERM", "").startswith("linux") or is_c_locale or not is_utf8


class AsciiSigns(LineFilter):
    """Replaces our signs with ASCII, and characters missing in ``encoding`` with question marks of the same width."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._shown = lru_cache(maxsize=4096)(lambda text: _in_ascii(text, encoding))

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 - the base's signature
        """The same segments in the same number of cells."""
        return [
            segment if segment.control or segment.text.isascii() else Segment(self._shown(segment.text), segment.style)
            for segment in segments
        ]


def _in_ascii(text: str, encoding: str) -> str:
    for pair, replacement in _PAIRS.items():
        text = text.replace(pair, replacement)
    text = text.translate(_TRANSLATION)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(each if _has(encoding, each) else "?" * cell_len(each) for each in text)
    return text


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
