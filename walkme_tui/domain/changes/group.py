"""The creation, the renaming and the deletion of a group; none of them changes its members."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from walkme_tui.domain.accounts import DELETE_SCOPE
from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.groups import Group, GroupRecord, member_count
from walkme_tui.domain.json_fields import Fields, filled_text, flag, or_null, text
from walkme_tui.domain.text import storable
from walkme_tui.domain.user_json import MAX_ID_LENGTH
from walkme_tui.domain.users import UNKNOWN, Json


def new_group_key(name: str) -> str:
    """The placeholder for the id of a group that a plan creates, in its steps and in ``GroupSubject.group``."""
    return storable(name)[:MAX_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class _GroupChange(Change):
    """What the changes of a group itself share."""

    about_group: ClassVar[bool] = True

    @property
    def attributes(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class CreateGroup(_GroupChange):
    """Create a group without members."""

    kind: ClassVar[str] = "create group"
    verb: ClassVar[str] = "create"
    done_verb: ClassVar[str] = "created"
    creates: ClassVar[bool] = True

    name: str

    @classmethod
    def of(cls, name: str) -> "CreateGroup":
        """The creation of a group with this name."""
        return cls(new_group_key(name), name)

    @property
    def new_name(self) -> str:
        return self.name

    def holds(self, record: GroupRecord) -> bool | None:
        return record.group.name == self.name

    def as_planned(self, record: GroupRecord) -> bool | None:  # noqa: ARG002 - the plan found no group
        return False

    def apply(self, record: GroupRecord) -> GroupRecord:
        return GroupRecord(Group(record.id, self.name), ())

    def inverses(
        self,
        before: GroupRecord | None = None,  # noqa: ARG002 - there was none
        after: GroupRecord | None = None,
    ) -> tuple[Change, ...]:
        """The deletion, as long as the group has no members: others may use one that has."""
        return () if after is None else (DeleteGroup(after.id, self.name, only_empty=True),)

    def to_json(self) -> dict[str, Json]:
        return {"name": self.name}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "CreateGroup":
        return cls(subject_id, fields.take("name", filled_text))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "CreateGroup":  # noqa: ARG002 - is it
        return CreateGroup(subject_id, subject_id)

    def target(self, show: Callable[[str], str]) -> str:
        return f"group {show(self.name)}"

    def done_text(self, before: GroupRecord | None) -> str:  # noqa: ARG002 - there was none
        return f"created the group {shown(self.name)}"

    def already_text(self) -> str:
        return f"a group with the name {shown(self.name)} exists already"

    def made_text(self) -> str:
        return f"the group {shown(self.name)} was created"

    def shortfall(self, before: GroupRecord | None, after: GroupRecord) -> tuple[str, bool]:  # noqa: ARG002 - none
        return f"created, but its name is {_shown(after.group.name)}, not {shown(self.name)}", True

    def doubt(self, found: GroupRecord, sent_at_ms: int | None) -> str:  # noqa: ARG002 - groups show no times
        if found.members is UNKNOWN:
            return "its members could not be read"
        return "it has members" if found.members else ""

    def deviation_text(self, record: GroupRecord) -> str:  # noqa: ARG002 - the same for every group
        return self.already_text()

    def no_inverse_text(self) -> str:
        return "it is not known which group was created, so it stays"


@dataclass(frozen=True, slots=True)
class RenameGroup(_GroupChange):
    """Give a group another name; ``before`` is the name that was read when the plan was made."""

    kind: ClassVar[str] = "rename group"
    verb: ClassVar[str] = "rename"
    done_verb: ClassVar[str] = "renamed"
    overwrites: ClassVar[bool] = True

    before: str | None
    after: str

    @property
    def new_name(self) -> str:
        return self.after

    def holds(self, record: GroupRecord) -> bool | None:
        return record.group.name == self.after

    def as_planned(self, record: GroupRecord) -> bool | None:
        return record.group.name == self.before

    def apply(self, record: GroupRecord) -> GroupRecord:
        return record._replace(group=Group(record.id, self.after))

    def inverses(
        self,
        before: GroupRecord | None = None,
        after: GroupRecord | None = None,  # noqa: ARG002 - verified
    ) -> tuple[Change, ...]:
        old = self.before if before is None else before.group.name
        return (RenameGroup(self.subject_id, self.after, old),) if old else ()

    def to_json(self) -> dict[str, Json]:
        return {"before": self.before, "after": self.after}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "RenameGroup":
        return cls(subject_id, fields.take("before", or_null(text)), fields.take("after", filled_text))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "RenameGroup":  # noqa: ARG002 - is it
        return RenameGroup(subject_id, None, subject_id)

    def target(self, show: Callable[[str], str]) -> str:
        return f"group {show(self.before) if self.before else 'without a name'} -> {show(self.after)}"

    def done_text(self, before: GroupRecord | None) -> str:
        was = self.before if before is None else before.group.name
        return f"was called {_shown(was)}, is called {shown(self.after)}"

    def already_text(self) -> str:
        return f"already called {shown(self.after)}"

    def made_text(self) -> str:
        return f"the group was renamed to {shown(self.after)}"

    def shortfall(self, before: GroupRecord | None, after: GroupRecord) -> tuple[str, bool]:
        if before is None or after.group.name == before.group.name:
            return "", False
        return f"the server accepted the name {shown(self.after)}, but it is {_shown(after.group.name)}", True

    def deviation_text(self, record: GroupRecord) -> str:
        return f"the group is called {_shown(record.group.name)} now, not {_shown(self.before)}"

    def no_inverse_text(self) -> str:
        return f"the old name is unknown, so the group is still called {shown(self.after)}"


@dataclass(frozen=True, slots=True)
class DeleteGroup(_GroupChange):
    """Delete a group, not its members; ``name`` is its name when the plan was made.

    ``only_empty``: it is not as planned once it has members.
    """

    kind: ClassVar[str] = "delete group"
    verb: ClassVar[str] = "delete"
    done_verb: ClassVar[str] = "deleted"
    scope: ClassVar[str] = DELETE_SCOPE
    overwrites: ClassVar[bool] = True
    deletes: ClassVar[bool] = True
    undoable: ClassVar[bool] = False

    name: str | None
    only_empty: bool = False

    def holds(self, record: GroupRecord) -> bool | None:  # noqa: ARG002 - a group that can be read is not deleted
        return False

    def as_planned(self, record: GroupRecord) -> bool | None:
        if record.group.name != self.name:
            return False
        if not self.only_empty:
            return True
        return None if record.members is UNKNOWN else not record.members

    def apply(self, record: GroupRecord) -> GroupRecord:
        return record._replace(members=())

    def inverses(
        self,
        before: GroupRecord | None = None,  # noqa: ARG002 - the same for every group
        after: GroupRecord | None = None,  # noqa: ARG002
    ) -> tuple[Change, ...]:
        return ()

    def to_json(self) -> dict[str, Json]:
        return {"name": self.name, "only_empty": self.only_empty}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "DeleteGroup":
        return cls(subject_id, fields.take("name", or_null(text)), fields.take("only_empty", flag, False))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "DeleteGroup":  # noqa: ARG002 - is it
        return DeleteGroup(subject_id, None, self.only_empty)

    def target(self, show: Callable[[str], str]) -> str:
        return f"group {show(self.name or self.subject_id)}"

    def done_text(self, before: GroupRecord | None) -> str:
        if before is None or before.members is UNKNOWN:
            return "deleted"
        return f"deleted; it had {member_count(len(before.members))}"

    def already_text(self) -> str:
        return "already gone"

    def made_text(self) -> str:
        return "the group was deleted"

    def shortfall(self, before: GroupRecord | None, after: GroupRecord) -> tuple[str, bool]:  # noqa: ARG002 - is there
        return "the server accepted the deletion, and the group is still there", False

    def deviation_text(self, record: GroupRecord) -> str:
        if record.group.name != self.name:
            return f"the group is called {_shown(record.group.name)} now, not {_shown(self.name)}"
        return f"the group has {member_count(None if record.members is UNKNOWN else len(record.members))} now"

    def no_inverse_text(self) -> str:
        return "a deleted group cannot be restored: a group made again has another id and no members"


def _shown(name: str | None) -> str:
    return shown(name) if name else "none"
