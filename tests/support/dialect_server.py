"""A small SCIM server in this process that pages in one of many dialects, over a list that changes between answers.

server = DialectServer(Dialect(cap=7, totals=Totals.MISSING), people=40)
directory = scim_directory(server)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import unquote

import httpx

from tests.support.unpaced import unpaced
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.page_counts import FULL_PAGE
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.users import Json

LONG_AGO = "2024-03-01T12:00:00Z"
JUST_NOW = "2027-01-15T08:00:00Z"  # NOON_MS of tests.support.sessions
MOST_REQUESTS = 2000


class Totals(StrEnum):
    """What ``totalResults`` is."""

    REAL = "the number of all"
    TEXT = "the number of all, as text"
    MISSING = "missing"
    OF_PAGE = "the number of rows of this page"
    SMALL = "too small"
    LARGE = "too large"


class PastTheEnd(StrEnum):
    """What a page past the end has."""

    EMPTY = "no rows"
    FIRST = "the first rows"
    LAST = "the last rows"


class Dialect(NamedTuple):
    """How a server pages.

    ``cap`` is the most rows that a page has, ``refused`` the smallest ``count`` that it answers with ``refusal``.
    ``off_by`` is how far a total that is too small or too large is from the real one. ``overlap`` is how many rows of
    the page before are sent again at the beginning of a page.
    """

    cap: int | None = None
    refused: int | None = None
    refusal: int = 400
    totals: Totals = Totals.REAL
    off_by: int = 1
    start_ignored: bool = False
    past_the_end: PastTheEnd = PastTheEnd.EMPTY
    items_echoed: bool = True
    places_missing: bool = False
    excluding_refused: bool = False
    get_group_refused: bool = False
    users_carry_groups: bool = False

    @property
    def shows_its_end(self) -> bool:
        """False where a client can only see the beginning of the list, and nothing says that there is more.

        That pages of a few users are not all, as a total that is too small claims, is not checked.
        """
        largest = min(self.cap or FULL_PAGE, (self.refused or FULL_PAGE + 1) - 1)
        if self.totals in {Totals.OF_PAGE, Totals.SMALL} and (self.start_ignored or largest < FULL_PAGE):
            return False
        is_claimed = self.totals in {Totals.REAL, Totals.TEXT, Totals.LARGE}
        return is_claimed or not self.start_ignored or (self.cap is None and self.refused is None)

    def reaches(self, people: int) -> bool:
        """True where all users of a list that long can be read."""
        return not self.start_ignored or self.cap is None or self.cap >= people


class Change(NamedTuple):
    """A change of the list just before an answer, at relative positions from 0 to 1."""

    deleted: float | None
    added: float | None


@dataclass
class DialectServer:
    """Users and groups behind a dialect; ``script`` has the changes before the answer with that number.

    ``stayed`` are the ids of the users that were there all the time.
    """

    dialect: Dialect
    people: int = 0
    script: Mapping[int, Sequence[Change]] = field(default_factory=dict)
    dated: bool = True
    groups: dict[str, list[str]] = field(default_factory=dict)
    answers: int = 0

    def __post_init__(self) -> None:
        self.users = {f"u{number}": self._user(number, LONG_AGO) for number in range(self.people)}
        self.stayed = set(self.users)
        self._newest = 1000

    def _user(self, number: int, created: str) -> dict[str, Json]:
        user: dict[str, Json] = {"id": f"u{number}", "userName": f"person{number:04}@example.com", "active": True}
        return user | ({"meta": {"created": created}} if self.dated else {})

    def groups_of(self, user_id: str) -> set[str]:
        """The groups that a user is in."""
        return {group_id for group_id, members in self.groups.items() if user_id in members}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        for change in self.script.get(self.answers, ()):
            self._change(change)
        self.answers += 1
        assert self.answers < MOST_REQUESTS
        parts = [unquote(part) for part in request.url.path.removeprefix("/scim/v2/").split("/")]
        match parts:
            case ["Users"]:
                return self._list(request, list(self.users.values()))
            case ["Users", user_id] if user_id in self.users:
                return answered(self._with_groups(self.users[user_id]))
            case ["Groups"]:
                return self._list(request, [self._group(group_id) for group_id in self.groups])
            case ["Groups", group_id] if group_id in self.groups and not self.dialect.get_group_refused:
                return answered(self._group(group_id))
        return answered({}, 404)

    def _with_groups(self, user: dict[str, Json]) -> dict[str, Json]:
        if not self.dialect.users_carry_groups:
            return user
        return user | {"groups": [{"value": group_id} for group_id in sorted(self.groups_of(str(user["id"])))]}

    def _group(self, group_id: str) -> dict[str, Json]:
        members: list[Json] = [{"value": user_id} for user_id in self.groups[group_id]]
        return {"id": group_id, "displayName": f"Group {group_id}", "members": members}

    def _list(self, request: httpx.Request, rows: list[dict[str, Json]]) -> httpx.Response:
        dialect, asked = self.dialect, request.url.params
        count = int(asked.get("count", 100))
        if dialect.refused is not None and "count" in asked and count >= dialect.refused:
            return answered({}, dialect.refusal)
        if "excludedAttributes" in asked:
            if dialect.excluding_refused:
                return answered({}, 400)
            rows = [{name: value for name, value in row.items() if name != "members"} for row in rows]
        if "filter" in asked:
            rows = [row for row in rows if json.dumps(row.get("displayName", row.get("userName"))) in asked["filter"]]
        start = 0 if dialect.start_ignored else int(asked.get("startIndex", 1)) - 1
        size = min(count, dialect.cap or count)
        page = rows[start : start + size]
        if not page and start and dialect.past_the_end is not PastTheEnd.EMPTY:
            page = rows[:size] if dialect.past_the_end is PastTheEnd.FIRST else rows[-size:]
        answer: dict[str, Any] = {"Resources": [self._with_groups(row) if "userName" in row else row for row in page]}
        if (total := self._total(len(rows), len(page))) is not None:
            answer["totalResults"] = total
        if not dialect.places_missing:
            answer |= {"startIndex": start + 1, "itemsPerPage": count if dialect.items_echoed else len(page)}
        return answered(answer)

    def _total(self, real: int, sent: int) -> Json:
        off_by = self.dialect.off_by
        claims: dict[Totals, Json] = {
            Totals.REAL: real,
            Totals.TEXT: str(real),
            Totals.MISSING: None,
            Totals.OF_PAGE: sent,
            Totals.SMALL: max(0, real - off_by),
            Totals.LARGE: real + off_by,
        }
        return claims[self.dialect.totals]

    def _change(self, change: Change) -> None:
        if change.deleted is not None and self.users:
            gone = list(self.users)[int(change.deleted * (len(self.users) - 1))]
            del self.users[gone]
            self.stayed.discard(gone)
        if change.added is not None:
            self._newest += 1
            users = list(self.users.values())
            users.insert(int(change.added * len(users)), self._user(self._newest, JUST_NOW))
            self.users = {str(user["id"]): user for user in users}


def answered(value: Json, status: int = 200) -> httpx.Response:
    """An answer with JSON."""
    headers = {"Content-Type": "application/scim+json"}
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(json.dumps(value).encode()))


def scim_directory(server: DialectServer) -> ScimDirectory:
    """A SCIM client of a server; create it on the loop that uses it."""
    settings = ScimSettings("test", "https://scim.test/scim/v2", lambda: Secret("demo"), "the test")
    policy = RetryPolicy(base_seconds=0, longest_seconds=0)
    return ScimDirectory(settings, transport=httpx.MockTransport(server), policy=policy, pacer=unpaced())
