"""The nearest name for a word that no user has, from names that share a part with it."""

import re
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Final

from walkme_tui.domain.filter_terms import quoted
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean, search_key
from walkme_tui.store.mirror.search import first
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import expression, is_run
from walkme_tui.store.sqlite_thread import Steps

# Shorter words are near to too many names.
SHORTEST: Final = 4
# Users that are compared for each part of a word, which takes about 10 ms.
MOST_COMPARED: Final = 1_000
CLOSE: Final = 0.75
_RUN: Final = re.compile(r"[^\W_]+")


def nearest(tables: Tables, words: Collection[str]) -> Steps[dict[str, str]]:
    """By folded word, the nearest word of a name or an email as it is spelled there, for words that no user has.

    A word without a near one is missing.
    """
    found: dict[str, str] = {}
    for word in words:
        if len(word) < SHORTEST or not is_run(word) or not tables.texts.has_find:
            continue
        if (yield from first(tables, UserQuery(quoted(word)), 1, 0)):
            continue
        names: dict[str, str] = {}
        for part in _parts(word):
            for key, spelling in _names_with(tables, part):
                if abs(len(key) - len(word)) <= 2:
                    names.setdefault(key, spelling)
            yield
        for key in get_close_matches(word, names, n=1, cutoff=CLOSE):
            found[word] = names[key]
    return found


def _parts(word: str) -> list[str]:
    """Parts of which one is correct if the word has one typo, or two adjacent ones; a blank starts a word."""
    parts = [f" {word[:-2]}", f" {word[:3]}", word[-3:], word[2:5], word[1:4]]
    return list(dict.fromkeys(part for part in parts if len(part) >= 3))


def _names_with(tables: Tables, part: str) -> Iterator[tuple[str, str]]:
    """Words of names and emails, folded and as spelled, of users whose texts contain this part."""
    index = expression(tables.texts.chosen([part]))
    if index is None:
        return
    select = (
        "SELECT first_name, last_name, email FROM (SELECT rowid AS row_id FROM find WHERE find MATCH ? "
        "ORDER BY rowid LIMIT ?) AS found CROSS JOIN users ON users.row_id = found.row_id"
    )
    seen: set[str] = set()
    for first_name, last_name, email in tables.connection.execute(select, (index, MOST_COMPARED)):
        for name in (first_name, last_name, (email or "").partition("@")[0]):
            if name and name not in seen:
                seen.add(name)
                for word in name.split():
                    yield from _spelled(word)


def _spelled(word: str) -> Iterator[tuple[str, str]]:
    key, shown = search_key(word), clean(word)
    if is_run(key):
        # A filter does not find what ``clean`` has replaced; the folded form it does.
        yield key, shown if search_key(shown) == key else key
    else:
        yield from ((run, run) for run in _RUN.findall(key))
