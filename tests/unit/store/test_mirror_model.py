"""The mirror against a dictionary that does the same, under any sequence of calls."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser, UnreadableRow, merged
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.records import encode_user
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import UNKNOWN, Known, UnreadableRecord, User, UserPage
from walkme_tui.store.mirror import open_mirror

T = TypeVar("T")

IDS = ("0b8e1c4a-0000-4000-8000-000000000001", "0b8e1c4a-ffff-4000-8000-000000000002", "u-1", "7", "0B8E1C4A-UPPER")
EMAILS = ("zoe@example.com", "ZOE@example.com", "bo@example.com", "ödön@example.com")
GROUPS = ("sales", "beta", "field")


def known(values: st.SearchStrategy[T]) -> st.SearchStrategy[Known[T | None]]:
    return st.one_of(st.just(UNKNOWN), st.none(), values)


USERS = st.builds(
    User,
    id=st.sampled_from(IDS),
    email=known(st.sampled_from(EMAILS)),
    first_name=known(st.sampled_from(("Zoë", "Bo", "İlker"))),
    last_name=known(st.sampled_from(("O'Brien", "Çelik"))),
    status=known(st.sampled_from(("active", "inactive", "odd"))),
    updated_at_ms=known(st.integers(-5, 5)),
    groups=known(st.lists(st.sampled_from(GROUPS), max_size=3).map(tuple)),
    extra=st.dictionaries(
        st.sampled_from(("seat", "email", "groups", "x")), st.sampled_from((1, True, 1.0, None, "a")), max_size=2
    ),
)
ROWS = st.lists(st.one_of(USERS, st.builds(UnreadableRecord, st.just("not an object"))), max_size=4)
QUERIES = (
    UserQuery(),
    UserQuery("zoe"),
    UserQuery("obrien example"),
    UserQuery("0b8e1c4a"),
    UserQuery("0b8e1c4a-f"),
    UserQuery("e1c4"),
    UserQuery("u-1"),
    UserQuery(hide_inactive=True),
    UserQuery(group_id="sales"),
    UserQuery("bo", group_id="beta", hide_inactive=True),
    UserQuery(group_id="never heard of"),
)


@dataclass
class Entry:
    user: User
    fetched_at_ms: int
    detailed_at_ms: int | None = None


@dataclass
class Model:
    entries: dict[str, Entry] = field(default_factory=dict)
    places: dict[int, str | UnreadableRow] = field(default_factory=dict)
    group_names: dict[str, str | None] = field(default_factory=dict)
    total: int | None = None

    def learn(self, user: User, at: int) -> Entry:
        entry = self.entries.get(user.id)
        if entry is None:
            entry = self.entries[user.id] = Entry(user, at)
        else:
            entry.user, entry.fetched_at_ms = merged(entry.user, user), max(entry.fetched_at_ms, at)
        return entry

    def position(self, user_id: str) -> int | None:
        return min((place for place, who in self.places.items() if who == user_id), default=None)

    def matches(self, user: User, query: UserQuery) -> bool:
        names = (user.first_name, user.last_name, user.email, user.external_id, user.role, user.status)
        is_uuid = user.id in IDS[:2]
        key = search_key(" ".join([text for text in names if isinstance(text, str)] + ([] if is_uuid else [user.id])))
        for word in search_key(query.text).split():
            if word not in key and not (is_uuid and len(word) >= 4 and user.id.startswith(word)):
                return False
        if query.group_id is not None and query.group_id not in self.groups_of(user):
            return False
        return not (query.hide_inactive and user.status == "inactive")

    def groups_of(self, user: User) -> tuple[str, ...]:
        return user.groups if isinstance(user.groups, tuple) else ()

    def matching(self, query: UserQuery) -> list[str]:
        order = {user_id: index for index, user_id in enumerate(self.entries)}
        found = [entry.user.id for entry in self.entries.values() if self.matches(entry.user, query)]
        infinity = 10**9
        return sorted(
            found, key=lambda user_id: (p if (p := self.position(user_id)) is not None else infinity, order[user_id])
        )


class MirrorMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.mirror = open_mirror(None, account_key="account")
        self.model = Model()
        self.now = 1000

    def teardown(self) -> None:
        self.do(self.mirror.aclose())
        self.runner.close()

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    @rule(
        number=st.integers(1, 4),
        size=st.integers(1, 4),
        rows=ROWS,
        total=st.none() | st.integers(0, 14),
        step=st.integers(-1, 2),
    )
    def save_page(
        self, number: int, size: int, rows: list[User | UnreadableRecord], total: int | None, step: int
    ) -> None:
        self.now += step
        page = UserPage(number, size, tuple(rows), total)
        model = self.model
        if total is not None:
            model.total = total
        first = page.first_position
        for place in list(model.places):
            if first <= place < first + max(size, len(rows)) or (total is not None and place >= total):
                del model.places[place]
        for place, row in enumerate(rows, start=first):
            if isinstance(row, User):
                model.learn(row, self.now)
            if total is None or place < total:
                model.places[place] = row.id if isinstance(row, User) else UnreadableRow(place, row.reason, self.now)
        assert self.do(self.mirror.save_page(page, self.now)) == self.expected_coverage()

    @rule(user=USERS)
    def save_user(self, user: User) -> None:
        entry = self.model.learn(user, self.now)
        entry.detailed_at_ms = self.now
        self.same(self.do(self.mirror.save_user(user, self.now)), user.id)

    @rule(user_id=st.sampled_from(IDS))
    def forget_user(self, user_id: str) -> None:
        self.model.entries.pop(user_id, None)
        for place in [place for place, who in self.model.places.items() if who == user_id]:
            del self.model.places[place]
        self.do(self.mirror.forget_user(user_id))

    @rule(names=st.dictionaries(st.sampled_from((*GROUPS, "empty")), st.none() | st.sampled_from(("Sales", "Älpha"))))
    def save_groups(self, names: dict[str, str | None]) -> None:
        self.model.group_names = names
        self.do(self.mirror.save_groups([Group(group, name) for group, name in names.items()], self.now))

    @invariant()
    def the_list_is_the_same(self) -> None:
        listed = self.do(self.mirror.positions(0, 40))
        assert listed.keys() == self.model.places.keys()
        for place, row in listed.items():
            who = self.model.places[place]
            if isinstance(row, MirroredUser):
                assert isinstance(who, str)
                self.same(row, who)
            else:
                assert row == who
        middle = self.do(self.mirror.positions(2, 3))
        assert middle == {place: row for place, row in listed.items() if place in {2, 3}}

    @invariant()
    def look_ups_are_the_same(self) -> None:
        for user_id in IDS:
            found = self.do(self.mirror.user(user_id))
            if user_id in self.model.entries:
                self.same(found, user_id)
            else:
                assert found is None
        for email in EMAILS:
            found = self.do(self.mirror.user_by_email(email.upper()))
            owners = {
                entry.user.id
                for entry in self.model.entries.values()
                if isinstance(entry.user.email, str) and entry.user.email.casefold() == email.casefold()
            }
            assert (found.user.id in owners) if found else not owners

    @invariant()
    def searches_are_the_same(self) -> None:
        for query in QUERIES:
            row_ids = self.do(self.mirror.matching(query))
            rows = self.do(self.mirror.rows(row_ids))
            assert [rows[row_id].user.id for row_id in row_ids] == self.model.matching(query), query

    @invariant()
    def counts_are_the_same(self) -> None:
        assert self.do(self.mirror.coverage()) == self.expected_coverage()
        members = {
            group: sum(group in self.model.groups_of(entry.user) for entry in self.model.entries.values())
            for group in (*GROUPS, "empty")
        }
        expected = {
            (group, self.model.group_names.get(group), count)
            for group, count in members.items()
            if count or group in self.model.group_names
        }
        sizes = self.do(self.mirror.groups())
        assert {(size.group.id, size.group.name, size.known_members) for size in sizes} == expected
        assert len(sizes) == len(expected)
        assert [search_key(size.group.label) for size in sizes] == sorted(
            search_key(size.group.label) for size in sizes
        )

    def expected_coverage(self) -> Coverage:
        listed = {who for who in self.model.places.values() if isinstance(who, str)}
        entries = [self.model.entries[user_id] for user_id in listed]
        return Coverage(
            loaded=len(entries),
            total=self.model.total,
            with_groups=sum(entry.user.groups is not UNKNOWN for entry in entries),
            as_of_ms=min((entry.fetched_at_ms for entry in entries), default=None),
        )

    def same(self, row: MirroredUser | None, user_id: str) -> None:
        assert row is not None
        entry = self.model.entries[user_id]
        assert row.user == entry.user
        now, then = (json.dumps(encode_user(user), sort_keys=True) for user in (row.user, entry.user))
        assert now == then  # in JSON 1 is not true, nor 1.0
        assert (row.fetched_at_ms, row.detailed_at_ms) == (entry.fetched_at_ms, entry.detailed_at_ms)
        assert row.position == self.model.position(user_id)


MirrorMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)
TestMirrorAgainstModel = MirrorMachine.TestCase
