"""Merges a person's edit of a user with what others changed since the person read the user."""

from collections.abc import Collection, Mapping
from typing import Final

from walkme_tui.domain.changes.edit import FieldChange, same_value
from walkme_tui.domain.errors import EditConflict, FieldConflict
from walkme_tui.domain.user_json import TEXT_FIELDS
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, User, user_label

EDITABLE: Final = tuple(TEXT_FIELDS.values())
"""The attributes of ``User`` that an edit changes."""


def merge_edit(
    base: User, now: User, values: Mapping[str, str | None], overwrite: Collection[str] = ()
) -> tuple[FieldChange, ...]:
    """The fields that differ from the present record ``now``, for the new ``values`` of the edited fields.

    ``base`` is the record that the person saw. Raises ``EditConflict`` where others gave an edited field a third value,
    unless its attribute is in ``overwrite``.
    """
    changes: list[FieldChange] = []
    conflicts: list[FieldConflict] = []
    for attribute, mine in values.items():
        seen, theirs = getattr(base, attribute), getattr(now, attribute)
        if theirs is not UNKNOWN and same_value(theirs, mine):
            continue
        third = UNKNOWN not in (seen, theirs) and not same_value(seen, theirs)
        if third and attribute not in overwrite:
            conflicts.append(FieldConflict(attribute, seen, theirs, mine))
        changes.append(FieldChange(attribute, theirs, mine))
    if conflicts:
        labels = ", ".join(FIELD_LABELS[conflict.attribute] for conflict in conflicts)
        raise EditConflict(f"Others changed {user_label(now)} meanwhile: {labels}.", now, tuple(conflicts))
    return tuple(changes)


def changed_by_others(base: User, now: User, edited: Collection[str]) -> tuple[str, ...]:
    """The attributes besides the ``edited`` ones that others changed since the person read the user."""
    found = []
    for attribute in (*EDITABLE, "groups"):
        seen, theirs = getattr(base, attribute), getattr(now, attribute)
        if attribute in edited or UNKNOWN in (seen, theirs):
            continue
        same = set(seen or ()) == set(theirs or ()) if attribute == "groups" else same_value(seen, theirs)
        if not same:
            found.append(attribute)
    return tuple(found)
