"""The groups of a simulated account, and the members of each by number."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from walkme_tui.simulator.population import Population
from walkme_tui.simulator.refusals import GroupNameTaken, NoSuchGroup

_NO_MEMBERS: Final = array("I")
_FORMER_MEMBERS: Final = ("2f6d7f2e-5e0a-4f3c-9d54-5b1b2a6c0d01", "gone-before-the-migration")


@dataclass(slots=True)
class SimulatedGroup:
    """One group; times are ISO 8601.

    ``strangers`` are member ids that belong to no user, and repeated ids, ``former_members`` the ids of users who were
    deleted while they were members.
    """

    id: str
    name: str
    created_at: str
    updated_at: str
    external_id: str | None = None
    strangers: list[str] = field(default_factory=list)
    former_members: list[str] = field(default_factory=list)


class SimulatedGroups(Mapping[str, SimulatedGroup]):
    """The groups of an account by id: first those of the population, which are made at ``made_at``.

    ``any_deleted`` is whether a group was deleted, so that records may contain ids of groups that are gone.
    """

    def __init__(self, population: Population, made_at: str) -> None:
        self._population = population
        self._groups = {i: SimulatedGroup(i, name, made_at, made_at) for i, name in population.groups.items()}
        for group in self._groups.values():
            group.former_members += _FORMER_MEMBERS
        self._next_number = len(self._groups)
        self._computed: Mapping[str, array[int]] | None = None
        self.any_deleted = False

    def __getitem__(self, group_id: str) -> SimulatedGroup:
        return self._groups[group_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def one(self, group_id: str) -> SimulatedGroup:
        """One group; ``NoSuchGroup``."""
        group = self._groups.get(group_id)
        if group is None:
            raise NoSuchGroup("There is no such group")
        return group

    def check_name(self, name: str, group: SimulatedGroup | None = None) -> None:
        """``GroupNameTaken`` where another group has this name, compared without case."""
        folded = name.casefold()
        if any(other is not group and other.name.casefold() == folded for other in self._groups.values()):
            raise GroupNameTaken(name)

    def add(self, name: str, at: str, *, only_answer: bool) -> SimulatedGroup:
        """Append a group, with ``only_answer`` without storing it; ``GroupNameTaken``."""
        self.check_name(name)
        group = SimulatedGroup(self._population.group_id_of(self._next_number), name, at, at)
        self._next_number += 1
        if not only_answer:
            self._groups[group.id] = group
        return group

    def delete(self, group_id: str) -> None:
        """Delete a group; ``NoSuchGroup``."""
        del self._groups[self.one(group_id).id]
        self.any_deleted = True

    def computed_members(self, group_id: str) -> "array[int]":
        """The numbers of the computed users in a group, as the population has them."""
        if self._computed is None:
            # Made when a list of members is first requested: it takes a third of a second for 100 000 users.
            self._computed = self._population.memberships()
        return self._computed.get(group_id, _NO_MEMBERS)
