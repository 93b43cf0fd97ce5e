"""What the local copy of the account hands out: rows of the server's list as they were last seen."""

from typing import NamedTuple, TypeAlias

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.user_json import ATTRIBUTES
from walkme_tui.domain.users import UNKNOWN, User


class MirroredUser(NamedTuple):
    """A user as the mirror knows it.

    ``row_id`` is the mirror's own key, stable while the mirror lives. ``position`` is the place in the server's list,
    None if the list has not shown the user (a look-up did). ``fetched_at_ms`` is when any answer last described the
    user, ``detailed_at_ms`` when a look-up of this one user last did (None: never).
    """

    row_id: int
    user: User
    position: int | None
    fetched_at_ms: int
    detailed_at_ms: int | None


class UnreadableRow(NamedTuple):
    """A place in the server's list whose record could not be read."""

    position: int
    reason: str
    fetched_at_ms: int


ListedRow: TypeAlias = MirroredUser | UnreadableRow


class Undecided(NamedTuple):
    """``users`` is the number of loaded users of whom it is not known whether a query keeps them.

    ``fields`` are the attributes of ``User`` that the query asks for and that are not known of some of them.
    """

    users: int
    fields: tuple[str, ...]


class Update(NamedTuple):
    """A user who was known already and is different now: ``fields`` are the attributes of ``User`` that changed.

    A field that only came to be known did not change.
    """

    user_id: str
    fields: frozenset[str]


class Stored(NamedTuple):
    """What storing a page meant: ``added`` are ids of users who were not known, ``updated`` who is different.

    ``moved`` tells that somebody who was known stands elsewhere in the list, or nowhere any more.
    """

    coverage: Coverage
    added: tuple[str, ...] = ()
    updated: tuple[Update, ...] = ()
    moved: bool = False


def changed_fields(before: User, after: User) -> frozenset[str]:
    """The attributes that are different now; one that only came to be known is not."""
    pairs_of = ((name, getattr(before, name), getattr(after, name)) for name in ATTRIBUTES.values())
    return frozenset(name for name, was, now in pairs_of if was != now and was is not UNKNOWN and now is not UNKNOWN)


def merged(known: User, answer: User) -> User:
    """What is known of a user after a new answer about them: absent fields keep what was known, null and [] are values.

    Unknown JSON fields are merged by name. A field that came readable drops the raw copy of an earlier unreadable one;
    a field that came unreadable makes the value known before out of date, so it is unknown again.
    """
    fields: dict[str, object] = {}
    extra = {**known.extra, **answer.extra} if known.extra or answer.extra else {}
    for name, attribute in ATTRIBUTES.items():
        value = getattr(answer, attribute)
        if value is not UNKNOWN:
            fields[attribute] = value
            if name in extra and name not in answer.extra:
                del extra[name]
        elif name not in answer.extra:
            fields[attribute] = getattr(known, attribute)
    return User(id=known.id, extra=extra, **fields)  # type: ignore[arg-type]  # each value comes from its own attribute
