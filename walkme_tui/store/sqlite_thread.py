"""A thread of its own for a database connection, so that the event loop never waits for a disk."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final, Generic, TypeAlias, TypeVar

R = TypeVar("R")

Steps: TypeAlias = Generator[None, None, R]
"""Work in steps, which returns its result: at each ``yield`` the thread may run something else first."""


class Urgency(IntEnum):
    """What runs first when several jobs are queued; jobs of one urgency run in the order of the calls."""

    READ = 0
    SCAN = 1
    WRITE = 2
    IDLE = 3


class _Job(Generic[R]):
    """Queued or running work; with ``error`` set, it ends with this error instead of its next step."""

    __slots__ = ("error", "future", "last_of_equals", "steps", "urgency")

    def __init__(self, steps: Steps[R], urgency: Urgency, *, last_of_equals: bool = False) -> None:
        self.steps: Final = steps
        self.urgency: Final = urgency
        self.last_of_equals: Final = last_of_equals
        """Between its steps what else is queued with the same urgency runs."""
        self.future: Final[Future[R]] = Future()
        self.error: BaseException | None = None

    def advance(self) -> bool:
        """Execute one step; True if there are more."""
        if self.error is not None:
            self.steps.close()
            self.future.set_exception(self.error)
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
    """Executes jobs one step at a time, by urgency.

    ``closed_error`` makes the error of calls that come after ``aclose``, and of writes that ``aclose`` interrupts while
    they wait for other processes. ``interrupt`` stops the SQL statement that is running; it is called from other
    threads, and only while the job that was cancelled is the one that runs.
    """

    def __init__(
        self, name: str, *, closed_error: Callable[[], Exception], interrupt: Callable[[], None] | None = None
    ) -> None:
        self._closed_error = closed_error
        self._interrupt = interrupt
        self._changed = threading.Condition()
        self._queues: tuple[deque[_Job[Any]], ...] = tuple(deque() for _ in Urgency)
        self._running: _Job[Any] | None = None
        self._last: _Job[None] | None = None
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], R], urgency: Urgency) -> R:
        """The result of ``work``; once it runs it is completed, even if the task is cancelled."""
        return await asyncio.wrap_future(self._put(_Job(_one_step(work), urgency)).future)

    async def write(self, steps: Steps[R]) -> R:
        """The result of a write, which is completed once it runs, even if the task is cancelled.

        Between its steps it waits for other processes. ``aclose`` does not wait with it: the write then raises the
        closed error.
        """
        return await asyncio.wrap_future(self._put(_Job(steps, Urgency.WRITE)).future)

    async def scan(self, steps: Steps[R]) -> R:
        """The result of a read in steps; if the task is cancelled, the running statement is interrupted."""
        return await self._run_cancellable(_Job(steps, Urgency.SCAN))

    async def share(self, steps: Steps[R]) -> R:
        """The result of a read in steps like ``scan``; between them the reads and writes run that are queued."""
        return await self._run_cancellable(_Job(steps, Urgency.WRITE, last_of_equals=True))

    async def _run_cancellable(self, job: _Job[R]) -> R:
        self._put(job)
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            self._cancel(job)
            raise

    def post(self, steps: Steps[None]) -> None:
        """Queue work for when there is nothing else to do; it is dropped without an error when the thread closes."""
        with self._changed:
            if self._last is None or self._fault is not None:
                self._enqueue(_Job(steps, Urgency.IDLE))

    async def aclose(self, last: Callable[[], None]) -> None:
        """Complete what is queued, execute ``last``, and end the thread; further calls wait for the same end."""
        with self._changed:
            if self._fault is not None:
                raise self._fault
            if self._last is None:
                for job in self._queues[Urgency.IDLE]:
                    job.error = self._closed_error()
                job = _Job(_one_step(last), Urgency.IDLE)
                job.future.set_running_or_notify_cancel()  # from here on a cancelled caller cannot take it back
                self._enqueue(job)
                self._last = job
            future = self._last.future
        try:
            await asyncio.wrap_future(future)
        finally:
            if future.done():
                self._thread.join()

    def _put(self, job: _Job[R]) -> _Job[R]:
        with self._changed:
            self._enqueue(job)
        return job

    def _enqueue(self, job: _Job[Any]) -> None:
        error = self._fault or (None if self._last is None else self._closed_error())
        if error is not None:
            job.steps.close()
            raise error
        self._queues[job.urgency].append(job)
        self._changed.notify()

    def _cancel(self, job: _Job[Any]) -> None:
        # No other job starts while the lock is held, so the interrupt cannot stop the statement of another one. SQLite
        # discards an interrupt that meets no statement when the next one starts.
        with self._changed:
            job.error = asyncio.CancelledError()
            if self._running is job and self._interrupt is not None:
                self._interrupt()

    def _serve(self) -> None:
        try:
            self._serve_until_closed()
        except BaseException as fault:  # noqa: BLE001 - it is raised by every call that waits, and by later ones
            self._fail(fault)

    def _fail(self, fault: BaseException) -> None:
        """End all calls with the error that broke the loop of this thread."""
        with self._changed:
            self._fault = fault
            left = [self._running, self._last, *(job for queue in self._queues for job in queue)]
        for job in left:
            if job is not None:
                with suppress(InvalidStateError):
                    job.future.set_exception(fault)

    def _serve_until_closed(self) -> None:
        while True:
            job = self._next()
            more = job.advance()
            with self._changed:
                self._running = None
                if more:
                    if self._last is not None and job.urgency >= Urgency.WRITE:
                        job.error = self._closed_error()
                    queue = self._queues[job.urgency]
                    (queue.append if job.last_of_equals else queue.appendleft)(job)
                elif job is self._last:
                    return

    def _next(self) -> _Job[Any]:
        with self._changed:
            while True:
                self._changed.wait_for(lambda: any(self._queues))
                job = next(queue for queue in self._queues if queue).popleft()
                self._running = job
                if job.future.running() or job.future.set_running_or_notify_cancel():
                    return job
                self._running = None
                job.steps.close()


def _one_step(work: Callable[[], R]) -> Steps[R]:
    yield from ()
    return work()
