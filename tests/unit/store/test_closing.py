"""Closing the mirror and the journal while calls run: each call returns or raises its own error, and no thread stays.

A call of a task that was not cancelled never raises ``CancelledError``.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import pytest

from tests.support.fake_directory import people
from tests.support.journals import ACTOR, all_jobs, journal_in, plan_for
from walkme_tui.domain.errors import JournalUnavailable, MirrorUnavailable, WalkmeError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.journal import file as journal_file
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.sqlite_thread import SqliteThread, Steps, Urgency

PAGE = UserPage(1, 5, tuple(people(5)), 5)
EVERYBODY = UserQuery()

MirrorCall = Callable[[SqliteMirror], Awaitable[object]]
READS: dict[str, MirrorCall] = {
    "positions": lambda mirror: mirror.positions(0, 4),
    "coverage": lambda mirror: mirror.coverage(),
    "first": lambda mirror: mirror.first(EVERYBODY, 5),
    "matching": lambda mirror: mirror.matching(EVERYBODY),
    "undecided": lambda mirror: mirror.undecided(EVERYBODY),
    "unknown_fields": lambda mirror: mirror.unknown_fields(),
    "nearest": lambda mirror: mirror.nearest(["zoe"]),
    "gaps": lambda mirror: mirror.membership_gaps(),
    "count_seen": lambda mirror: mirror.count_seen(0, 0, 0),
    "crawl lock": lambda mirror: mirror.acquire_crawl_lock(),
}
WRITES: dict[str, MirrorCall] = {
    "page": lambda mirror: mirror.save_page(PAGE, 2),
    "user": lambda mirror: mirror.save_user(User("u-1"), 2),
    "forget": lambda mirror: mirror.forget_user("u-1"),
    "groups": lambda mirror: mirror.save_groups((Group("g", "G"),)),
    "sweep": lambda mirror: mirror.save_sweep(Sweep(1, 1, 1, None, 1)),
    "sorting": lambda mirror: mirror.prepare_sorting(),
}


@contextmanager
def no_new_threads() -> Iterator[None]:
    """No thread but those of the event loop, which ends them itself."""
    before = set(threading.enumerate())
    yield
    new = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in new if not name.startswith("asyncio_")] == []


@asynccontextmanager
async def opened(path: Path | None) -> AsyncIterator[SqliteMirror]:
    """A mirror with a page in it and, on a disk, its connection for reads open; closed at the end."""
    mirror = open_mirror(path, account_key="account")
    await mirror.save_page(PAGE, 1)
    await mirror.coverage()
    try:
        yield mirror
    finally:
        await mirror.aclose()


async def after_turns(turns: int, call: Awaitable[object]) -> object:
    """The result of a call that starts after so many turns of the event loop, or its error."""
    for _ in range(turns):
        await asyncio.sleep(0)
    try:
        return await call
    except MirrorUnavailable as error:
        return error


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_a_call_while_the_mirror_closes_ends_and_leaves_no_thread(
    tmp_path: Path, name: str, in_memory: bool
) -> None:
    call = (READS | WRITES)[name]
    for turns in range(6):
        with no_new_threads():
            async with opened(None if in_memory else tmp_path / f"{turns}.sqlite3") as mirror:
                closing_mirror = asyncio.create_task(mirror.aclose())
                await asyncio.wait_for(after_turns(turns, call(mirror)), 30)
                await asyncio.wait_for(asyncio.gather(closing_mirror, mirror.aclose()), 30)
            with pytest.raises(MirrorUnavailable, match="closed"):
                await call(mirror)


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_that_waits_for_another_process_fails_when_the_mirror_closes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mirror.sqlite3"
    with no_new_threads():
        async with opened(path) as mirror:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                write = asyncio.ensure_future(WRITES[name](mirror))
                queued = [asyncio.create_task(mirror.save_page(PAGE, 3)) for _ in range(2)]
                await asyncio.sleep(0.05)
                await mirror.aclose()
                for task in (write, *queued):
                    with pytest.raises(MirrorUnavailable, match="closed"):
                        await task


async def test_a_read_is_not_lost_when_its_mirror_closes_before_old_users_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    async with opened(path):
        pass
    for turns in range(1, 6):
        mirror = open_mirror(path, account_key="account", max_age_days=36_500)
        reading = asyncio.ensure_future(mirror.positions(0, 4))
        for _ in range(turns):
            await asyncio.sleep(0)
        await mirror.aclose()
        assert len(await reading) == 5


async def test_the_other_connections_close_when_one_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_new_threads():
        mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="account")
        await mirror.save_page(PAGE, 1)
        await mirror.matching(EVERYBODY)
        await mirror.coverage()
        assert await mirror.acquire_crawl_lock()
        scans = mirror._reader("scans")
        real = scans.file.close

        def close() -> None:
            real()
            raise sqlite3.OperationalError("cannot close")

        monkeypatch.setattr(scans.file, "close", close)
        with pytest.raises(sqlite3.OperationalError):
            await mirror.aclose()
    other = open_mirror(tmp_path / "mirror.sqlite3", account_key="account")
    assert await other.acquire_crawl_lock()
    await other.aclose()


class Closed(Exception):
    """The error of calls on a closed thread."""


async def test_closing_completes_although_its_first_caller_is_cancelled() -> None:
    thread = SqliteThread("test", closed_error=Closed)
    begun, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        go_on.wait(30)
        return "done"

    running = asyncio.create_task(thread.run(work, Urgency.READ))
    await asyncio.to_thread(begun.wait, 30)
    cancelled = asyncio.create_task(thread.aclose(closed.set))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    go_on.set()
    await thread.aclose(lambda: None)
    assert closed.is_set()
    assert await running == "done"


async def test_at_close_scans_complete_and_waiting_writes_and_idle_work_end() -> None:
    thread = SqliteThread("test", closed_error=Closed)
    ended: list[str] = []

    def steps(name: str, count: int) -> Steps[str]:
        try:
            for _ in range(count):
                time.sleep(0.001)
                yield
            return name
        finally:
            ended.append(name)

    def idle() -> Steps[None]:
        yield from steps("idle", 10_000)

    scan = asyncio.create_task(thread.scan(steps("scan", 50)))
    write = asyncio.create_task(thread.write(steps("write", 10_000)))
    thread.post(idle())
    await asyncio.sleep(0.1)
    await thread.aclose(lambda: None)
    assert await scan == "scan"
    with pytest.raises(Closed):
        await write
    assert set(ended) >= {"scan", "write"}
    thread.post(idle())  # dropped without an error
    for call in (thread.scan(steps("late", 1)), thread.write(steps("late", 1)), thread.run(lambda: None, Urgency.READ)):
        with pytest.raises(Closed):
            await call


async def test_calls_while_the_journal_closes_end_and_leave_neither_thread_nor_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "lies_on_network", lambda folder: True)
    before = asyncio.all_tasks()
    for turns in range(12):
        with no_new_threads():
            journal = journal_in(tmp_path / str(turns))
            job = await journal.create(plan_for(1), ACTOR)
            memory = journal.write_support("acme", "https://x")
            calls = [
                asyncio.ensure_future(call)
                for call in (journal.claim(job.id), all_jobs(journal), memory.patch_refused(), journal.discard(job.id))
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            if turns > 8:
                await asyncio.wait(calls[:1])
            await asyncio.gather(journal.aclose(), journal.aclose())
            for result in await asyncio.gather(*calls, return_exceptions=True):
                assert not isinstance(result, BaseException) or isinstance(result, WalkmeError)
            assert asyncio.all_tasks() == before
            with pytest.raises(JournalUnavailable, match="closed"):
                await journal.claim(job.id)
        again = journal_in(tmp_path / str(turns))
        if (await again.job(job.id)).state.resumable:
            await again.claim(job.id)
            await again.release(job.id, JobState.INTERRUPTED)
        await again.aclose()


async def test_a_cancelled_close_of_the_journal_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "lies_on_network", lambda folder: True)
    journal = journal_in(tmp_path)
    job = await journal.create(plan_for(1), ACTOR)
    await journal.claim(job.id)
    closing_journal = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0)
    closing_journal.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing_journal
    await journal.aclose()
