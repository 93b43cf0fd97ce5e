"""Matches the users of REST with those of SCIM and says how the two records of a person differ."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.edit import same_value
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.records import ComparedUser, SharedGroups
from walkme_tui.domain.surface_checks import LONG_ID, active_by
from walkme_tui.domain.text import email_key
from walkme_tui.domain.users import UNKNOWN, Known

FIELDS: Final = ("email", "first_name", "last_name", "external_id")
"""The compared text fields of ``User``."""
_TEXTS: Final = slice(2, 2 + len(FIELDS))
"""Their place in a ``ComparedUser``."""

_ONLY: Final = {True: PairClass.ONLY_REST, False: PairClass.ONLY_SCIM}
_MATCHED: Final = (PairClass.MATCHED,)

Key = Callable[[ComparedUser], str]


class Pair(NamedTuple):
    """The records of one person, at least one of the two, and the classes of the pair in the order of ``PairClass``."""

    rest: ComparedUser | None
    scim: ComparedUser | None
    classes: tuple[PairClass, ...]

    def on(self, surface: Surface) -> ComparedUser | None:
        """The record on a surface."""
        return self.rest if surface is Surface.REST else self.scim

    @property
    def records(self) -> list[ComparedUser]:
        """The records that are there, one or two."""
        return [side for side in (self.rest, self.scim) if side is not None]

    @property
    def differs(self) -> bool:
        """True for every pair but a matched one."""
        return self.classes != _MATCHED

    @property
    def is_ghost(self) -> bool:
        """True for a person who is inactive and still in groups, on either side."""
        sides = (self.rest, self.scim)
        return any(
            side is not None and side.groups is not UNKNOWN and bool(side.groups) and active_by(side.status) is False
            for side in sides
        )


class Difference(NamedTuple):
    """A compared attribute with both values; of groups those that only one side has, by their ids there."""

    attribute: str
    rest: Known[str | tuple[str, ...] | None]
    scim: Known[str | tuple[str, ...] | None]


def compare(rest: Sequence[ComparedUser], scim: Sequence[ComparedUser], groups: SharedGroups) -> list[Pair]:
    """All pairs: those with a REST record in its order, then the rest of SCIM in its order.

    Matched by id, then by external id, then by email without case, each record once, in the order of the lists.
    """
    partners = _partners(rest, scim)
    taken = {user.row_id for user in partners.values()}
    doubled = _duplicates(rest, scim, partners, taken)
    same_groups = _GroupComparison(groups).same
    found = [_pair(user, partners.get(user.row_id), same_groups, doubled) for user in rest]
    return found + [_pair(None, user, same_groups, doubled) for user in scim if user.row_id not in taken]


def differences(rest: ComparedUser, scim: ComparedUser, groups: SharedGroups) -> tuple[Difference, ...]:
    """How two records of one person differ; what one of them lacks does not differ."""
    found = [
        Difference(name, getattr(rest, name), getattr(scim, name)) for name in FIELDS if not _same(name, rest, scim)
    ]
    if not _same_status(rest, scim):
        found.insert(0, Difference("status", rest.status, scim.status))
    only = _other_groups(rest, scim, groups)
    return (*found, Difference("groups", *only)) if only else tuple(found)


# ------------------------------------------------------------ matching


def _partners(rest: Sequence[ComparedUser], scim: Sequence[ComparedUser]) -> dict[int, ComparedUser]:
    """The SCIM record of each REST record that has one, by the row id of the latter."""
    by_id = {user.id: user for user in scim}
    found: dict[int, ComparedUser] = {}
    left: list[ComparedUser] = []
    for user in rest:
        other = by_id.get(user.id)
        if other is not None and (len(user.id) >= LONG_ID or _email(user) == _email(other)):
            found[user.row_id] = other
        else:
            left.append(user)
    keys: tuple[Key, ...] = (_external_id, _email)
    for key in keys:
        taken = {user.row_id for user in found.values()}
        waiting: dict[str, deque[ComparedUser]] = {}
        for other in scim if left else ():
            if other.row_id not in taken and (value := key(other)):
                waiting.setdefault(value, deque()).append(other)
        still_left = []
        for user in left:
            others = waiting.get(key(user))
            if others:
                found[user.row_id] = others.popleft()
            else:
                still_left.append(user)
        left = still_left
    return found


def _external_id(user: ComparedUser) -> str:
    return user.external_id if isinstance(user.external_id, str) else ""


def _email(user: ComparedUser) -> str:
    return email_key(user.email) if isinstance(user.email, str) else ""


# ------------------------------------------------------------ duplicates


class _Duplicates(NamedTuple):
    """The row ids of duplicates on each side."""

    rest: Collection[int]
    scim: Collection[int]


def _duplicates(
    rest: Sequence[ComparedUser],
    scim: Sequence[ComparedUser],
    partners: Mapping[int, ComparedUser],
    taken: Collection[int],
) -> _Duplicates:
    """Records that share an email or an external id with another of their surface, or with another person's pair."""
    matched_rest = [user for user in rest if user.row_id in partners]
    matched_scim = list(partners.values())
    only_rest = [user for user in rest if user.row_id not in partners]
    only_scim = [user for user in scim if user.row_id not in taken]
    return _Duplicates(
        _sharing(rest) | _second_records(only_rest, matched_scim),
        _sharing(scim) | _second_records(only_scim, matched_rest),
    )


def _sharing(users: Sequence[ComparedUser]) -> set[int]:
    found: set[int] = set()
    for key in (_external_id, _email):
        values = [key(user) for user in users]
        several = {value for value, count in Counter(values).items() if count > 1 and value}
        if several:
            found.update(user.row_id for user, value in zip(users, values, strict=True) if value in several)
    return found


def _second_records(only: Sequence[ComparedUser], matched: Iterable[ComparedUser]) -> set[int]:
    """Unmatched records whose person has a pair: the email or the external id is that of the pair's other record."""
    if not only:
        return set()
    found: set[int] = set()
    matched = list(matched)
    for key in (_external_id, _email):
        values = {key(user) for user in matched} - {""}
        found.update(user.row_id for user in only if key(user) in values)
    return found


def together(pairs: Sequence[Pair]) -> list[Pair]:
    """Duplicates in their order, but those that have an email or an external id in common next to each other."""
    first = list(range(len(pairs)))

    def root(index: int) -> int:
        while first[index] != index:
            first[index] = index = first[first[index]]
        return index

    owners: dict[tuple[Key, str], int] = {}
    for index, pair in enumerate(pairs):
        for value in _values(pair):
            one, other = sorted((root(index), root(owners.setdefault(value, index))))
            first[other] = one
    return [pairs[index] for index in sorted(range(len(pairs)), key=lambda index: (root(index), index))]


def sharing(pair: Pair, pairs: Iterable[Pair]) -> list[Pair]:
    """The other ``pairs`` that have an email or an external id in common with this one."""
    shared = _values(pair)
    return [other for other in pairs if other != pair and not shared.isdisjoint(_values(other))]


def _values(pair: Pair) -> set[tuple[Key, str]]:
    """The emails and external ids of both records."""
    return {(key, value) for key in (_external_id, _email) for side in pair.records if (value := key(side))}


# ------------------------------------------------------------ comparing


def _pair(
    rest: ComparedUser | None,
    scim: ComparedUser | None,
    same_groups: Callable[[ComparedUser, ComparedUser], bool],
    doubled: _Duplicates,
) -> Pair:
    classes: list[PairClass] = []
    if rest is None or scim is None:
        classes.append(_ONLY[scim is None])
    else:
        if not _same_status(rest, scim):
            classes.append(PairClass.STATUS)
        if rest[_TEXTS] != scim[_TEXTS] and not all(_same(name, rest, scim) for name in FIELDS):
            classes.append(PairClass.FIELD)
        if not same_groups(rest, scim):
            classes.append(PairClass.MEMBERSHIP)
    if (rest is not None and rest.row_id in doubled.rest) or (scim is not None and scim.row_id in doubled.scim):
        classes.append(PairClass.DUPLICATE)
    return Pair(rest, scim, tuple(classes) if classes else _MATCHED)


def _same(name: str, rest: ComparedUser, scim: ComparedUser) -> bool:
    one, other = getattr(rest, name), getattr(scim, name)
    if one == other or one is UNKNOWN or other is UNKNOWN or same_value(one, other):
        return True
    return name == "email" and _email(rest) == _email(scim)


def _same_status(rest: ComparedUser, scim: ComparedUser) -> bool:
    if rest.status == scim.status:
        return True
    one, other = active_by(rest.status), active_by(scim.status)
    return one is None or other is None or one is other


class _GroupComparison:
    """Compares memberships; few different lists of groups occur often, so that each becomes a set once."""

    def __init__(self, groups: SharedGroups) -> None:
        self._groups = groups
        self._keys: dict[tuple[Surface, tuple[str, ...]], frozenset[str] | None] = {}

    def same(self, rest: ComparedUser, scim: ComparedUser) -> bool:
        """False where the groups of both are known and differ."""
        if rest.groups is UNKNOWN or scim.groups is UNKNOWN:
            return True
        here, there = self._set(Surface.REST, rest.groups or ()), self._set(Surface.SCIM, scim.groups or ())
        return here is None or there is None or here == there

    def _set(self, surface: Surface, ids: tuple[str, ...]) -> frozenset[str] | None:
        key = surface, ids
        if key not in self._keys:
            comparable = self._groups.comparable(surface, ids)
            self._keys[key] = frozenset(self._groups.keys(surface, ids)) if comparable else None
        return self._keys[key]


def _other_groups(
    rest: ComparedUser, scim: ComparedUser, groups: SharedGroups
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The groups that only REST has and those that only SCIM has; None where they are the same, or one is unknown."""
    if not groups.comparable(Surface.REST, rest.groups) or not groups.comparable(Surface.SCIM, scim.groups):
        return None
    here, there = groups.keys(Surface.REST, rest.groups), groups.keys(Surface.SCIM, scim.groups)
    if here.keys() == there.keys():
        return None
    only_rest = tuple(group_id for key, group_id in here.items() if key not in there)
    return only_rest, tuple(group_id for key, group_id in there.items() if key not in here)
