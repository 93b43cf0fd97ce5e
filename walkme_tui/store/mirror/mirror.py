"""The mirror: the local copy of the account, in SQLite."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Final, TypeVar

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group, GroupSize, MembershipGaps
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored, Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror.file import DAY_SECONDS, MirrorFile, MirrorLocation
from walkme_tui.store.mirror.layout import SORT_INDEXES
from walkme_tui.store.mirror.leadership import Leadership
from walkme_tui.store.mirror.membership import gaps
from walkme_tui.store.mirror.sweeps import not_seen, tally
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Closed, SqliteThread, Steps, Urgency

if TYPE_CHECKING:
    from array import array

R = TypeVar("R")

# Users deleted for their age in one transaction: about 20 ms, so that nobody waits long behind it.
AGED_AT_ONCE: Final = 500
# Pages that are saved in one transaction: half a second of writing, which nobody who reads waits for.
PAGES_AT_ONCE: Final = 4


def open_mirror(
    path: Path | None,
    *,
    account_key: str,
    runtime_folder: Path | None = None,
    max_age_days: float | None = None,
) -> "SqliteMirror":
    """The mirror in the file at ``path``, None for one in memory; the file is opened by the first call, on a thread.

    ``account_key`` says whose people these are: a file made for another key is deleted and made anew.
    ``runtime_folder`` takes the file where ``path`` lies on a network drive. Users whom no answer has described for
    ``max_age_days`` are deleted after the first reading.
    """
    return SqliteMirror(MirrorLocation(path, runtime_folder, account_key, max_age_days))


class Reader:
    """A connection with a thread of its own."""

    def __init__(self, name: str, file: MirrorFile) -> None:
        self.file = file
        self.thread = SqliteThread(name, file.interrupt)

    async def aclose(self) -> None:
        """Close both."""
        await self.thread.aclose(self.file.close)


class SqliteMirror:
    """``services.ports.Mirror`` over one SQLite file; calls raise ``MirrorUnavailable`` and nothing else expected.

    What is written goes through one connection, what a screen waits for through a second, and what may take a second,
    like putting a million users in order, through a third. In memory there is but one for all.

    What reads filters is imported when something is looked for: a start shows the list without it.
    """

    def __init__(self, place: MirrorLocation) -> None:
        self._place = place
        self._writer = Reader("mirror", MirrorFile(place))
        self._beside: dict[str, Reader] = {}
        self._saving: deque[_Saving] = deque()
        self._numbers = count()
        self._leadership = Leadership()
        self._max_age_days = place.max_age_days
        self._aged = place.max_age_days is None

    @property
    def notices(self) -> Sequence[str]:
        """What the person should know, in full sentences."""
        return tuple(self._writer.file.notices)

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        """Put a page's rows at their positions and update its users; pages that wait together go in together."""
        saving = _Saving(next(self._numbers), page, fetched_at_ms)
        self._saving.append(saving)
        try:
            return await self._writer.thread.write(self._save(saving))
        except Closed:
            raise _closed() from None

    def _save(self, saving: "_Saving") -> Steps[Stored]:
        """Save a page and others that wait, in one transaction: each costs half as much then."""
        if saving.stored is None:
            self._saving.remove(saving)
            most = PAGES_AT_ONCE if self._writer.file.is_on_disk else 1
            others = [self._saving.popleft() for _ in range(min(most - 1, len(self._saving)))]
            # In the order of coming, also where who wanted an older one does not wait any more: newer rows win.
            together = sorted((saving, *others), key=lambda each: each.number)
            try:
                stored = yield from self._writer.file.write_in_turn(partial(_save_all, together=together))
            except BaseException:
                self._saving.extendleft(reversed(others))  # their own turns come, and tell whoever waits for them
                raise
            for each, result in zip(together, stored, strict=True):
                each.stored = result
        assert saving.stored is not None  # noqa: S101 - set above, or by who took it along
        return saving.stored

    async def beside_writing(self, work: Callable[[], R], *, urgent: bool) -> R:
        """Do other work on the thread that writes, in its turn, or as soon as it can where it is urgent.

        Two threads that compute only take turns on the interpreter's lock, and lose time at each.
        """
        try:
            return await self._writer.thread.run(work, Urgency.READ if urgent else Urgency.WRITE)
        except Closed:
            raise _closed() from None

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store what a look-up of one user answered."""
        return await self._write(lambda tables: tables.save_user(user, fetched_at_ms))

    async def forget_user(self, user_id: str) -> User | None:
        """Drop a user from every view; whom the mirror knew by this id."""

        def forget(tables: Tables) -> User | None:
            known = tables.user(user_id)
            tables.forget_users([] if known is None else [known.row_id])
            return None if known is None else known.user

        return await self._write(forget)

    async def save_groups(self, groups: Sequence[Group], fetched_at_ms: int) -> None:
        """Replace the list of groups; ids that only users mention stay, without a name."""
        await self._write(lambda tables: tables.save_groups(groups, fetched_at_ms))

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """What stands at positions ``first`` to ``last`` (inclusive); absent ones are missing."""
        return await self._read(lambda tables: tables.positions(first, last))

    async def first(self, query: UserQuery, limit: int) -> Sequence[MirroredUser]:
        """The first users that a query keeps, at most ``limit``, in its order."""
        from walkme_tui.store.mirror.search import first

        return await self._scan(lambda tables: first(tables, query, limit, _now_ms()), self._reader("reads"))

    async def matching(self, query: UserQuery, after: int = 0) -> "array[int]":
        """Row ids above ``after`` of the loaded users that a query keeps, in its order."""
        from walkme_tui.store.mirror.search import matching

        return await self._scan(lambda tables: matching(tables, query, after, _now_ms()))

    async def undecided(self, query: UserQuery, since_ms: int = 0) -> Undecided:
        """How many users described since ``since_ms`` a query can neither keep nor drop for sure, and why."""
        from walkme_tui.store.mirror.search import undecided

        return await self._scan(lambda tables: undecided(tables, query, since_ms, _now_ms()))

    async def nearest(self, words: Collection[str]) -> dict[str, str]:
        """By folded word, the nearest word of a name or an email, for those that nobody has."""
        from walkme_tui.store.mirror.nearest import nearest

        return await self._scan(lambda tables: nearest(tables, words))

    async def values(self) -> tuple[Sequence[str], Sequence[str]]:
        """The statuses and the roles that loaded users have; of very many only the first hundreds."""
        from walkme_tui.store.mirror.conditions import distinct

        return await self._read(lambda tables: (distinct(tables, "status"), distinct(tables, "role")))

    async def prepare_sorting(self) -> None:
        """Make every order that users can be put in available at once; others are served between two of them."""
        for statement in SORT_INDEXES:
            await self._write(partial(_execute, statement=statement))

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids; gone ones are missing."""
        return await self._read(lambda tables: tables.rows(row_ids))

    async def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        return await self._read(lambda tables: tables.user(user_id))

    async def user_by_email(self, email: str) -> MirroredUser | None:
        """One user by email, compared without case."""
        from walkme_tui.store.mirror.search import by_email

        return await self._read(lambda tables: by_email(tables, email))

    async def groups(self) -> tuple[GroupSize, ...]:
        """All known groups with their known number of members, by name."""
        return await self._read(lambda tables: tables.groups.sizes())

    async def membership_gaps(self) -> MembershipGaps:
        """How many loaded users are in no group, inactive but still in groups, and of unknown groups."""
        return await self._scan(gaps)

    async def namesakes(self, names: Collection[str], limit: int) -> dict[str, list[User]]:
        """Loaded users by their full names, folded; at most ``limit`` of each."""
        from walkme_tui.store.mirror.people import namesakes

        return await self._scan(lambda tables: namesakes(tables, names, limit))

    async def has_active(self, role: str, besides: Collection[str]) -> bool:
        """True if a loaded active user with this role has none of these ids."""
        from walkme_tui.store.mirror.people import has_active

        return await self._scan(lambda tables: has_active(tables, role, besides))

    async def coverage(self) -> Coverage:
        """How much of the account is here."""
        return await self._read(lambda tables: tables.coverage())

    async def next_row_id(self) -> int:
        """The row id that the next new user gets."""
        return await self._read(Tables.next_row_id)

    async def note_sweep(self, sweep: Sweep) -> None:
        """Remember where the walk over the whole list stands."""
        await self._write(lambda tables: tables.save_sweep(sweep))

    async def tally(self, since_ms: int, before_row_id: int, created_before_ms: int) -> SeenCount:
        """How many listed users were described since, and how many of them surely stood in the list before."""
        return await self._scan(lambda tables: tally(tables, since_ms, before_row_id, created_before_ms))

    async def not_seen(self, since_ms: int, limit: int) -> Sequence[str]:
        """Ids of at most ``limit`` users whom no answer has described since."""
        return await self._scan(lambda tables: _at_once(not_seen(tables, since_ms, limit)))

    async def try_lead(self) -> bool:
        """Be the one process that walks over the whole list."""
        return await self._read(self._leadership.take)

    async def stop_leading(self) -> None:
        """Let others walk."""
        await self._read(lambda _: self._leadership.give_back())

    async def aclose(self) -> None:
        """Finish what is queued and close the file; may be called again."""
        for reader in self._beside.values():
            await reader.aclose()
        await self._writer.aclose()
        self._leadership.give_back()

    def _reader(self, name: str) -> Reader:
        """The connection beside the writer's; the writer's own while that is not open, or open in memory."""
        if not self._writer.file.is_on_disk:
            return self._writer
        if name not in self._beside:
            self._beside[name] = Reader(f"mirror {name}", MirrorFile(self._place, self._writer.file))
        return self._beside[name]

    async def _read(self, work: Callable[[Tables], R]) -> R:
        reader = self._reader("reads")
        try:
            result = await reader.thread.run(lambda: reader.file.read(work), Urgency.READ)
            if not self._aged:
                self._aged = True
                self._writer.thread.post(self._drop_aged())
        except Closed:
            raise _closed() from None
        return result

    async def _scan(self, steps: Callable[[Tables], Steps[R]], reader: Reader | None = None) -> R:
        reader = reader or self._reader("scans")
        try:
            return await reader.thread.scan(reader.file.scan(steps))
        except Closed:
            raise _closed() from None

    async def _write(self, work: Callable[[Tables], R]) -> R:
        try:
            return await self._writer.thread.write(self._writer.file.write_in_turn(work))
        except Closed:
            raise _closed() from None

    def _drop_aged(self) -> Steps[None]:
        assert self._max_age_days is not None  # noqa: S101 - else there is nothing to drop
        moment_ms = int((time() - self._max_age_days * DAY_SECONDS) * 1000)
        while aged := self._writer.file.read(lambda tables: tables.older_than(moment_ms, AGED_AT_ONCE)):
            yield from self._writer.file.write_in_turn(partial(Tables.forget_users, row_ids=aged))
            yield


class _Saving:
    """A page that waits to be saved; ``stored`` is what came of it."""

    def __init__(self, number: int, page: UserPage, fetched_at_ms: int) -> None:
        self.number = number
        self.page = page
        self.fetched_at_ms = fetched_at_ms
        self.stored: Stored | None = None


def _save_all(tables: Tables, together: Sequence[_Saving]) -> list[Stored]:
    return [tables.save_page(each.page, each.fetched_at_ms) for each in together]


def _execute(tables: Tables, statement: str) -> None:
    tables.connection.execute(statement)


def _at_once(result: R) -> Steps[R]:
    yield
    return result


def _now_ms() -> int:
    return int(time() * 1000)


def _closed() -> MirrorUnavailable:
    return MirrorUnavailable("The local copy is closed.")
