"""``safe`` returns literal and clean text for any input."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from walkme_tui.ui import safe

HOSTILE = "[b]\x1b]52;c;QUJD\x07[/x]\n\u202e"


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    for shown in (safe.content(text).plain, safe.joined(text).plain):
        assert not [character for character in shown if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}]


def test_markup_stays_text() -> None:
    assert safe.content(HOSTILE).plain == "[b]␛]52;c;QUJD␇[/x]␊⟨202E⟩"
    assert safe.content("[b]x[/b]").spans == []


def test_a_style_applies_to_the_whole_part() -> None:
    text = safe.joined("a", ("[b]", "bold"), Content("c"))
    assert text.plain == "a[b]c"
    assert [(span.start, span.end) for span in text.spans] == [(1, 4)]


def test_long_text_is_cut_at_the_limit() -> None:
    assert safe.content("x" * 5000, limit=10).plain == "x" * 10 + "…"
    assert safe.content("x" * 5000, limit=10).plain == "x" * 10 + "…"


def test_only_joined_contents_have_line_breaks() -> None:
    assert safe.lines([safe.content("one\ntwo"), safe.content("three")]).plain == "one␊two\nthree"


def test_widths_that_terminals_agree_on() -> None:
    for text in (
        "Zoë",
        "Łukasz",
        "Αθηνά",
        "Дмитрий",
        "山田 太郎",
        "한국",
        "משה",
        "ياسمين",
        "ศิริพร",
        "● active",
        "▌✓ …",
        "Nguyễn",
    ):
        assert safe.has_sure_width(text), text
    for text in ("👍", "नमस्ते", "ᄀ", "✌", "☃"):
        assert not safe.has_sure_width(text), text
