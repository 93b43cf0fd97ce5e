"""What is said about values before they are sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.text import clean, is_hidden
from walkme_tui.domain.user_json import TEXT_FIELDS
from walkme_tui.domain.validation import LONGEST, MOST_NAMED, Finding, Severity, check

ATTRIBUTES = [*TEXT_FIELDS.values()]
# The categories that are not letters, digits, punctuation, symbols or the blank.
HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def errors(attribute: str, text: str) -> list[str]:
    """The errors about a value."""
    return [finding.text for finding in check(attribute, text) if finding.severity is Severity.ERROR]


def warnings(attribute: str, text: str) -> list[str]:
    """The warnings about a value."""
    return [finding.text for finding in check(attribute, text) if finding.severity is Severity.WARNING]


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("email", "ann@example.com"),
        ("email", "zoe.o'brien+tag@sub.example.co.uk"),
        ("first_name", "Zoë"),
        ("first_name", ""),
        ("last_name", "O'Brien-Çelik"),
        ("last_name", "王小明"),
        ("last_name", "नमस्ते"),
        ("role", "Viewer"),
        ("role", "Team lead"),
        ("status", "active"),
        ("external_id", "okta|004211"),
        ("external_id", ""),
    ],
)
def test_usual_values_have_no_findings(attribute: str, text: str) -> None:
    assert check(attribute, text) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ann.example.com", "it has no “@”"),
        ("ann@bob@example.com", "it has more than one “@”"),
        ("@example.com", "it has nothing before the “@”"),
        ("ann@", "it has nothing after the “@”"),
        ("ann@localhost", "its domain has no dot"),
        ("ann..b@example.com", "it has a dot too many"),
        ("ann.@example.com", "it has a dot too many"),
        ("ann@example.com.", "it has a dot too many"),
        ("ann b@example.com", "it has a blank"),
        ("<ann>@example.com", "it has “<”, “>”"),
        ("a" * 250 + "@example.com", "it has more than 254 characters"),
        ("a" * 65 + "@example.com", "it has more than 64 characters before the “@”"),
        ("jürgen@example.com", "it has letters outside ASCII: “ü” (latin small letter u with diaeresis)"),
        ("\u0430nn@example.com", "it has letters outside ASCII: “\u0430” (cyrillic small letter a)"),
        ("o`brien@example.com", "it has “`”"),
    ],
)
def test_an_unusual_email_is_a_warning(text: str, reason: str) -> None:
    assert f"An unusual email: {reason}." in warnings("email", text)
    assert errors("email", text) == []


def test_all_reasons_are_given_at_once_and_errors_first() -> None:
    findings = check("email", " ann\x1b..b\u200b ")
    assert findings == (
        Finding(Severity.ERROR, "It has a control character (escape, U+001B) at character 5."),
        Finding(Severity.WARNING, "It begins or ends with a blank."),
        Finding(Severity.WARNING, "It has a hidden character (zero width space, U+200B) at character 9."),
        Finding(Severity.WARNING, "An unusual email: it has no “@”."),
        Finding(Severity.WARNING, "An unusual email: it has a dot too many."),
    )


@pytest.mark.parametrize("text", ["", " ", "  "])
def test_only_an_email_is_required(text: str) -> None:
    assert errors("email", text) == ["An email is required."]
    assert [errors(attribute, text) for attribute in ATTRIBUTES if attribute != "email"] == [[]] * 5


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_what_cannot_be_sent_is_an_error_in_every_field(attribute: str) -> None:
    for character in ("\0", "\t", "\n", "\x1b", "\x7f", "\x85", "\ud83d"):
        (error,) = errors(attribute, f"a{character}@b.c{character}")
        assert f"U+{ord(character):04X}) 2 times, first at character 2." in error
    (error,) = errors(attribute, "x" * (LONGEST + 1))
    assert error == f"It has {LONGEST + 1} characters; the most that can be sent is {LONGEST}."
    assert errors(attribute, "x" * LONGEST) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a\u202eb", "a hidden character (right-to-left override, U+202E) at character 2"),
        ("a\u00a0b", "an unusual blank (no-break space, U+00A0) at character 2"),
        ("ab\u2066", "a hidden character (left-to-right isolate, U+2066) at character 3"),
        ("\ue000", "a hidden character (without a name, U+E000) at character 1"),
        ("\u3164", "a hidden character (hangul filler, U+3164) at character 1"),
        ("a\ufe0f\ufe0f", "a hidden character (variation selector-16, U+FE0F) 2 times, first at character 2"),
    ],
)
def test_hidden_characters_are_named_and_can_be_sent(text: str, named: str) -> None:
    assert f"It has {named}." in warnings("last_name", text)
    assert errors("last_name", text) == []


def test_piled_marks_and_flags() -> None:
    assert warnings("last_name", "e" + "\u0301" * 9) == ["It has more marks on a letter than are shown."]
    assert check("last_name", "e\u0301\u0323") == ()
    assert check("last_name", "\U0001f1e8\U0001f1ed") == ()


def test_of_very_many_kinds_the_first_are_named_and_the_others_counted() -> None:
    text = "".join(map(chr, range(0xE000, 0xE000 + 3 * MOST_NAMED))) + "\x1b"
    findings = check("last_name", text)
    assert len(findings) == MOST_NAMED + 1
    assert findings[0].text.startswith("It has a control character (escape, U+001B)")
    assert findings[-1].text == f"It has {2 * MOST_NAMED + 1} further kinds of hidden characters."


@pytest.mark.parametrize(
    ("attribute", "text", "warning"),
    [
        ("role", "", "Without a role the server may refuse the change or use a default."),
        ("role", "admin", "The usual spelling is “Admin”."),
        ("status", "Active", "The usual spelling is “active”."),
        ("status", "inactiv", "An unusual status; the usual ones are active, inactive, pending."),
        ("status", "pending", "Servers usually refuse “pending”: they set it themselves on a new user."),
        ("last_name", "x" * 256, "It has 256 characters; servers often refuse more than 255."),
        ("last_name", " Weber", "It begins or ends with a blank."),
    ],
)
def test_roles_statuses_lengths_and_blanks_warn(attribute: str, text: str, warning: str) -> None:
    assert [finding.text for finding in check(attribute, text)] == [warning]
    assert errors(attribute, text) == []


@given(st.sampled_from([*ATTRIBUTES, "groups", ""]), st.text(st.characters(exclude_categories=[])))
def test_any_text_is_checked_and_the_findings_are_clean_and_in_order(attribute: str, text: str) -> None:
    findings = check(attribute, text)
    assert all(finding.text == clean(finding.text) for finding in findings)
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=lambda severity: severity is not Severity.ERROR)
    assert len({finding.text for finding in findings}) == len(findings)


@given(st.text(st.characters(exclude_categories=[]), max_size=MOST_NAMED))
def test_every_hidden_character_is_named_and_no_other(text: str) -> None:
    said = " ".join(finding.text for finding in check("last_name", text))
    for character in set(text):
        named = f"U+{ord(character):04X})" in said
        assert named == is_hidden(character)
        if unicodedata.category(character) in HIDDEN_CATEGORIES:
            assert named
        elif character.isalnum() and character.isascii():
            assert not named


@given(st.characters(exclude_categories=[]))
def test_a_character_is_hidden_where_the_display_copy_shows_something_else(character: str) -> None:
    alone = clean(f"a{character}b")
    is_flag = 0x1F1E6 <= ord(character) <= 0x1F1FF
    if not is_flag and not unicodedata.category(character).startswith("M"):
        # One that is only composed otherwise is shown.
        shown = alone in {f"a{character}b", unicodedata.normalize("NFC", f"a{character}b")}
        assert is_hidden(character) == (not shown)
