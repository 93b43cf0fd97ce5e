"""The line to the service while a job runs: who is read, and what happens while nobody answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from walkme_tui.domain.errors import ApiError, RateLimited, ServiceUnavailable, WalkmeError
from walkme_tui.domain.users import User
from walkme_tui.services.changes.job_control import JobControl, JobStopped
from walkme_tui.services.ports import DirectoryApi

FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0
# So many people who alone cannot be read are left out; more of them are an outage by another name.
MAX_LEFT_OUT: Final = 3
PAUSED: Final = "Paused."

Sleep = Callable[[float], Awaitable[None]]


class PersonSkipped(Exception):
    """The service answers, only not about this user; ``error`` is what it does instead."""

    def __init__(self, error: ServiceUnavailable) -> None:
        super().__init__(error)
        self.error = error


class Told(Protocol):
    """Takes the reason of a pause and the seconds until the service is asked again; an empty reason ends the pause."""

    def __call__(self, why: str, seconds: float | None = None) -> None: ...


class OutageGate:
    """Reads users for a job, and holds all its steps back while the service cannot be used.

    Of all who meet the outage one looks whether it is over, by reading that user again after growing waits. ``told`` is
    called with the reason of a pause, and with nothing when it goes on.
    """

    def __init__(
        self,
        api: DirectoryApi,
        control: JobControl,
        told: Told,
        *,
        sleep: Sleep,
        monotonic: Callable[[], float],
    ) -> None:
        self._api = api
        self._control = control
        self._told = told
        self._sleep = sleep
        self._monotonic = monotonic
        self._usable = asyncio.Event()
        self._usable.set()
        self._proved = asyncio.Event()
        self._stopping = asyncio.Event()
        self._left_out = 0
        self.problem: WalkmeError | None = None
        """Why the run stops, None where nothing went wrong."""

    # ------------------------------------------------------------ stopping

    def stop(self, problem: WalkmeError | None = None) -> None:
        """Take no further step; the first problem is the one that counts."""
        if self.problem is None:
            self.problem = problem
        self._stopping.set()
        self._proved.set()

    def prove(self) -> None:
        """A step has come to its end: the service is there and takes changes."""
        self._proved.set()

    def leave_out(self, error: ServiceUnavailable) -> None:
        """One person cannot be read, and stays as they are; the job goes on with the others and is not done."""
        self._left_out += 1
        if self.problem is None:
            self.problem = error
        if self._left_out > MAX_LEFT_OUT:
            self.stop(error)

    @property
    def stopping(self) -> bool:
        """No further step is taken."""
        return self._stopping.is_set() or self._control.cancelled

    async def wait_stopping(self) -> None:
        """Return once ``stop`` was called."""
        await self._stopping.wait()

    # ------------------------------------------------------------ going

    async def wait_proved(self) -> None:
        """Return once a first step has come to its end: what would meet all of them, an outage or a right that is
        missing, is to cost one step only.
        """
        await self._proved.wait()

    async def clear(self) -> bool:
        """Wait until steps may be taken; True if that was not at once. Raises ``JobStopped``."""
        waited = False
        while True:
            if self.stopping:
                raise JobStopped
            if self._control.paused:
                waited = True
                self._told(PAUSED)
                await self._control.wait_resumed()
                self._told("")
            elif not self._usable.is_set():
                waited = True
                await self._usable.wait()
            else:
                return waited

    async def read(self, user_id: str) -> User:
        """The user as the server has them now, however long that takes.

        Raises ``JobStopped``, ``PersonSkipped`` and ``ApiError``, but never ``ServiceUnavailable``: that is waited out.
        """
        while True:
            try:
                return await self._api.get_user(user_id)
            except ServiceUnavailable as error:
                await self.wait_out(error, user_id)

    async def wait_out(self, error: ServiceUnavailable, user_id: str) -> None:
        """Return once the service answers again; ``JobStopped`` where that was given up, or ``PersonSkipped``."""
        if self._usable.is_set() and not self.stopping:
            self._usable.clear()
            try:
                await self._look_until_back(error, user_id)
            except ServiceUnavailable as last:
                self.stop(last)
            finally:
                self._usable.set()
        else:
            await self._usable.wait()
        if self.stopping:
            # Nobody waits for a service any more: what was left open by that is its reason.
            self.stop(error if not self._control.cancelled else None)
            raise JobStopped

    async def _look_until_back(self, error: ServiceUnavailable, user_id: str) -> None:
        """Look again and again; raises the last failure when the patience is at its end."""
        since, wait = self._monotonic(), FIRST_WAIT_SECONDS
        while True:
            asked = error.retry_after_seconds if isinstance(error, RateLimited) else None
            pause = max(wait, asked or 0.0)
            patience = self._control.patience_seconds
            left = None if patience is None else since + patience - self._monotonic()
            if left is not None and pause > left:
                raise error
            self._told(error.message, pause)
            await self._control.until_resumed(_asleep(self._sleep, pause))
            try:
                async with asyncio.timeout(None if left is None else left - pause):
                    await self._control.unless_cancelled(self._look(user_id, thorough=wait > FIRST_WAIT_SECONDS))
            except TimeoutError:
                raise error from None
            except ServiceUnavailable as again:
                error = again
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            except PersonSkipped:
                self._told("")
                raise
            else:
                self._told("")
                return

    async def _look(self, user_id: str, *, thorough: bool) -> None:
        """Ask for the user; any answer will do. A ``thorough`` look finds out whether there is one about others."""
        try:
            await self._ask(user_id)
        except ServiceUnavailable:
            if not thorough:
                raise
            await self._api.list_users(1, 1)
            try:
                # Once more: the outage may have ended between the two.
                await self._ask(user_id)
            except ServiceUnavailable as error:
                raise PersonSkipped(error) from error

    async def _ask(self, user_id: str) -> None:
        """Read the user; that there is an answer is all that counts."""
        try:
            await self._api.get_user(user_id)
        except ServiceUnavailable:
            raise
        except ApiError:
            return


async def _asleep(sleep: Sleep, seconds: float) -> None:
    await sleep(seconds)
