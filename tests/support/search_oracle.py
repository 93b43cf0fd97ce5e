"""The users of a query, found by checking each one in plain Python: the mirror's searches have to agree with it.

A test of a filter is true or false for a user, or None where its field is unknown. A negated one keeps only users for
whom it is known to be false.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from uuid import UUID

from walkme_tui.domain import filters
from walkme_tui.domain.queries import BROUGHT_FORWARD, UserQuery
from walkme_tui.domain.text import ANYWHERE_FROM, search_key
from walkme_tui.domain.users import UNKNOWN, Known, User

# Users with the typed email that come first, and the least characters by which an id is found.
MOST_EXACT = 10
ID_FROM = 4
RUN = re.compile(r"[^\W_]+")


@dataclass
class Directory:
    """Users by row id, and names of known groups by id; tests change both directly.

    ``some_groups`` are, by user id, groups of users whose groups are unknown; all members of groups in ``read`` are
    known.
    """

    people: dict[int, User] = field(default_factory=dict)
    groups: dict[str, str | None] = field(default_factory=dict)
    has_index: bool = True
    some_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def kept(self, query: UserQuery, now_ms: int) -> list[int]:
        """The row ids of a query without a sort, in its order."""
        asking = _Evaluation(self, query, now_ms)
        kept = [row_id for row_id in sorted(self.people) if asking.keeps(self.people[row_id])]
        words = filters.parse_filter(query.text).words
        addresses = [word for word in words if "@" in word[1:-1] and " " not in word]
        runs = [word for word in words if RUN.fullmatch(word)]
        exact: list[int] = []
        if len(addresses) == 1:
            exact = [row_id for row_id in kept if _key(self.people[row_id].email) == addresses[0]][:MOST_EXACT]
        elif runs and not addresses and self.has_index:
            whole = [re.compile(rf"(?<![^\W_]){word}(?=[\W_])") for word in runs]
            texts = {row_id: _found_by(self.people[row_id]) for row_id in kept}
            exact = [row_id for row_id in kept if all(each.search(texts[row_id]) for each in whole)][:BROUGHT_FORWARD]
        return exact + [row_id for row_id in kept if row_id not in exact]

    def undecided(self, query: UserQuery, now_ms: int) -> int:
        """The number of users for whom the query cannot be decided, because a field is unknown."""
        asking = _Evaluation(self, query, now_ms)
        answers = [asking.answers(user) for user in self.people.values()]
        return sum(False not in each and None in each for each in answers)

    def in_any(self, user: User, groups: set[str]) -> bool | None:
        """True if the user is in one of these groups, None if that is unknown."""
        held = self.held(user)
        if held and not groups.isdisjoint(held):
            return True
        return False if user.groups is not UNKNOWN or (groups and groups <= self.read) else None

    def held(self, user: User) -> tuple[str, ...] | None:
        """The groups that the user is known to be in."""
        return self.some_groups.get(user.id, ()) if user.groups is UNKNOWN else user.groups

    def values(self, attribute: str) -> set[str]:
        """The folded statuses or roles that users have."""
        return {_key(getattr(user, attribute)) for user in self.people.values() if getattr(user, attribute)}

    def meant(self, name: str) -> set[str]:
        """Ids of the groups with a folded name."""
        folded = {group_id: (search_key(group_id), search_key(label or "")) for group_id, label in self.groups.items()}
        whole = {group_id for group_id, keys in folded.items() if name in keys}
        return whole or {group_id for group_id, (_, label) in folded.items() if label.startswith(name)}


class _Evaluation:
    def __init__(self, directory: Directory, query: UserQuery, now_ms: int) -> None:
        self._directory = directory
        self._query = query
        self._conditions = filters.resolved(filters.parse_filter(query.text), now_ms).conditions
        self._meant = cache(directory.meant)
        self._values = cache(directory.values)

    def keeps(self, user: User) -> bool:
        query = self._query
        if query.hide_inactive and user.status == "inactive":
            return False
        in_any = self._directory.in_any
        if query.group_id is not None and in_any(user, {query.group_id}) is not True:
            return False
        if query.without_group_id is not None and in_any(user, {query.without_group_id}) is not False:
            return False
        return all(self._holds(each, user) for each in self._conditions)

    def answers(self, user: User) -> list[bool | None]:
        """The result of each part of the query for a user, None if a field that it needs is unknown."""
        query, answers = self._query, list[bool | None]()
        if query.hide_inactive:
            answers.append(None if user.status is UNKNOWN else user.status != "inactive")
        if query.group_id is not None:
            answers.append(self._directory.in_any(user, {query.group_id}))
        if query.without_group_id is not None:
            answers.append(_negated(self._directory.in_any(user, {query.without_group_id})))
        for condition in self._conditions:
            if self._is_mistaken(condition):
                answers.append(False)
                continue
            answer = self._true(condition.test, user)
            if not answer and not isinstance(condition.test, filters.InGroup | filters.InNoGroup):
                unknown = any(getattr(user, field) is UNKNOWN for field in filters.required_fields(condition.test))
                answer = None if unknown else False
            answers.append(_negated(answer) if condition.negated else answer)
        return answers

    def _holds(self, condition: filters.Condition, user: User) -> bool:
        return not self._is_mistaken(condition) and self._true(condition.test, user) is (not condition.negated)

    def _is_mistaken(self, condition: filters.Condition) -> bool:
        """True if the test matches no user, negated or not."""
        test = condition.test
        if isinstance(test, filters.InGroup):
            return condition.negated and not all(map(self._meant, test.names))
        return isinstance(test, filters.NoUser)

    def _true(self, test: filters.Test, user: User) -> bool | None:
        match test:
            case filters.Word():
                return has_word(user, test.text)
            case filters.HasStatus():
                return self._begins(user.status, "status", test.values)
            case filters.HasRole():
                return self._begins(user.role, "role", test.values)
            case filters.InGroup():
                return self._directory.in_any(user, set[str]().union(*map(self._meant, test.names)))
            case filters.InNoGroup():
                held = self._directory.held(user)
                return None if user.groups is UNKNOWN and not held else not held
            case filters.Between():
                return _between(user.created_at_ms if test.field == "created" else user.updated_at_ms, test)
            case filters.Has():
                return _has(user, test.field, self._directory.held(user))
        return None  # no user, not even if it is negated

    def _begins(self, value: Known[str | None], attribute: str, beginnings: Sequence[str]) -> bool | None:
        """A beginning that is a whole value matches only that value."""
        if value is UNKNOWN:
            return None
        there, folded = self._values(attribute), _key(value)
        return any(folded == each if each in there else folded.startswith(each) for each in beginnings)


def has_word(user: User, word: str) -> bool:
    """True if a user is found by a folded word, as ``filters.Word`` defines, or by role or status."""
    if _is_uuid(user.id) and len(word) >= ID_FROM and user.id.startswith(word):
        return True
    return any(_occurs(word, text) for text in (_found_by(user), _key(user.role), _key(user.status)))


def _found_by(user: User) -> str:
    parts = [_key(part) for part in (user.first_name, user.last_name, user.email, user.external_id)]
    if not _is_uuid(user.id):
        parts.append(search_key(user.id))
    return " ".join(filter(None, parts))


def _occurs(word: str, folded: str) -> bool:
    if len(word) >= ANYWHERE_FROM:
        return word in folded
    return any(run.startswith(word) for run in _runs(folded))


@lru_cache(maxsize=20_000)
def _runs(folded: str) -> tuple[str, ...]:
    """The runs of letters and digits in a text."""
    return tuple("".join(letter if letter.isalnum() else " " for letter in folded).split(" "))


def _between(at_ms: Known[int | None], test: filters.Between) -> bool | None:
    if not isinstance(at_ms, int):
        return None
    return (test.first_ms is None or at_ms >= test.first_ms) and (test.end_ms is None or at_ms < test.end_ms)


def _has(user: User, name: filters.HasField, held: tuple[str, ...] | None) -> bool | None:
    attributes: Mapping[str, tuple[object, ...]] = {
        "externalId": (user.external_id,),
        "email": (user.email,),
        "role": (user.role,),
        "groups": (user.groups, held),
        "name": (user.first_name, user.last_name),
    }
    values = attributes[name]
    if any(value is not UNKNOWN and value for value in values):
        return True
    return None if UNKNOWN in values else False


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    return search_key(text)


def _key(text: Known[str | None]) -> str:
    return _folded(text) if isinstance(text, str) else ""


def _is_uuid(user_id: str) -> bool:
    """True for a UUID in lower case with hyphens; other spellings are ordinary text."""
    try:
        return str(UUID(user_id)) == user_id
    except ValueError:
        return False


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
