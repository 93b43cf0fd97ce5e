"""Holds the steps of a job back while the service cannot be used."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from walkme_tui.domain.errors import ApiError, RateLimited, ServiceUnavailable, Unreachable, WalkmeError
from walkme_tui.services.changes.job_control import JobControl, JobStopped
from walkme_tui.services.ports.directory_api import DirectoryApi
from walkme_tui.services.waiting import Sleep

T = TypeVar("T")

Read = Callable[[], Awaitable[object]]
"""Reads one user, by id or by email."""

FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0
# Beyond the job's patience a read may take this long: one attempt of a call about one user.
READ_SECONDS: Final = 15.0
# Up to so many users who alone cannot be read are skipped; more of them are an outage.
MAX_SKIPPED: Final = 3
PAUSED: Final = "Paused."


class UserSkipped(Exception):
    """The service answers requests, but not those about one user; ``error`` is the last failure."""

    def __init__(self, error: ServiceUnavailable) -> None:
        super().__init__(error)
        self.error = error


class PauseListener(Protocol):
    """Receives the reason of a pause and the seconds until the next request; an empty reason ends the pause."""

    def __call__(self, why: str, seconds: float | None = None) -> None: ...


class OutageGate:
    """Reads users for a job, and holds all its steps back while the service cannot be used.

    During an outage one task reads its user again after growing waits, until the service answers; the others wait for
    it. ``on_pause`` receives the reason of a pause, and an empty one when it ends.
    """

    def __init__(
        self,
        api: DirectoryApi,
        control: JobControl,
        on_pause: PauseListener,
        *,
        sleep: Sleep,
        monotonic: Callable[[], float],
    ) -> None:
        self._api = api
        self._control = control
        self._on_pause = on_pause
        self._sleep = sleep
        self._monotonic = monotonic
        self._usable = asyncio.Event()
        self._usable.set()
        self._step_settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._skipped = 0
        self._writes_refused_since: float | None = None
        self.problem: WalkmeError | None = None
        """Why the run stops, None where nothing went wrong."""

    # ------------------------------------------------------------ stopping

    def stop(self, problem: WalkmeError | None = None) -> None:
        """Start no further step; the first problem is the one that is reported."""
        if self.problem is None:
            self.problem = problem
        self._stopping.set()
        self._step_settled.set()

    def note_settled(self) -> None:
        """A step was settled: the service can be used."""
        self._writes_refused_since = None
        self._step_settled.set()

    def skip_user(self, error: ServiceUnavailable) -> None:
        """Skip one user; the job continues with the others and stays unfinished."""
        self._skipped += 1
        if self.problem is None:
            self.problem = error
        if self._skipped > MAX_SKIPPED:
            self.stop(error)

    @property
    def stopping(self) -> bool:
        """No further step starts."""
        return self._stopping.is_set() or self._control.cancelled

    async def wait_stopping(self) -> None:
        """Return once ``stop`` was called."""
        await self._stopping.wait()

    # ------------------------------------------------------------ waiting

    async def wait_settled(self) -> None:
        """Return once a first step was settled: an outage or a missing scope then costs one step, not one per task."""
        await self._step_settled.wait()

    async def wait_open(self) -> bool:
        """Wait until steps may start; True if that took time. Raises ``JobStopped``."""
        waited = False
        while True:
            if self.stopping:
                raise JobStopped
            if self._control.paused:
                waited = True
                self._on_pause(PAUSED)
                await self._control.wait_resumed()
                self._on_pause("")
            elif not self._usable.is_set():
                waited = True
                await self._usable.wait()
            else:
                return waited

    async def read(self, read: Callable[[], Awaitable[T]]) -> T:
        """The result of reading one user; waits until an outage is over.

        Raises ``JobStopped``, ``UserSkipped`` and ``ApiError``, but not ``ServiceUnavailable``.
        """
        patience = self._control.patience_seconds
        limit = None if patience is None else patience + READ_SECONDS
        while True:
            try:
                async with asyncio.timeout(limit):
                    return await read()
            except TimeoutError:
                # A pause that the server requested, or retries within the call, outlast the job's patience.
                self.stop(Unreachable(f"The service did not answer within {limit:g} s.", hint="Resume the job later."))
                raise JobStopped from None
            except ServiceUnavailable as error:
                await self.wait_out(error, read)

    async def wait_after_refused_write(self, error: ServiceUnavailable, read: Read) -> None:
        """Wait as ``wait_out`` does after a write that was not accepted.

        Reads may work all the while, so that the job's patience counts from the first such write since a step was
        settled: then ``JobStopped``, with ``error`` as the problem.
        """
        now, patience = self._monotonic(), self._control.patience_seconds
        if self._writes_refused_since is None:
            self._writes_refused_since = now
        if patience is not None and now - self._writes_refused_since >= patience:
            self.stop(error)
            raise JobStopped
        await self.wait_out(error, read)

    async def wait_out(self, error: ServiceUnavailable, read: Read) -> None:
        """Return once the service answers again. Raises ``JobStopped`` when the patience is over, ``UserSkipped``."""
        if self._usable.is_set() and not self.stopping:
            self._usable.clear()
            try:
                await self._read_until_answered(error, read)
            except ServiceUnavailable as last:
                self.stop(last)
            finally:
                self._usable.set()
        else:
            await self._usable.wait()
        if self.stopping:
            self.stop(error if not self._control.cancelled else None)
            raise JobStopped

    async def _read_until_answered(self, error: ServiceUnavailable, read: Read) -> None:
        """Read a user again and again; raises the last failure when the patience is over."""
        since, wait = self._monotonic(), FIRST_WAIT_SECONDS
        while True:
            requested = error.retry_after_seconds if isinstance(error, RateLimited) else None
            pause = max(wait, requested or 0.0)
            patience = self._control.patience_seconds
            left = None if patience is None else since + patience - self._monotonic()
            if left is not None and pause > left:
                raise error
            self._on_pause(error.message, pause)
            await self._control.until_resumed(self._sleep(pause))
            try:
                async with asyncio.timeout(None if left is None else left - pause):
                    await self._control.unless_cancelled(self._try_to_read(read, others=wait > FIRST_WAIT_SECONDS))
            except TimeoutError:
                raise error from None
            except ServiceUnavailable as again:
                error = again
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            except UserSkipped:
                self._on_pause("")
                raise
            else:
                self._on_pause("")
                return

    async def _try_to_read(self, read: Read, *, others: bool) -> None:
        """Return if the server answers about the user; ``others``: ``UserSkipped`` if only about others."""
        try:
            await _answered(read)
        except ServiceUnavailable:
            if not others:
                raise
            await self._api.list_users(1, 1)
            try:
                # The outage may have ended between the two requests.
                await _answered(read)
            except ServiceUnavailable as error:
                raise UserSkipped(error) from error


async def _answered(read: Read) -> None:
    """Read the user; every answer counts, a refusal too. Raises ``ServiceUnavailable`` where none comes."""
    try:
        await read()
    except ServiceUnavailable:
        raise
    except ApiError:
        return
