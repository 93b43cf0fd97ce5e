"""The one place where directory text becomes something that a widget shows.

Textual reads markup in a plain ``str`` on most surfaces and lets control characters through on nearly all. What comes
out of here is literal: a ``Content`` for widgets, a ``Text`` for the few that want Rich, a clean ``str`` for the
surfaces that are literal by nature. An architecture test sees to it that nothing else reaches a widget.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from rich.text import Text
from textual.content import Content

from walkme_tui.domain.text import clean

Part: TypeAlias = "str | Content | tuple[str, str]"

# What every terminal draws as wide as our tables say: Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic letters,
# Thai, Georgian, kana, Han, whole Hangul syllables, punctuation and our own signs. Elsewhere (emoji, Indic scripts,
# single Hangul letters) they differ. First and last of each range, one after the other.
_SURE_WIDTH: Final = (
    " ~\u00a1\u0482\u048a\u0556\u0561\u0587\u05d0\u05ea\u0621\u064a\u0e01\u0e32\u0e34\u0e3a\u0e40\u0e4d\u10d0\u10fa"
    "\u1e00\u1fff\u2010\u2027\u2030\u205e\u2400\u2426\u2580\u259f\u25cb\u25cc\u25cf\u25cf\u2713\u2713\u27e8\u27e9\u3041\u3096"
    "\u30a1\u30fa\u3400\u4dbf\u4e00\u9fff\uac00\ud7a3"
)


def plain(text: str, limit: int | None = None) -> str:
    """A clean one-line copy, for surfaces that show a ``str`` as it is: a notification's title, an input's value."""
    return clean(text, limit)


def content(text: str, style: str = "", *, limit: int | None = None) -> Content:
    """The text, shown literally, in one Textual style (empty: the widget's own)."""
    return Content.styled(clean(text, limit), style)


def rich_text(text: str, style: str = "", *, limit: int | None = None) -> Text:
    """The text, shown literally, for the surfaces that want Rich's ``Text``."""
    return Text(clean(text, limit), style=style)


def joined(*parts: Part) -> Content:
    """Several pieces as one: text, text with a Textual style, or what is content already."""
    return Content.assemble(*(_part(part) for part in parts))


def lines(contents: Iterable[Content]) -> Content:
    """Several pieces below one another. Text never brings line breaks of its own: ``clean`` makes them visible."""
    return Content("\n").join(contents)


def has_sure_width(text: str) -> bool:
    """True if every terminal draws this text as wide as we believe; False where they disagree."""
    return text.isascii() or all(map(_is_sure, text))


@lru_cache(maxsize=4096)
def _is_sure(character: str) -> bool:
    at = bisect_left(_SURE_WIDTH, character)
    # The last character of a range is found at an odd place, what lies inside it just before that.
    return at % 2 == 1 or _SURE_WIDTH[at : at + 1] == character


def _part(part: Part) -> Content:
    if isinstance(part, Content):
        return part
    if isinstance(part, str):
        return content(part)
    return content(*part)
