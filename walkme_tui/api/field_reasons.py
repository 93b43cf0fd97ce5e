"""The fields that an error body names, with the server's reasons; WalkMe documents no shape of it.

A field has its name in the REST API or in SCIM. Read are, at any depth up to ``DEEPEST``:

- an object that names a field and has a message: ``{"field": "email", "message": "…"}``, and the same with the other
  usual names, a path (``["body", "email"]``, ``body.email``) or a JSON pointer (RFC 9457, JSON:API)
- messages by field: ``{"errors": {"email": ["…"]}}``
- a sentence that names a field: ``"firstName" is too long``, ``Email must not be empty``, ``userName is required``
"""

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

from walkme_tui.api.answers import PAGE_START, SHORT_TEXT
from walkme_tui.domain.text import clean
from walkme_tui.domain.user_json import TEXT_FIELDS

DEEPEST: Final = 6
MOST_VALUES: Final = 500
"""Values of a body that are read."""
MOST_PARTS: Final = 50
MOST_REASONS: Final = 3
NO_REASON: Final = "The server refused this value"


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name[:100]).lower()


_ATTRIBUTES: Final = {
    **{_folded(name): attribute for name, attribute in TEXT_FIELDS.items()},
    "emailaddress": "email",
    "mail": "email",
    "username": "email",
    "emails": "email",
    "givenname": "first_name",
    "familyname": "last_name",
    "active": "status",
}
# Names that a path may have before a field's; "manager.email" is not the field "email".
_ABOVE_FIELDS: Final = frozenset(
    {"", "body", "data", "attributes", "request", "requestbody", "payload", "input", "json", "user", "users", "fields",
     "name"}
)  # fmt: skip
# The members of an object that name the field it is about.
_SUBJECT_NAMES: Final = (
    "field", "fieldname", "property", "propertyname", "propertypath", "attribute", "param", "parameter", "pointer",
    "instancepath", "path", "loc", "source", "target", "key", "name",
)  # fmt: skip
_MESSAGES: Final = (
    "message", "msg", "detail", "description", "defaultmessage", "errormessage", "reason", "error", "title",
    "messages", "errors", "reasons", "constraints", "errordescription",
)  # fmt: skip
_NAMES_BESIDE_VALUES: Final = frozenset({"message", "msg", "detail", "description", "title", "reason", "code"})
# The members whose own members are fields with a reason; elsewhere a text beside a field's name may be its value.
_BY_FIELD: Final = frozenset(
    {"errors", "fielderrors", "fields", "validationerrors", "validation", "violations", "invalid", "invalidfields",
     "invalidparams", "modelstate", "problems", "issues"}
)  # fmt: skip

_PHRASES: Final = {
    "email": "(?:e-?mails?(?: ?address)?|username)",
    "first_name": "(?:first|given)[ -]?name",
    "last_name": "(?:last|family)[ -]?name",
    "role": "role",
    "status": "status",
    "external_id": "external[ -]?id",
}
# Names that are not ordinary words always mean the field.
_UNAMBIGUOUS: Final = ("first_name", "last_name", "external_id")
_LEADING: Final = (
    r"(?:(?:the|an?|this|your|new|given|invalid|unknown|missing|unsupported|duplicate|bad|wrong|field|property|"
    r"parameter|attribute|value|of|for) )*"
)


def _sentence_patterns(attribute: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A pattern for a sentence that names the field, and one for a sentence that mentions it."""
    phrase = _PHRASES[attribute]
    mention = rf"(?<!\w){phrase}(?!\w)"
    named = rf"""["'`“‘«]{phrase}["'`”’»]|\A{_LEADING}(?:urn:[\w.:-]+:)?{phrase}(?![\w-])(?! ?(?:code\b|[:=]? ?\d))"""
    return (
        re.compile(mention if attribute in _UNAMBIGUOUS else named, re.IGNORECASE),
        re.compile(mention, re.IGNORECASE),
    )


_SENTENCES: Final = {attribute: _sentence_patterns(attribute) for attribute in _PHRASES}


def field_reasons(body: bytes, *, conflict: bool = False) -> Mapping[str, str]:
    """The reasons in an error body by attribute of ``User``, cleaned and bounded; empty where it names no field.

    In the body of a ``conflict``, a sentence that only mentions the email is about it.
    """
    if len(body) > PAGE_START:
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    reader = _Reader(conflict)
    reader.read(value, is_message=True)
    return {attribute: clean("; ".join(texts), 2 * SHORT_TEXT) for attribute, texts in reader.reasons.items()}


class _Reader:
    """Collects the reasons of one body."""

    def __init__(self, conflict: bool) -> None:
        self.reasons: dict[str, list[str]] = {}
        self._conflict = conflict
        self._values_left = MOST_VALUES

    def read(self, value: object, *, depth: int = 0, by_field: bool = False, is_message: bool = False) -> None:
        """Read a value.

        ``by_field``: the members of an object are fields with their reasons. ``is_message``: a text is a message.
        """
        self._values_left -= 1
        if depth > DEEPEST or self._values_left < 0:
            return
        if isinstance(value, str):
            if is_message:
                self._read_sentence(value)
        elif isinstance(value, list):
            for item in value[:MOST_PARTS]:
                self.read(item, depth=depth + 1, by_field=by_field, is_message=is_message)
        elif isinstance(value, dict):
            self._read_object(value, depth, by_field)

    def _read_object(self, value: dict[str, object], depth: int, by_field: bool) -> None:
        members = _members(value)
        subject = _subject(members)
        if subject:
            self._add(subject, _texts(members) or [NO_REASON])
        # Beside a message or a code, a text under a field's name is its value, or the HTTP status.
        by_field = by_field and members.keys().isdisjoint(_NAMES_BESIDE_VALUES)
        for name, part in members.items():
            attribute = None if subject else _ATTRIBUTES.get(name)
            if attribute is not None and (by_field or isinstance(part, list)):
                refused = part is True or (bool(part) and isinstance(part, dict | list))
                self._add(attribute, _texts(part) or [NO_REASON] * refused)
            elif not subject or (name not in _SUBJECT_NAMES and isinstance(part, dict | list)):
                is_message = name in _MESSAGES and not subject
                self.read(part, depth=depth + 1, by_field=by_field or name in _BY_FIELD, is_message=is_message)

    def _read_sentence(self, text: str) -> None:
        sentence = " ".join(text[: 2 * SHORT_TEXT].replace("_", " ").split())
        for attribute, (named, mentioned) in _SENTENCES.items():
            pattern = mentioned if self._conflict and attribute == "email" else named
            if pattern.search(sentence):
                self._add(attribute, [text])

    def _add(self, attribute: str, texts: list[str]) -> None:
        for text in texts:
            shown = clean(" ".join(text[: 4 * SHORT_TEXT].split()), SHORT_TEXT)
            reasons = self.reasons.setdefault(attribute, [])
            if shown not in reasons and len(reasons) < MOST_REASONS:
                reasons.append(shown)


def _members(value: dict[str, object]) -> dict[str, object]:
    """The members of an object by their folded names, the first ones of them."""
    members: dict[str, object] = {}
    for name, part in islice(value.items(), MOST_PARTS):
        members.setdefault(_folded(name), part)
    return members


def _subject(members: Mapping[str, object]) -> str | None:
    """The attribute that an object is about, None if it names none."""
    for name in _SUBJECT_NAMES:
        part = members.get(name)
        if isinstance(part, list):
            part = ".".join(str(item)[:100] for item in part[:DEEPEST])
        elif isinstance(part, dict):
            part = next((text for text in _members(part).values() if isinstance(text, str)), None)
        attribute = _attribute_at(part) if isinstance(part, str) else None
        if attribute:
            return attribute
    return None


def _attribute_at(path: str) -> str | None:
    """The attribute that a name, path or JSON pointer ends in; None where it is a field of something else."""
    *above, last = [_folded(name) for name in re.split(r"[./\[\]]", path[:200].rstrip("]"))]
    if all(name in _ABOVE_FIELDS or name.isdecimal() for name in above):
        return _ATTRIBUTES.get(last)
    return None


def _texts(value: object, depth: int = 0) -> list[str]:
    """The messages in the reasons of one field."""
    if isinstance(value, str):
        # A number is a code, or the HTTP status.
        return [value] if value[: 4 * SHORT_TEXT].strip() and not value.isdecimal() else []
    if depth > DEEPEST:
        return []
    if isinstance(value, list):
        return [text for item in value[:MOST_REASONS] for text in _texts(item, depth + 1)]
    if isinstance(value, dict):
        members = _members(value)
        for name in _MESSAGES:
            part = members.get(name)
            if name == "constraints" and isinstance(part, dict):
                part = list(part.values())
            texts = _texts(part, depth + 1)
            if texts:
                return texts
    return []
