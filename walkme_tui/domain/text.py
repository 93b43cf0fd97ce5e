"""Directory text to show (``clean``) and to compare (``search_key``).

Names come from other systems and are treated as hostile: they may hold escape sequences, line breaks, direction
overrides or a thousand accents on one letter. ``clean`` makes a display copy that a terminal shows literally and in as
many columns as it seems to have; the raw value is kept for comparing and writing back.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from walkme_tui.domain.json_text import dumps

MAX_MARKS_PER_LETTER: Final = 2
DOTTED_CIRCLE: Final = "\u25cc"

# Most names are printable ASCII and need nothing else.
_PLAIN: Final = re.compile(r"[ -~]*\Z")

_OUTSIDE_ASCII: Final = re.compile(r"[^\n -~]+")

# Invisible or without a width of their own, yet not in the Unicode categories that are treated as a whole below:
# fillers, the grapheme joiner, the Khmer and Mongolian inherent vowels and separators, and the parts of Hangul
# syllables that NFC could not join to one.
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800"
    + "".join(map(chr, (*range(0x1160, 0x1200), *range(0xD7B0, 0xD7FC))))
)

# Presentation only. Terminals disagree on the width of a sequence with these, so the base character stands alone.
_PRESENTATION: Final = frozenset("\ufe0e\ufe0f\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")

_REGIONAL_INDICATOR_A: Final = 0x1F1E6
_REGIONAL_INDICATOR_Z: Final = 0x1F1FF


def clean(text: str, limit: int | None = None) -> str:
    """A copy of ``text`` that is safe on a terminal, on one line, and looks like what it is.

    Control characters become visible symbols (ESC ``␛``, newline ``␊``), direction marks, zero-width and other
    invisible characters, private-use and unassigned code points their number (``⟨202E⟩``), flags their two letters.
    The result is NFC, has at most two combining marks and two spacing ones on a letter, and no letterless mark. At most
    ``limit`` characters of ``text`` are looked at; a longer one ends in ``…``.
    """
    if limit is not None and len(text) > limit:
        text = text[:limit] + "…"
    if _PLAIN.match(text):
        return text
    shown: list[str] = []
    marks = {"Mn": 0, "Me": 0, "Mc": 0}
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category in marks and character not in _INVISIBLE and character not in _PRESENTATION:
            kind = "Mc" if category == "Mc" else "Mn"
            if not shown:
                shown.append(DOTTED_CIRCLE)
            if marks[kind] < MAX_MARKS_PER_LETTER:
                shown.append(character)
            marks[kind] += 1
            continue
        replacement = _visible(character, category)
        if replacement:
            marks = dict.fromkeys(marks, 0)
            shown.append(replacement)
    # Again: a dropped character may have stood between a letter and its mark.
    return unicodedata.normalize("NFC", "".join(shown))


def printable_json(value: object, indent: int | None = None) -> str:
    """JSON text in which every invisible character is escaped, as is every mark after the second on a letter."""
    return _OUTSIDE_ASCII.sub(_escape_unprintable, dumps(value, ensure_ascii=False, indent=indent))


def _escape_unprintable(run: re.Match[str]) -> str:
    shown, marks = [], 0
    for character in run[0]:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        prints = character.isprintable() and character not in _INVISIBLE and character not in _PRESENTATION
        shown.append(character if prints and marks <= MAX_MARKS_PER_LETTER else json.dumps(character)[1:-1])
    return "".join(shown)


def _visible(character: str, category: str) -> str:
    """The visible form of a character that is no combining mark; empty for presentation characters."""
    code = ord(character)
    if character in _PRESENTATION:
        return ""
    if category == "Cc":
        if code < 0x20:
            return chr(0x2400 + code)
        return "\u2421" if code == 0x7F else f"⟨{code:02X}⟩"
    if category == "Cs":
        return "\ufffd"
    if category in {"Cf", "Co", "Cn", "Zl", "Zp"} or character in _INVISIBLE:
        return f"⟨{code:04X}⟩"
    if category == "Zs":
        return " "
    if _REGIONAL_INDICATOR_A <= code <= _REGIONAL_INDICATOR_Z:
        return chr(ord("A") + code - _REGIONAL_INDICATOR_A)
    return character


def is_hidden(character: str) -> bool:
    """True for a character that ``clean`` does not show as itself: control, invisible, unassigned, an unusual blank.

    Flags are shown, and marks belong to their letter.
    """
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Mc"} and character not in _INVISIBLE and character not in _PRESENTATION:
        return False
    is_flag = _REGIONAL_INDICATOR_A <= ord(character) <= _REGIONAL_INDICATOR_Z
    return not is_flag and _visible(character, category) != character


# Letters that Unicode does not decompose but that people type without their stroke, and every kind of apostrophe.
_FOLDED: Final = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("'’‘‛ʼʻʹ′`´＇", "")
)
_DROPPED_CATEGORIES: Final = frozenset({"Mn", "Me", "Cf"})


def storable(text: str) -> str:
    """A copy of ``text`` with lone surrogates, which JSON and argv allow and UTF-8 does not, replaced by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def search_key(text: str) -> str:
    """The form in which a search compares text: ``Zoë O'Brien`` and ``zoe obrien`` have the same.

    Case is folded, compatibility forms are decomposed, combining marks, invisible characters and apostrophes are
    dropped, runs of white space made one blank. The same function folds what is stored and what is typed.
    """
    if text.isascii():
        return " ".join(text.lower().replace("'", "").replace("`", "").split())
    # A capital dotted İ casefolds to i and a combining dot, so marks are dropped after folding.
    # Folded before decomposing too: an acute accent used as an apostrophe would become a blank with a mark.
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED)).casefold().translate(_FOLDED)
    kept = "".join(character for character in folded if unicodedata.category(character) not in _DROPPED_CATEGORIES)
    return " ".join(kept.translate(_FOLDED).split())


def email_key(email: str) -> str:
    """The form in which emails are compared: without case, and the same for composed and decomposed letters.

    Two letters never become one: ``weiß@`` and ``weiss@`` may belong to two people.
    """
    if email.isascii():
        # Most emails are their own key, which then takes no memory.
        return email if email.islower() else email.lower()
    letters = unicodedata.normalize("NFD", email)
    folded = (one if len(one := letter.casefold()) == 1 else letter.lower() for letter in letters)
    return unicodedata.normalize("NFC", "".join(folded))


def email_forms(email: str) -> tuple[str, ...]:
    """The email as typed, then in the other normal forms and in lower case, for servers that compare characters."""
    composed = unicodedata.normalize("NFC", email)
    return tuple(dict.fromkeys((email, composed, unicodedata.normalize("NFD", email), composed.lower())))


def spaced(number: int) -> str:
    """A number with a blank between thousands: ``250 000``."""
    return f"{number:,}".replace(",", " ")


def first_named(texts: Sequence[str], most: int) -> str:
    """The first texts with commas between them, and at the end ``, …`` where there are more."""
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")


def search_words(text: str) -> tuple[str, ...]:
    """The words of a filter, folded; a user matches when every one of them occurs in the user's search key."""
    return tuple(search_key(text).split())


# ------------------------------------------------------------ places of words

# Words of this length are found anywhere, shorter ones only at the beginning of a run of letters and digits.
ANYWHERE_FROM: Final = 3
# Half-width Japanese sound marks are no marks to Unicode, but fold like them.
_SOUND_MARKS: Final = "\uff9e\uff9f"

Span: TypeAlias = tuple[int, int]


def match_spans(text: str, words: Collection[str]) -> list[Span]:
    """The spans of ``text`` in which ``words``, folded by ``search_key``, occur, in order and separate.

    A word of one or two characters occurs only where a run of letters and digits begins, a longer one anywhere. What
    folds to nothing is part of a span where letters on both sides are (``O'Brien`` for ``obrien``), and a mark where
    its letter is; a letter that folds to several is one whole.
    """
    if text.isascii() and "'" not in text and "`" not in text:
        folded = text.lower()
        # Character by character the search key, but for blanks.
        if folded.isprintable() and "  " not in folded:
            return _spans(folded, words)
    even = _folded_evenly(text)
    if even:
        return _spans(even, words)
    folded, starts, ends = _folded_with_places(text)
    found = [span for word in words if word in folded for span in _occurrences(folded, word)]
    return _merged((starts[first], ends[last - 1]) for first, last in found)


def _spans(folded: str, words: Collection[str]) -> list[Span]:
    """The spans in a text of the same length as its search key."""
    spans = [span for word in words if word in folded for span in _occurrences(folded, word)]
    return _merged(spans) if len(spans) > 1 else spans


def _occurrences(folded: str, word: str) -> Iterator[Span]:
    """The spans of a word in a folded text; they may overlap."""
    at = folded.find(word) if word else -1
    while at >= 0:
        if len(word) >= ANYWHERE_FROM or (folded[at].isalnum() and not folded[at - 1 : at].isalnum()):
            yield at, at + len(word)
        at = folded.find(word, at + 1)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _folded_evenly(text: str) -> str:
    """The search key of a text of which every character is a letter of its own and folds to exactly one; else empty.

    Nearly every name is such a text, and this takes a tenth of the time.
    """
    characters = [*map(_only_character, text)]
    if "" in characters:
        return ""
    folded = "".join(characters)
    return "" if "  " in folded or folded.strip(" ") != folded else folded


@lru_cache(maxsize=4096)
def _only_character(character: str) -> str:
    folded = _folded_letter(character)
    is_mark = unicodedata.category(character).startswith("M") or character in _SOUND_MARKS
    return folded if len(folded) == 1 and not is_mark else ""


@lru_cache(maxsize=1024)
def _folded_with_places(text: str) -> tuple[str, list[int], list[int]]:
    """The search key of a text, and where the letter begins and ends in the text that each character came from."""
    folded = ""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _letters(text):
        for character in _folded_letter(text[start:end]):
            if character == " " and folded[-1:] in {"", " "}:
                continue
            folded += character
            starts.append(start)
            ends.append(end)
    return folded.rstrip(), starts, ends


def _letters(text: str) -> Iterator[Span]:
    """Each character with the marks that follow it."""
    start = 0
    for place, character in enumerate(text):
        if place > start and not (unicodedata.category(character).startswith("M") or character in _SOUND_MARKS):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _folded_letter(letter: str) -> str:
    # Between two letters, so that a blank stays: folding looks at one letter at a time but for blanks.
    return search_key(f"x{letter}x")[1:-1]
