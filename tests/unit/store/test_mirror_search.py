"""Searches: their results, other calls between their steps, and cancelling."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror import filter_sql, search
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps


@pytest.fixture
async def mirror() -> AsyncIterator[SqliteMirror]:
    opened = open_mirror(None, account_key="account")
    yield opened
    await opened.aclose()


@pytest.fixture(params=["in memory", "on disk"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteMirror]:
    """A mirror with one connection, or with several."""
    path = tmp_path / "mirror.sqlite3" if request.param == "on disk" else None
    opened = open_mirror(path, account_key="account")
    yield opened
    await opened.aclose()


def numbered_user(number: int) -> User:
    return User(
        id=f"{number:08x}-0000-4000-8000-000000000000",
        email=f"user{number}@example.com",
        first_name="Zoë" if number % 2 else "Bo",
        status="inactive" if number % 5 == 0 else "active",
        groups=("sales",) if number % 3 == 0 else (),
    )


async def filled(mirror: SqliteMirror, count: int) -> None:
    await mirror.save_page(UserPage(1, count, tuple(map(numbered_user, range(count))), count), 1000)


async def found(mirror: SqliteMirror, query: UserQuery) -> list[str]:
    row_ids = await mirror.matching(query)
    rows = await mirror.rows(row_ids)
    return [rows[row_id].user.id for row_id in row_ids]


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize(
    "query",
    [
        UserQuery(),
        UserQuery("ZOE"),
        UserQuery("zoe user1"),
        UserQuery(hide_inactive=True),
        UserQuery(group_id="sales"),
        UserQuery("bo", group_id="sales", hide_inactive=True),
        UserQuery("0000"),
    ],
    ids=str,
)
async def test_steps_of_any_length_find_the_same(
    mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch, step: int, query: UserQuery
) -> None:
    await filled(mirror, 40)
    await mirror.save_page(UserPage(1, 10, tuple(map(numbered_user, range(20, 30))), 30), 2000)  # 0 to 9 are unlisted
    expected = await found(mirror, query)
    monkeypatch.setattr(search, "STEP", step)
    assert await found(mirror, query) == expected
    assert expected == sorted(expected)  # in the order in which they were added, not in that of the list
    if not query.narrows:
        assert len(expected) == 40


async def test_an_id_is_found_by_its_beginning_whether_few_or_many_begin_so(
    mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(mirror, 40)
    assert await found(mirror, UserQuery("00000007-0000")) == [numbered_user(7).id]
    few = await found(mirror, UserQuery("0000001"))
    monkeypatch.setattr(filter_sql, "MOST_NAMED", 3)
    assert await found(mirror, UserQuery("0000001")) == few == [numbered_user(number).id for number in range(16, 32)]


async def test_text_that_cannot_be_stored_matches_nothing(mirror: SqliteMirror) -> None:
    await filled(mirror, 3)
    half = "\udcff"
    assert await found(mirror, UserQuery(half * 3)) == []
    assert await found(mirror, UserQuery(group_id=half)) == []
    assert await mirror.user(half) is None
    assert await mirror.user_by_email(half) is None


async def test_a_search_runs_in_steps(mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(mirror, 40)
    monkeypatch.setattr(search, "STEP", 4)
    for query in (UserQuery("zoe"), UserQuery(group_id="sales")):
        steps = await mirror._read(lambda tables, query=query: sum(1 for _ in search.matching(tables, query, 0, 0)))  # type: ignore[misc]  # mypy infers no types of lambda defaults
        assert steps >= 4


async def test_ages_in_a_filter_are_relative_to_now(mirror: SqliteMirror) -> None:
    now_ms = int(time.time() * 1000)
    users = [User("new", updated_at_ms=now_ms - 3_600_000), User("old", updated_at_ms=now_ms - 40 * 86_400_000)]
    await mirror.save_page(UserPage(1, 2, tuple(users), 2), now_ms)
    assert await found(mirror, UserQuery("updated:<30d")) == ["new"]
    assert [user.user.id for user in await mirror.first(UserQuery("updated:>30d"), 5)] == ["old"]


async def test_reads_and_writes_run_between_the_steps_of_a_search(mirror: SqliteMirror) -> None:
    await filled(mirror, 3)
    enough = threading.Event()

    def endless(tables: Tables) -> Steps[str]:
        while not enough.is_set():
            yield
        return "found"

    searching = asyncio.create_task(mirror._writer.thread.scan(mirror._writer.file.scan(endless)))
    assert len(await mirror.positions(0, 5)) == 3
    saving = asyncio.create_task(mirror.save_user(numbered_user(7), 2000))
    assert len(await mirror.positions(0, 5)) == 3
    assert not saving.done()  # reads come first, then searches, then writes
    enough.set()
    assert await searching == "found"
    assert (await saving).position is None


async def test_cancelling_interrupts_the_running_statement(either: SqliteMirror) -> None:
    await filled(either, 3)
    begun, interrupted = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def long(tables: Tables) -> Steps[None]:
        yield
        count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000000) SELECT count(*) FROM n"
        loop.call_soon_threadsafe(begun.set)
        try:
            tables.connection.execute(count).fetchone()
        except sqlite3.OperationalError:
            interrupted.set()
            raise

    task = asyncio.create_task(either._scan(long))
    await begun.wait()
    await asyncio.sleep(0.05)  # during the statement, which takes seconds
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await either.positions(0, 10)) == 3
    assert await asyncio.to_thread(interrupted.wait, 10)


async def test_a_cancelled_search_executes_no_more_steps(either: SqliteMirror) -> None:
    await either.coverage()
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    closed, ended = threading.Event(), threading.Event()

    def long(tables: Tables) -> Steps[None]:
        loop.call_soon_threadsafe(begun.set)
        try:
            for _ in range(100_000):
                yield
            ended.set()
        finally:
            closed.set()

    tasks = [asyncio.create_task(either._scan(long)) for _ in range(3)]
    await begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await filled(either, 3)
    assert await asyncio.to_thread(closed.wait, 10)
    assert not ended.is_set()
    assert len(await either.matching(UserQuery())) == 3


async def test_cancelling_many_searches_does_not_affect_other_calls(either: SqliteMirror) -> None:
    await filled(either, 2000)
    expected = await either.matching(UserQuery("zoe"))
    for turn in range(60):
        search_task = asyncio.create_task(either.matching(UserQuery("zoe user")))
        for _ in range(turn % 7):
            await asyncio.sleep(0)
        search_task.cancel()
        other = asyncio.create_task(either.positions(0, 300))
        await either.save_user(numbered_user(turn), 3000)
        assert len(await other) == 301
    assert await either.matching(UserQuery("zoe")) == expected
