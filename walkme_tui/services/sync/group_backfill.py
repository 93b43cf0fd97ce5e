"""Group backfill: reads users one by one where the server's list does not contain their groups."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from walkme_tui.domain.errors import (
    ApiError,
    MirrorUnavailable,
    NotFound,
    ServerFault,
    ServiceUnavailable,
    UnexpectedAnswer,
    WalkmeError,
)
from walkme_tui.domain.groups import Belonging
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.backoff import NEEDS_USER_ACTION, LoadFailure, retry_pause_seconds
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import Event
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.progress import Speed
from walkme_tui.services.waiting import Sleep, Wakeup

if TYPE_CHECKING:
    from walkme_tui.domain.mirrored import MirroredUser

UNKNOWN_GROUPS: Final = UserQuery(belonging=Belonging.UNKNOWN)
MAX_CONCURRENT: Final = 4
"""Requests under way: enough for 10 a second at 400 ms, and half of ``max_in_flight`` stays free for the user."""
WINDOW: Final = 100
PUBLISH_SECONDS: Final = 2.0
"""Events are published in batches, because each makes every listing read again."""
# A user is left out after so many failures, where others were read between them and where none was.
MAX_FAILURES_BESIDE_OTHERS: Final = 3
MAX_FAILURES_ALONE: Final = 10
# The backfill stops after so many answers without groups and none with them.
MAX_WITHOUT_GROUPS: Final = 20


class BackfillCost(NamedTuple):
    """The cost of a backfill: one request for each of ``unknown`` users, of which ``in_view`` belong to the view.

    ``not_loaded`` users are not loaded yet. ``per_second`` is the permitted rate at this moment.
    """

    unknown: int
    in_view: int
    not_loaded: int
    per_second: float


class BackfillProgress(NamedTuple):
    """The progress of a backfill: of ``total`` users the groups of ``read`` are known.

    ``gone`` were deleted, ``refused`` could not be read, and the server sent ``without_groups`` without groups.
    ``per_second`` is the recent rate; ``seconds_left`` is None while unknown. After ``failure`` it makes no request for
    another ``waiting_seconds``.
    """

    total: int = 0
    read: int = 0
    gone: int = 0
    refused: int = 0
    without_groups: int = 0
    per_second: float = 0.0
    seconds_left: float | None = None
    failure: WalkmeError | None = None
    waiting_seconds: float = 0.0

    @property
    def done(self) -> int:
        """The number of users who need no request any more."""
        return self.read + self.gone + self.refused + self.without_groups


class GroupBackfill:
    """Requests users one by one at background priority and stores them; one a session.

    Users whose groups are known are not requested, so that it continues where it stopped, also after a restart.
    """

    def __init__(
        self,
        session: Session,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._directory = Directory(session, self._publish_soon)
        self._monotonic = monotonic
        self._wakeup = Wakeup(sleep)
        self.running = False
        self.stopping = False
        self._counts = BackfillProgress()
        self._speed = Speed()
        self._reset()

    def _reset(self) -> None:
        self.stopping = False
        self._counts = BackfillProgress()
        self._speed.reset()
        self._problem: WalkmeError | None = None
        self._failure: LoadFailure | None = None
        self._streak = 0
        self._failed: dict[int, _Failures] = {}
        self._settled: set[int] = set()
        self._server_sends_groups = False
        self._order: Sequence[int] = ()
        self._at = 0
        self._ready: deque[MirroredUser] = deque()
        self._filling = asyncio.Lock()
        self._unpublished: list[Event] = []
        self._published_at = self._monotonic()

    # ------------------------------------------------------------ cost and progress

    async def cost(self, view: UserQuery) -> BackfillCost:
        """The cost of reading all users, and those of a view; raises ``MirrorUnavailable``."""
        mirror = self._session.mirror
        unknown = len(await mirror.matching(UNKNOWN_GROUPS))
        in_view = len(await mirror.matching(_unknown_of(view))) if view.narrows else unknown
        coverage = await mirror.coverage()
        not_loaded = max(0, coverage.total - coverage.loaded) if coverage.total is not None else 0
        return BackfillCost(unknown, in_view, not_loaded, self._session.api.traffic().permitted_per_second)

    @property
    def progress(self) -> BackfillProgress:
        """The progress at this moment; cheap, for every tick of a clock."""
        counts = self._counts
        speed = self._speed.per_second(self._monotonic()) if self.running else 0.0
        left = (counts.total - counts.done) / speed if speed > 0 else None
        failure, waiting = self._failure, 0.0
        if failure is not None and failure.retry_at is not None:
            waiting = max(0.0, failure.retry_at - self._monotonic())
        return counts._replace(
            per_second=speed,
            seconds_left=left,
            failure=failure.error if failure is not None else None,
            waiting_seconds=waiting,
        )

    def stop(self) -> None:
        """Make no more requests; ``run`` returns once the responses under way are stored."""
        self.stopping = True
        self._wakeup.call()

    # ------------------------------------------------------------ reading

    async def run(self, first: UserQuery, *, only: bool = False) -> BackfillProgress:
        """Read the users of a view, then (unless ``only``) all others, until all are read or ``stop`` is called.

        Users who are loaded meanwhile are read too. Raises ``SignInRefused``, ``PermissionRefused``,
        ``ConfigurationError`` or ``MirrorUnavailable``; what arrived until then is stored.
        """
        self._reset()
        self.running = True
        queries = [_unknown_of(first)] if only else [_unknown_of(first), UNKNOWN_GROUPS]
        try:
            self._expect(len(await self._session.mirror.matching(queries[-1])))
            for query in dict.fromkeys(queries):
                while not self.stopping and await self._find(query):
                    async with asyncio.TaskGroup() as tasks:
                        for _ in range(MAX_CONCURRENT):
                            tasks.create_task(self._work())
            self._publish()
        finally:
            self.running, self._failure = False, None
        if self._problem is not None:
            raise self._problem
        return self.progress

    def _expect(self, left: int) -> None:
        self._counts = self._counts._replace(total=max(self._counts.total, self._counts.done + left))

    async def _find(self, query: UserQuery) -> bool:
        """Find the users that are still to be read, in the order they were stored; False if there are none."""
        self._order, self._at = await self._session.mirror.matching(query), 0
        if all(row_id in self._settled for row_id in self._order):
            return False
        self._expect(len(self._order) - len(self._settled))
        return True

    async def _work(self) -> None:
        """Read one user after the other until none is left."""
        try:
            while (user := await self._next()) is not None and await self._wait_for_retry():
                await self._read(user)
        except MirrorUnavailable as error:
            self._give_up(error)

    async def _next(self) -> "MirroredUser | None":
        async with self._filling:
            while not self._ready and self._at < len(self._order):
                window = [row_id for row_id in self._order[self._at : self._at + WINDOW] if row_id not in self._settled]
                self._at += WINDOW
                rows = await self._session.mirror.rows(window)
                # Other requests may have read users meanwhile, or found them gone.
                users = [rows[row_id] for row_id in window if row_id in rows]
                left = [user for user in users if user.user.groups is UNKNOWN]
                self._ready.extend(left)
                self._count(read=len(users) - len(left), gone=len(window) - len(users))
            return self._ready.popleft() if self._ready and not self.stopping else None

    async def _read(self, user: "MirroredUser") -> None:
        requested_at_ms, streak = self._session.clock(), self._streak
        try:
            answer = await self._session.api.get_user(user.user.id, Priority.BACKGROUND)
        except NotFound:
            await self._directory.forget(user.user.id)
            self._count(gone=1)
        except ServiceUnavailable as error:
            self._handle_failure(user, error, streak)
        except NEEDS_USER_ACTION as error:
            self._give_up(error)
        except ApiError:
            self._settled.add(user.row_id)
            self._count(refused=1)
        else:
            await self._store(user, answer, requested_at_ms)

    async def _store(self, user: "MirroredUser", answer: User, requested_at_ms: int) -> None:
        self._streak, self._failure = 0, None
        await self._directory.store(answer, requested_at_ms)
        if answer.id != user.user.id:
            self._settled.add(user.row_id)  # another user arrived: the requested one stays unknown
            self._count(refused=1)
        elif answer.groups is UNKNOWN:
            self._settled.add(user.row_id)
            self._count(without_groups=1)
            if self._counts.without_groups >= MAX_WITHOUT_GROUPS and not self._server_sends_groups:
                self.stop()
        else:
            self._server_sends_groups = True
            self._count(read=1)

    # ------------------------------------------------------------ failing

    def _handle_failure(self, user: "MirroredUser", error: ServiceUnavailable, streak: int) -> None:
        """Pause before the next request; leave out a user who fails repeatedly."""
        failures = self._failed.get(user.row_id, _Failures(0, 0, -1))
        failures = _Failures(
            failures.beside_others + (self._counts.done > failures.done_then),
            failures.by_the_server + isinstance(error, ServerFault | UnexpectedAnswer),
            self._counts.done,
        )
        self._failed[user.row_id] = failures
        if failures.beside_others >= MAX_FAILURES_BESIDE_OTHERS or failures.by_the_server >= MAX_FAILURES_ALONE:
            self._settled.add(user.row_id)
            self._count(refused=1)
            return
        self._ready.append(user)
        pause = retry_pause_seconds(error, streak + 1) or 0.0
        self._streak = streak + 1
        self._failure = LoadFailure(error, self._monotonic() + pause)
        self._publish()

    async def _wait_for_retry(self) -> bool:
        """Wait for the end of a pause after a failure; False if the backfill stops."""
        while not self.stopping and self._failure is not None and self._failure.retry_at is not None:
            pause = self._failure.retry_at - self._monotonic()
            if pause <= 0:
                break
            await self._wakeup.wait(pause)
        return not self.stopping

    def _give_up(self, error: WalkmeError) -> None:
        if self._problem is None:
            self._problem = error
        self.stop()

    # ------------------------------------------------------------ publishing

    def _count(self, *, read: int = 0, gone: int = 0, refused: int = 0, without_groups: int = 0) -> None:
        before = self._counts
        self._counts = before._replace(
            read=before.read + read,
            gone=before.gone + gone,
            refused=before.refused + refused,
            without_groups=before.without_groups + without_groups,
        )
        self._speed.note(self._monotonic(), self._counts.done)

    def _publish_soon(self, event: Event) -> None:
        self._unpublished.append(event)
        if self._monotonic() - self._published_at >= PUBLISH_SECONDS:
            self._publish()

    def _publish(self) -> None:
        self._published_at = self._monotonic()
        unpublished, self._unpublished = self._unpublished, []
        for event in unpublished:
            self._session.events.publish(event)


class _Failures(NamedTuple):
    """Failures of one user: with others read between them, and server errors; ``done_then`` at the last one."""

    beside_others: int
    by_the_server: int
    done_then: int


def _unknown_of(view: UserQuery) -> UserQuery:
    """The users of a view whose groups are unknown."""
    return UserQuery(view.text, hide_inactive=view.hide_inactive, belonging=Belonging.UNKNOWN)
