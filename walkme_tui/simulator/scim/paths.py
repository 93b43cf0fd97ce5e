"""Attribute paths and filters, as far as clients of user directories use them (RFC 7644, 3.4.2.2 and 3.5.2)."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import ENTERPRISE
from walkme_tui.simulator.scim.errors import ScimRefusal

CORE_USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
_CORE: Final = (CORE_USER, CORE_GROUP)
# Attribute names are compared without case; an answer has the spelling of the schema.
_SPELLINGS: Final = {
    name.lower(): name
    for name in (
        *("schemas", "id", "externalId", "meta", "userName", "name", "displayName", "active", "emails", "groups"),
        *("accessRole", "allowedSystems", "members", "givenName", "familyName", "value", "type", "primary", "$ref"),
        *("department", "costCenter", "employeeNumber", "manager", ENTERPRISE),
    )
}
_NAME: Final = r"[A-Za-z$][\w$-]*"
_PATH: Final = re.compile(rf"(?:(urn:[^\[\s]+):)?({_NAME})(?:\[(.+)\])?(?:\.({_NAME}))?", re.ASCII)
_TERM: Final = re.compile(
    rf"\s*((?:urn:[^\[\s]+:)?{_NAME}(?:\.{_NAME})?)\s+eq\s+"
    r'("(?:[^"\\]|\\.)*"|true|false|null|-?\d+(?:\.\d+)?)\s*',
    re.IGNORECASE | re.ASCII,
)
_AND: Final = re.compile(r"and\b", re.IGNORECASE)


class Term(NamedTuple):
    """``path eq value``."""

    path: str
    value: Json

    def holds(self, found: Json) -> bool:
        """Whether a value is equal; text is compared without case."""
        if isinstance(found, str) and isinstance(self.value, str):
            return found.lower() == self.value.lower()
        return type(found) is type(self.value) and found == self.value


class Path(NamedTuple):
    """``extension:attribute[filter].sub``; the extension is empty for the core schema."""

    extension: str
    attribute: str
    terms: tuple[Term, ...] = ()
    sub: str = ""


def read_path(text: Json) -> Path:
    """The path of a PATCH operation; ``ScimRefusal``."""
    if not isinstance(text, str):
        raise ScimRefusal(400, "invalidPath", "path must be a string")
    if text.lower() == ENTERPRISE.lower():
        return Path("", ENTERPRISE)
    match = _PATH.fullmatch(text)
    if not match:
        raise ScimRefusal(400, "invalidPath", f"{text!r} is not a path")
    urn, attribute, terms, sub = match.groups()
    known = {schema.lower(): schema for schema in (*_CORE, ENTERPRISE)}
    extension = known.get((urn or CORE_USER).lower())
    if extension is None:
        raise ScimRefusal(400, "invalidPath", f"There is no schema {urn}")
    return Path(
        "" if extension in _CORE else extension,
        spelling(attribute),
        read_filter(terms) if terms else (),
        spelling(sub or ""),
    )


def read_filter(text: str) -> tuple[Term, ...]:
    """The terms of a filter, which are joined by ``and``; ``ScimRefusal``."""
    terms: list[Term] = []
    at = 0
    while match := _TERM.match(text, at):
        terms.append(Term(match[1], json.loads(match[2] if match[2][0] == '"' else match[2].lower())))
        at = match.end()
        joined = _AND.match(text, at)
        if joined is None:
            break
        at = joined.end()
    if not terms or at < len(text):
        raise ScimRefusal(400, "invalidFilter", "Only terms with eq, joined by and, are supported")
    return tuple(terms)


def matches(terms: Iterable[Term], value: Mapping[str, Json]) -> bool:
    """Whether a resource or an element of a list satisfies all terms."""
    return all(any(term.holds(found) for found in _values_at(value, term.path)) for term in terms)


def spelling(name: str) -> str:
    """The name of an attribute as the schema spells it; unknown names unchanged."""
    return _SPELLINGS.get(name.lower(), name)


def spelled(values: Mapping[str, Json]) -> dict[str, Json]:
    """An object with its names as the schema spells them."""
    return {spelling(name): value for name, value in values.items()}


def key_of(values: Mapping[str, Json], name: str) -> str:
    """The key of an attribute in an object, compared without case; the name itself where the object lacks it."""
    if name in values:
        return name
    return next((key for key in values if key.lower() == name.lower()), name)


def _values_at(value: Mapping[str, Json], path: str) -> list[Json]:
    found: list[Json] = [dict(value)]
    extension, attribute, _, sub = read_path(path)
    for name in (extension, attribute, sub):
        if name:
            found = [o.get(key_of(o, name)) for o in found if isinstance(o, dict)]
            found = [item for each in found for item in (each if isinstance(each, list) else [each])]
    return found
