"""An account in memory that satisfies ``services.ports.DirectoryApi``, with knobs for what goes wrong.

api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
gate = api.hold("list_users")     # calls wait until gate.set()
api.fail_next(Unreachable("…"))   # the next call raises
api.offline = Unreachable("…")    # every call raises until it is None again
api.users[3] = replace(api.users[3], status="inactive")
api.calls                         # what was asked, in order
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from walkme_tui.domain.errors import ApiError, NotFound, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.traffic import Priority, RequestRecord, TrafficStatus
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User, UserPage

FIRST_NAMES = ("Zoë", "Amina", "Bo", "Carmen", "Dmitri", "Elif", "Femi", "Grace", "Hana", "Ivo")
LAST_NAMES = ("Çelik", "O'Brien", "Tanaka", "Weber", "Yılmaz", "Nowak", "Okafor", "Lindqvist", "Sato", "Marić", "Ruiz")
STATUSES = ("active", "active", "active", "inactive", "pending")
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


class FakeDirectory:
    """``DirectoryApi`` over a mutable list of users.

    ``total`` overrides the total that pages claim (None: claim none; leave it at ``"real"`` for the truth). ``lean``
    makes list rows carry id, email and status only. ``oddities`` are added to every page, ``group_oddities`` are those
    of the list of groups.
    """

    def __init__(self, users: Iterable[User | UnreadableRecord] = (), *, groups: Iterable[Group] = ()) -> None:
        self.users: list[User | UnreadableRecord] = list(users)
        self.groups: list[Group] = list(groups)
        self.total: int | str | None = "real"
        self.lean = False
        self.oddities: tuple[str, ...] = ()
        self.group_oddities: tuple[str, ...] = ()
        self.offline: ApiError | None = None
        self.status = IDLE
        self.records: list[RequestRecord] = []
        self.calls: list[Call] = []
        self.in_flight = 0
        self.sign_ins_forgotten = 0
        self.closed = False
        self._failures: deque[tuple[str | None, ApiError]] = deque()
        self._gates: dict[str | None, asyncio.Event] = {}
        self._closing = asyncio.Event()

    # ------------------------------------------------------------ knobs

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

    # ------------------------------------------------------------ DirectoryApi

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of ``users``."""
        if page < 1 or not 1 <= page_size <= 1000:
            raise ValueError("page counts from 1 and page_size is 1 to 1000")
        await self._pass("list_users", (page, page_size), priority)
        first = (page - 1) * page_size
        rows = tuple(self._listed(row) for row in self.users[first : first + page_size])
        total = len(self.users) if isinstance(self.total, str) else self.total
        return UserPage(page=page, page_size=page_size, rows=rows, total=total, oddities=self.oddities)

    async def find_user(self, email: str) -> User | None:
        """The user whose email is this one, compared without case."""
        await self._pass("find_user", (email,), Priority.DEMAND)
        for user in self.users:
            if isinstance(user, User) and isinstance(user.email, str) and user.email.casefold() == email.casefold():
                return self._listed_user(user)
        return None

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """The user with this id."""
        await self._pass("get_user", (user_id,), priority)
        for user in self.users:
            if isinstance(user, User) and user.id == user_id:
                return user
        raise NotFound("There is no user with this id in the account.", status=404)

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All ``groups``."""
        await self._pass("list_groups", (), priority)
        return tuple(self.groups)

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
        """Note the call, give the loop a turn, wait at the gate, and raise what is due."""
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

    def _listed(self, row: User | UnreadableRecord) -> User | UnreadableRecord:
        return self._listed_user(row) if isinstance(row, User) else row

    def _listed_user(self, user: User) -> User:
        """The user as a list shows them."""
        if not self.lean:
            return user
        return User(id=user.id, email=user.email, status=user.status if user.status is not UNKNOWN else UNKNOWN)
