"""What is wrong or unusual about a value that a person gave for a field of a user, or for the name of a group.

Used by forms, the command line and imports. Only what cannot be sent is an error: all else is a warning, because the
server decides.
"""

import re
import unicodedata
from collections import Counter
from enum import Enum
from typing import Final, NamedTuple

from walkme_tui.domain.text import clean, first_named, is_hidden
from walkme_tui.domain.users import ROLES, Status

LONGEST: Final = 10_000
"""Characters of a value; the longest names seen in directories have a few thousand."""
USUAL_LENGTH: Final = 255
LONGEST_EMAIL: Final = 254
LONGEST_LOCAL_PART: Final = 64
MOST_NAMED: Final = 20
"""Different hidden characters of a value that are named."""
MOST_LETTERS: Final = 3

_UNUSUAL_IN_EMAILS: Final = re.compile(r"""[\s"(),:;<>\[\\\]`|\ufffd]""")
_USUAL_EMAIL: Final = re.compile(r"[\w!#$%&'*+/=?^{}~-]+(?:\.[\w!#$%&'*+/=?^{}~-]+)*@[\w-]+(?:\.[\w-]+)*", re.ASCII)
_CONTROL_NAMES: Final = {
    "\0": "null", "\a": "bell", "\b": "backspace", "\t": "tab", "\n": "line break", "\r": "carriage return",
    "\x1b": "escape", "\x7f": "delete",
}  # fmt: skip


class Severity(Enum):
    """Whether a value can be sent."""

    ERROR = "it cannot be sent"
    WARNING = "it can be sent, and may be a mistake"


class Finding(NamedTuple):
    """One thing about a value, as a sentence to show at its field; ``text`` is clean."""

    severity: Severity
    text: str

    @property
    def phrase(self) -> str:
        """The sentence as a part of another one."""
        return f"{self.text[:1].lower()}{self.text[1:].removesuffix('.')}"


def check(attribute: str, text: str) -> tuple[Finding, ...]:
    """Everything that is wrong or unusual about a value, errors first; empty: nothing.

    ``attribute`` is one of ``User``, or ``group name``.
    """
    if len(text) > LONGEST:
        return (_error(f"It has {len(text)} characters; the most that can be sent is {LONGEST}."),)
    findings = _characters(text)
    match attribute:
        case "group name" if not text.strip():
            findings.append(_error("A name is required."))
        case "email":
            findings += _email(text)
        case "role":
            findings += _role(text)
        case "status":
            findings += _status(text)
    if attribute != "email" and len(text) > USUAL_LENGTH:
        findings.append(_warning(f"It has {len(text)} characters; servers often refuse more than {USUAL_LENGTH}."))
    return tuple(sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR))


def _error(text: str) -> Finding:
    return Finding(Severity.ERROR, text)


def _warning(text: str) -> Finding:
    return Finding(Severity.WARNING, text)


# ------------------------------------------------------------ characters


def _characters(text: str) -> list[Finding]:
    """Hidden characters, each kind once with its place, marks that are not shown, and blanks around the value."""
    findings: list[Finding] = []
    if text != text.strip(" "):
        findings.append(_warning("It begins or ends with a blank."))
    if text.isascii() and text.isprintable():
        return findings
    hidden = Counter(character for character in text if is_hidden(character))
    # Errors first, so that they are among those that are named.
    kinds = sorted(hidden, key=lambda character: _severity(character) is not Severity.ERROR)
    findings += [_hidden(character, text.index(character), hidden[character]) for character in kinds[:MOST_NAMED]]
    further = kinds[MOST_NAMED:]
    if further:
        findings.append(Finding(_severity(further[0]), f"It has {len(further)} further kinds of hidden characters."))
    visible = unicodedata.normalize("NFC", "".join(character for character in text if character not in hidden))
    if _marks(visible) > _marks(clean(visible)):
        findings.append(_warning("It has more marks on a letter than are shown."))
    return findings


def _severity(character: str) -> Severity:
    return Severity.ERROR if unicodedata.category(character) in {"Cc", "Cs"} else Severity.WARNING


def _hidden(character: str, place: int, count: int) -> Finding:
    """A hidden character, its number and where it stands."""
    category = unicodedata.category(character)
    where = f"at character {place + 1}" if count == 1 else f"{count} times, first at character {place + 1}"
    code = f"U+{ord(character):04X}"
    if category == "Cc":
        kind, name = "a control character", _CONTROL_NAMES.get(character, "")
    elif category == "Cs":
        kind, name = "half a character", ""
    else:
        kind = "an unusual blank" if category == "Zs" else "a hidden character"
        name = unicodedata.name(character, "without a name").lower()
    return Finding(_severity(character), f"It has {kind} ({f'{name}, ' if name else ''}{code}) {where}.")


def _marks(text: str) -> int:
    return sum(unicodedata.category(character).startswith("M") for character in text)


# ------------------------------------------------------------ fields


def _email(text: str) -> list[Finding]:
    email = text.strip()
    if not email:
        return [_error("An email is required.")]
    findings = [_warning(f"An unusual email: {reason}.") for reason in _unusual_in_email(email)]
    letters = [*dict.fromkeys(character for character in email if not (character.isascii() or is_hidden(character)))]
    if letters:
        named = first_named([f"“{clean(letter)}” ({_letter_name(letter)})" for letter in letters], MOST_LETTERS)
        findings.append(_warning(f"An unusual email: it has letters outside ASCII: {named}."))
    return findings


def malformed_email(email: str, *, user_names: bool = False) -> str:
    """Why this is no email, as a phrase; empty where it is one. ``user_names``: a name without “@” will do, too.

    Stricter than ``check``, for many emails that are sent without being looked at one by one.
    """
    if len(email) > LONGEST_EMAIL:
        return f"it has more than {LONGEST_EMAIL} characters"
    if _USUAL_EMAIL.fullmatch(email):
        return ""
    if hidden := next(filter(is_hidden, email), ""):
        return _hidden(hidden, email.index(hidden), email.count(hidden)).phrase
    return "" if user_names and "@" not in email else next(iter(_malformed_parts(email)), "")


def _malformed_parts(email: str) -> list[str]:
    local, at, domain = email.rpartition("@")
    odd = dict.fromkeys(_UNUSUAL_IN_EMAILS.findall(email))
    # Other blanks and line breaks are named among the hidden characters.
    shown = ["a blank" if character == " " else f"“{character}”" for character in odd if not is_hidden(character)]
    reasons = {
        "it has no “@”": not at,
        "it has more than one “@”": "@" in local,
        "it has nothing before the “@”": at and not local,
        "it has nothing after the “@”": at and not domain,
        "it has a dot too many": re.search(r"\A\.|\.\.|\.@|@\.|\.\Z", email),
        f"it has {', '.join(shown)}": shown,
        f"it has more than {LONGEST_EMAIL} characters": len(email) > LONGEST_EMAIL,
    }
    return [reason for reason, applies in reasons.items() if applies]


def _unusual_in_email(email: str) -> list[str]:
    local, at, domain = email.rpartition("@")
    reasons = {
        "its domain has no dot": domain and at and "." not in domain,
        f"it has more than {LONGEST_LOCAL_PART} characters before the “@”": at and len(local) > LONGEST_LOCAL_PART,
    }
    return [*_malformed_parts(email), *(reason for reason, applies in reasons.items() if applies)]


def _letter_name(letter: str) -> str:
    return unicodedata.name(letter, f"U+{ord(letter):04X}").lower()


def _role(text: str) -> list[Finding]:
    if not text.strip():
        return [_warning("Without a role the server may refuse the change or use a default.")]
    return _other_case(text, ROLES)


def _status(text: str) -> list[Finding]:
    if text == Status.PENDING:
        return [_warning("Servers usually refuse “pending”: they set it themselves on a new user.")]
    if text not in list(Status):
        return _other_case(text, [*Status]) or [
            _warning(f"An unusual status; the usual ones are {', '.join(Status)}.")
        ]  # fmt: skip
    return []


def _other_case(text: str, usual: tuple[str, ...] | list[Status]) -> list[Finding]:
    """A warning where a value differs from a usual one only in its case."""
    return [
        _warning(f"The usual spelling is “{value}”.")
        for value in usual
        if text != value and text.lower() == value.lower()
    ]
