"""The deletion of a user."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from walkme_tui.domain.accounts import DELETE_SCOPE
from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.json_fields import Fields, or_null, text
from walkme_tui.domain.user_json import ATTRIBUTES
from walkme_tui.domain.users import UNKNOWN, Json, Known, Status, User

ALL_ATTRIBUTES: Final = tuple(ATTRIBUTES.values())


@dataclass(frozen=True, slots=True)
class DeleteUser(Change):
    """Delete a user permanently.

    ``email`` and ``status`` are those that were read when the plan was made: a user who has others by now may be
    another person, or needed again.
    """

    kind: ClassVar[str] = "delete user"
    verb: ClassVar[str] = "delete"
    done_verb: ClassVar[str] = "deleted"
    scope: ClassVar[str] = DELETE_SCOPE
    overwrites: ClassVar[bool] = True
    deletes: ClassVar[bool] = True

    email: Known[str | None] = UNKNOWN
    status: Known[str | None] = UNKNOWN

    @classmethod
    def of(cls, user: User) -> "DeleteUser":
        """The deletion of a user who was just read."""
        return cls(user.id, user.email, user.status)

    @property
    def attributes(self) -> tuple[str, ...]:
        return ALL_ATTRIBUTES

    def holds(self, user: User) -> bool | None:  # noqa: ARG002 - a user who can be read is not deleted
        return False

    def as_planned(self, user: User) -> bool | None:
        return not self._deviations(user)

    def apply(self, user: User) -> User:
        return user._replace(status=None, groups=())

    def inverses(
        self,
        before: User | None = None,
        after: User | None = None,  # noqa: ARG002 - there is none
    ) -> tuple[Change, ...]:
        """The creation of a new user with the old values, in the old groups."""
        if before is None or not isinstance(before.email, str) or not before.email:
            return ()
        texts = {name: value for name in ALL_ATTRIBUTES if isinstance(value := getattr(before, name), str)}
        create = CreateUser.of(before.email, texts)
        key = create.subject_id
        # Inactive first, so that a lost connection gives access to no user who had none.
        inactive = [SetStatus(key, Status.PENDING, Status.INACTIVE)] if before.status == Status.INACTIVE else []
        groups = before.groups if isinstance(before.groups, tuple) else ()
        joins = (AddMember(key, Group(group_id, None)) for group_id in dict.fromkeys(groups))
        return (create, *inactive, *joins)

    def to_json(self) -> dict[str, Json]:
        values = {"email": self.email, "status": self.status}
        expected: dict[str, Json] = {name: value for name, value in values.items() if value is not UNKNOWN}
        return {"expected": expected} if expected else {}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "DeleteUser":
        expected = fields.take("expected", Fields.of, Fields({}, ""))
        email, status = (
            expected.take(name, or_null(text)) if name in expected.values else UNKNOWN for name in ("email", "status")
        )
        expected.end()
        return cls(subject_id, email, status)

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "DeleteUser":  # noqa: ARG002 - no groups
        return replace(self, subject_id=subject_id, email=UNKNOWN)

    def target(self, show: Callable[[str], str]) -> str:  # noqa: ARG002 - no values
        return "the user"

    def done_text(self, before: User | None) -> str:  # noqa: ARG002 - the same for every user
        return "deleted"

    def already_text(self) -> str:
        return "already gone"

    def made_text(self) -> str:
        return "the user was deleted"

    def shortfall(self, before: User | None, after: User) -> tuple[str, bool]:
        was = UNKNOWN if before is None else before.status
        if UNKNOWN not in (was, after.status) and was != after.status:
            status = shown(after.status) if isinstance(after.status, str) else "none"
            return f"the server accepted the deletion and only set the status to {status}: the user still exists", True
        return "the server accepted the deletion, and the user is still there", False

    def deviation_text(self, user: User) -> str:
        return "; ".join(self._deviations(user))

    def no_inverse_text(self) -> str:
        return "the deleted record is unknown or had no email, so no new user can be made from it"

    def _deviations(self, user: User) -> list[str]:
        """How the user's known values differ from those that the plan found."""
        pairs = (("email", self.email, user.email), ("status", self.status, user.status))
        return [
            f"the {name} is {shown(now) if now else 'none'} now, not {shown(then) if then else 'none'}"
            for name, then, now in pairs
            if then is not UNKNOWN and now is not UNKNOWN and then != now
        ]
