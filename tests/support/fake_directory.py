"""An account in memory that satisfies ``services.ports.directory_api.DirectoryApi``, with settings for faults.

api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
gate = api.hold("list_users")     # calls wait until gate.set()
api.fail_next(Unreachable("…"))   # the next call raises
api.offline = Unreachable("…")    # every call raises until it is None again
api.users[3] = replace(api.users[3], status="inactive")
api.calls                         # all calls, in order

api.writes                        # the executed writes, in order
api.lose_answer()                 # the next write is executed, and its answer is lost
api.lose_answer(executed=False)
api.patch_refused = True          # PATCH is 405
api.inert = True                  # writes are accepted and change nothing
api.deletion_deactivates = True   # DELETE is accepted and only deactivates
api.created_without_id = True     # the answer to a create lacks the id
api.stale_reads = 2               # after a write, so many reads still show the old user or group (a new one: none)
api.email_ignored = True          # look-ups by email are answered with the beginning of the list
api.unread = {"groups"}           # attributes that get_user lacks
api.dangling = {"g1": ("u9",)}    # members that a group lists although there are no such users
api.unreadable_members = 2        # so many entries of each list of members cannot be read
api.group_names_unique = False    # several groups may have the same name
api.granted = frozenset({"users:read"})   # the scopes of the token
api.forbidden = True              # writes are 403 with any scopes
api.meanwhile("patch_user", lambda: api.edit(user_id, groups=()))   # just before the next such call, others…
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from walkme_tui.api.rest.user_update import UserUpdater
from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    LookUpIgnored,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    PermissionRefused,
    RequestRejected,
    Unreachable,
)
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.times import now_ms
from walkme_tui.domain.traffic import Priority, RequestRecord, TrafficStatus
from walkme_tui.domain.user_json import decode_user, encode_user
from walkme_tui.domain.users import UNKNOWN, Json, UnreadableRecord, User, UserPage
from walkme_tui.domain.write_support import WriteSupport

FIRST_NAMES = ("Zoë", "Amina", "Bo", "Carmen", "Dmitri", "Elif", "Femi", "Grace", "Hana", "Ivo")
LAST_NAMES = ("Çelik", "O'Brien", "Tanaka", "Weber", "Yılmaz", "Nowak", "Okafor", "Lindqvist", "Sato", "Marić", "Ruiz")
STATUSES = ("active", "active", "active", "inactive", "pending")
EVERYTHING = frozenset({"users:read", "users:write", "users:delete"})
CLEARED: dict[str, Json] = {"firstName": None, "lastName": None, "externalId": None, "groups": [], "role": "Viewer"}
IDLE = TrafficStatus(
    in_flight=0, permitted_per_second=4.0, recent_per_second=0.0, waiting_seconds=0.0, latency_ms=None, throttled=0
)


def person(number: int) -> User:
    """Person ``number`` of an account, the same at every call, with every field known."""
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    return User(
        id=f"00000000-0000-4000-8000-{number:012d}",
        email=f"person{number:05d}@example.com",
        first_name=first,
        last_name=last,
        role=("Viewer", "Editor", "Admin")[number % 3],
        status=STATUSES[number % len(STATUSES)],
        external_id=f"okta|{number:06d}" if number % 2 else None,
        created_at_ms=1_700_000_000_000 + number * 60_000,
        updated_at_ms=1_710_000_000_000 + number * 60_000,
        groups=tuple(f"g{group}" for group in range(1, number % 4)),
    )


def people(count: int, start: int = 0) -> list[User | UnreadableRecord]:
    """``count`` different people, numbered from ``start``."""
    return [person(number) for number in range(start, start + count)]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in: the method's name, its arguments without the priority, and the priority."""

    name: str
    arguments: tuple[object, ...]
    priority: Priority


@dataclass(frozen=True, slots=True)
class Write:
    """One write that was executed: the method's name and its arguments."""

    name: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class PendingWrite:
    """A pending write; ``lost``: it will be executed and its answer lost."""

    write: Write
    lost: bool


class FakeDirectory:
    """``DirectoryApi`` over a mutable list of users.

    ``total`` overrides the total that pages claim (None: claim none; leave it at ``"real"`` for the truth). ``lean``
    makes list rows carry id, email and status only. ``warnings`` are added to every page, ``group_warnings`` are those
    of the list of groups. The groups that there are are those in ``groups`` and those that somebody is in.
    """

    def __init__(self, users: Iterable[User | UnreadableRecord] = (), *, groups: Iterable[Group] = ()) -> None:
        self.users: list[User | UnreadableRecord] = list(users)
        self.groups: list[Group] = list(groups)
        self.total: int | str | None = "real"
        self.lean = False
        self.warnings: tuple[str, ...] = ()
        self.group_warnings: tuple[str, ...] = ()
        self.offline: ApiError | None = None
        self.status = IDLE
        self.records: list[RequestRecord] = []
        self.calls: list[Call] = []
        self.in_flight = 0
        self.sign_ins_forgotten = 0
        self.closed = False
        self.writes: list[Write] = []
        self.patch_refused = False
        self.updater = UserUpdater(self)
        self.inert = False
        self.deletion_deactivates = False
        self.created_without_id = False
        self.clock = now_ms
        self.stale_reads = 0
        self.email_ignored = False
        self.unread: Iterable[str] = ()
        self.dangling: dict[str, tuple[str, ...]] = {}
        self.unreadable_members = 0
        self.group_names_unique = True
        self._groups_behind: tuple[list[Group], int] = ([], 0)
        self.granted: frozenset[str] | None = EVERYTHING
        self.forbidden = False
        self._known_groups: set[str] = set()
        self._note_groups()
        self._lost: deque[tuple[str | None, bool]] = deque()
        self._meanwhile: list[tuple[str, Callable[[], None]]] = []
        self._behind: dict[str, tuple[User | None, int]] = {}
        self._created = 0
        self._failures: deque[tuple[str | None, ApiError]] = deque()
        self._gates: dict[str | None, asyncio.Event] = {}
        self._closing = asyncio.Event()

    # ------------------------------------------------------------ faults and changes by others

    def hold(self, name: str | None = None) -> asyncio.Event:
        """Make calls (of this method, or all) wait until the returned event is set; a later hold replaces it."""
        gate = self._gates[name] = asyncio.Event()
        return gate

    def fail_next(self, error: ApiError, *, times: int = 1, name: str | None = None) -> None:
        """Make the next ``times`` calls (of this method, or any) raise ``error``."""
        self._failures.extend([(name, error)] * times)

    def asked(self, name: str) -> list[tuple[object, ...]]:
        """The arguments of every call of one method so far, in order."""
        return [call.arguments for call in self.calls if call.name == name]

    def lose_answer(self, *, executed: bool = True, times: int = 1, name: str | None = None) -> None:
        """Make the next ``times`` writes (of this method, or any) end in ``OutcomeUnknown``, executed or not."""
        self._lost.extend([(name, executed)] * times)

    def meanwhile(self, name: str, action: Callable[[], None]) -> None:
        """Run an action of others just before the next call of this method is executed."""
        self._meanwhile.append((name, action))

    def edit(self, user_id: str, **values: Any) -> None:
        """Change attributes of a user, as others would."""
        index = self._index(user_id)
        self.users[index] = self._at(index)._replace(**values)

    def remove(self, user_id: str) -> None:
        """Delete a user, as others would."""
        del self.users[self._index(user_id)]

    def now(self, user_id: str) -> User:
        """The current user, unaffected by the fault settings."""
        return self._at(self._index(user_id))

    # ------------------------------------------------------------ DirectoryApi

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of ``users``."""
        if page < 1 or not 1 <= page_size <= 1000:
            raise ValueError("page counts from 1 and page_size is 1 to 1000")
        await self._pass("list_users", (page, page_size), priority)
        first = (page - 1) * page_size
        rows = tuple(self._listed(row) for row in self.users[first : first + page_size])
        total = len(self.users) if isinstance(self.total, str) else self.total
        return UserPage(page=page, page_size=page_size, rows=rows, total=total, warnings=self.warnings)

    async def find_user(self, email: str) -> User | None:
        """The user whose email is this one, compared without case."""
        await self._pass("find_user", (email,), Priority.DEMAND)
        for user in self.users[:100] if self.email_ignored else self.users:
            if isinstance(user, User) and _same(user.email, email):
                # A changed record is found as it is now; a new one may not be found yet.
                is_new = self._behind.get(user.id, (user, 0))[0] is None
                seen = self._seen(user.id) if is_new else user
                return seen and self._listed_user(seen)
        if self.email_ignored:
            raise LookUpIgnored("This server ignores look-ups by email.")
        return None

    async def find_by_external_id(self, external_id: str) -> User | None:
        """The user with this external id."""
        await self._pass("find_by_external_id", (external_id,), Priority.DEMAND)
        found = (user for user in self.users if isinstance(user, User) and user.external_id == external_id)
        return next(found, None)

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """The user with this id."""
        await self._pass("get_user", (user_id,), priority)
        user = self._seen(user_id)
        if user is None:
            raise NotFound("There is no user with this id in the account.", status=404)
        lacking: dict[str, Any] = dict.fromkeys(self.unread, UNKNOWN)
        return user._replace(**lacking)

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All ``groups``."""
        await self._pass("list_groups", (), priority)
        return tuple(self._seen_groups())

    async def get_group(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        """The group with this id."""
        await self._pass("get_group", (group_id,), priority)
        return self._group(group_id)

    async def group_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """The group with all users who are in it, of whom only id and email are known."""
        await self._pass("group_members", (group_id,), priority)
        group = self._group(group_id)
        users = [user for user in self.users if isinstance(user, User) and group_id in _groups(user)]
        members = [User(user.id, email=user.email) for user in users]
        members += [User(user_id) for user_id in self.dangling.get(group_id, ())]
        return GroupMembers(group, tuple(members), self.unreadable_members)

    async def create_group(self, name: str) -> str | None:
        """Append a group without members, with a new id."""
        pending = await self._begin("create_group", (name,))
        self._require_free_name(name)
        self._created += 1
        group_id = f"group-{self._created}"
        self._change_groups(pending, [*self.groups, Group(group_id, name)])
        return None if self.created_without_id else group_id

    async def rename_group(self, group_id: str, name: str) -> None:
        """Give a group another name."""
        pending = await self._begin("rename_group", (group_id, name))
        self._group(group_id)
        self._require_free_name(name, besides=group_id)
        renamed = [group._replace(name=name) if group.id == group_id else group for group in self.groups]
        self._change_groups(pending, renamed)

    async def delete_group(self, group_id: str) -> None:
        """Remove a group, and all users from it."""
        pending = await self._begin("delete_group", (group_id,))
        self._group(group_id)
        if not self.inert:
            for user in self.users:
                if isinstance(user, User) and group_id in _groups(user):
                    self.edit(user.id, groups=tuple(group for group in _groups(user) if group != group_id))
            self._known_groups.discard(group_id)
        self._change_groups(pending, [group for group in self.groups if group.id != group_id])

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Update a user as the REST client does, over the calls of this account."""
        await self.updater.update(user_id, update, base)

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        """Append a user, pending, with a new id."""
        pending = await self._begin("create_user", (dict(values),))
        attributes: dict[str, Any] = {"first_name": None, "last_name": None, "external_id": None, "role": "Viewer"}
        email = values.get("email", "")
        if "@" not in email:
            raise RequestRejected("The account refused the email (400).", status=400, fields={"email": "no address"})
        if any(isinstance(user, User) and _same(user.email, email) for user in self.users):
            raise Conflict("The account refused the request (409).", status=409, fields={"email": "in use"})
        self._created += 1
        user_id, now = f"00000000-0000-4000-9000-{self._created:012d}", self.clock()
        user = User(id=user_id, status="pending", groups=(), created_at_ms=now, updated_at_ms=now)
        self.writes.append(pending.write)
        if not self.inert:
            self.users.append(user._replace(**attributes | dict(values)))
            self._behind[user_id] = (None, self.stale_reads)
        self._answer(pending)
        return None if self.created_without_id else user_id

    async def delete_user(self, user_id: str) -> None:
        """Remove a user, or only deactivate them."""
        pending = await self._begin("delete_user", (user_id,))
        old, index = self.now(user_id), self._index(user_id)
        self.writes.append(pending.write)
        if self.deletion_deactivates:
            self.users[index] = old._replace(status="inactive")
        elif not self.inert:
            del self.users[index]
        self._behind[user_id] = (old, self.stale_reads)
        self._answer(pending)

    async def replaces_records(self) -> bool:
        """True once PATCH was refused."""
        return await self.updater.patch_refusal.known()

    def use_write_support(self, write_support: WriteSupport) -> None:
        """Keep the refusal of PATCH in ``write_support``."""
        self.updater = UserUpdater(self)
        self.updater.patch_refusal.store = write_support

    async def patch_user(self, user_id: str, fields: Mapping[str, Json]) -> None:
        """Change some fields."""
        pending = await self._begin("patch_user", (user_id, dict(fields)))
        if self.patch_refused:
            raise MethodRefused("The account does not know this call (405).", status=405)
        self._store(user_id, {**encode_user(self.now(user_id)), **fields}, pending)

    async def put_user(self, user_id: str, whole: Mapping[str, Json]) -> None:
        """Replace the record: what may be empty and is left out is cleared, what is unknown and left out is lost."""
        pending = await self._begin("put_user", (user_id, dict(whole)))
        old = encode_user(self.now(user_id))
        kept: dict[str, Json] = {name: old[name] for name in ("id", "email", "status", "createdAt") if name in old}
        self._store(user_id, {**kept, **CLEARED, **whole}, pending)

    async def add_member(self, group_id: str, user_id: str) -> None:
        """Put a user into a group; who is in it already stays."""
        pending = await self._begin("add_member", (group_id, user_id))
        groups = self._groups_of(group_id, user_id)
        joined: list[Json] = [*groups] if group_id in groups else [*groups, group_id]
        self._store(user_id, {**encode_user(self.now(user_id)), "groups": joined}, pending)

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Take a user out of a group; ``NotFound`` where they are not in it."""
        pending = await self._begin("remove_member", (group_id, user_id))
        groups = self._groups_of(group_id, user_id)
        if group_id not in groups:
            raise NotFound("The user is not in this group.", status=404)
        left: list[Json] = [group for group in groups if group != group_id]
        self._store(user_id, {**encode_user(self.now(user_id)), "groups": left}, pending)

    @property
    def scopes(self) -> frozenset[str] | None:
        """``granted``."""
        return self.granted

    def traffic(self) -> TrafficStatus:
        """``status``, with the number of calls that wait here."""
        return self.status._replace(in_flight=self.in_flight)

    def request_log(self) -> Sequence[RequestRecord]:
        """``records``, as the test put them."""
        return tuple(self.records)

    def forget_sign_in(self) -> None:
        """Count it."""
        self.sign_ins_forgotten += 1

    async def aclose(self) -> None:
        """Let calls under way fail, and every later one."""
        self.closed = True
        self._closing.set()

    # ------------------------------------------------------------ inside

    async def _pass(self, name: str, arguments: tuple[object, ...], priority: Priority) -> None:
        """Record the call, let other tasks run, wait while held, and raise the next error."""
        self.calls.append(Call(name, arguments, priority))
        self.in_flight += 1
        try:
            await asyncio.sleep(0)
            for gate in (self._gates.get(None), self._gates.get(name)):
                if gate is not None:
                    await self._wait(gate)
        finally:
            self.in_flight -= 1
        if self.closed:
            raise Unreachable("The connection was closed.")
        due = [action for only, action in self._meanwhile if only == name][:1]
        for action in due:
            self._meanwhile.remove((name, action))
            action()
        for index, (only, error) in enumerate(self._failures):
            if only in {None, name}:
                del self._failures[index]
                raise error
        if self.offline is not None:
            raise self.offline

    async def _wait(self, gate: asyncio.Event) -> None:
        """Wait until the gate opens or the fake is closed."""
        waits = [asyncio.ensure_future(event.wait()) for event in (gate, self._closing)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _begin(self, name: str, arguments: tuple[object, ...]) -> PendingWrite:
        """The start of every write; returns how it will end."""
        await self._pass(name, arguments, Priority.DEMAND)
        scope = "users:delete" if name.startswith("delete_") else "users:write"
        if self.forbidden or (self.granted is not None and scope not in self.granted):
            raise PermissionRefused(f"The scope {scope} is missing.", scope=scope)
        for index, (only, executed) in enumerate(self._lost):
            if only in {None, name}:
                del self._lost[index]
                if not executed:
                    raise OutcomeUnknown("The answer was lost.")
                return PendingWrite(Write(name, arguments), lost=True)
        return PendingWrite(Write(name, arguments), lost=False)

    def _store(self, user_id: str, raw: dict[str, Json], pending: PendingWrite) -> None:
        """Store the record as a server would: refuse invalid values, and apply the fault settings."""
        old, index = self.now(user_id), self._index(user_id)
        new = decode_user(raw)
        assert isinstance(new, User), new
        if new.status not in {old.status, "active", "inactive"}:
            raise RequestRejected(f"The account refused the status {new.status} (400).", status=400)
        others = {user.email for user in self.users if isinstance(user, User) and user.id != user_id}
        if new.id != old.id or new.email in others:
            raise Conflict("The account refused the request (409).", status=409)
        self.writes.append(pending.write)
        if not self.inert and new._replace(updated_at_ms=old.updated_at_ms) != old:
            later = old.updated_at_ms + 1000 if isinstance(old.updated_at_ms, int) else old.updated_at_ms
            self.users[index] = new._replace(created_at_ms=old.created_at_ms, updated_at_ms=later)
            self._behind[user_id] = (old, self.stale_reads)
        self._answer(pending)

    def _answer(self, pending: PendingWrite) -> None:
        """Lose the answer of a write that was executed, where that was requested."""
        if pending.lost:
            raise OutcomeUnknown("The answer was lost.")

    def _seen(self, user_id: str) -> User | None:
        """The user as a read shows them, None where it shows none; counts as one of the reads that show the past."""
        old, reads = self._behind.get(user_id, (None, 0))
        if reads > 0:
            self._behind[user_id] = (old, reads - 1)
            return old
        return next((user for user in self.users if isinstance(user, User) and user.id == user_id), None)

    def _groups_of(self, group_id: str, user_id: str) -> tuple[str, ...]:
        """The user's groups; ``NotFound`` where there is no such group or user."""
        self._note_groups()
        if group_id not in self._known_groups:
            raise NotFound("There is no such group.", status=404)
        return _groups(self.now(user_id))

    def _group(self, group_id: str) -> Group:
        self._note_groups()
        found = next((group for group in self._seen_groups() if group.id == group_id), None)
        if found is None and group_id not in self._known_groups:
            raise NotFound("There is no such group.", status=404)
        return found or Group(group_id, None)

    def _seen_groups(self) -> list[Group]:
        """The groups as a read shows them; counts as one of the reads that show the past."""
        old, reads = self._groups_behind
        self._groups_behind = (old, max(0, reads - 1))
        return old if reads else self.groups

    def _change_groups(self, pending: PendingWrite, groups: list[Group]) -> None:
        """Store the list of groups as a server would, and apply the fault settings."""
        self.writes.append(pending.write)
        if not self.inert:
            self._groups_behind = (self.groups, self.stale_reads)
            self.groups = groups
        self._answer(pending)

    def _require_free_name(self, name: str, besides: str | None = None) -> None:
        """Raise ``Conflict`` where another group has the name, unless the account permits that."""
        if self.group_names_unique and any(group.name == name and group.id != besides for group in self.groups):
            raise Conflict("The account refused the request (409).", status=409)

    def _note_groups(self) -> None:
        """Keep groups without members."""
        self._known_groups |= {group.id for group in self.groups}
        self._known_groups |= {group for user in self.users if isinstance(user, User) for group in _groups(user)}

    def _index(self, user_id: str) -> int:
        for index, user in enumerate(self.users):
            if isinstance(user, User) and user.id == user_id:
                return index
        raise NotFound("There is no user with this id in the account.", status=404)

    def _at(self, index: int) -> User:
        user = self.users[index]
        assert isinstance(user, User)
        return user

    def _listed(self, row: User | UnreadableRecord) -> User | UnreadableRecord:
        return self._listed_user(row) if isinstance(row, User) else row

    def _listed_user(self, user: User) -> User:
        """The user as a list shows them."""
        if not self.lean:
            return user
        return User(id=user.id, email=user.email, status=user.status if user.status is not UNKNOWN else UNKNOWN)


def _same(email: object, other: str) -> bool:
    return isinstance(email, str) and email.casefold() == other.casefold()


def _groups(user: User) -> tuple[str, ...]:
    return user.groups if isinstance(user.groups, tuple) else ()
