"""The only place where directory text is converted to what widgets show.

Textual reads markup in a plain ``str`` on most surfaces and lets control characters through on nearly all. The
results are literal: a ``Content`` for widgets. Surfaces that do not parse markup, as a notification's title or an
input's value, get a clean ``str``. An architecture test checks that nothing else reaches a widget.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from textual.content import Content

from walkme_tui.domain.text import clean

Part: TypeAlias = "str | Content | tuple[str, str]"

# Characters that every terminal draws with the width of our tables: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic,
# Thai and Georgian letters, kana, Han, whole Hangul syllables, punctuation and our own signs. Others (emoji, Indic
# scripts, single Hangul letters) differ. The first and last character of each range.
_SURE_WIDTH: Final = (
    " ~\u00a1\u0482\u048a\u0556\u0561\u0587\u05d0\u05ea\u0621\u064a\u0e01\u0e32\u0e34\u0e3a\u0e40\u0e4d\u10d0\u10fa"
    "\u1e00\u1fff\u2010\u2027\u2030\u205e\u2190\u2193\u2260\u2260\u2264\u2265\u2400\u2426\u2500\u257f\u2580\u259f\u25cb\u25cc\u25cf\u25cf\u2713\u2713\u27e8\u27e9\u3041\u3096"
    "\u30a1\u30fa\u3400\u4dbf\u4e00\u9fff\uac00\ud7a3"
)


def content(text: str, style: str = "", *, limit: int | None = None) -> Content:
    """The text, shown literally, in one Textual style (empty: the widget's own)."""
    return Content.styled(clean(text, limit), style)


def joined(*parts: Part) -> Content:
    """Several parts as one: text, text with a Textual style, or content."""
    return Content.assemble(*(_part(part) for part in parts))


def lines(contents: Iterable[Content]) -> Content:
    """Several contents as lines. Text has no line breaks: ``clean`` makes them visible."""
    return Content("\n").join(contents)


def has_sure_width(text: str) -> bool:
    """True if every terminal draws this text with the width that we compute."""
    return text.isascii() or all(map(_is_sure, text))


@lru_cache(maxsize=4096)
def _is_sure(character: str) -> bool:
    at = bisect_left(_SURE_WIDTH, character)
    # bisect gives an odd index inside a range and at its last character, an even one at its first.
    return at % 2 == 1 or _SURE_WIDTH[at : at + 1] == character


def _part(part: Part) -> Content:
    if isinstance(part, Content):
        return part
    if isinstance(part, str):
        return content(part)
    return content(*part)
