"""The change of a user's status."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.json_fields import Fields, filled_text, or_null, text
from walkme_tui.domain.users import UNKNOWN, Json, Known, Status, User


@dataclass(frozen=True, slots=True)
class SetStatus(Change):
    """Give a user another status; ``before`` is the status that was read when the plan was made."""

    kind: ClassVar[str] = "set status"
    verb: ClassVar[str] = "set status"
    overwrites: ClassVar[bool] = True

    before: Known[str | None]
    after: str

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("status",)

    def holds(self, user: User) -> bool | None:
        return None if user.status is UNKNOWN else user.status == self.after

    def as_planned(self, user: User) -> bool | None:
        if user.status is UNKNOWN or self.before is UNKNOWN:
            return None
        return user.status == self.before

    def apply(self, user: User) -> User:
        return user._replace(status=self.after)

    def inverses(
        self,
        before: User | None = None,
        after: User | None = None,  # noqa: ARG002 - verified
    ) -> "tuple[SetStatus, ...]":
        old = self.before if before is None or before.status is UNKNOWN else before.status
        return () if old is UNKNOWN or old is None else (SetStatus(self.subject_id, self.after, old),)

    def to_json(self) -> dict[str, Json]:
        after: dict[str, Json] = {"after": self.after}
        return after if self.before is UNKNOWN else {"before": self.before, **after}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "SetStatus":
        before = fields.take("before", or_null(text)) if "before" in fields.values else UNKNOWN
        return cls(subject_id, before, fields.take("after", filled_text))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "SetStatus":  # noqa: ARG002 - no groups
        return replace(self, subject_id=subject_id)

    def target(self, show: Callable[[str], str]) -> str:
        before = "unknown" if self.before is UNKNOWN else show(self.before) if self.before else "none"
        return f"{before} -> {show(self.after)}"

    def describe(self) -> str:
        return f"{self.verb} {shown(self.after)}"

    def done_text(self, before: User | None) -> str:
        if before is None or before.status is UNKNOWN:
            return f"is {shown(self.after)}"
        planned = f" (the plan found {_shown(self.before)})" if self.as_planned(before) is False else ""
        return f"was {_shown(before.status)}{planned}, is {shown(self.after)}"

    def already_text(self) -> str:
        return f"already {shown(self.after)}"

    def made_text(self) -> str:
        return f"the status was set to {shown(self.after)}"

    def deviation_text(self, user: User) -> str:
        return f"the status is {_shown(user.status)} now, not {_shown(self.before)}"

    def no_inverse_text(self) -> str:
        return f"the old status is unknown, so the status stays {shown(self.after)}"

    def restore_warning(self, group_ids: frozenset[str] | None) -> str:  # noqa: ARG002 - no groups
        return "the server may refuse pending" if self.after == Status.PENDING else ""

    @property
    def review_text(self) -> str:
        return "the status cannot be set back to pending" if self.after == Status.PENDING else ""


def _shown(status: object) -> str:
    return shown(status) if isinstance(status, str) else "unknown"
