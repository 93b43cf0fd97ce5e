"""Positions of the words of a filter in a cell."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.text import match_spans, search_key

# Letters that fold to several or lose something, apostrophes, marks (one of them spacing), blanks of all kinds, signs.
LETTERS = "abesſßÆœøıİﬁŉé한ｶﾞᾳ…क"
TEXT = st.text(
    st.sampled_from(LETTERS + "'’´`" + "\u0301\u0323\u0903\u20dd\u0345" + "  \t\u00a0¨" + ".-@7²"), max_size=10
)


def folded(piece: str) -> str:
    """The search key of a piece with the blanks around it."""
    return search_key(f"|{piece}|")[1:-1]


def is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or character in "\uff9e\uff9f"


def occurrences(text: str, word: str) -> set[int]:
    """Every character of every shortest slice of ``text`` in whose key the word is, from its first to its last part."""
    covered: set[int] = set()
    for start in range(len(text)):
        before = folded(text[:start])[-1:]
        for end in range(start + 1, len(text) + 1):
            key, first, last = folded(text[start:end]), folded(text[start]), folded(text[end - 1])
            for at in range(len(first)):
                begins = word[0].isalnum() and not (key[at - 1] if at else before).isalnum()
                if (
                    key.startswith(word, at)
                    and at + len(word) > len(key) - len(last)
                    and (len(word) >= 3 or begins)
                    and (start == end - 1 or last)
                ):
                    covered |= set(range(start, end))
    return covered


def brute_force(text: str, words: list[str]) -> list[tuple[int, int]]:
    covered = set().union(*(occurrences(text, word) for word in words if word))
    letters: list[list[int]] = []
    for place, character in enumerate(text):
        if letters and is_mark(character):
            letters[-1].append(place)
        else:
            letters.append([place])
    places = sorted(place for letter in letters if covered & set(letter) for place in letter)
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and spans[-1][1] == place:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans


@st.composite
def texts_and_words(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text, and words of which most occur in it."""
    text = draw(TEXT)
    key = search_key(text)
    words = draw(st.lists(TEXT.map(search_key), max_size=1))
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(key)))
        words.append(search_key(key[start : draw(st.integers(start, min(len(key), start + 4)))]))
    return text, words


@given(texts_and_words())
@example(("ßss", ["sss"]))
@example(("a  b", ["a b"]))
@example(("aaaaa", ["aaa"]))
@example(("\u0301a'", ["a"]))
def test_the_spans_are_those_of_a_brute_force_search(text_and_words: tuple[str, list[str]]) -> None:
    text, words = text_and_words
    assert match_spans(text, words) == brute_force(text, words)


@given(st.text(st.sampled_from("abAB .@'`\t"), max_size=12), st.text(st.sampled_from("ab .@"), min_size=1, max_size=4))
def test_the_fast_path_for_plain_text_finds_the_same_spans(text: str, word: str) -> None:
    words = [search_key(word)]
    assert match_spans(text, words) == brute_force(text, words)


@given(st.text(max_size=30), st.lists(st.text(max_size=4).map(search_key), max_size=3))
def test_spans_are_within_the_text_sorted_and_disjoint(text: str, words: list[str]) -> None:
    ends = [0, *(end for span in match_spans(text, words) for end in span), len(text)]
    assert ends == sorted(ends)
    inner = ends[1:-1]
    assert len(set(inner)) == len(inner)


@pytest.mark.parametrize(
    ("text", "words", "matched"),
    [
        ("zoe.celik@example.com", ["celik"], ["celik"]),
        ("zoe.celik@example.com", ["zoe", "exa", "nobody"], ["zoe", "exa"]),
        ("zoe.celik@example.com", ["e"], ["e"]),
        ("zoe.celik@example.com", ["lik", "eli"], ["elik"]),
        ("ZOE", ["zo"], ["ZO"]),
        ("Zoë Çelik", ["zoe celik"], ["Zoë Çelik"]),
        ("Zoe\u0308 Celik", ["zoe"], ["Zoe\u0308"]),
        ("Amina O'Brien", ["obrien"], ["O'Brien"]),
        ("Amina O’Brien", ["brien"], ["Brien"]),
        ("Amina O'Brien", ["o"], ["O"]),
        ("Dmitri Yılmaz", ["yilmaz"], ["Yılmaz"]),
        ("Søren Ærø", ["soren", "aer"], ["Søren", "Ær"]),
        ("Straße", ["ass"], ["aß"]),
        ("Straße", ["as"], []),
        ("two  blanks", ["o b"], ["o  b"]),
        ("ﬁn", ["fin"], ["ﬁn"]),
        ("Łapiński  Żak", ["ski z"], ["ski  Ż"]),
        (" Łapiński", ["lap"], ["Łap"]),
        ("ß\u0301x", ["ssx"], ["ß\u0301x"]),
        ("नमस्ते", ["नम"], ["नम"]),
        ("कि", ["क"], ["कि"]),
        ("abc", [""], []),
        ("abc", [], []),
        ("", ["abc"], []),
    ],
)
def test_spans_of_examples(text: str, words: list[str], matched: list[str]) -> None:
    assert [text[start:end] for start, end in match_spans(text, words)] == matched
