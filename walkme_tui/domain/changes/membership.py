"""The changes of a user's groups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.groups import Group
from walkme_tui.domain.json_fields import Fields, group, group_to_json
from walkme_tui.domain.users import UNKNOWN, Json, User


@dataclass(frozen=True, slots=True)
class _Membership(Change):
    """What adding and removing a member share."""

    conflict_means_done: ClassVar[bool] = True

    group: Group

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("groups",)

    @property
    def groups(self) -> tuple[Group, ...]:
        return (self.group,)

    def with_group_names(self, groups: Mapping[str, Group]) -> Self:
        return self if self.group.name is not None else replace(self, group=groups.get(self.group.id, self.group))

    def as_planned(self, user: User) -> bool | None:
        held = self.holds(user)
        return None if held is None else not held

    def to_json(self) -> dict[str, Json]:
        return {"group": group_to_json(self.group)}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> Self:
        return cls(subject_id, fields.take("group", group))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> Self:
        return replace(self, subject_id=subject_id, group=Group(group_id(self.group.id), None))

    def target(self, show: Callable[[str], str]) -> str:
        return show(self.group.label)

    def no_inverse_text(self) -> str:
        return f"no record shows whether the user was in {shown(self.group.label)} before, and servers accept both"

    def done_text(self, before: User | None) -> str:  # noqa: ARG002 - the same for every user
        return f"{self.done_verb} {shown(self.group.label)}"


@dataclass(frozen=True, slots=True)
class AddMember(_Membership):
    """Add a user to a group."""

    kind: ClassVar[str] = "add member"
    verb: ClassVar[str] = "join"
    done_verb: ClassVar[str] = "joined"

    def holds(self, user: User) -> bool | None:
        return None if user.groups is UNKNOWN else self.group.id in (user.groups or ())

    def apply(self, user: User) -> User:
        return (
            user
            if user.groups is UNKNOWN
            else user._replace(groups=(*_without(user.groups, self.group), self.group.id))
        )

    def inverses(
        self,
        before: User | None = None,
        after: User | None = None,  # noqa: ARG002 - it only confirms the change
    ) -> "tuple[RemoveMember, ...]":
        return () if _is_unknown(before) else (RemoveMember(self.subject_id, self.group),)

    def already_text(self) -> str:
        return f"already in {shown(self.group.label)}"

    def made_text(self) -> str:
        return f"the person was put into {shown(self.group.label)}"


@dataclass(frozen=True, slots=True)
class RemoveMember(_Membership):
    """Remove a user from a group."""

    kind: ClassVar[str] = "remove member"
    verb: ClassVar[str] = "leave"
    done_verb: ClassVar[str] = "left"

    @property
    def left_group(self) -> Group:
        return self.group

    def holds(self, user: User) -> bool | None:
        return None if user.groups is UNKNOWN else self.group.id not in (user.groups or ())

    def apply(self, user: User) -> User:
        return user if user.groups is UNKNOWN else user._replace(groups=_without(user.groups, self.group))

    def inverses(
        self,
        before: User | None = None,
        after: User | None = None,  # noqa: ARG002 - it only confirms the change
    ) -> tuple[AddMember, ...]:
        return () if _is_unknown(before) else (AddMember(self.subject_id, self.group),)

    def already_text(self) -> str:
        return f"already out of {shown(self.group.label)}"

    def made_text(self) -> str:
        return f"the person was taken out of {shown(self.group.label)}"


def _is_unknown(before: User | None) -> bool:
    """The user was read before the change, and the record lacked the groups: the change may have changed nothing."""
    return before is not None and before.groups is UNKNOWN


def _without(group_ids: tuple[str, ...] | None, group: Group) -> tuple[str, ...]:
    return tuple(group_id for group_id in group_ids or () if group_id != group.id)
