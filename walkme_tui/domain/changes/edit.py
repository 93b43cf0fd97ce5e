"""The change of a user's fields, all of them in one call."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, Final, NamedTuple

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.json_fields import Fields, bad, list_of, or_null, text
from walkme_tui.domain.text import email_key
from walkme_tui.domain.user_json import JSON_NAMES, TEXT_FIELDS
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, Json, Known, Status, User

# What stays in a purged job: these values do not identify a person.
NOT_PERSONAL: Final = frozenset({"role", "status"})


class FieldChange(NamedTuple):
    """One attribute of ``User`` with its value when the plan was made and its new value; None is an empty field."""

    attribute: str
    before: Known[str | None]
    after: str | None

    @property
    def label(self) -> str:
        """What people call the field."""
        return FIELD_LABELS[self.attribute]

    def holds(self, user: User) -> bool | None:
        """Whether the user has the new value; None if the record lacks the field."""
        now = getattr(user, self.attribute)
        if now is UNKNOWN:
            return None
        if same_value(now, self.after):
            return True
        # A server may store an email in lower case; that is no other email, unless only the case was to change.
        return self.attribute == "email" and _same_email(now, self.after) and not _same_email(self.before, self.after)

    def as_planned(self, user: User) -> bool | None:
        """Whether the user has the old or the new value; None if one of the values is unknown."""
        now = getattr(user, self.attribute)
        if now is self.before is UNKNOWN or self.holds(user):
            return True
        return None if UNKNOWN in (now, self.before) else same_value(now, self.before)


@dataclass(frozen=True, slots=True)
class UpdateUser(Change):
    """Give a user other values in some fields."""

    kind: ClassVar[str] = "update user"
    verb: ClassVar[str] = "set"
    overwrites: ClassVar[bool] = True

    fields: tuple[FieldChange, ...]

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(field.attribute for field in self.fields)

    @property
    def values(self) -> dict[str, str | None]:
        """The new values by attribute."""
        return {field.attribute: field.after for field in self.fields}

    def holds(self, user: User) -> bool | None:
        return _all(field.holds(user) for field in self.fields)

    def as_planned(self, user: User) -> bool | None:
        return _all(field.as_planned(user) for field in self.fields)

    def apply(self, user: User) -> User:
        return user._replace(**self.values)  # type: ignore[arg-type]  # text fields only

    def inverses(
        self,
        before: User | None = None,
        after: User | None = None,  # noqa: ARG002 - verified
    ) -> tuple[Change, ...]:
        old = [(field, _old_value(field, before)) for field in self.fields]
        back = [FieldChange(field.attribute, field.after, value) for field, value in old if value is not UNKNOWN]
        # Servers may refuse pending: a step of its own, so that the other fields are restored all the same.
        pending = [field for field in back if field.attribute == "status" and field.after == Status.PENDING]
        back = [field for field in back if field not in pending]
        found: list[Change] = [UpdateUser(self.subject_id, tuple(back))] if back else []
        return (*found, *(SetStatus(self.subject_id, field.before, str(field.after)) for field in pending))

    def to_json(self) -> dict[str, Json]:
        return {"fields": [_field_to_json(field) for field in self.fields]}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "UpdateUser":
        found = fields.take("fields", list_of(_field))
        place = fields.place("fields")
        if not found:
            bad(place, "is empty")
        if len({field.attribute for field in found}) < len(found):
            bad(place, "names the same field twice")
        return cls(subject_id, found)

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "UpdateUser":  # noqa: ARG002 - no groups
        kept = (
            field if field.attribute in NOT_PERSONAL else FieldChange(field.attribute, UNKNOWN, None)
            for field in self.fields
        )
        return replace(self, subject_id=subject_id, fields=tuple(kept))

    def target(self, show: Callable[[str], str]) -> str:
        return "; ".join(
            f"{field.label} {_value(field.before, show)} -> {_value(field.after, show)}" for field in self.fields
        )

    def done_text(self, before: User | None) -> str:
        return "; ".join(
            f"{field.label} was {_shown(getattr(before, field.attribute))}, is {_shown(field.after)}"
            if before is not None and getattr(before, field.attribute) is not UNKNOWN
            else f"{field.label} is {_shown(field.after)}"
            for field in self.fields
        )

    def already_text(self) -> str:
        return "; ".join(f"{field.label} already {_shown(field.after)}" for field in self.fields)

    def made_text(self) -> str:
        return "; ".join(f"the {field.label} was set to {_shown(field.after)}" for field in self.fields)

    def shortfall(self, before: User | None, after: User) -> tuple[str, bool]:
        missing = [field for field in self.fields if field.holds(after) is False]
        changed = any(
            field.holds(after) and before is not None and field.holds(before) is False for field in self.fields
        )
        sentences = (
            f"the {field.label} is {_shown(getattr(after, field.attribute))}, not {_shown(field.after)}"
            for field in missing
        )
        return f"the server accepted the change, but {'; '.join(sentences)}", changed

    def deviation_text(self, user: User) -> str:
        return "; ".join(
            f"the {field.label} is {_shown(getattr(user, field.attribute))} now, not {_shown(field.before)}"
            for field in self.fields
            if field.as_planned(user) is False
        )

    def without_conflicts(self, user: User) -> "UpdateUser | None":
        remaining = tuple(field for field in self.fields if field.as_planned(user) and not field.holds(user))
        return replace(self, fields=remaining) if remaining else None

    def no_inverse_text(self) -> str:
        labels = ", ".join(field.label for field in self.fields)
        return f"the old values are unknown, so these fields stay as they are: {labels}"


def same_value(one: object, other: object) -> bool:
    """True for equal values of a field; servers differ on whether an empty field is null or an empty text."""
    return (one or None) == (other or None)


def _same_email(one: object, other: object) -> bool:
    return isinstance(one, str) and isinstance(other, str) and email_key(one) == email_key(other)


def _all(answers: Iterable[bool | None]) -> bool | None:
    """False if one answer is, else None if one is unknown."""
    found = set(answers)
    return False if False in found else None if None in found else True


def _old_value(field: FieldChange, before: User | None) -> Known[str | None]:
    read: Known[str | None] = UNKNOWN if before is None else getattr(before, field.attribute)
    return field.before if read is UNKNOWN else read


def _field(value: object, where: str) -> FieldChange:
    fields = Fields.of(value, where)
    name = fields.take("name", text)
    if name not in TEXT_FIELDS:
        bad(f"{where}.name", f"is not one of: {', '.join(TEXT_FIELDS)}")
    before = fields.take("before", or_null(text)) if "before" in fields.values else UNKNOWN
    found = FieldChange(TEXT_FIELDS[name], before, fields.take("after", or_null(text)))
    fields.end()
    return found


def _field_to_json(field: FieldChange) -> dict[str, Json]:
    before: dict[str, Json] = {} if field.before is UNKNOWN else {"before": field.before}
    return {"name": JSON_NAMES[field.attribute], **before, "after": field.after}


def _value(value: Known[str | None], show: Callable[[str], str]) -> str:
    return "unknown" if value is UNKNOWN else show(value) if value else "none"


def _shown(value: Known[str | None]) -> str:
    return _value(value, shown)
