"""The changes that make one surface like the other for one person."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.reconcile.matching import FIELDS, Pair, differences
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.domain.surface_checks import active_by, other_surface
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, Status, Unknown, User, user_label
from walkme_tui.domain.validation import Severity, check

MAX_SHOWN: Final = 80
GROUPS_UNKNOWN: Final = "the groups stay as they are, because the name of one is not known."


class Adopted(NamedTuple):
    """The changes on ``surface`` for one person, and sentences on what is left out."""

    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()


def adopt(surface: Surface, own: User | None, other: User | None, groups: SharedGroups) -> Adopted:
    """What makes the record ``own`` on ``surface`` like the ``other`` one of the other surface.

    A person without a record is created, one whom only ``own`` describes is deactivated: nothing is deleted.
    """
    if own is None:
        return (
            Adopted((), ("Neither side has a record any more.",)) if other is None else _created(surface, other, groups)
        )
    if other is None:
        inactive = active_by(own.status) is False
        return Adopted(() if inactive else (SetStatus(own.id, own.status, Status.INACTIVE),))
    return _changed(surface, own, other, groups)


def subject_id(pair: Pair, surface: Surface) -> str:
    """The id of what an adoption changes on ``surface``: of the record there, else the key of the user to create."""
    own, other = pair.on(surface), pair.on(other_surface(surface))
    if own is not None:
        return own.id
    return new_user_key(other.email) if other is not None and isinstance(other.email, str) else ""


def kept_text(surface: Surface, people: Sequence[User], *, already: bool) -> str:
    """That records which only ``surface`` has stay: an adoption deactivates them, or they are so already."""
    name, one = surface.upper(), len(people) == 1
    who = user_label(people[0]) if one else f"{spaced(len(people))} people"
    record, verb, stay = ("record", "is", "it stays") if one else ("records", "are", "they stay")
    what = f"{verb} inactive already" if already else f"{verb} deactivated, not deleted"
    return f"{who}: the {record} that only {name} has {what}, so {stay} listed as only on {name}."


def _created(surface: Surface, other: User, groups: SharedGroups) -> Adopted:
    if not isinstance(other.email, str) or not other.email:
        there = other_surface(surface).value.upper()
        return Adopted((), (f"{clean(other.id, MAX_SHOWN)} has no email on {there}, so no user can be created.",))
    values = {name: value for name in FIELDS if isinstance(value := getattr(other, name), str) and value}
    reasons = {name: reason for name, value in values.items() if (reason := _refusal(surface, name, value))}
    kept = tuple(_not_adopted(surface, other, name, reason) for name, reason in reasons.items())
    if "email" in reasons:
        return Adopted((), kept)
    sent = {name: value for name, value in values.items() if name != "email" and name not in reasons}
    creation = CreateUser.of(other.email, sent)
    changes: list[Change] = [creation]
    if active_by(other.status) is False:
        changes.append(SetStatus(creation.subject_id, Status.ACTIVE, Status.INACTIVE))
    joined, left_out = _groups(surface, other.groups or () if isinstance(other.groups, tuple) else (), groups, other)
    changes += [AddMember(creation.subject_id, group) for group in joined]
    return Adopted(tuple(changes), (*kept, *left_out))


def _changed(surface: Surface, own: User, other: User, groups: SharedGroups) -> Adopted:
    on_rest = surface is Surface.REST
    rest, scim = (own, other) if on_rest else (other, own)
    fields: list[FieldChange] = []
    changes: list[Change] = []
    left_out: tuple[str, ...] = ()
    stays: list[str] = []
    known = rest.groups is not UNKNOWN and scim.groups is not UNKNOWN
    if known and not (groups.comparable(Surface.REST, rest.groups) and groups.comparable(Surface.SCIM, scim.groups)):
        left_out = (f"{user_label(other)}: {GROUPS_UNKNOWN}",)
    for found in differences(ComparedUser.of(rest), ComparedUser.of(scim), groups):
        mine, theirs = (found.rest, found.scim) if on_rest else (found.scim, found.rest)
        if found.attribute == "status":
            status = Status.ACTIVE if active_by(other.status) else Status.INACTIVE
            changes.append(SetStatus(own.id, own.status, status))
        elif found.attribute == "groups":
            joined, left_out = _groups(surface, theirs if isinstance(theirs, tuple) else (), groups, other)
            left = mine if isinstance(mine, tuple) else ()
            changes += [AddMember(own.id, group) for group in joined]
            changes += [RemoveMember(own.id, groups.known[surface].get(each, Group(each, None))) for each in left]
        elif not isinstance(mine, tuple) and not isinstance(theirs, tuple) and not isinstance(theirs, Unknown):
            if reason := _refusal(surface, found.attribute, theirs):
                stays.append(_not_adopted(surface, other, found.attribute, reason))
            else:
                fields.append(FieldChange(found.attribute, mine, theirs or None))
    if fields:
        changes.insert(0, UpdateUser(own.id, tuple(fields)))
    return Adopted(tuple(changes), (*stays, *left_out))


def _refusal(surface: Surface, attribute: str, value: str | None) -> str:
    """Why ``surface`` cannot get a value of the other one, as a phrase; empty where it can."""
    errors = [finding.phrase for finding in check(attribute, value or "") if finding.severity is Severity.ERROR]
    if not errors and attribute == "email" and "@" not in (value or ""):
        return capabilities(surface).user_names
    return ", ".join(errors)


def _not_adopted(surface: Surface, other: User, attribute: str, reason: str) -> str:
    there = other_surface(surface).upper()
    return f"{user_label(other)}: the {FIELD_LABELS[attribute]} of {there} is not adopted: {reason}."


def _groups(
    surface: Surface, group_ids: Collection[str], groups: SharedGroups, user: User
) -> tuple[list[Group], tuple[str, ...]]:
    """The groups on ``surface`` for ids of the other surface, and sentences on those that it has not."""
    found, left_out = [], []
    for group_id in group_ids:
        group = groups.on(surface, group_id)
        if group is not None:
            found.append(group)
            continue
        label = groups.label(other_surface(surface), group_id)
        left_out.append(f"{user_label(user)}: {surface.value.upper()} has no group {clean(label, MAX_SHOWN)}.")
    return found, tuple(left_out)
