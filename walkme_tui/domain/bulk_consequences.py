"""Consequences of changing many users in the same way: rules over known data, without I/O.

Each is stated once for the whole plan, with the number of people that it concerns: thousands of equal sentences beside
the people would hide those that differ. ``users`` are the users that the plan changes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Final

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.consequences import ADMIN, AccountFacts, is_admin, note, warning
from walkme_tui.domain.edit_consequences import (
    ACTIVE_AT_ONCE,
    ADMIN_RIGHTS,
    CONTENT,
    INVITATION,
    OWN_USER,
    PERMANENT,
    ROLE_RIGHTS,
    own_user,
)
from walkme_tui.domain.plans import Consequence, Gravity, Step
from walkme_tui.domain.text import clean, first_named, spaced
from walkme_tui.domain.users import FIELD_LABELS, ROLES, UNKNOWN, Status, User, user_label

ASSIGN: Final = "Look at the assignments there too."
UNASSIGN: Final = "Unassign the people there too."
NEW_IDS: Final = "An undo creates new users from these records, with new ids."
SAME_EXTERNAL_ID: Final = "Several people get the same external id: an identity provider finds only one of them by it."

MOST_NAMED: Final = 3
MAX_SHOWN: Final = 60


def status_set(users: Sequence[User], status: Status, facts: AccountFacts | None, client_id: str) -> list[Consequence]:
    """The consequences of making users active or inactive."""
    pending = _people(user for user in users if user.status == Status.PENDING)
    if status is Status.ACTIVE:
        accepted = [note(f"{pending} never accepted the invitation: this makes the users active without it.")]
        return (accepted if pending else []) + _ownership(users, ASSIGN)
    found = _own_user(users, client_id) + _last_admins(users, facts)
    if pending:
        text = f"{pending} never accepted the invitation. An undo sets pending again, which the server may refuse."
        found.append(warning(text))
    return found + _unknown(users, "status") + _ownership(users, UNASSIGN)


def field_set(
    users: Sequence[User], attribute: str, value: str | None, facts: AccountFacts | None, client_id: str
) -> list[Consequence]:
    """The consequences of giving users the same value in one field."""
    found = _own_user(users, client_id)
    if attribute == "role":
        admin = (value or "").casefold() == ADMIN.casefold()
        found.append(warning(f"{ROLE_RIGHTS} {ADMIN_RIGHTS}") if admin else note(ROLE_RIGHTS))
        found += [] if admin else _last_admins(users, facts)
    if attribute == "external_id":
        owned = _people(user for user in users if isinstance(user.external_id, str) and user.external_id)
        if owned:
            found.append(warning(f"Their identity provider may not find the records of {owned} any more."))
        if value and len(users) > 1:
            found.append(warning(SAME_EXTERNAL_ID))
    return found + _unknown(users, attribute) + _ownership(users, ASSIGN)


def groups_changed(users: Sequence[User], steps: Mapping[str, Sequence[Step]], client_id: str) -> list[Consequence]:
    """The consequences of changing the groups of users; ``steps`` are by user id."""
    found = [note(CONTENT), *_own_user(users, client_id)]
    if unknown := _people(user for user in users if user.groups is UNKNOWN):
        found.append(warning(f"The records of {unknown} lack the groups, so some steps may change nothing."))
    if without := _people(user for user in users if user.groups and not _groups_after(user, steps[user.id])):
        found.append(warning(f"In no group afterwards: {without}."))
    return found + _ownership(users, ASSIGN)


def deleted(users: Sequence[User], facts: AccountFacts | None, client_id: str) -> list[Consequence]:
    """The consequences of deleting users."""
    found = [warning(PERMANENT), *_own_user(users, client_id), *_last_admins(users, facts), note(NEW_IDS)]
    if without := _people(user for user in users if not (isinstance(user.email, str) and user.email)):
        found.append(warning(f"The records of {without} have no email, so an undo cannot create the users again."))
    return found + _unknown(users, "groups") + _ownership(users, UNASSIGN)


def imported(
    created: Sequence[User],
    updated: Sequence[tuple[User, User]],
    facts: AccountFacts | None,
    surface: Capabilities,
    client_id: str,
    *,
    joins: bool,
    roles: Collection[str],
) -> list[Consequence]:
    """The consequences of an import that creates users and changes others, each given before and after.

    ``joins``: it adds users to groups. ``roles`` are those of the loaded users.
    """
    before = [user for user, _ in updated]
    with_role = [user for user in created if isinstance(user.role, str)]
    with_role += [after for user, after in updated if after.role != user.role]
    found: list[Consequence] = []
    if created:
        found.append(note(f"{_people(created)} will be created. {ACTIVE_AT_ONCE if surface.pending else INVITATION}"))
    if unusual := [email for user in created if isinstance(email := user.email, str) and not email.isascii()]:
        emails = first_named([clean(email, MAX_SHOWN) for email in unusual[: MOST_NAMED + 1]], MOST_NAMED)
        found.append(warning(f"New emails with letters outside ASCII, which may look like others: {emails}."))
    if admins := _people(user for user in with_role if is_admin(user)):
        found.append(warning(f"{admins} will get the role Admin. {ADMIN_RIGHTS}"))
    elif with_role:
        found.append(note(ROLE_RIGHTS))
    found += _unknown_roles(with_role, roles)
    found += _last_admins([user for user, after in updated if after.role != user.role], facts)
    if renumbered := _people(user for user, after in updated if user.external_id not in {None, "", after.external_id}):
        found.append(warning(f"Their identity provider may not find the records of {renumbered} any more."))
    found += [note(CONTENT)] if joins else []
    return found + _own_user(before, client_id) + _ownership(before, ASSIGN)


def said_often(found: Iterable[Sequence[Consequence]]) -> tuple[list[Consequence], frozenset[Consequence]]:
    """What several users have in the same words, once for all with their number, and which these were."""
    often = {each: number for each, number in Counter(chain.from_iterable(found)).items() if number > 1}
    for_all = [each._replace(text=f"{spaced(number)} people: {each.text}") for each, number in often.items()]
    return for_all, frozenset(often)


def _own_user(users: Sequence[User], client_id: str) -> list[Consequence]:
    own = (user for user in users if own_user(user, client_id))
    return [warning(f"{user_label(user)}: {OWN_USER[0].lower()}{OWN_USER[1:]}") for user in own]


def _last_admins(users: Sequence[User], facts: AccountFacts | None) -> list[Consequence]:
    if facts is None or facts.other_admin is not False or not any(map(is_admin, users)) or not facts.coverage.loaded:
        return []
    text = "No active Admin is left afterwards."
    if not facts.coverage.complete:
        text = "No other active Admin has been seen: there may be none afterwards."
    return [Consequence(Gravity.WARNING, text, facts.coverage.as_of_ms)]


def _unknown_roles(users: Iterable[User], roles: Collection[str]) -> list[Consequence]:
    """The unusual roles of users after a change that no loaded user has: the server decides whether it knows them."""
    from walkme_tui.domain.filters import nearest  # only mistakes need it

    if not roles:
        return []
    known = dict.fromkeys((*roles, *ROLES))
    unknown = Counter(user.role for user in users if isinstance(user.role, str) and user.role not in known)
    found: list[Consequence] = []
    for role, number in unknown.most_common(MOST_NAMED):
        people = f"{spaced(number)} {'person' if number == 1 else 'people'}"
        near = nearest(role, known)
        did_you_mean = f" Did you mean {clean(near[0], MAX_SHOWN)}?" if near else ""
        text = f"{people} will get the role {clean(role, MAX_SHOWN)}, which no loaded user has.{did_you_mean}"
        found.append(warning(text))
    if len(unknown) > MOST_NAMED:
        found.append(warning(f"The file has {spaced(len(unknown))} roles that no loaded user has."))
    return found


def _ownership(users: Sequence[User], advice: str) -> list[Consequence]:
    """How many records identity providers or other systems own."""
    tied = [user for user in users if isinstance(user.external_id, str) and user.external_id]
    found: list[Consequence] = []
    if owned := _people(user for user in tied if user.identity_provider is not None):
        text = f"An identity provider owns the records of {owned} and may push the old state back. {advice}"
        found.append(warning(text))
    if others := _people(user for user in tied if user.identity_provider is None):
        found.append(note(f"An external id ties the records of {others} to another system, which may push them back."))
    return found


def _unknown(users: Sequence[User], attribute: str) -> list[Consequence]:
    people = _people(user for user in users if getattr(user, attribute) is UNKNOWN)
    text = f"The records of {people} lack the present {FIELD_LABELS[attribute]}, so an undo may not restore it."
    return [warning(text)] if people else []


def _groups_after(user: User, steps: Sequence[Step]) -> object:
    for step in steps:
        user = step.change.apply(user)
    return user.groups


def _people(users: Iterable[object]) -> str:
    """``1 person``, ``1 200 people``; empty for none."""
    count = sum(1 for _ in users)
    return "" if not count else "1 person" if count == 1 else f"{spaced(count)} people"
