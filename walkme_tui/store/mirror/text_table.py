"""The folded texts that filters search, and their trigram index.

In the index every run of letters and digits is preceded by two blanks: ``zoe.celik`` is indexed as ``··zoe··celik``.
So the trigram ``··z`` finds the words that begin with z, ``·zo`` those that begin with zo, and ``zoe`` the texts that
contain it anywhere. Each of these is a single look-up.

The texts themselves are stored in a form in which ``GLOB`` can tell where a word begins (``comparable``): it knows only
the separators that a pattern lists, and it ends a text at the first NUL.
"""

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from walkme_tui.store import bulk
from walkme_tui.store.mirror.rows import folded_name

_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")
_BLANKS: Final = bytes(code if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256))
_WORD: Final = re.compile(r"[^\W_]+")
_MARGIN: Final = "  "

# The ASCII characters that are neither letters nor digits, as a GLOB class; folded text has no capitals.
GLOB_SEPARATORS: Final = "\x01-/:-@[-`{-\x7f"
# Python takes both for white space, so no folded text contains them.
_AFTER_OTHER_SEPARATORS: Final = "\x1f"
_NUL: Final = "\x1e"
_OTHER_SEPARATOR: Final = re.compile(r"[^\w\x00-\x7f]")

# Index entries that are considered for a long word.
MOST_ENTRIES: Final = 12
# The share of texts with an entry is estimated from so many of them, and cached for so many entries.
SAMPLE: Final = 100
CACHED_SHARES: Final = 4_096
# Comparing one text takes as long as skipping so many in the index.
COMPARE_COST: Final = 200
# Entries of one run of letters occur together: how much a further one narrows the result, compared with an independent
# entry.
GAIN_WITHIN_RUN: Final = 0.1


def has_trigrams(connection: sqlite3.Connection) -> bool:
    """True if this SQLite has the trigram tokenizer of FTS5."""
    used = connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]
    return bool(used) and sqlite3.sqlite_version_info >= (3, 34, 0)


def comparable(folded: str) -> str:
    """A folded text or word in the form that is compared: every separator is ASCII or followed by an ASCII one."""
    if not folded.isascii():
        folded = _OTHER_SEPARATOR.sub(rf"\g<0>{_AFTER_OTHER_SEPARATORS}", folded)
    return folded.replace("\0", _NUL)


def folded_value(value: str | None) -> str | None:
    """A status or a role in the form that is compared; the SQL function ``folded``."""
    return None if value is None else comparable(folded_name(value))


def is_short_word(word: str) -> bool:
    """True for one or two letters or digits: these are searched at the start of words, all else anywhere."""
    return len(word) <= 2 and is_run(word)


def has_run(text: str, run: str) -> bool:
    """True if a text contains this run as a whole word that is not its last; the SQL function ``has_run``."""
    return _whole(run).search(text) is not None


@lru_cache(maxsize=64)
def _whole(run: str) -> re.Pattern[str]:
    # Much faster than GLOB, which tries its class at every position.
    return re.compile(rf"(?<![^\W_]){re.escape(run)}(?=[\W_])")


def is_run(word: str) -> bool:
    """True for a run: a word of letters and digits only."""
    return _WORD.fullmatch(word) is not None


def begins_a_word(word: str, folded: str) -> bool:
    """True if a run in a folded text begins with ``word``, itself a run."""
    return any(run.startswith(word) for run in _WORD.findall(folded))


def entries(word: str) -> list[str]:
    """All index entries of a folded word; empty if it has neither letters nor digits."""
    if is_short_word(word):
        return [(_MARGIN + word)[-3:]]
    marked = _spread(word)
    last = len(marked) - 3
    # An entry with two blanks adds nothing where the next entry has one more letter of the same run.
    found = [
        marked[at : at + 3]
        for at in range(last + 1)
        if not (at > 0 and marked[at + 1 : at + 3] == _MARGIN) and not (at < last and marked[at : at + 2] == _MARGIN)
    ]
    step = -(-len(found) // MOST_ENTRIES) or 1
    return list(dict.fromkeys(found[::step]))


def expression(wanted: Collection[str]) -> str | None:
    """The full-text expression for texts with all these entries; None for no entries."""
    return " AND ".join(f'"{entry}"' for entry in wanted) or None


class Entry(NamedTuple):
    """An index entry of a query; ``share`` (0 to 1) is how many texts have it, ``run`` numbers its run of letters."""

    text: str
    share: float
    run: int


def worthwhile(wanted: Iterable[Entry]) -> list[str]:
    """The entries that are faster to look up than to compare in the texts, the rarest first.

    So the beginning of an address is looked up, and not the domain that most users have.
    """
    chosen: list[Entry] = []
    left = 1.0
    for entry in sorted(wanted, key=attrgetter("share")):
        gain = GAIN_WITHIN_RUN if any(entry.run == other.run for other in chosen) else 1
        if not chosen or entry.share < left * (1 - entry.share) * gain * COMPARE_COST:
            # Entries of one name depend on each other strongly, others somewhat: users share a country or a company.
            left *= entry.share ** (min(gain, 0.5) if chosen else 1)
            chosen.append(entry)
    return [entry.text for entry in chosen]


class TextTable:
    """Reads and writes ``texts`` and ``find`` over one connection; ``has_find`` is False where there is no index."""

    def __init__(self, connection: sqlite3.Connection, has_find: bool) -> None:
        self._connection = connection
        connection.create_function("folded", 1, folded_value, deterministic=True)
        connection.create_function("has_run", 2, has_run, deterministic=True)
        self.has_find = has_find
        self._shares: dict[str, float] = {}
        self._has_unindexed = False
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS unindexed (row_id INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    def chosen(self, words: Iterable[str]) -> list[str]:
        """The index entries to look up for texts with all of these words; empty where the index does not help."""
        runs: dict[str, int] = {}
        run = 0
        for word in words if self.has_find else ():
            run += 1
            for entry in entries(word):
                run += entry.startswith(" ")
                runs.setdefault(entry, run)
        if len(runs) < 2:
            return list(runs)
        return worthwhile(Entry(entry, self._share(entry), run) for entry, run in runs.items())

    def chosen_whole(self, runs: Iterable[str]) -> list[str]:
        """The index entries to look up for texts with all of these runs as whole words.

        The entries of the ends are always included: nothing else excludes texts in which words only begin so.
        """
        if not self.has_find:
            return []
        ends = [f"{run[-2:]:>2} " for run in runs]
        return list(dict.fromkeys([*self.chosen([f" {run}" for run in runs]), *ends]))

    def _share(self, entry: str) -> float:
        """The share of texts with an entry, 0 to 1, estimated from those with the lowest row ids."""
        share = self._shares.get(entry)
        if share is None:
            first = "SELECT rowid FROM find WHERE find MATCH ? ORDER BY rowid LIMIT ?"
            select = f"SELECT count(*), max(rowid), (SELECT max(row_id) FROM texts) FROM ({first})"  # noqa: S608
            found, last, end = self._connection.execute(select, (expression([entry]), SAMPLE)).fetchone()
            share = found / max(last if found == SAMPLE else end or 1, 1)
            if len(self._shares) >= CACHED_SHARES:
                self._shares.clear()
            self._shares[entry] = share
        return share

    def add(self, rows: Sequence[tuple[int, str]]) -> None:
        """Insert folded texts by row id; ``update_index`` adds them to the index."""
        if self.has_find and rows:
            bulk.insert(self._connection, "temp.unindexed", _marked(rows))
            self._has_unindexed = True
        compared = [(row_id, comparable(text)) for row_id, text in rows]
        bulk.insert(self._connection, "texts", compared)

    def remove(self, rows: Sequence[tuple[int, str]]) -> None:
        """Delete folded texts by row id; a contentless index needs the texts to delete their entries."""
        if not rows:
            return
        self.update_index()
        if self.has_find:
            self._connection.executemany("INSERT INTO find (find, rowid, text) VALUES ('delete', ?, ?)", _marked(rows))
        self._connection.executemany("DELETE FROM texts WHERE row_id = ?", [(row_id,) for row_id, _ in rows])

    def update_index(self) -> None:
        """Index the inserted texts in one statement, before a transaction ends: each statement has a fixed cost."""
        if self._has_unindexed:
            self._has_unindexed = False
            self._connection.execute("INSERT INTO find (rowid, text) SELECT row_id, text FROM temp.unindexed")
            self._connection.execute("DELETE FROM temp.unindexed")


def _marked(rows: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(row_id, _MARGIN + _spread(text)) for row_id, text in rows]


def _spread(folded: str) -> str:
    """A folded text with two blanks in place of whatever separates its runs."""
    if folded.isascii() and folded[:1].isalnum() and folded[-1:].isalnum():
        # The same result in a third of the time.
        return _MARGIN.encode().join(folded.encode().translate(_BLANKS).split()).decode()
    return _MARGIN.join(_BETWEEN_WORDS.split(folded))
