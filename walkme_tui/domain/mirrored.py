"""Rows of the server's list as the mirror returns them."""

from typing import NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.user_json import ATTRIBUTES, USER_SCHEMA
from walkme_tui.domain.users import UNKNOWN, User


class MirroredUser(NamedTuple):
    """A user as the mirror knows it.

    ``row_id`` is the mirror's own key, stable while the mirror exists. ``position`` is the index in the server's list,
    None if only a look-up returned the user. ``fetched_at_ms`` is the time of the last answer that contained the user,
    ``detailed_at_ms`` of the last look-up of this one user (None: never). ``some_groups`` are ids of groups that list
    this user as a member where ``user.groups`` is unknown: there may be others.
    """

    row_id: int
    user: User
    position: int | None
    fetched_at_ms: int
    detailed_at_ms: int | None
    some_groups: tuple[str, ...] = ()

    @property
    def is_only_listed(self) -> bool:
        """True if no answer described this user but lists of the members of groups."""
        return self.user.groups is UNKNOWN and self.position is None and self.detailed_at_ms is None

    @property
    def held_groups(self) -> tuple[str, ...]:
        """Every group that this user is known to be in."""
        return self.user.groups if isinstance(self.user.groups, tuple) else self.some_groups


class UnreadableRow(NamedTuple):
    """A position in the server's list whose record could not be read."""

    position: int
    reason: str
    fetched_at_ms: int


ListedRow: TypeAlias = MirroredUser | UnreadableRow


class Undecided(NamedTuple):
    """``users`` is the number of loaded users for which a query is undecided.

    ``fields`` are the attributes of ``User`` that the query needs and that are unknown for some of them.
    """

    users: int
    fields: tuple[str, ...]


class Update(NamedTuple):
    """A known user who is different now: ``fields`` are the attributes of ``User`` that changed.

    A field that was unknown before did not change.
    """

    user_id: str
    fields: frozenset[str]


class Stored(NamedTuple):
    """The effect of storing a page: ``added`` are ids of users who were unknown, ``updated`` known ones that changed.

    ``moved``: a known user has another position in the list, or none any more.
    """

    coverage: Coverage
    added: tuple[str, ...] = ()
    updated: tuple[Update, ...] = ()
    moved: bool = False


def changed_fields(before: User, after: User) -> frozenset[str]:
    """The attributes that are different now; one that was unknown before is not."""
    pairs_of = ((name, getattr(before, name), getattr(after, name)) for name in ATTRIBUTES.values())
    return frozenset(name for name, was, now in pairs_of if was != now and was is not UNKNOWN and now is not UNKNOWN)


def is_whole_resource(user: User) -> bool:
    """It has what every SCIM resource has (RFC 7643, 3.1), so that what it lacks has no value (2.5)."""
    schemas = user.extra.get("schemas")
    return isinstance(schemas, list) and USER_SCHEMA in schemas and user.created_at_ms is not UNKNOWN


def merged(known: User, answer: User) -> User:
    """A known user after a new answer: absent fields keep their value, null and [] are values.

    Unknown JSON fields are merged by name, but a whole SCIM resource has no others than its own. A readable field
    replaces the raw copy of an earlier unreadable one; an unreadable field makes the earlier value outdated, so the
    attribute is unknown again.
    """
    fields: dict[str, object] = {}
    extra = dict(answer.extra) if is_whole_resource(answer) else {**known.extra, **answer.extra}
    for name, attribute in ATTRIBUTES.items():
        value = getattr(answer, attribute)
        if value is not UNKNOWN:
            fields[attribute] = value
            if name in extra and name not in answer.extra:
                del extra[name]
        elif name not in answer.extra:
            fields[attribute] = getattr(known, attribute)
    return User(id=known.id, extra=extra, **fields)  # type: ignore[arg-type]  # each value comes from its own attribute
