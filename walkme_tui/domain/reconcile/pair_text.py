"""Pairs as text: one line of differences, and rows of a table."""

from collections.abc import Mapping
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.reconcile.classes import CLASS_TEXTS, PairClass
from walkme_tui.domain.reconcile.matching import FIELDS, Difference, Pair, differences
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.domain.surface_checks import active_by
from walkme_tui.domain.table_cells import groups_cell
from walkme_tui.domain.text import clean
from walkme_tui.domain.user_json import JSON_NAMES
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN

MAX_VALUE: Final = 60
ONE_SIDED: Final = frozenset({PairClass.ONLY_REST, PairClass.ONLY_SCIM})

_COMPARED: Final = ("id", "status", *FIELDS)
CSV_COLUMNS: Final = (
    "classes",
    "email",
    *(f"{surface.value}.{JSON_NAMES.get(name, name)}" for name in (*_COMPARED, "groups") for surface in Surface),
)
"""Of each compared field the value on REST, then the one on SCIM."""


def pair_email(pair: Pair) -> str:
    """The email of a person, of REST if it has one, else the id; not cleaned."""
    sides = pair.records
    return next((side.email for side in sides if isinstance(side.email, str) and side.email), sides[0].id)


def class_labels(pair: Pair, short: Mapping[PairClass, str] | None = None) -> str:
    """``status differs, duplicate``; ``short`` are other labels of some classes."""
    labels = {each: CLASS_TEXTS[each].label for each in pair.classes}
    labels |= short or {}
    inactive = " (inactive)" if active_by(pair.records[0].status) is False else ""
    return ", ".join(f"{labels[each]}{inactive if each in ONE_SIDED else ''}" for each in pair.classes)


def difference_texts(pair: Pair, groups: SharedGroups) -> list[str]:
    """``status: active on REST, inactive on SCIM`` for each difference, clean."""
    if pair.rest is None or pair.scim is None:
        return []
    return [_text(each, groups) for each in differences(pair.rest, pair.scim, groups)]


def csv_cells(pair: Pair, groups: SharedGroups) -> list[str]:
    """The exact texts of ``CSV_COLUMNS``; what is unknown or has no record is empty."""
    cells = [" ".join(pair.classes), pair_email(pair)]
    cells += [_cell(getattr(pair.on(surface), name, None)) for name in _COMPARED for surface in Surface]
    return cells + [_groups(pair.on(surface), surface, groups) for surface in Surface]


def _text(found: Difference, groups: SharedGroups) -> str:
    label = FIELD_LABELS[found.attribute]
    if found.attribute != "groups":
        return f"{label}: {_value(found.rest)} on REST, {_value(found.scim)} on SCIM"
    sides = ((Surface.REST, found.rest), (Surface.SCIM, found.scim))
    only = [f"{_names(ids, surface, groups)} only on {surface.upper()}" for surface, ids in sides if ids]
    return f"{label}: {', '.join(only)}"


def _names(ids: object, surface: Surface, groups: SharedGroups) -> str:
    return ", ".join(clean(groups.label(surface, each), MAX_VALUE) for each in ids) if isinstance(ids, tuple) else ""


def _value(value: object) -> str:
    return clean(value, MAX_VALUE) if isinstance(value, str) and value else "none"


def _cell(value: object) -> str:
    return value if isinstance(value, str) else ""


def _groups(user: ComparedUser | None, surface: Surface, groups: SharedGroups) -> str:
    if user is None or user.groups is UNKNOWN:
        return ""
    return groups_cell(groups.label(surface, group_id) for group_id in user.groups or ())
