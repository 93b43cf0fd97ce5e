"""Which groups users join and leave, as chosen so far."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.users import User


class GroupEdit(StrEnum):
    """What a choice does with a group."""

    JOIN = "join"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """Groups to choose from and what was chosen, for ``users`` users; none are users who do not exist yet.

    ``groups`` starts with the groups that contain one of the users. ``members`` is how many of the users are known to
    be in a group, by its id; ``unknown`` is how many of them have unknown groups. ``edits`` are by group id.
    """

    groups: Sequence[GroupSize]
    users: int
    members: Mapping[str, int]
    unknown: int
    edits: Mapping[str, GroupEdit] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Sequence[GroupSize], users: Sequence[User]) -> "GroupChoice":
        """Nothing is chosen."""
        known = [user.groups or () for user in users if isinstance(user.groups, tuple | None)]
        members = Counter(group_id for ids in known for group_id in set(ids))
        listed = {size.group.id for size in groups}
        unlisted = [GroupSize(Group(group_id, None), 0) for group_id in members if group_id not in listed]
        ordered = sorted([*groups, *unlisted], key=lambda size: size.group.id not in members)
        return cls(ordered, len(users), members, len(users) - len(known))

    def toggled(self, group_id: str) -> "GroupChoice":
        """With the next choice for a group: change nothing, then what is possible of join and leave."""
        members = self.members.get(group_id, 0)
        possible: list[GroupEdit | None] = [None]
        if not self.users or members < self.users:
            possible.append(GroupEdit.JOIN)
        if members or self.unknown:
            possible.append(GroupEdit.LEAVE)
        following = possible[(possible.index(self.edits.get(group_id)) + 1) % len(possible)]
        edits = {each: edit for each, edit in self.edits.items() if each != group_id}
        return replace(self, edits=edits if following is None else {**edits, group_id: following})

    def with_joins(self, groups: Iterable[Group]) -> "GroupChoice":
        """With these groups to join, as far as they are offered."""
        offered = {size.group.id for size in self.groups}
        joins = {group.id: GroupEdit.JOIN for group in groups if group.id in offered}
        return replace(self, edits={**self.edits, **joins})

    @property
    def joins(self) -> tuple[Group, ...]:
        """The groups to join."""
        return self._chosen(GroupEdit.JOIN)

    @property
    def leaves(self) -> tuple[Group, ...]:
        """The groups to leave."""
        return self._chosen(GroupEdit.LEAVE)

    def _chosen(self, edit: GroupEdit) -> tuple[Group, ...]:
        return tuple(size.group for size in self.groups if self.edits.get(size.group.id) is edit)
