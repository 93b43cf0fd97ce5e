"""The mirror agrees with a dictionary after any sequence of calls."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.odd_people import NOW_MS
from tests.support.search_oracle import Directory
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.json_text import ExactNumber, dumps
from walkme_tui.domain.mirrored import MirroredUser, UnreadableRow, Update, merged
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import search_key
from walkme_tui.domain.user_json import ATTRIBUTES, encode_user
from walkme_tui.domain.users import UNKNOWN, Known, UnreadableRecord, User, UserPage
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.store.mirror.rows import BITS

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
    role=known(st.sampled_from(("Viewer", "Owner"))),
    status=known(st.sampled_from(("active", "inactive", "odd"))),
    external_id=known(st.sampled_from(("okta|1", "2"))),
    created_at_ms=known(st.integers(-5, 5)),
    updated_at_ms=known(st.integers(-5, 5)),
    groups=known(st.lists(st.sampled_from(GROUPS), max_size=3).map(tuple)),
    extra=st.dictionaries(
        st.sampled_from(("seat", "email", "groups", "x")),
        st.sampled_from((1, True, 1.0, ExactNumber("1e999"), None, "a")),
        max_size=2,
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
    UserQuery(without_group_id="sales"),
    UserQuery("-zoe status:active,odd"),
    UserQuery("o group:sales,field"),
    UserQuery("-group:none -status:inactive"),
    UserQuery("zoe@example.com"),
    UserQuery("-group:sales,beta"),
    UserQuery("has:groups"),
)


@dataclass
class Entry:
    row_id: int
    user: User
    fetched_at_ms: int
    detailed_at_ms: int | None = None
    some_groups: tuple[str, ...] = ()

    @property
    def held(self) -> tuple[str, ...]:
        groups = self.user.groups
        return self.some_groups if groups is UNKNOWN else groups or ()

    def hold(self, groups: tuple[str, ...]) -> None:
        if self.user.groups is UNKNOWN:
            self.some_groups = groups
        elif groups != self.held:
            self.user = self.user._replace(groups=groups)


@dataclass
class Model:
    entries: dict[str, Entry] = field(default_factory=dict)
    places: dict[int, str | UnreadableRow] = field(default_factory=dict)
    group_names: dict[str, str | None] = field(default_factory=dict)
    total: int | None = None
    next_row_id: int = 1
    read: dict[str, int | None] = field(default_factory=dict)  # None while a list of members is being stored
    strangers: set[str] = field(default_factory=set)
    stranger_counts: dict[str, int] = field(default_factory=dict)

    def learn(self, user: User, at: int) -> Entry:
        entry = self.entries.get(user.id)
        if entry is None:
            entry = self.entries[user.id] = Entry(self.next_row_id, user, at)
            self.next_row_id += 1
        else:
            overtaken = entry.detailed_at_ms is not None and at < entry.detailed_at_ms
            held, groups = entry.held, entry.user.groups
            entry.user = merged(user, entry.user) if overtaken else merged(entry.user, user)
            entry.fetched_at_ms = max(entry.fetched_at_ms, at)
            if entry.user.groups is not UNKNOWN:
                entry.some_groups = ()
            elif groups is not UNKNOWN:
                entry.some_groups = tuple(dict.fromkeys(group for group in held if group in self.read))
        return entry

    def read_members(self, group: Group, ids: list[str], at: int, ended: bool) -> None:
        """The group lists these ids as its members; all of its list was stored if that ``ended``."""
        self.group_names[group.id] = group.name or self.group_names.get(group.id)
        self.read[group.id] = at if ended else None
        for user_id in dict.fromkeys(ids):
            entry = self.entries.get(user_id)
            if entry is None and user_id not in self.strangers:
                self.learn(User(user_id), at).hold((group.id,))
            elif entry is not None and group.id not in entry.held and not self.is_newer(entry, at):
                entry.hold((*entry.held, group.id))
        for entry in list(self.entries.values() if ended else ()):
            if group.id in entry.held and entry.user.id not in ids and not self.is_newer(entry, at):
                entry.hold(tuple(held for held in entry.held if held != group.id))
                if not entry.held and self.is_only_listed(entry):
                    del self.entries[entry.user.id]
        if ended:
            self.stranger_counts[group.id] = len(set(ids) - self.entries.keys())

    def is_newer(self, entry: Entry, at: int) -> bool:
        return entry.user.groups is not UNKNOWN and entry.detailed_at_ms is not None and entry.detailed_at_ms > at

    def is_only_listed(self, entry: Entry) -> bool:
        undescribed = entry.user.groups is UNKNOWN and entry.detailed_at_ms is None
        return undescribed and self.position(entry.user.id) is None

    def forget(self, user_id: str) -> None:
        entry = self.entries.get(user_id)
        if entry is not None and entry.some_groups and self.is_only_listed(entry):
            self.strangers.add(user_id)
            for group in entry.some_groups:
                self.stranger_counts[group] = self.stranger_counts.get(group, 0) + 1
        self.entries.pop(user_id, None)
        for place in [place for place, who in self.places.items() if who == user_id]:
            del self.places[place]

    def list_groups(self, names: dict[str, str | None]) -> None:
        for group in [group for group in self.read if group not in names]:
            del self.read[group]
            self.stranger_counts.pop(group, None)
            for entry in list(self.entries.values()):
                if group in entry.held:
                    entry.hold(tuple(held for held in entry.held if held != group))
                    if not entry.held and self.is_only_listed(entry):
                        del self.entries[entry.user.id]
        self.group_names = names

    def learn_page(self, users: list[User], at: int) -> None:
        """Rows of one page with the same id are one answer: a later row is newer, also where the page is outdated."""
        answers: dict[str, User] = {}
        for user in users:
            answers[user.id] = merged(answers[user.id], user) if user.id in answers else user
        for answer in answers.values():
            self.learn(answer, at)

    def position(self, user_id: str) -> int | None:
        return min((place for place, who in self.places.items() if who == user_id), default=None)

    def positions(self) -> dict[str, int | None]:
        return {user_id: self.position(user_id) for user_id in self.entries}

    def matching(self, query: UserQuery) -> list[int]:
        return self.directory().kept(query, NOW_MS)

    def directory(self) -> Directory:
        groups = {group for entry in self.entries.values() for group in entry.held}
        people = {entry.row_id: entry.user for entry in self.entries.values()}
        read = {group for group, at in self.read.items() if at is not None}
        some = {entry.user.id: entry.some_groups for entry in self.entries.values()}
        return Directory(people, dict.fromkeys(groups) | self.group_names, some_groups=some, read=read)


def changes(before: User, after: User) -> Update | None:
    fields = frozenset(
        name
        for name in ATTRIBUTES.values()
        if UNKNOWN not in (getattr(before, name), getattr(after, name))
        and getattr(before, name) != getattr(after, name)
    )
    return None if before == after else Update(before.id, fields)


class MirrorMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.mirror = open_mirror(self.path(), account_key="account")
        self.model = Model()
        self.now = 1000
        self.turn = 0

    def path(self) -> Path | None:
        return None

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
        before = {user_id: entry.user for user_id, entry in model.entries.items()}
        stood = model.positions()
        moved = total is not None and any(place >= total for place in model.places)
        if total is not None:
            model.total = total
        first = page.first_position
        for place in list(model.places):
            if first <= place < first + max(size, len(rows)) or (total is not None and place >= total):
                del model.places[place]
        model.learn_page([row for row in rows if isinstance(row, User)], self.now)
        for place, row in enumerate(rows, start=first):
            if total is None or place < total:
                model.places[place] = row.id if isinstance(row, User) else UnreadableRow(place, row.reason, self.now)
        stored = self.do(self.mirror.save_page(page, self.now))
        assert stored.coverage == self.expected_coverage()
        assert stored.moved is (moved or any(model.position(user_id) != place for user_id, place in stood.items()))
        assert list(stored.added) == [user_id for user_id in model.entries if user_id not in before]
        updates = {changes(before[user_id], model.entries[user_id].user) for user_id in before} - {None}
        assert set(stored.updated) == updates
        assert len(stored.updated) == len(updates)

    @rule(user=USERS)
    def save_user(self, user: User) -> None:
        entry = self.model.learn(user, self.now)
        entry.detailed_at_ms = self.now
        self.same(self.do(self.mirror.save_user(user, self.now)), user.id)

    @rule(user_id=st.sampled_from(IDS))
    def forget_user(self, user_id: str) -> None:
        self.model.forget(user_id)
        self.do(self.mirror.forget_user(user_id))

    @rule(
        group=st.builds(Group, st.sampled_from(GROUPS), st.none() | st.just("Sales")),
        ids=st.lists(st.sampled_from((*IDS, "u-2", "u-3")), max_size=5),
        first=st.integers(0, 5),
        step=st.integers(-1, 1),
        ended=st.integers(0, 3).map(bool),
    )
    def read_members(self, group: Group, ids: list[str], first: int, step: int, ended: bool) -> None:
        at = self.now + step
        self.model.read_members(group, ids, at, ended)
        rows = set[int]()
        for at_first, part in ((True, ids[:first]), (False, ids[first:])):
            members = [User(user_id) for user_id in part]
            rows.update(self.do(self.mirror.add_members(group, members, at, first=at_first)))
            assert not self.do(self.mirror.add_members(group, [User("another")], at - 9, first=False))
        strangers = len(set(ids)) - len(rows)
        assert not self.do(self.mirror.end_members(group.id, rows, strangers, at - 9))
        if ended:
            assert self.do(self.mirror.end_members(group.id, rows, strangers, at))

    @rule(names=st.dictionaries(st.sampled_from((*GROUPS, "empty")), st.none() | st.sampled_from(("Sales", "Älpha"))))
    def save_groups(self, names: dict[str, str | None]) -> None:
        self.model.list_groups(dict(names))
        self.do(self.mirror.save_groups([Group(group, name) for group, name in names.items()]))

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
        for user_id in (*IDS, "u-2", "u-3"):
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
        self.turn += 1
        for query in QUERIES[self.turn % 4 :: 4]:
            row_ids = self.do(self.mirror.matching(query))
            rows = self.do(self.mirror.rows(row_ids))
            assert [rows[row_id].row_id for row_id in row_ids] == list(row_ids) == self.model.matching(query), query
            assert [user.row_id for user in self.do(self.mirror.first(query, 2))] == list(row_ids)[:2]
            assert self.do(self.mirror.undecided(query)).users == self.model.directory().undecided(query, NOW_MS)
        users = self.model.directory().people.values()
        assert self.do(self.mirror.unknown_fields()) == {
            name for name in BITS if any(getattr(user, name) is UNKNOWN for user in users)
        }

    @invariant()
    def counts_are_the_same(self) -> None:
        assert self.do(self.mirror.next_row_id()) == self.model.next_row_id
        assert self.do(self.mirror.coverage()) == self.expected_coverage()
        members = {
            group: sum(group in entry.held for entry in self.model.entries.values()) for group in (*GROUPS, "empty")
        }
        expected = {
            GroupSize(
                Group(group, self.model.group_names.get(group)),
                count,
                self.model.read.get(group),
                self.model.stranger_counts.get(group, 0),
            )
            for group, count in members.items()
            if count or group in self.model.group_names
        }
        sizes = self.do(self.mirror.groups())
        assert set(sizes) == expected
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
        assert (row.row_id, row.user) == (entry.row_id, entry.user)
        now, then = (dumps(encode_user(user), sort_keys=True) for user in (row.user, entry.user))
        assert now == then  # in JSON 1, 1.0 and true differ
        assert (row.fetched_at_ms, row.detailed_at_ms) == (entry.fetched_at_ms, entry.detailed_at_ms)
        assert (row.position, row.some_groups) == (self.model.position(user_id), entry.some_groups)


class MachineOnDisk(MirrorMachine):
    """The same with a file, which is read through other connections than the writing one."""

    def path(self) -> Path | None:
        self.folder = TemporaryDirectory()
        return Path(self.folder.name) / "mirror.sqlite3"

    def teardown(self) -> None:
        super().teardown()
        assert not self.mirror.notices
        self.folder.cleanup()


UNREADABLE_EMAIL = User(IDS[0], extra={"email": 1})
READABLE_EMAIL = User(IDS[0], email=EMAILS[0])
UNREADABLE_GROUPS = User(IDS[0], extra={"groups": 1})
READABLE_GROUPS = User(IDS[0], groups=())


@pytest.mark.parametrize("machine", [MirrorMachine, MachineOnDisk])
@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([UNREADABLE_EMAIL, READABLE_EMAIL], READABLE_EMAIL),
        ([READABLE_EMAIL, UNREADABLE_EMAIL], UNREADABLE_EMAIL),
        ([UNREADABLE_GROUPS, READABLE_GROUPS], READABLE_GROUPS),
        ([READABLE_GROUPS, UNREADABLE_GROUPS], UNREADABLE_GROUPS),
        ([UNREADABLE_EMAIL, User(IDS[0])], UNREADABLE_EMAIL),
        ([READABLE_EMAIL, User(IDS[0])], READABLE_EMAIL),
    ],
)
def test_of_rows_with_one_id_the_later_one_counts_also_in_an_outdated_page(
    machine: type[MirrorMachine], step: int, rows: list[User | UnreadableRecord], expected: User
) -> None:
    state = machine()
    try:
        state.save_user(User(IDS[0]))
        state.save_page(number=1, size=1, rows=rows, total=None, step=step)
        stored = state.do(state.mirror.user(IDS[0]))
        assert stored is not None
        assert stored.user == expected
        state.the_list_is_the_same()
        state.look_ups_are_the_same()
        state.counts_are_the_same()
    finally:
        state.teardown()


MirrorMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)
MachineOnDisk.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestMirrorAgainstModel = MirrorMachine.TestCase
TestMirrorOnDiskAgainstModel = MachineOnDisk.TestCase
