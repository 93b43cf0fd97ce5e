"""The answer card: a dated summary of a user or a group for a ticket, as text, Markdown or JSON.

A card says what is unknown, how old its data is, and that a number of members is a minimum. A redacted card contains
neither emails nor names of people: it names the user by id, and the identity provider not at all. Groups stay.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.receipt_text import code
from walkme_tui.domain.text import clean, printable_json, search_key, spaced
from walkme_tui.domain.times import MINUTE, age, format_time_ms
from walkme_tui.domain.user_json import ATTRIBUTES, TEXT_FIELDS, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, Known, Status, User

MAX_VALUE: Final = 120
MAX_GROUPS: Final = 20
REDACTED_FIELDS: Final = ("id", "role", "status")
HIDDEN: Final = "hidden, because it contains personal data"
_API: Final = {Surface.REST: "REST API", Surface.SCIM: "SCIM API"}
# Other values are quoted, so that a name cannot end a phrase and begin another.
_WORDS: Final = re.compile(r'[^\s;,"()]+( [^\s;,"()]+)*')

Show: TypeAlias = Callable[[str], str]
"""Makes a text from the account part of a card."""


class CardForm(StrEnum):
    """The forms of a card."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class UserCard(NamedTuple):
    """The card of a user; ``group_names`` are names by id, ``written_at_ms`` is the time now."""

    mirrored: MirroredUser
    group_names: Mapping[str, str | None]
    account: Account
    written_at_ms: int
    redacted: bool = False

    def phrases(self, show: Show) -> list[str]:
        """The facts; the first one names the time and the user."""
        user = self.mirrored.user
        who = _redacted_user(user, show) if self.redacted else _user(user, show)
        conditions = [_status(user.status, show)]
        if not capabilities(self.account.surface).roles:
            conditions.append(_field("role", user.role, show))
        condition = ", ".join(conditions)
        facts = [
            f"as of {_minute(self.mirrored.fetched_at_ms)}, {who} {condition}",
            _groups(user.groups, self.group_names, show),
        ]
        if user.identity_provider is not None:
            owner = "an identity provider" if self.redacted else show(user.identity_provider)
            facts.append(f"record owned by {owner}")
        return [*facts, f"source {_source(self.account, show)}, {self._reading()}"]

    def _reading(self) -> str:
        """How and when the record was read."""
        listed_at_ms, detailed_at_ms = self.mirrored.fetched_at_ms, self.mirrored.detailed_at_ms
        if detailed_at_ms is not None and detailed_at_ms >= listed_at_ms:
            return f"verified {_ago(detailed_at_ms, self.written_at_ms)}"
        never = detailed_at_ms is None
        whole = "never in full" if never else f"in full {_ago(detailed_at_ms or 0, self.written_at_ms)}"
        return f"read from the list {_ago(listed_at_ms, self.written_at_ms)}, {whole}"

    def to_json(self) -> dict[str, Json]:
        """The facts as fields; fields of the user that are ``unknown`` are absent, unknown groups are null."""
        user = self.mirrored.user
        shown = REDACTED_FIELDS if self.redacted else ("id", *TEXT_FIELDS)
        record: dict[str, Json] = {name: value for name, value in encode_user(user).items() if name in shown}
        if self.redacted and not _is_impersonal(user):
            record["id"] = None
        absent = capabilities(self.account.surface).absent
        asked = [name for name in (*shown[1:], "groups") if ATTRIBUTES[name] not in absent]
        unknown = [name for name in asked if getattr(user, ATTRIBUTES[name]) is UNKNOWN]
        groups: list[Json] | None = None
        if user.groups is not UNKNOWN:
            groups = [{"id": group, "name": self.group_names.get(group)} for group in user.groups or ()]
        detailed_at_ms = self.mirrored.detailed_at_ms
        return {
            "as_of": _iso(self.mirrored.fetched_at_ms),
            "read_in_full_at": None if detailed_at_ms is None else _iso(detailed_at_ms),
            "written_at": _iso(self.written_at_ms),
            "user": record,
            "groups": groups,
            "unknown": list[Json](unknown),
            "redacted": self.redacted,
            **_source_fields(self.account),
        }


class GroupCard(NamedTuple):
    """The card of a group with its known members, which the group listed or which were counted in the account.

    ``coverage`` is that of the account.
    """

    size: GroupSize
    coverage: Coverage
    account: Account
    written_at_ms: int

    def phrases(self, show: Show) -> list[str]:
        """The facts; the first one names the time and the group."""
        group = self.size.group
        name = f"{show(group.name)} (id {show(group.id)})" if group.name else f"{show(group.id)} (name unknown)"
        as_of_ms = self.coverage.as_of_ms if self.size.read_at_ms is None else None
        oldest = "" if as_of_ms is None else f", the oldest record read {_ago(as_of_ms, self.written_at_ms)}"
        return [
            f"as of {_minute(self._as_of_ms)}, the group {name} has {self._members()}",
            self._extent(),
            f"source {_source(self.account, show)}{oldest}",
        ]

    @property
    def _as_of_ms(self) -> int:
        known = (self.size.read_at_ms, self.coverage.as_of_ms)
        return next((as_of_ms for as_of_ms in known if as_of_ms is not None), self.written_at_ms)

    @property
    def _exact(self) -> bool:
        """True if every member is known."""
        return self.size.read_at_ms is not None or self.coverage.memberships_complete

    @property
    def _known(self) -> bool:
        """True if anything is known about memberships."""
        return self.coverage.with_groups > 0 or self._exact

    def _members(self) -> str:
        count = self.size.known_members
        if not self._known:
            return "an unknown number of members"
        least = "" if self._exact else "at least "
        return f"{least}{spaced(count)} {'member' if count == 1 else 'members'}"

    def _extent(self) -> str:
        """How many users were read."""
        coverage = self.coverage
        if self.size.read_at_ms is not None:
            return "read from the group itself"
        if coverage.complete:
            read = f"all {spaced(coverage.loaded)} users read"
        else:
            total = "an unknown number of" if coverage.total is None else spaced(coverage.total)
            read = f"{spaced(coverage.loaded)} of {total} users read"
        if coverage.with_groups >= coverage.loaded:
            return read
        return f"{read}, the groups of {spaced(coverage.with_groups)} of them known"

    def to_json(self) -> dict[str, Json]:
        """The facts as fields; an unknown number of members is null."""
        coverage, group = self.coverage, self.size.group
        return {
            "as_of": _iso(self._as_of_ms),
            "written_at": _iso(self.written_at_ms),
            "group": {"id": group.id, "name": group.name},
            "members": self.size.known_members if self._known else None,
            "exact": self._exact,
            "loaded": coverage.loaded,
            "with_known_groups": coverage.with_groups,
            "total": coverage.total,
            **_source_fields(self.account),
        }


AnswerCard: TypeAlias = UserCard | GroupCard


def rendered(cards: Sequence[AnswerCard], form: CardForm) -> str:
    """The cards: a line of text each, a Markdown list, or JSON (of several cards a list)."""
    if form is CardForm.JSON:
        objects: list[Json] = [card.to_json() for card in cards]
        return printable_json(objects[0] if len(objects) == 1 else objects, indent=2)
    return "\n".join((_markdown if form is CardForm.MARKDOWN else _text)(card) for card in cards)


def _text(card: AnswerCard) -> str:
    return f"{_capital('; '.join(card.phrases(plain_value)))}."


def _markdown(card: AnswerCard) -> str:
    head, *facts = card.phrases(lambda value: code(value, MAX_VALUE))
    return "\n".join([f"- {_capital(head)}", *(f"  - {_capital(fact)}" for fact in facts)])


def plain_value(value: str) -> str:
    """A text from the account within a sentence: cleaned, and in quotes unless it is plain words."""
    shown = clean(value, MAX_VALUE)
    if not shown.strip():
        return "(blank)"
    return shown if _WORDS.fullmatch(shown) else printable_json(shown)


def _user(user: User, show: Show) -> str:
    """Email, name and id."""
    name = [show(user.full_name)] if user.full_name.strip() else []
    if isinstance(user.email, str) and user.email.strip():
        return f"{show(user.email)} ({', '.join([*name, f'id {show(user.id)}'])})"
    return f"the user {show(user.id)} ({', '.join([*name, _field('email', user.email, show)])})"


def _redacted_user(user: User, show: Show) -> str:
    return f"the user {show(user.id)}" if _is_impersonal(user) else f"a user (id {HIDDEN})"


def _is_impersonal(user: User) -> bool:
    """True if the id is a number or a UUID, or contains neither an email nor a known name of the user."""
    if re.fullmatch(r"[0-9A-Fa-f-]+", user.id) and re.search(r"[0-9]", user.id):
        return True
    key = search_key(user.id)
    email = user.email if isinstance(user.email, str) else ""
    names = (user.first_name, user.last_name, email.partition("@")[0])
    folded = [search_key(name) for name in names if isinstance(name, str)]
    return "@" not in user.id and not any(name and name in key for name in folded)


def _status(status: Known[str | None], show: Show) -> str:
    if status is UNKNOWN:
        return "has an unknown status"
    if not status:
        return "has no status"
    return f"is {status}" if status in set(Status) else f"has the status {show(status)}"


def _field(name: str, value: Known[str | None], show: Show) -> str:
    """``role Viewer``, ``role unknown`` or ``no role``."""
    if value is UNKNOWN:
        return f"{name} unknown"
    return f"{name} {show(value)}" if value else f"no {name}"


def _groups(groups: Known[tuple[str, ...] | None], names: Mapping[str, str | None], show: Show) -> str:
    if groups is UNKNOWN:
        return "groups unknown"
    if not groups:
        return "member of no group"
    shown = ", ".join(show(names.get(group) or group) for group in groups[:MAX_GROUPS])
    more = len(groups) - MAX_GROUPS
    return f"member of {shown}{f' and {spaced(more)} more' if more > 0 else ''}"


def _source(account: Account, show: Show) -> str:
    return f"{_API[account.surface]} of {show(account.profile)} ({account.environment})"


def _source_fields(account: Account) -> dict[str, Json]:
    return {
        "surface": account.surface.value,
        "profile": account.profile,
        "environment": account.environment.value,
    }


def _ago(then_ms: int, now_ms: int) -> str:
    """``3 s ago``; from a minute on with the time that it is counted from, because a ticket is read later."""
    if now_ms - then_ms < MINUTE:
        return f"{age(now_ms, then_ms)} ago"
    return f"{age(now_ms, then_ms)} before this was written at {_minute(now_ms)}"


def _minute(milliseconds: int) -> str:
    """``2026-11-29 10:42 UTC``."""
    return f"{_iso(milliseconds)[:16].replace('T', ' ')} UTC"


def _iso(milliseconds: int) -> str:
    return format_time_ms(milliseconds // 1000 * 1000)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
