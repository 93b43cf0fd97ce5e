"""The encodings to choose from for a file to import."""

import codecs
import re
from typing import Final

from walkme_tui.domain.imports.csv_format import ENCODINGS
from walkme_tui.domain.text import clean
from walkme_tui.ui.dialogs.choice import Choice

BYTES_BEFORE: Final = 16
BYTES_AFTER: Final = 12
TRIED_BYTES: Final = 100_000
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")


def encoding_choices(data: bytes) -> list[Choice]:
    """The encodings that can decode the file, each with what it makes of the first letters outside ASCII."""
    found = _NOT_ASCII.search(data)
    at = found.start() if found is not None else 0
    begin = max(data.rfind(b"\n", 0, at) + 1, at - BYTES_BEFORE)
    choices = []
    for name, label in ENCODINGS.items():
        decoder = codecs.getincrementaldecoder(name)()
        try:
            decoder.decode(data[:TRIED_BYTES])
            decoder.reset()
            sample = decoder.decode(data[begin & ~1 if name.startswith("utf-16") else begin : at + BYTES_AFTER])
        except UnicodeDecodeError:
            continue
        choices.append(Choice(name, label, clean(sample.splitlines()[0] if sample else "", BYTES_BEFORE + BYTES_AFTER)))
    return choices
