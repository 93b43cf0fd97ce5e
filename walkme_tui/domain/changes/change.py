"""The base class of all kinds of change.

A kind of change is a subclass of ``Change``, listed in ``registry``, with an entry in the registry for sending
(``services/changes/senders``) and in those for drawing (``ui/change_words``, ``cli/output/plan_text``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Self, TypeAlias

from walkme_tui.domain.accounts import WRITE_SCOPE
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.json_fields import Fields
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Json, User

MAX_SHOWN: Final = 80

Record: TypeAlias = User | GroupRecord
"""What a change is about, as it was read."""


@dataclass(frozen=True, slots=True)
class Change(ABC):
    """One change of one user or group, made by one API call.

    ``kind`` names the kind in plan files, receipts and the journal. ``verb`` begins its text (``leave``), and
    ``done_verb`` (``left``) the text that lists the targets of several done changes; empty where each stands alone.
    ``overwrites`` is true where the call replaces the values of its attributes, whatever they are;
    ``conflict_means_done`` where a 409 says that the subject is already as requested. ``creates`` is true where there
    is no subject before, ``deletes`` where there is none afterwards, ``undoable`` where there is a way back in general.
    ``scope`` is what the token needs.

    The subject is the user, or the group where ``about_group`` is true; records of it are values of ``User`` or of
    ``GroupRecord``. ``subject_id`` is its id. A subject that the same plan creates has none yet: there it is
    ``creation.new_user_key`` of the email or ``group.new_group_key`` of the name, also in the journal, and
    ``for_subject`` puts the id in its place.

    All texts are clean, and phrases without a full stop.
    """

    kind: ClassVar[str]
    verb: ClassVar[str]
    done_verb: ClassVar[str] = ""
    scope: ClassVar[str] = WRITE_SCOPE
    overwrites: ClassVar[bool] = False
    conflict_means_done: ClassVar[bool] = False
    creates: ClassVar[bool] = False
    deletes: ClassVar[bool] = False
    undoable: ClassVar[bool] = True
    about_group: ClassVar[bool] = False

    subject_id: str

    def for_subject(self, subject_id: str) -> Self:
        """The same change of another subject."""
        return replace(self, subject_id=subject_id)

    # ------------------------------------------------------------ the subject

    @property
    def noun(self) -> str:
        """``user`` or ``group``."""
        return "group" if self.about_group else "user"

    @property
    @abstractmethod
    def attributes(self) -> tuple[str, ...]:
        """The attributes of ``User`` that change; none where the change is about a group."""

    @abstractmethod
    def holds(self, record: Any) -> bool | None:
        """Whether the subject is as the change makes it; None if the record lacks the attribute."""

    @abstractmethod
    def as_planned(self, record: Any) -> bool | None:
        """Whether the subject still is as the plan found it; None if one of the two is unknown."""

    @abstractmethod
    def apply(self, record: Any) -> Any:
        """The record after the change; an unknown list of groups or members stays unknown."""

    @abstractmethod
    def inverses(self, before: Any = None, after: Any = None) -> "tuple[Change, ...]":
        """The changes that restore the old state; empty where that is unknown or impossible.

        ``before`` and ``after`` are the records as read before and after the change was sent, None where there is none:
        they may differ from what the plan expected.
        """

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups that the change names."""
        return ()

    def with_group_names(self, groups: Mapping[str, Group]) -> Self:  # noqa: ARG002 - other kinds name groups
        """The change with the names in ``groups`` (by id) for groups that it knows without one."""
        return self

    @property
    def new_email(self) -> str | None:
        """The email of the user that the change creates; None for every other change."""
        return None

    @property
    def new_name(self) -> str | None:
        """The name that the change gives to a group; None for every other change."""
        return None

    @property
    def left_group(self) -> Group | None:
        """The group that the user leaves; None for every other change."""
        return None

    # ------------------------------------------------------------ JSON

    @abstractmethod
    def to_json(self) -> dict[str, Json]:
        """The fields of the change besides its kind and its subject."""

    @classmethod
    @abstractmethod
    def from_json(cls, subject_id: str, fields: Fields) -> Self:
        """The change that ``to_json`` wrote; raises ``BadField``."""

    @abstractmethod
    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> Self:
        """The change without personal data: another subject id, other group ids, no names."""

    # ------------------------------------------------------------ texts

    @abstractmethod
    def target(self, show: Callable[[str], str]) -> str:
        """What follows ``verb``: ``Sales``, ``active -> inactive``; ``show`` makes each value displayable."""

    @classmethod
    def target_in_json(cls, fields: Mapping[str, Json], show: Callable[[str], str]) -> str:
        """``target`` of a change that was written to JSON."""
        return cls.from_json("-", Fields(dict(fields), "")).target(show)

    def describe(self) -> str:
        """The change in words: ``leave Sales``, ``set status inactive``."""
        return f"{self.verb} {self.target(shown)}"

    @abstractmethod
    def done_text(self, before: Any) -> str:
        """What a verified change did to the subject that was read ``before`` (or None): ``left Sales``."""

    @abstractmethod
    def already_text(self) -> str:
        """That the subject is as requested without the change: ``already out of Sales``."""

    @abstractmethod
    def made_text(self) -> str:
        """That the change was made meanwhile, by whomever: ``the person was taken out of Sales``."""

    def shortfall(self, before: Any, after: Any) -> tuple[str, bool]:  # noqa: ARG002 - other kinds compare
        """How the subject differs from an accepted change, and whether something of it took effect.

        The text is empty where the change only did nothing.
        """
        return "", False

    def doubt(self, found: Any, sent_at_ms: int | None) -> str:  # noqa: ARG002 - creations compare
        """Why ``found`` may not be what this creation made when it was sent; empty where that is certain."""
        return ""

    def deviation_text(self, record: Any) -> str:  # noqa: ARG002 - other kinds show the present value
        """How the subject differs from the plan, where ``as_planned`` and ``holds`` are both false."""
        return "it does not find what it was planned for"

    def without_conflicts(self, record: Any) -> "Self | None":  # noqa: ARG002 - other kinds have several parts
        """The part of the change that still is as planned, where ``as_planned`` is false; None if there is none."""
        return None

    def no_inverse_text(self) -> str:
        """Why there are no ``inverses`` and what that means."""
        return f"there is no way to undo “{self.describe()}”"

    def restore_warning(self, group_ids: frozenset[str] | None) -> str:
        """What may go wrong when an undo makes this change; empty if nothing is known to.

        ``group_ids`` are the groups of the account, None where they are unknown.
        """
        missing = group_ids is not None and any(group.id not in group_ids for group in self.groups)
        return "not in the list of groups any more" if missing else ""

    @property
    def review_text(self) -> str:
        """Why a refusal of the change needs review; empty where a refusal is a plain failure."""
        return ""


def shown(text: str) -> str:
    """A value within a text, clean and short."""
    return clean(text, MAX_SHOWN)
