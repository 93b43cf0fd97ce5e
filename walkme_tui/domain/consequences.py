"""Consequences of plans: rules over known data, without I/O.

A consequence of one step is a phrase beside it (``last member``), one of a whole user is one or two sentences.
``as_of_ms`` is the time of the data that it was computed from; the code that shows it adds the time in words.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Consequence, Gravity, PlanKind, Step, Subject
from walkme_tui.domain.text import clean, first_named, search_key, spaced
from walkme_tui.domain.users import UNKNOWN, Status, User

ADMIN: Final = "Admin"
SHOWN_NAMESAKES: Final = 3
MAX_NAMESAKES: Final = 20
MAX_SHOWN: Final = 80

UNASSIGN: Final = "Unassign the person there too."
ASSIGN: Final = "Look at the assignment there too."
NOT_CHECKED: Final = "so namesakes, last members of groups and other Admins are not known."
NO_COPY: Final = f"The local copy cannot be read, {NOT_CHECKED}"
NO_OTHERS_LOADED: Final = f"No other users of the account are loaded yet, {NOT_CHECKED}"


class AccountFacts(NamedTuple):
    """What the mirror knows about the rest of the account.

    ``members`` counts the known members of each group, by its id, before the plan runs. ``namesakes`` are the other
    users of the same name, by the id of the planned user, at most ``MAX_NAMESAKES`` each. ``other_admin`` is True if
    the mirror has an active Admin that the plan does not deactivate, None if that was not checked.
    """

    coverage: Coverage
    members: Mapping[str, int] = MappingProxyType({})
    namesakes: Mapping[str, Sequence[User]] = MappingProxyType({})
    other_admin: bool | None = None


def is_admin(user: User) -> bool:
    """True for an Admin, unless the status is known to be inactive."""
    role = user.role
    return isinstance(role, str) and role.casefold() == ADMIN.casefold() and user.status != Status.INACTIVE


def is_kept(group: Group, keep: Iterable[str]) -> bool:
    """True if the configuration names the group, by id or by name (case and accents do not matter)."""
    folded = search_key(group.name) if group.name is not None else ""
    return any(wanted == group.id or (folded and search_key(wanted) == folded) for wanted in keep)


def deactivation(subject: Subject, steps: Sequence[Step], facts: AccountFacts | None) -> tuple[Consequence, ...]:
    """The consequences of deactivating a user; ``steps`` are those of the user."""
    user = subject.user
    found = [*namesakes(user, facts), *last_admin(user, facts), *identity_provider(user, UNASSIGN)]
    if user.status == Status.INACTIVE:
        found.append(note("Already inactive, so the status stays."))
    elif user.status == Status.PENDING:
        found.append(
            warning("The invitation was never accepted. An undo sets pending again, which the server may refuse.")
        )
    elif not isinstance(user.status, str):
        found.append(warning("The record lacks the present status, so an undo cannot restore it."))
    if not steps:
        found.append(note("There is nothing to do for this person."))
    return tuple(found)


def reactivation(subject: Subject, steps: Sequence[Step]) -> tuple[Consequence, ...]:
    """The consequences of activating a user."""
    user = subject.user
    found = [*identity_provider(user, ASSIGN)]
    if not steps:
        found.append(note("Already active, so there is nothing to do."))
    elif user.status == Status.PENDING:
        found.append(note("The invitation was never accepted: this makes the person active without it."))
    return tuple(found)


def kept_groups(subject: Subject, keep: Sequence[str], unmatched: Collection[str]) -> tuple[Group, ...]:
    """The groups of a user that the configuration keeps.

    ``unmatched`` are those names and ids in ``keep`` that no known group has: while there are any, a group whose name
    is not known may be one of them, so it is kept too.
    """
    return tuple(group for group in subject.groups if is_kept(group, keep) or (unmatched and group.name is None))


def memberships(subject: Subject, keep: Sequence[str], *, by_request: bool) -> tuple[Consequence, ...]:
    """Which groups an offboarding keeps, and why.

    ``keep`` are the configured names and ids; ``by_request`` is true where the plan was requested without groups.
    """
    if subject.user.groups is UNKNOWN:
        return (warning("The record lacks this person's groups, so the plan only deactivates."),)
    stays = [group for group in subject.groups if group.id in subject.kept]
    found: list[Consequence] = []
    if any(group.name is None for group in subject.groups):
        found.append(note("Groups without a name that could be read are shown by their id."))
    if by_request:
        return (*found, note(f"Stays in {labels(stays)}, as requested.")) if stays else tuple(found)
    configured = [group for group in stays if is_kept(group, keep)]
    if configured:
        found.append(note(f"Stays in {labels(configured)}, as configured (keep_groups)."))
    unnamed = [group for group in stays if not is_kept(group, keep)]
    if unnamed:
        found.append(
            warning(
                f"Stays in {labels(unnamed)}: the name could not be read, and the configuration keeps groups by name."
            )
        )
    return tuple(found)


def unknown_kept_groups(names: Iterable[str]) -> tuple[Consequence, ...]:
    """A warning for every configured group that is unknown in the account."""
    return tuple(
        warning(f"The configuration keeps the group {clean(name, MAX_SHOWN)}, which is not known here (keep_groups).")
        for name in names
    )


def last_members(steps: Sequence[Step], facts: AccountFacts | None) -> dict[int, Consequence]:
    """By number, the steps of a plan that remove the last known member of a group."""
    if facts is None or facts.coverage.loaded == 0:
        return {}
    left = [(group.id, step.number) for step in steps if (group := step.change.left_group) is not None]
    leaving = Counter(group_id for group_id, _ in left)
    last = dict(left)
    certain = facts.coverage.memberships_complete
    gravity = Gravity.WARNING if certain else Gravity.NOTE
    known, unknown = ("", "") if certain else (" among those known", f"; {_unknown_groups(facts.coverage)}")
    found: dict[int, Consequence] = {}
    for group_id, number in last.items():
        if facts.members.get(group_id, 0) <= leaving[group_id]:
            after = ", after the others of this plan" if leaving[group_id] > 1 else ""
            text = f"last member{known}{after}{unknown}"
            found[number] = Consequence(gravity, text, facts.coverage.as_of_ms, number)
    return found


def _unknown_groups(coverage: Coverage) -> str:
    """For how many users of the account the groups are unknown, as a phrase."""
    if coverage.total is None:
        return "not all people are loaded"
    unknown = max(coverage.total, coverage.loaded) - coverage.with_groups
    return f"the groups of {spaced(unknown)} {'person' if unknown == 1 else 'people'} are not known"


def extent(facts: AccountFacts | None) -> tuple[Consequence, ...]:
    """A note about how much of the account the other consequences were computed from; empty if it was all."""
    if facts is None:
        return (note(NO_COPY),)
    coverage = facts.coverage
    if coverage.loaded == 0:
        return (note(NO_OTHERS_LOADED),)
    if coverage.complete:
        return ()
    of = "an unknown number of" if coverage.total is None else spaced(coverage.total)
    text = f"Based on the {spaced(coverage.loaded)} of {of} people who are loaded."
    return (Consequence(Gravity.NOTE, text, coverage.as_of_ms),)


def restored(subject: Subject, steps: Sequence[Step], listed: frozenset[str] | None) -> tuple[Consequence, ...]:
    """What may go wrong when old values are restored; ``listed`` are the ids of the account's groups, None: unknown."""
    found = [*identity_provider(subject.user, ASSIGN)]
    found += [
        Consequence(Gravity.WARNING, warning, step=step.number)
        for step in steps
        if (warning := step.change.restore_warning(listed))
    ]
    return tuple(found)


def namesakes(user: User, facts: AccountFacts | None) -> list[Consequence]:
    others = facts.namesakes.get(user.id, ()) if facts is not None else ()
    if facts is None or not others:
        return []
    shown = [clean(other.email if isinstance(other.email, str) else other.id, MAX_SHOWN) for other in others]
    count = f"At least {len(others)}" if len(others) >= MAX_NAMESAKES else f"{len(others)}"
    who = "other is" if len(others) == 1 else "others are"
    text = f"{count} {who} called {clean(user.full_name, MAX_SHOWN)} too: {first_named(shown, SHOWN_NAMESAKES)}."
    return [Consequence(Gravity.WARNING, text, facts.coverage.as_of_ms)]


def last_admin(user: User, facts: AccountFacts | None) -> list[Consequence]:
    if facts is None or facts.other_admin is not False or not is_admin(user):
        return []
    coverage = facts.coverage
    if coverage.loaded == 0:
        return []
    certain = coverage.complete
    text = "The last active Admin: there is no other." if certain else "No other active Admin has been seen."
    return [Consequence(Gravity.WARNING, text, coverage.as_of_ms)]


def identity_provider(user: User, advice: str) -> list[Consequence]:
    if not isinstance(user.external_id, str) or not user.external_id:
        return []
    shown = clean(user.external_id, MAX_SHOWN)
    if user.identity_provider is None:
        return [note(f"{shown}: the external id ties this record to another system, which may push it back.")]
    return [warning(f"{shown}: an identity provider owns this record and may push it back. {advice}")]


def identity_provider_warning(user: User, kind: PlanKind) -> str:
    """The warning that an identity provider owns this record, and what to do there; empty if none is known to."""
    advice = UNASSIGN if kind in {PlanKind.OFFBOARD, PlanKind.DEACTIVATE, PlanKind.DELETE} else ASSIGN
    found = identity_provider(user, advice)
    return "".join(consequence.text for consequence in found if consequence.gravity is Gravity.WARNING)


def labels(groups: Sequence[Group]) -> str:
    return ", ".join(clean(group.label, MAX_SHOWN) for group in groups)


def note(text: str) -> Consequence:
    return Consequence(Gravity.NOTE, text)


def warning(text: str) -> Consequence:
    return Consequence(Gravity.WARNING, text)
