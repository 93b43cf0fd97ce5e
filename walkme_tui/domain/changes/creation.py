"""The creation of a user."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.json_fields import Fields, filled_text
from walkme_tui.domain.text import email_key, storable
from walkme_tui.domain.user_json import MAX_ID_LENGTH
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, Json, Status, User

FIELDS: Final = {"firstName": "first_name", "lastName": "last_name", "role": "role", "externalId": "external_id"}
"""By JSON name, the attributes besides the email that a new user can be given; the server sets the status."""

MAX_SKEW_MS: Final = 5 * 60 * 1000
"""The clocks of the server and of this machine are assumed to differ by less."""


def new_user_key(email: str) -> str:
    """What stands for the id of a user that a plan creates, in its steps and in ``Subject.user``."""
    return storable(email_key(email))[:MAX_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class CreateUser(Change):
    """Create a user; ``values`` are attributes of ``User`` with their values, in the order of ``FIELDS``."""

    kind: ClassVar[str] = "create user"
    verb: ClassVar[str] = "create"
    done_verb: ClassVar[str] = "created"
    creates: ClassVar[bool] = True

    email: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, email: str, values: Mapping[str, str | None]) -> "CreateUser":
        """The creation of a user with these values; empty ones are left out."""
        given = tuple((name, value) for name in FIELDS.values() if (value := values.get(name)))
        return cls(new_user_key(email), email, given)

    @property
    def new_email(self) -> str:
        return self.email

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("email", *(attribute for attribute, _ in self.values), "status")

    def new_user(self) -> User:
        """The user as planned: without a status, which the server sets; so it does with a role that is not given."""
        return User(self.subject_id, status=None, groups=(), **self._new_values)  # type: ignore[arg-type]  # text fields

    def holds(self, user: User) -> bool | None:
        if self._deviations(user):
            return False
        unknown = UNKNOWN in (user.email, *(getattr(user, attribute) for attribute, _ in self.values))
        return None if unknown else True

    def as_planned(self, user: User) -> bool | None:  # noqa: ARG002 - the plan found no user
        return False

    def apply(self, user: User) -> User:
        return user._replace(status=Status.PENDING, groups=(), **self._new_values)  # type: ignore[arg-type]  # text fields

    @property
    def _new_values(self) -> dict[str, str | None]:
        empty = dict.fromkeys(("first_name", "last_name", "external_id"))
        return {**empty, "email": self.email, **dict(self.values)}

    def inverses(
        self,
        before: User | None = None,  # noqa: ARG002 - there was none
        after: User | None = None,
    ) -> tuple[Change, ...]:
        """A deactivation: a user who may have signed in since is never deleted by an undo."""
        if after is None:
            return ()
        return () if after.status == Status.INACTIVE else (SetStatus(after.id, after.status, Status.INACTIVE),)

    def to_json(self) -> dict[str, Json]:
        given = dict(self.values)
        values: dict[str, Json] = {name: given[attribute] for name, attribute in FIELDS.items() if attribute in given}
        return {"email": self.email, "values": values}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "CreateUser":
        email = fields.take("email", filled_text)
        values = fields.take("values", Fields.of)
        given = {attribute: values.take(name, filled_text, "") for name, attribute in FIELDS.items()}
        values.end()
        return cls(subject_id, email, tuple((attribute, value) for attribute, value in given.items() if value))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "CreateUser":  # noqa: ARG002 - no groups
        return CreateUser(subject_id, subject_id, tuple(value for value in self.values if value[0] == "role"))

    def target(self, show: Callable[[str], str]) -> str:
        values = ", ".join(f"{FIELD_LABELS[attribute]} {show(value)}" for attribute, value in self.values)
        return f"{show(self.email)}: {values}" if values else show(self.email)

    def describe(self) -> str:
        return f"{self.verb} {shown(self.email)}"

    def done_text(self, before: User | None) -> str:  # noqa: ARG002 - there was none
        return f"created {shown(self.email)}"

    def already_text(self) -> str:
        return f"a user with the email {shown(self.email)} exists already"

    def made_text(self) -> str:
        return f"the user {shown(self.email)} was created"

    def shortfall(self, before: User | None, after: User) -> tuple[str, bool]:  # noqa: ARG002 - there was none
        return f"created, but {'; '.join(self._deviations(after))}", True

    def doubt(self, found: User, sent_at_ms: int | None) -> str:
        held, created_at_ms = self.holds(found), found.created_at_ms
        if held is False:
            return "it has other values"
        if held is None:
            return "its record lacks some of the values"
        if not isinstance(created_at_ms, int) or sent_at_ms is None:
            return "its record does not show when it was created"
        return "it was created earlier" if created_at_ms < sent_at_ms - MAX_SKEW_MS else ""

    def deviation_text(self, user: User) -> str:  # noqa: ARG002 - the same for every user
        return self.already_text()

    def no_inverse_text(self) -> str:
        return f"{shown(self.email)} was created and is inactive, so there is nothing to undo"

    def restore_warning(self, group_ids: frozenset[str] | None) -> str:  # noqa: ARG002 - no groups
        return (
            "a new user with a new id: the server sets the status and may send an invitation, "
            "and other fields of the old record are lost"
        )

    def _deviations(self, user: User) -> list[str]:
        """How a user's known values differ from the planned ones."""
        found = []
        if user.email is not UNKNOWN and email_key(user.email or "") != email_key(self.email):
            found.append(f"the email is {shown(user.email) if user.email else 'none'}, not {shown(self.email)}")
        for attribute, value in self.values:
            now = getattr(user, attribute)
            if now is not UNKNOWN and now != value:
                found.append(f"the {FIELD_LABELS[attribute]} is {shown(now) if now else 'none'}, not {shown(value)}")
        return found
