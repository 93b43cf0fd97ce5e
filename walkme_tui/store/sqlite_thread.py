"""A thread of its own for a database, so that the event loop never waits on a disk."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final, Generic, TypeAlias, TypeVar

R = TypeVar("R")

Steps: TypeAlias = Generator[None, None, R]


class Urgency(IntEnum):
    """Who goes first when several wait; those alike go in the order they came."""

    READ = 0
    SCAN = 1
    WRITE = 2
    IDLE = 3


class Closed(Exception):
    """The thread has been told to end and takes nothing more."""


class _Job(Generic[R]):
    """Work in steps: between two of them others may be served."""

    __slots__ = ("abandoned", "future", "steps", "urgency")

    def __init__(self, steps: Steps[R], urgency: Urgency) -> None:
        self.steps: Final = steps
        self.urgency: Final = urgency
        self.future: Final[Future[R]] = Future()
        self.abandoned = False

    def advance(self) -> bool:
        """Do one step; True if there is more to do."""
        if self.abandoned:
            self.steps.close()
            self.future.set_exception(CancelledError())
            return False
        try:
            next(self.steps)
        except StopIteration as end:
            self.future.set_result(end.value)
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            self.future.set_exception(error)
        else:
            return True
        return False


class SqliteThread:
    """Runs work one piece at a time, by urgency.

    ``interrupt`` stops the statement that is running; it is called from other threads, and only while the work that
    was abandoned is the one that runs.
    """

    def __init__(self, name: str, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._waiting = threading.Condition()
        self._queues: tuple[deque[_Job[Any]], ...] = tuple(deque() for _ in Urgency)
        self._running: _Job[Any] | None = None
        self._closing = False
        self._ended: _Job[None] | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], R], urgency: Urgency) -> R:
        """The result of ``work``; when the task is cancelled, work that has begun is finished all the same."""
        job = self._put(_Job(_one_step(work), urgency))
        return await asyncio.wrap_future(job.future)

    async def write(self, steps: Steps[R]) -> R:
        """The result of a write, which is finished all the same when the task is cancelled.

        Between its steps it waits for other processes; a thread that is told to end does not wait with it.
        """
        return await asyncio.wrap_future(self._put(_Job(steps, Urgency.WRITE)).future)

    async def scan(self, steps: Steps[R]) -> R:
        """The result of a reading in steps; when the task is cancelled, the running statement is interrupted."""
        job = self._put(_Job(steps, Urgency.SCAN))
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._abandon(job)
            raise

    def post(self, steps: Steps[None]) -> None:
        """Have something done when there is nothing else to do; it is dropped when the thread is told to end."""
        self._put(_Job(steps, Urgency.IDLE))

    async def aclose(self, last: Callable[[], None]) -> None:
        """Finish what is queued, do ``last``, and end the thread; more calls wait for the same end."""
        if self._fault is not None:
            raise self._fault
        if self._ended is None:
            self._ended = _Job(_one_step(last), Urgency.IDLE)
            with self._waiting:
                self._closing = True
                for job in self._queues[Urgency.IDLE]:
                    job.abandoned = True
                self._queues[Urgency.IDLE].append(self._ended)
                self._waiting.notify()
        await asyncio.shield(asyncio.wrap_future(self._ended.future))
        self._thread.join()

    def _put(self, job: _Job[R]) -> _Job[R]:
        with self._waiting:
            if self._fault is not None:
                job.steps.close()
                raise self._fault
            if self._closing:
                job.steps.close()
                raise Closed
            self._queues[job.urgency].append(job)
            self._waiting.notify()
        return job

    def _abandon(self, job: _Job[Any]) -> None:
        # While the lock is held no other work begins, so the interruption cannot meet another's statement. SQLite
        # forgets an interruption that meets no statement when the next one begins.
        with self._waiting:
            job.abandoned = True
            if self._running is job:
                self._interrupt()

    def _serve(self) -> None:
        try:
            self._serve_until_ended()
        except BaseException as fault:  # noqa: BLE001 - it is raised by every call that waits, and by later ones
            self._fail(fault)

    def _fail(self, fault: BaseException) -> None:
        """The loop itself broke: nothing more is done here."""
        with self._waiting:
            self._fault = fault
            left = [self._running, self._ended, *(job for queue in self._queues for job in queue)]
        for job in left:
            if job is not None:
                with suppress(InvalidStateError):
                    job.future.set_exception(fault)

    def _serve_until_ended(self) -> None:
        while True:
            job = self._next()
            more = job.advance()
            with self._waiting:
                self._running = None
                if more:
                    job.abandoned = job.abandoned or (self._closing and job.urgency >= Urgency.WRITE)
                    self._queues[job.urgency].appendleft(job)
            if job is self._ended:
                return

    def _next(self) -> _Job[Any]:
        with self._waiting:
            while True:
                self._waiting.wait_for(lambda: any(self._queues))
                job = next(queue for queue in self._queues if queue).popleft()
                self._running = job
                if job.future.running() or job.future.set_running_or_notify_cancel():
                    return job
                self._running = None
                job.steps.close()


def _one_step(work: Callable[[], R]) -> Steps[R]:
    yield from ()
    return work()
