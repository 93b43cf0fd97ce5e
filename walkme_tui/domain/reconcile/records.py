"""What is compared of the users of one surface."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, Known, User


class ComparedUser(NamedTuple):
    """The compared attributes of a user, as ``User`` has them; ``row_id`` is that of the mirror.

    A tuple of few fields, because two whole accounts are in memory at once.
    """

    row_id: int
    id: str
    email: Known[str | None] = UNKNOWN
    first_name: Known[str | None] = UNKNOWN
    last_name: Known[str | None] = UNKNOWN
    external_id: Known[str | None] = UNKNOWN
    status: Known[str | None] = UNKNOWN
    groups: Known[tuple[str, ...] | None] = UNKNOWN

    @classmethod
    def of(cls, user: User, row_id: int = 0) -> "ComparedUser":
        """The compared attributes of a whole record."""
        return cls(
            row_id,
            user.id,
            user.email,
            user.first_name,
            user.last_name,
            user.external_id,
            user.status,
            user.groups,
        )


@dataclass(frozen=True)
class SharedGroups:
    """The groups of each surface by id; a group of both has the same id on both, else is the only one with its name."""

    known: Mapping[Surface, Mapping[str, Group]]

    @classmethod
    def of(cls, rest: Iterable[Group], scim: Iterable[Group]) -> "SharedGroups":
        """Of the groups of both surfaces."""
        sides = {Surface.REST: rest, Surface.SCIM: scim}
        return cls({surface: {group.id: group for group in groups} for surface, groups in sides.items()})

    @cached_property
    def rest_ids(self) -> Mapping[str, str]:
        """The ids on REST by those on SCIM."""
        rest, scim = self.known[Surface.REST], self.known[Surface.SCIM]
        found = {group_id: group_id for group_id in scim if group_id in rest}
        rest_names = _only_ones(group for group in rest.values() if group.id not in found)
        scim_names = _only_ones(group for group in scim.values() if group.id not in found)
        return found | {group_id: rest_names[name] for name, group_id in scim_names.items() if name in rest_names}

    @cached_property
    def scim_ids(self) -> Mapping[str, str]:
        """The ids on SCIM by those on REST."""
        return {rest: scim for scim, rest in self.rest_ids.items()}

    def on(self, surface: Surface, group_id: str) -> Group | None:
        """The group that the other surface has under this id; None if it has none here."""
        there = (self.scim_ids if surface is Surface.SCIM else self.rest_ids).get(group_id)
        return None if there is None else self.known[surface].get(there, Group(there, None))

    def label(self, surface: Surface, group_id: str) -> str:
        """What to call a group of this surface; not cleaned."""
        return self.known[surface].get(group_id, Group(group_id, None)).label

    def keys(self, surface: Surface, groups: Known[tuple[str, ...] | None]) -> dict[str, str]:
        """The ids of a user's groups by a key that is the same on both surfaces; empty where they are unknown."""
        ids = groups if isinstance(groups, tuple) else ()
        if surface is Surface.REST:
            return {group_id: group_id for group_id in ids}
        return {self.rest_ids.get(group_id, f"scim {group_id}"): group_id for group_id in ids}

    def comparable(self, surface: Surface, groups: Known[tuple[str, ...] | None]) -> bool:
        """False where groups of a user are unknown, or one without a known name may be any group of the other side."""
        if groups is UNKNOWN:
            return False
        shared, known = self.scim_ids if surface is Surface.REST else self.rest_ids, self.known[surface]
        return all(each in shared or (each in known and known[each].name is not None) for each in groups or ())


NO_GROUPS: Final = SharedGroups.of((), ())


def _only_ones(groups: Iterable[Group]) -> dict[str, str]:
    """Ids by name, of the names that one group has."""
    ids: dict[str, list[str]] = {}
    for group in groups:
        if group.name:
            ids.setdefault(group.name, []).append(group.id)
    return {name: found[0] for name, found in ids.items() if len(found) == 1}
