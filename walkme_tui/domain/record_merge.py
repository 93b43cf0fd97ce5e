"""Editing a record on a server that only replaces whole ones: what goes into the body, and what came of it."""

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Final

from walkme_tui.domain.users import Json

# A replacement without one of these may clear it, change what the person sees or reset their rights, so a record that
# lacks one is no base for a replacement.
INDISPENSABLE: Final = ("email", "role", "status", "groups")
OPTIONAL: Final = ("firstName", "lastName", "externalId")
# The server writes it at every change.
_STAMP: Final = "updatedAt"


def merged_record(raw: Mapping[str, Json], fields: Mapping[str, Json]) -> dict[str, Json]:
    """The whole object ``raw`` with ``fields`` in it: nothing is dropped, unknown fields least of all.

    Both are JSON objects by their JSON names; neither is changed, now or through the result.
    """
    return deepcopy({**raw, **fields})


def lacking(raw: Mapping[str, Json], known: Mapping[str, Json]) -> tuple[str, ...]:
    """Names of the fields that a record must have to be put back whole, and does not.

    ``known`` is the record as earlier answers told it: a name that had a value must be there, too.
    """
    once_there = (name for name in OPTIONAL if known.get(name) is not None)
    return tuple(name for name in (*INDISPENSABLE, *once_there) if name not in raw)


def altered(before: Mapping[str, Json], after: Mapping[str, Json], fields: Collection[str]) -> tuple[str, ...]:
    """Names of the fields outside ``fields`` that came out otherwise than they went in; absent is not known."""
    return tuple(
        name
        for name, value in before.items()
        if name not in fields and name != _STAMP and name in after and not _same(value, after[name])
    )


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON, the order within lists (groups) aside; an empty list and null are the same nothing."""
    return _canonical(one) == _canonical(other)


def _canonical(value: Json) -> str:
    # Python calls 1 and true equal.
    if isinstance(value, list):
        return json.dumps(sorted(json.dumps(item, sort_keys=True) for item in value)) if value else "null"
    return json.dumps(value, sort_keys=True)
