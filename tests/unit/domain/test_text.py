"""Cleaning of directory text, and its search key."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.text import clean, search_key, search_words

# Any text; harmful code points are more frequent than by chance.
HARMFUL = "\x00\x07\x08\t\n\r\x1b\x7f\x85\x9b\x9d\u00ad\u0301\u0323\u20dd\u034f\u061c\u0903\u115f\u1161\u11a8\u180e"
HARMFUL += "\u200b\u200d\u200e\u202a\u202e\u2028\u2066\u2069\u2800\u3000\u3164\ufe0f\ufeff\ufff9\ud800\udfff\U0001f1e6"
HARMFUL += "\U0001f468\U0001f3fb\U000e0041\U000e0100\U0010ffff[]e\u0130\u1100"
TEXT = st.text(st.one_of(st.sampled_from(HARMFUL), st.characters(exclude_categories=())), max_size=40)

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufe0e\ufe0f"


@given(TEXT)
@example("e\ufe0f\u0301")
@example("\U0001f1e6\u030a")
@example("a\u0301\ufe0f\u0323")
@example("\u1100\ufe0f\u1161")
def test_cleaned_text_has_no_control_or_invisible_characters(text: str) -> None:
    shown = clean(text)
    assert not [character for character in shown if unicodedata.category(character) in FORBIDDEN]
    assert not set(shown) & set(INVISIBLE)
    assert not [
        character for character in shown if "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb"
    ]
    assert shown == unicodedata.normalize("NFC", shown)
    kinds = "".join(unicodedata.category(character)[0:2] + " " for character in shown)
    for run in re.findall(r"(?:M[nec] )+", kinds):
        assert run.count("Mn") + run.count("Me") <= 2
        assert run.count("Mc") <= 2
    assert not kinds.startswith("M")
    assert len(shown) <= 8 * max(1, len(text))


@given(TEXT)
def test_cleaning_is_idempotent(text: str) -> None:
    shown = clean(text)
    assert clean(shown) == shown


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_printable_ascii_is_unchanged(text: str) -> None:
    assert clean(text) == text


@given(TEXT, TEXT)
def test_a_bidi_override_is_made_visible(first: str, second: str) -> None:
    # It is replaced and not dropped, so that hidden parts of a name become visible.
    hidden = first + "\u202e" + second
    assert "⟨202E⟩" in clean(hidden)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("two\nlines\r", "two␊lines␍"),
        ("\x7f\x9b", "␡⟨9B⟩"),
        ("abc\u202edef", "abc⟨202E⟩def"),
        ("zero\u200bwidth", "zero⟨200B⟩width"),
        ("Zoe\u0308", "Zoë"),
        ("Z\u0351\u0352\u0353\u0354algo", "Z\u0353\u0354algo"),
        ("\u0301x", "\u25cc\u0301x"),
        ("हिन्दी", "हिन्दी"),
        ("ज़ों", unicodedata.normalize("NFC", "ज़ों")),
        ("\U0001f1e9\U0001f1ea", "DE"),
        ("\u2764\ufe0f", "\u2764"),
        ("\ud83d", "\ufffd"),
        ("a\u00a0b\u3000c", "a b c"),
        ("e\ufe0f\u0301", "é"),
        ("\u1112\u1161\u11ab", "한"),
        ("\u1161", "⟨1161⟩"),
        ("[b]bold[/b]", "[b]bold[/b]"),
    ],
)
def test_cleaned_examples(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_only_the_beginning_of_a_very_long_text_is_processed() -> None:
    assert clean("x" * 4000, 10) == "x" * 10 + "…"
    assert clean("x" * 10, 10) == "x" * 10
    assert clean("\u0301" * 100_000, 10) == "\u25cc\u0301\u0301…"


# ------------------------------------------------------------ comparing


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("zoe", "Zoë"),
        ("zoe", "ZOE\u0308"),
        ("yilmaz", "Yılmaz"),
        ("yilmaz", "YILMAZ"),
        ("obrien", "O'Brien"),
        ("obrien", "O’Brien"),
        ("obrien", "O´Brien"),
        ("obrien", "O`Brien"),
        ("soren", "Søren"),
        ("istanbul", "İstanbul"),
        ("istanbul", "ISTANBUL"),
        ("lukasz", "Łukasz"),
        ("dordevic", "Đorđević"),
        ("thora", "Þóra"),
        ("aeroskobing", "Ærøskøbing"),
        ("strasse", "Straße"),
        ("kaohao", "Kaʻōhao"),
        ("nguyen", "Nguyễn"),
        ("fi", "ﬁ"),
        ("muller", "Mu\u0308ller"),
        ("a b", " A \t\n B "),
        ("ab", "a\u200bb"),
    ],
)
def test_keys_ignore_accents_case_and_typographic_variants(typed: str, stored: str) -> None:
    assert search_key(stored) == typed
    assert search_key(typed) == typed


@given(TEXT)
@example("ŉ\u0345ᾼ")
@example("´ a")
def test_the_key_function_is_idempotent(text: str) -> None:
    key = search_key(text)
    assert search_key(key) == key


@given(TEXT)
def test_a_key_has_no_combining_marks_capitals_or_extra_blanks(text: str) -> None:
    key = search_key(text)
    assert key == " ".join(key.split())
    assert not [character for character in key if unicodedata.category(character) in {"Mn", "Me", "Cf"}]
    assert not set(key) & set("'’ʼ´`")


@given(TEXT)
def test_the_key_does_not_depend_on_the_unicode_normal_form(text: str) -> None:
    assert search_key(unicodedata.normalize("NFC", text)) == search_key(text)
    assert search_key(unicodedata.normalize("NFD", text)) == search_key(text)


@given(st.text(st.characters(codec="latin-1")))
def test_the_key_does_not_depend_on_case(text: str) -> None:
    assert search_key(text.upper()) == search_key(text.lower()) == search_key(text)


@given(TEXT, TEXT)
def test_the_words_of_a_filter_are_keys(first: str, second: str) -> None:
    assert search_words(f"{first} {second}") == (*search_words(first), *search_words(second))
    assert all(word and " " not in word for word in search_words(first))
