"""What a person entered into the form of a user: which fields they edited, and what a save would send."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, Known, User
from walkme_tui.domain.validation import Finding, Severity, check

EDITED_FIELDS: Final[Mapping[str, str]] = {
    "email": "Email",
    "first_name": "First name",
    "last_name": "Last name",
    "role": "Role",
    "status": "Status",
    "external_id": "External id",
}
"""The attributes of ``User`` that the form edits, with their labels, in order."""
CREATED_FIELDS: Final = tuple(name for name in EDITED_FIELDS if name != "status")
"""Those of a new user: the server sets the status."""
CHOSEN_FIELDS: Final = frozenset({"role", "status"})
"""Their values are chosen from a list and replaced whole."""

MAX_SHOWN: Final = 1000
"""A longer value is shown cut, and only replaced whole."""


class FieldEdit(NamedTuple):
    """An edited field: its value before and the one that a save would send, None where it is cleared."""

    attribute: str
    before: Known[str | None]
    after: str | None


@dataclass(frozen=True, slots=True)
class UserDraft:
    """The draft of one user; ``base`` is the user as the form showed them, None for a new user, who ``joins`` groups.

    ``texts`` are the edited fields. ``latest`` is the user as last read: where others changed an edited field since the
    form was opened, ``base`` keeps the value that the person saw. ``refusals`` say why
    fields were not saved, by attribute, until the field is edited again.
    """

    base: User | None = None
    latest: User | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)
    joins: tuple[Group, ...] = ()

    @classmethod
    def of(cls, user: User) -> "UserDraft":
        """The draft of a known user, nothing edited."""
        return cls(user, user)

    @property
    def fields(self) -> tuple[str, ...]:
        """The attributes of this form, in order."""
        return CREATED_FIELDS if self.base is None else tuple(EDITED_FIELDS)

    # ------------------------------------------------------------ one field

    def before(self, attribute: str) -> Known[str | None]:
        """The value before the edit; None for a new user."""
        return None if self.base is None else getattr(self.base, attribute)

    def raw(self, attribute: str) -> str:
        """The value as text, edited or not; unknown and none are empty."""
        edited = self.texts.get(attribute)
        return edited if edited is not None else _text(self.before(attribute))

    def shown(self, attribute: str) -> str:
        """The text for the field's widget."""
        return clean(self.raw(attribute), MAX_SHOWN)

    def is_literal(self, attribute: str) -> bool:
        """False if the widget shows another text, because of hidden characters: then it only replaces it whole."""
        return self.shown(attribute) == self.raw(attribute)

    def is_edited(self, attribute: str) -> bool:
        """True if a save would send the field."""
        return attribute in self.texts and self.texts[attribute] != _text(self.before(attribute))

    def by_others(self, attribute: str) -> Known[str | None]:
        """The value that others gave an edited field since the form was opened; UNKNOWN if they did not."""
        if self.latest is None or not self.is_edited(attribute):
            return UNKNOWN
        theirs: Known[str | None] = getattr(self.latest, attribute)
        same = theirs == self.before(attribute) or _text(theirs) == self.texts[attribute]
        return UNKNOWN if same else theirs

    def findings(self, attribute: str) -> tuple[Finding, ...]:
        """What is unusual or impossible about an edited value; a new user needs an email."""
        required = self.base is None and attribute == "email"
        return check(attribute, self.raw(attribute)) if required or self.is_edited(attribute) else ()

    @property
    def error(self) -> tuple[str, str] | None:
        """The first field that cannot be sent, and why; None if all can."""
        found = ((name, finding) for name in self.fields for finding in self.findings(name))
        return next(((name, finding.text) for name, finding in found if finding.severity is Severity.ERROR), None)

    # ------------------------------------------------------------ edits

    def with_text(self, attribute: str, text: str) -> "UserDraft":
        """The draft after a person entered this text; the text that is shown anyway is no edit."""
        if text == self.shown(attribute):
            return self
        refusals = {name: reason for name, reason in self.refusals.items() if name != attribute}
        return replace(self, texts={**self.texts, attribute: text}, refusals=refusals)

    def with_value(self, attribute: str, value: str) -> "UserDraft":
        """The draft after a person chose this raw value, hidden characters included."""
        if value == self.raw(attribute):
            return self
        refusals = {name: reason for name, reason in self.refusals.items() if name != attribute}
        return replace(self, texts={**self.texts, attribute: value}, refusals=refusals)

    def restored(self, attribute: str) -> "UserDraft":
        """The draft with one field as last read."""
        texts = {name: text for name, text in self.texts.items() if name != attribute}
        refusals = {name: reason for name, reason in self.refusals.items() if name != attribute}
        draft = replace(self, texts=texts, refusals=refusals)
        return draft if draft.latest is None else draft.reread(draft.latest)

    def refused(self, refusals: Mapping[str, str]) -> "UserDraft":
        """The draft with the server's reasons at its fields."""
        return replace(self, refusals=dict(refusals))

    def reread(self, user: User) -> "UserDraft":
        """The draft over a newer record: edited fields keep the value before that the person saw."""
        if self.base is None:
            return self
        kept = {name: self.before(name) for name in EDITED_FIELDS if self.is_edited(name)}
        texts = {name: self.texts[name] for name in kept}
        return replace(self, base=user._replace(**kept), latest=user, texts=texts)  # type: ignore[arg-type]  # six texts

    # ------------------------------------------------------------ all of it

    @property
    def edits(self) -> tuple[FieldEdit, ...]:
        """What a save would send, in the order of the fields."""
        return tuple(
            FieldEdit(name, self.before(name), self.texts[name] or None) for name in self.fields if self.is_edited(name)
        )

    @property
    def values(self) -> dict[str, str | None]:
        """The edited attributes with their new values; None clears one."""
        return {edit.attribute: edit.after for edit in self.edits}

    @property
    def is_changed(self) -> bool:
        """True if a save would send something."""
        return bool(self.edits or self.joins)

    def overwriting(self, user: User) -> "UserDraft":
        """The same edits as a change of this user, who was read just now."""
        texts = {name: self.texts[name] for name in EDITED_FIELDS if self.is_edited(name)}
        return UserDraft(user, user, texts)

    def as_new(self, joins: tuple[Group, ...] = ()) -> "UserDraft":
        """A new user with what this form shows, in these groups; without the status, which the server sets."""
        texts = {name: self.raw(name) for name in CREATED_FIELDS if self.raw(name)}
        return UserDraft(texts=texts, joins=joins)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
