"""PATCH operations (RFC 7644, 3.5.2), and their effect on a user."""

from collections.abc import Iterator
from copy import deepcopy
from enum import StrEnum
from typing import Final, NamedTuple

from walkme_tui.domain.users import Json
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.errors import ScimRefusal, invalid_value
from walkme_tui.simulator.scim.paths import Path, Term, key_of, matches, read_path

PATCH_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_READ_ONLY: Final = frozenset({"id", "meta", "groups", "schemas"})
_MULTI_VALUED: Final = frozenset({"emails", "allowedSystems", "phoneNumbers", "addresses", "roles", "photos", "ims"})


class Kind(StrEnum):
    """What an operation does."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


class Operation(NamedTuple):
    """One operation; ``value`` is None for most removals."""

    kind: Kind
    path: Path
    value: Json


def read_operations(body: Record) -> Iterator[Operation]:
    """The operations of a body, those without a path as one for each attribute; ``ScimRefusal``."""
    listed = body.get("Operations")
    if PATCH_SCHEMA not in _list(body.get("schemas")) or not isinstance(listed, list) or not listed:
        raise ScimRefusal(400, "invalidSyntax", "A PATCH needs the schema PatchOp and a list of Operations")
    for entry in listed:
        if not isinstance(entry, dict):
            raise ScimRefusal(400, "invalidSyntax", "An operation must be an object")
        try:
            kind = Kind(str(entry.get("op")).lower())
        except ValueError:
            raise ScimRefusal(400, "invalidSyntax", "op must be add, replace or remove") from None
        value = entry.get("value")
        if entry.get("path"):
            yield Operation(kind, read_path(entry["path"]), value)
        elif kind is Kind.REMOVE:
            raise ScimRefusal(400, "noTarget", "A removal needs a path")
        elif not isinstance(value, dict):
            raise invalid_value("An operation without a path needs an object as its value")
        else:
            yield from (
                Operation(kind, path, each)
                for path, each in ((read_path(name), each) for name, each in value.items())
                if path.attribute not in _READ_ONLY
            )


def patched(resource: Record, body: Record) -> Record:
    """A user after the operations of a body; ``ScimRefusal``."""
    made = deepcopy(resource)
    for operation in read_operations(body):
        path = operation.path
        if path.attribute in _READ_ONLY:
            raise ScimRefusal(400, "mutability", f"{path.attribute} cannot be changed")
        target = made
        if path.extension:
            inside = made.setdefault(path.extension, {})
            if not isinstance(inside, dict):
                raise invalid_value(f"{path.extension} must be an object")
            target = inside
        _execute(operation, target)
    return made


def _execute(operation: Operation, target: Record) -> None:
    kind, path, value = operation
    key = key_of(target, path.attribute)
    if path.terms:
        _in_matching(operation, target, key)
    elif path.sub:
        inside = target.setdefault(key, {})
        for each in inside if isinstance(inside, list) else [inside]:
            if isinstance(each, dict):
                _set(each, path.sub, value if kind is not Kind.REMOVE else None)
        if not inside:
            del target[key]
    elif kind is Kind.REMOVE and value is not None and isinstance(target.get(key), list):
        removed = _list(value)
        target[key] = [each for each in _list(target[key]) if each not in removed]
    elif kind is Kind.REMOVE or value is None:
        target.pop(key, None)
    else:
        target[key] = _joined(kind, key, target.get(key), value)


def _joined(kind: Kind, key: str, old: Json, value: Json) -> Json:
    """The value of an attribute without filter and sub-attribute, after add or replace."""
    if isinstance(old, dict) and isinstance(value, dict):
        merged = dict(old)
        for name, each in value.items():
            _set(merged, name, each)
        return merged
    if not isinstance(old, list) and key not in _MULTI_VALUED:
        return value
    if kind is Kind.REPLACE or not isinstance(old, list):
        return _list(value)
    added = [each for each in _list(value) if each not in old]
    if any(isinstance(each, dict) and each.get("primary") is True for each in added):
        old = [{**each, "primary": False} if isinstance(each, dict) and each.get("primary") else each for each in old]
    return [*old, *added]


def _in_matching(operation: Operation, target: Record, key: str) -> None:
    """Execute an operation on the elements of a list that a filter selects."""
    kind, path, value = operation
    elements = _list(target.get(key))
    chosen = [each for each in elements if isinstance(each, dict) and matches(path.terms, each)]
    if kind is Kind.REMOVE and not path.sub:
        target[key] = [each for each in elements if each not in chosen]
        return
    if not chosen:
        if kind is not Kind.ADD:
            raise ScimRefusal(400, "noTarget", f"No element of {path.attribute} matches the filter")
        chosen = [_element(path.terms)]
        target[key] = [*elements, *chosen]
    for each in chosen:
        if path.sub:
            _set(each, path.sub, value if kind is not Kind.REMOVE else None)
        elif isinstance(value, dict):
            if kind is Kind.REPLACE:
                each.clear()
            each.update(value)
        else:
            raise invalid_value(f"An element of {path.attribute} must be an object")


def _element(terms: tuple[Term, ...]) -> Record:
    return {term.path: term.value for term in terms}


def _set(target: Record, name: str, value: Json) -> None:
    """Set an attribute; None removes it."""
    key = key_of(target, name)
    if value is None:
        target.pop(key, None)
    else:
        target[key] = value


def _list(value: Json) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
