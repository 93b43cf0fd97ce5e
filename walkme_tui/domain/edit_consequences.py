"""Consequences of editing, creating and deleting a user and of changing groups: rules over known data, without I/O."""

from collections.abc import Collection, Sequence
from typing import Final

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.changes.edit import FieldChange
from walkme_tui.domain.consequences import (
    ADMIN,
    ASSIGN,
    UNASSIGN,
    AccountFacts,
    identity_provider,
    labels,
    last_admin,
    namesakes,
    note,
    warning,
)
from walkme_tui.domain.edits import EDITABLE
from walkme_tui.domain.groups import Group
from walkme_tui.domain.other_fields import other_fields
from walkme_tui.domain.plans import Consequence, Step, Subject
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, Status, User

MAX_SHOWN: Final = 80
ROLE_RIGHTS: Final = "The role decides what the person may do in the WalkMe Console."
ADMIN_RIGHTS: Final = "An Admin may change everything in the WalkMe Console."
CONTENT: Final = "Groups decide which WalkMe content the person sees."
NO_GROUP: Final = "The person is in no group afterwards."
GROUPS_UNKNOWN: Final = "The record lacks this person's groups, so it is not known which steps change something."
CHANGED_NOTHING: Final = "The record already has these values, so there is nothing to do."
OWN_USER: Final = "This user belongs to the API client that this program uses: it may lose its own access."
NEW_EMAIL: Final = "The person signs in with the new email, and other systems may know only the old one."
NEW_EXTERNAL_ID: Final = "With another external id, the identity provider may not find this record any more."
INVITATION: Final = "The server sets the status, usually pending, and may send an invitation to the email."
ACTIVE_AT_ONCE: Final = "The user is active at once, and the server may send an invitation to the email."
NOT_LOOKED_UP: Final = (
    "This server ignores look-ups by email, so it is not known whether a user has the email; if so, it refuses."
)
PERMANENT: Final = (
    "A deletion is permanent: entries of audit logs no longer lead to a person. "
    "Deactivating instead removes the access and keeps the record."
)
NEW_ID: Final = "An undo creates a new user from this record, with a new id."
NO_EMAIL: Final = "The record has no email, so an undo cannot create the user again."
GROUPS_LOST: Final = "The record lacks this person's groups, so an undo cannot restore them."


def edited(
    user: User,
    changes: Sequence[FieldChange],
    base: User,
    by_others: Collection[str],
    facts: AccountFacts | None,
    client_id: str,
) -> tuple[Consequence, ...]:
    """The consequences of editing a user; ``by_others`` are the attributes that others changed since ``base``."""
    found = [_changed_by_others(attribute, base, user) for attribute in by_others]
    if not changes:
        return (*found, note(CHANGED_NOTHING))
    after = {change.attribute: change.after for change in changes}
    found += own_user(user, client_id)
    if "role" in after:
        is_admin = str(after["role"]).casefold() == ADMIN.casefold()
        found.append(warning(f"{ROLE_RIGHTS} {ADMIN_RIGHTS}") if is_admin else note(ROLE_RIGHTS))
    if "role" in after or after.get("status", Status.ACTIVE) != Status.ACTIVE:
        found += last_admin(user, facts)
    if "email" in after:
        found.append(warning(NEW_EMAIL))
    if "external_id" in after and isinstance(user.external_id, str) and user.external_id:
        found.append(warning(NEW_EXTERNAL_ID))
    return (*found, *identity_provider(user, ASSIGN))


def created(
    subject: Subject, facts: AccountFacts | None, surface: Capabilities, *, looked_up: bool
) -> tuple[Consequence, ...]:
    """The consequences of creating a user; ``looked_up``: the server has no user with the email."""
    user = subject.user
    status = note(ACTIVE_AT_ONCE if surface.pending else INVITATION)
    found = [status] if looked_up else [warning(NOT_LOOKED_UP), status]
    found += namesakes(user, facts)
    if isinstance(user.role, str):
        is_admin = user.role.casefold() == ADMIN.casefold()
        found.append(warning(f"{ROLE_RIGHTS} {ADMIN_RIGHTS}") if is_admin else note(ROLE_RIGHTS))
    if subject.groups:
        found.append(note(CONTENT))
    return tuple(found)


def groups_changed(subject: Subject, steps: Sequence[Step], client_id: str) -> tuple[Consequence, ...]:
    """The consequences of changing the groups of a user; ``steps`` are those of the user."""
    user = subject.user
    if not steps:
        return (note("The groups are already as requested, so there is nothing to do."),)
    found = [note(CONTENT), *own_user(user, client_id)]
    if user.groups is UNKNOWN:
        found.append(warning(GROUPS_UNKNOWN))
    else:
        after = user
        for step in steps:
            after = step.change.apply(after)
        if user.groups and not after.groups:
            found.append(warning(NO_GROUP))
    return (*found, *identity_provider(user, ASSIGN))


def deleted(subject: Subject, facts: AccountFacts | None, client_id: str) -> tuple[Consequence, ...]:
    """The consequences of deleting a user, and what is lost."""
    user = subject.user
    has_email = isinstance(user.email, str) and bool(user.email)
    found = [warning(PERMANENT), note(f"Lost: {_lost(user, subject.groups)}.")]
    found += own_user(user, client_id) + last_admin(user, facts) + identity_provider(user, UNASSIGN)
    found.append(note(NEW_ID) if has_email else warning(NO_EMAIL))
    if user.groups is UNKNOWN:
        found.append(warning(GROUPS_LOST))
    return tuple(found)


def own_user(user: User, client_id: str) -> list[Consequence]:
    """A warning where the user is that of the API client; empty if that is not known."""
    names = {name.casefold() for name in (user.id, user.email, user.external_id) if isinstance(name, str)}
    return [warning(OWN_USER)] if client_id and client_id.casefold() in names else []


def _changed_by_others(attribute: str, base: User, now: User) -> Consequence:
    label = FIELD_LABELS[attribute]
    if attribute == "groups":
        return note("Others changed the groups meanwhile; that stays.")
    was, value = (_shown(getattr(user, attribute)) for user in (base, now))
    return note(f"Others changed the {label} meanwhile: {was} -> {value}; that stays.")


def _lost(user: User, groups: Sequence[Group]) -> str:
    """What a record holds, in words."""
    values = ((FIELD_LABELS[name], getattr(user, name)) for name in EDITABLE)
    parts = [f"{label} {_shown(value)}" for label, value in values if isinstance(value, str)]
    if groups:
        parts.append(f"groups {labels(groups)}")
    if others := other_fields(user):
        parts.append(f"other fields {', '.join(clean(name, MAX_SHOWN) for name in others)}")
    return ", ".join(["the id", *parts])


def _shown(value: object) -> str:
    return clean(value, MAX_SHOWN) if isinstance(value, str) and value else "none"
