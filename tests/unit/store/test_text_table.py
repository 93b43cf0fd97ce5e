"""The compared form of texts, and their index, which finds every text with a word."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.filter_terms import quoted
from walkme_tui.domain.filters import parse_filter
from walkme_tui.domain.text import match_spans, search_key
from walkme_tui.store.mirror import text_table
from walkme_tui.store.mirror.layout import FIND, STATEMENTS
from walkme_tui.store.mirror.text_table import (
    GLOB_SEPARATORS,
    MOST_ENTRIES,
    Entry,
    TextTable,
    begins_a_word,
    comparable,
    entries,
    expression,
    folded_value,
    is_short_word,
    worthwhile,
)

# Few letters, so that words repeat, and separators of every kind: ASCII or not, NUL, and GLOB patterns.
LETTERS = st.text(st.sampled_from("ab1éß李 .-_*?[]^\"'\0\x01\x1e\x1f\x7f–·«\N{NO-BREAK SPACE}🎉"), max_size=9)
TEXTS = (LETTERS | st.text(st.characters(codec="utf-8"), max_size=9)).map(search_key)


def words_of(text: str) -> list[str]:
    """The word that a filter searches for a quoted text, None if it is short and has no letters."""
    return list(parse_filter(quoted(text)).words)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (*STATEMENTS, *FIND):
            connection.execute(statement)
        yield connection


def found(connection: sqlite3.Connection, index: str | None) -> set[int]:
    assert index is not None
    return {row_id for (row_id,) in connection.execute("SELECT rowid FROM find WHERE find MATCH ?", (index,))}


@given(st.lists(TEXTS, min_size=1, max_size=6), LETTERS)
@example(["a\0bo", "–bo", "bo"], "bo")
@example(["ab"], "ab\0")
def test_sqlite_compares_as_python_does(texts: list[str], typed: str) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for word in words_of(typed) + [word for text in texts for word in words_of(text[1:4])]:
            for text in texts:
                short = is_short_word(word)
                compare = "(' ' || ?) GLOB ?" if short else "instr(?, ?) > 0"
                sought = f"*[{GLOB_SEPARATORS}]{word}*" if short else comparable(word)
                (holds,) = connection.execute(f"SELECT {compare}", (comparable(text), sought)).fetchone()
                assert bool(holds) is (begins_a_word(word, text) if short else word in text), (text, word)


@given(TEXTS)
def test_comparable_keeps_texts_apart_and_adds_nothing_to_plain_ones(text: str) -> None:
    assert "\0" not in comparable(text)
    assert comparable(text).replace("\x1f", "").replace("\x1e", "\0") == text
    if re.fullmatch(r"[ -~]*", text):
        assert comparable(text) == text


@given(TEXTS, LETTERS)
@example("zoe.celik@example.com", "ce")
@example("–zoe", "zo")
def test_a_short_word_matches_where_the_screen_highlights_it(text: str, typed: str) -> None:
    for word in words_of(typed):
        if is_short_word(word):
            assert begins_a_word(word, text) is bool(match_spans(text, [word]))


@given(st.lists(TEXTS, min_size=1, max_size=6), LETTERS)
def test_the_index_finds_every_text_with_a_word_and_no_other_by_a_single_entry(texts: list[str], typed: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (*STATEMENTS, *FIND):
            connection.execute(statement)
        table = TextTable(connection, has_find=True)
        table.add(list(enumerate(texts)))
        table.update_index()
        for word in words_of(typed) + [word for text in texts for word in words_of(text[1:5])]:
            short = is_short_word(word)
            expected = {at for at, text in enumerate(texts) if (begins_a_word(word, text) if short else word in text)}
            assert bool(entries(word)) is bool(table.chosen([word]))
            if entries(word):
                assert found(connection, expression(entries(word))) >= expected
                assert found(connection, expression(table.chosen([word]))) >= expected
            if short or (len(word) == 3 and word.isalnum()):
                assert len(entries(word)) == 1
                assert found(connection, expression(entries(word))) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("z", ["  z"]),
        ("zo", [" zo"]),
        ("zoe", ["zoe"]),
        ("zoe.c", ["zoe", "oe ", "  c"]),
        (".com", [" co", "com"]),
        ("...", []),
        ("a..", ["a  "]),
        ("zoe celik", ["zoe", "oe ", " ce", "cel", "eli", "lik"]),
        ("zoe.celik@ex.com", ["zoe", "oe ", " ce", "cel", "eli", "lik", "ik ", " ex", "ex ", " co", "com"]),
        ("zoe.celik@ex.com.", ["zoe", "oe ", " ce", "cel", "eli", "lik", "ik ", " ex", "ex ", " co", "com", "om "]),
        ("zoe.celik@ex.com.t", ["zoe", " ce", "eli", "ik ", "ex ", "com", "  t"]),
        ("a-b", ["a  ", "  b"]),
        ("x-a-b", ["x  ", " a ", "  b"]),
    ],
)
def test_the_entries_of_a_word(word: str, expected: list[str]) -> None:
    assert entries(word) == expected
    assert len(expected) <= MOST_ENTRIES


def test_several_words_are_one_expression_without_repetitions(connection: sqlite3.Connection) -> None:
    table = TextTable(connection, has_find=True)
    table.add([(number, "zoe bo" if number < 5 else "bo") for number in range(20)])
    table.update_index()
    assert table.chosen(["b", "zoe", "b"]) == ["zoe"]  # every text has a word with b: looking it up would not help
    assert table.chosen(["b"]) == ["  b"]
    assert table.chosen(["..."]) == table.chosen([]) == []
    assert TextTable(connection, has_find=False).chosen(["zoe"]) == []
    assert expression(["zoe", " zo"]) == '"zoe" AND " zo"'
    assert expression([]) is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        ([Entry("exa", 0.9, 1)], ["exa"]),  # faster than comparing all texts
        ([Entry("exa", 0.9, 2), Entry("zoe", 0.005, 1)], ["zoe"]),
        ([Entry("  b", 0.1, 2), Entry("zoe", 0.005, 1)], ["zoe", "  b"]),
        ([Entry("okt", 0.5, 1), Entry("kta", 0.5, 1), Entry("  6", 0.1, 2)], ["  6", "okt", "kta"]),
        (
            [Entry("okt", 0.5, 1), Entry("kta", 0.5, 1), Entry("  6", 0.02, 2)],
            ["  6", "okt"],
        ),  # kta comes with okt
        ([Entry("zoe", 0.0, 1), Entry("bob", 0.1, 2)], ["zoe"]),  # no text has it, which decides
        ([Entry("a  ", 1.0, 1), Entry("b  ", 1.0, 2)], ["a  "]),
    ],
)
def test_entries_are_looked_up_while_that_is_faster_than_comparing(wanted: list[Entry], expected: list[str]) -> None:
    assert worthwhile(wanted) == expected


def test_the_share_of_an_entry_is_estimated_from_the_first_texts(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_table, "SAMPLE", 10)
    monkeypatch.setattr(text_table, "CACHED_SHARES", 2)
    table = TextTable(connection, has_find=True)
    table.add(
        [(number, f"{'zoe' if number % 50 == 0 else 'bob'} {'weber' if number % 2 else 'li'}") for number in range(400)]
    )
    table.update_index()
    assert table._share("zoe") == pytest.approx(8 / 400, rel=0.01)
    assert table._share("web") == pytest.approx(1 / 2, rel=0.1)
    assert table._share("xyz") == 0
    assert table.chosen(["weber", "zoe"])[0] == "zoe"


def test_removed_texts_are_not_found(connection: sqlite3.Connection) -> None:
    table = TextTable(connection, has_find=True)
    table.add([(1, "zoe\0bo"), (2, "–zoe weber")])
    table.update_index()
    assert found(connection, '"zoe"') == {1, 2}
    assert connection.execute("SELECT text FROM texts ORDER BY row_id").fetchall() == [
        ("zoe\x1ebo",),
        ("–\x1fzoe weber",),
    ]
    table.remove([(1, "zoe\0bo")])
    assert found(connection, '"zoe"') == {2}
    assert found(connection, '" bo"') == set()
    table.remove([(2, "–zoe weber")])
    connection.execute("CREATE VIRTUAL TABLE temp.indexed USING fts5vocab(main, find, row)")
    assert connection.execute("SELECT term FROM indexed").fetchall() == []
    assert connection.execute("SELECT count(*) FROM texts").fetchone() == (0,)


def test_without_an_index_only_the_texts_are_stored(connection: sqlite3.Connection) -> None:
    table = TextTable(connection, has_find=False)
    table.add([(1, "zoe")])
    table.update_index()
    assert found(connection, '"zoe"') == set()
    assert connection.execute("SELECT * FROM texts").fetchall() == [(1, "zoe")]
    table.remove([(1, "zoe")])
    assert connection.execute("SELECT * FROM texts").fetchall() == []


def test_statements_can_fold_a_value(connection: sqlite3.Connection) -> None:
    TextTable(connection, has_find=True)
    assert connection.execute("SELECT folded(?), folded(NULL)", ("Zoë\0O'Brien",)).fetchone() == ("zoe\x1eobrien", None)
    assert folded_value("Ödön–Rolle") == "odon–\x1frolle"
