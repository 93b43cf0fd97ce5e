"""The folded texts that filters are compared with, and their index by three characters.

The index holds texts in which every run of letters and digits begins with two blanks: ``zoe.celik`` is kept as
``··zoe··celik``. So ``··z`` finds the words that begin with z, ``·zo`` those that begin with zo, and ``zoe`` whatever
has it anywhere. Three characters are one entry of the index, so that all of these are single look-ups.

The texts themselves are kept so that ``GLOB`` can tell where a word begins (``comparable``): it knows only the
separators that a pattern names, and a text ends for it at the first NUL.
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

# ASCII that is neither letter nor digit, as a GLOB pattern has it; folded text has no capitals.
GLOB_SEPARATORS: Final = "\x01-/:-@[-`{-\x7f"
# Both are white space to Python, so that no folded text has them.
_BEHIND_OTHER_SEPARATORS: Final = "\x1f"
_NUL: Final = "\x1e"
_OTHER_SEPARATOR: Final = re.compile(r"[^\w\x00-\x7f]")

# Of a long word, no more entries than this are thought of.
MOST_ENTRIES: Final = 12
# How common an entry is shows in so many texts that have it; of so many entries it is remembered.
SAMPLE: Final = 100
REMEMBERED: Final = 4_096
# Comparing one text takes as long as passing so many in the index. Where one entry of a run of letters is, the others
# are likely: so much of what they say is new.
COMPARED: Final = 200
NEW_IN_A_RUN: Final = 0.1


def has_trigrams(connection: sqlite3.Connection) -> bool:
    """True if this SQLite can index by three characters."""
    used = connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]
    return bool(used) and sqlite3.sqlite_version_info >= (3, 34, 0)


def comparable(folded: str) -> str:
    """A folded text, or a word to look for in one, as it is compared: every separator is ASCII or followed by ASCII."""
    if not folded.isascii():
        folded = _OTHER_SEPARATOR.sub(rf"\g<0>{_BEHIND_OTHER_SEPARATORS}", folded)
    return folded.replace("\0", _NUL)


def folded_value(value: str | None) -> str | None:
    """A status or a role as it is compared; ``folded`` in statements."""
    return None if value is None else comparable(folded_name(value))


def is_short_word(word: str) -> bool:
    """True for one or two letters or digits: they are looked for where a word begins, everything else anywhere."""
    return len(word) <= 2 and is_run(word)


def has_run(text: str, run: str) -> bool:
    """True if a text has these letters and digits as a whole word, and not at its end; ``has_run`` in statements."""
    return _whole(run).search(text) is not None


@lru_cache(maxsize=64)
def _whole(run: str) -> re.Pattern[str]:
    # Much quicker than GLOB, which tries its class at every place of the text.
    return re.compile(rf"(?<![^\W_]){re.escape(run)}(?=[\W_])")


def is_run(word: str) -> bool:
    """True for a word that consists of letters and digits only."""
    return _WORD.fullmatch(word) is not None


def begins_a_word(word: str, folded: str) -> bool:
    """True if a run of letters and digits in a folded text begins with ``word``, which is one."""
    return any(run.startswith(word) for run in _WORD.findall(folded))


def entries(word: str) -> list[str]:
    """What the index is asked for a folded word, all of it; empty where the word has nothing that is indexed."""
    if is_short_word(word):
        return [(_MARGIN + word)[-3:]]
    marked = _spread(word)
    last = len(marked) - 3
    # With another letter an entry with two blanks tells nothing that the one beside it does not.
    found = [
        marked[at : at + 3]
        for at in range(last + 1)
        if not (at > 0 and marked[at + 1 : at + 3] == _MARGIN) and not (at < last and marked[at : at + 2] == _MARGIN)
    ]
    step = -(-len(found) // MOST_ENTRIES) or 1
    return list(dict.fromkeys(found[::step]))


def expression(wanted: Collection[str]) -> str | None:
    """The full-text expression that keeps the texts with all these entries; None for none."""
    return " AND ".join(f'"{entry}"' for entry in wanted) or None


class Entry(NamedTuple):
    """What the index may be asked for; ``share`` of the texts have it, 0 to 1; ``run`` tells the run of letters."""

    text: str
    share: float
    run: int


def worthwhile(wanted: Iterable[Entry]) -> list[str]:
    """The entries that save more than they cost, the rarest first; the others are left to be compared.

    So of an address its beginning is looked up, and not the domain that everybody has.
    """
    chosen: list[Entry] = []
    left = 1.0
    for entry in sorted(wanted, key=attrgetter("share")):
        news = NEW_IN_A_RUN if any(entry.run == other.run for other in chosen) else 1
        if not chosen or entry.share < left * (1 - entry.share) * news * COMPARED:
            # Those of one name have much in common, others something: people of one country, or of one company.
            left *= entry.share ** (min(news, 0.5) if chosen else 1)
            chosen.append(entry)
    return [entry.text for entry in chosen]


class TextTable:
    """Writes ``texts`` and ``find`` over one connection; ``has_find`` tells whether there is an index."""

    def __init__(self, connection: sqlite3.Connection, has_find: bool) -> None:
        self._connection = connection
        connection.create_function("folded", 1, folded_value, deterministic=True)
        connection.create_function("has_run", 2, has_run, deterministic=True)
        self.has_find = has_find
        self._shares: dict[str, float] = {}
        self._waiting = False
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS waiting (row_id INTEGER PRIMARY KEY, text TEXT NOT NULL)")

    def chosen(self, words: Iterable[str]) -> list[str]:
        """What to ask the index for texts with all of these words; empty where it can tell nothing."""
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
        """What to ask the index for texts with all of these runs of letters and digits as whole words.

        The end of each is asked for whatever it costs: nothing else leaves out those that only begin so.
        """
        if not self.has_find:
            return []
        ends = [f"{run[-2:]:>2} " for run in runs]
        return list(dict.fromkeys([*self.chosen([f" {run}" for run in runs]), *ends]))

    def _share(self, entry: str) -> float:
        """How many of the texts have an entry, 0 to 1, as those do that came first."""
        share = self._shares.get(entry)
        if share is None:
            first = "SELECT rowid FROM find WHERE find MATCH ? ORDER BY rowid LIMIT ?"
            select = f"SELECT count(*), max(rowid), (SELECT max(row_id) FROM texts) FROM ({first})"  # noqa: S608
            found, last, end = self._connection.execute(select, (expression([entry]), SAMPLE)).fetchone()
            share = found / max(last if found == SAMPLE else end or 1, 1)
            if len(self._shares) >= REMEMBERED:
                self._shares.clear()
            self._shares[entry] = share
        return share

    def add(self, rows: Sequence[tuple[int, str]]) -> None:
        """Add folded texts by row id; the index has them after ``settle``."""
        if self.has_find and rows:
            bulk.insert(self._connection, "temp.waiting", _marked(rows))
            self._waiting = True
        compared = [(row_id, comparable(text)) for row_id, text in rows]
        bulk.insert(self._connection, "texts", compared)

    def remove(self, rows: Sequence[tuple[int, str]]) -> None:
        """Drop folded texts by row id; an index without contents of its own has to be told what they were."""
        if not rows:
            return
        self.settle()
        if self.has_find:
            self._connection.executemany("INSERT INTO find (find, rowid, text) VALUES ('delete', ?, ?)", _marked(rows))
        self._connection.executemany("DELETE FROM texts WHERE row_id = ?", [(row_id,) for row_id, _ in rows])

    def settle(self) -> None:
        """Put into the index what waits for it, before a transaction ends: each statement costs it as much again."""
        if self._waiting:
            self._waiting = False
            self._connection.execute("INSERT INTO find (rowid, text) SELECT row_id, text FROM temp.waiting")
            self._connection.execute("DELETE FROM temp.waiting")


def _marked(rows: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(row_id, _MARGIN + _spread(text)) for row_id, text in rows]


def _spread(folded: str) -> str:
    """A folded text with two blanks for whatever is between its runs of letters and digits."""
    if folded.isascii() and folded[:1].isalnum() and folded[-1:].isalnum():
        # The same in a third of the time.
        return _MARGIN.encode().join(folded.encode().translate(_BLANKS).split()).decode()
    return _MARGIN.join(_BETWEEN_WORDS.split(folded))
