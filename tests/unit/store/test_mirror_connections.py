"""Readers beside the writer: they read what was just saved, open a new file, and do not wait for scans."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.file_system import files_aside
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps

FILE_PAGE = 4096
EVERYBODY = UserQuery(sort=Sort(SortKey.EMAIL))


def people(numbers: Iterable[int]) -> tuple[User, ...]:
    return tuple(User(f"u-{n}", f"u{n}@example.com", "Zoë", role="Admin", groups=("sales",)) for n in numbers)


def page(number: int, size: int = 10) -> UserPage:
    return UserPage(number, size, people(range((number - 1) * size, number * size)), 100_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mirror.sqlite3"


@pytest.fixture
async def mirror(path: Path) -> AsyncIterator[SqliteMirror]:
    opened = open_mirror(path, account_key="account")
    yield opened
    await opened.aclose()


def garble(path: Path) -> None:
    """Damage everything but the first page, which identifies the file as a database."""
    with path.open("r+b") as file:
        length = file.seek(0, 2)
        file.seek(FILE_PAGE)
        file.write(b"\xa5garbage" * ((length - FILE_PAGE) // 8))


async def test_every_connection_reads_what_was_just_saved(mirror: SqliteMirror) -> None:
    await mirror.coverage()
    for number in range(1, 40):
        stored = await mirror.save_page(page(number), 1000)
        last = number * 10 - 1
        assert len(await mirror.positions(0, last)) == number * 10
        assert len(await mirror.matching(UserQuery("zoe"))) == number * 10
        assert [user.user.id for user in await mirror.first(UserQuery(f"u{last}@"), 5)] == [f"u-{last}"]
        assert await mirror.coverage() == stored.coverage
        assert await mirror.next_row_id() == number * 10 + 1
        assert await mirror.user_by_email(f"U{last}@example.com") == await mirror.user(f"u-{last}")
        assert [size.known_members for size in await mirror.groups()] == [number * 10]
    await mirror.save_groups([Group("sales", "Field")])
    assert len(await mirror.matching(UserQuery("group:field"))) == 390
    await mirror.forget_user("u-7")
    assert await mirror.user("u-7") is None
    assert len(await mirror.matching(UserQuery(group_id="sales"))) == 389
    assert await mirror.has_active("Admin", []) is False


async def test_pages_saved_together_can_be_read_when_each_call_returns(mirror: SqliteMirror) -> None:
    await mirror.coverage()

    async def save_and_look(number: int) -> None:
        assert (await mirror.save_page(page(number), 1000)).added == tuple(
            user.id for user in people(range(number * 10 - 10, number * 10))
        )
        row = (await mirror.positions(number * 10 - 1, number * 10 - 1))[number * 10 - 1]
        assert isinstance(row, MirroredUser)
        assert row.row_id in await mirror.matching(UserQuery(row.user.id))

    await asyncio.gather(*(save_and_look(number) for number in range(1, 25)))
    assert (await mirror.coverage()).loaded == 240


@pytest.mark.parametrize("who_meets_it", ["writer", "reads", "scans"])
async def test_every_connection_opens_the_file_that_was_made_anew(
    mirror: SqliteMirror, path: Path, who_meets_it: str
) -> None:
    for number in range(1, 4):
        await mirror.save_page(page(number, 1000), 1000)
    assert len(await mirror.matching(EVERYBODY)) == 3000
    assert len(await mirror.positions(0, 9)) == 10
    await mirror._read(_checkpoint)
    garble(path)
    if who_meets_it == "writer":
        await mirror.save_page(page(2, 1000), 2000)
    elif who_meets_it == "reads":
        assert await mirror.positions(1500, 1600) == {}
    else:
        assert not await mirror.matching(UserQuery("u1500"))
    stored = await mirror.save_page(page(5, 1000), 3000)
    assert len(await mirror.positions(4000, 4999)) == 1000
    assert await mirror.coverage() == stored.coverage
    assert len(await mirror.matching(EVERYBODY)) == stored.coverage.loaded
    assert [user.user.id for user in await mirror.first(UserQuery("u4321"), 5)] == ["u-4321"]
    assert [notice for notice in mirror.notices if "damaged" in notice] == list(mirror.notices)
    assert len(mirror.notices) == len(files_aside(path)) == 1
    await mirror.aclose()
    again = open_mirror(path, account_key="account")
    assert await again.coverage() == stored.coverage
    assert not again.notices
    await again.aclose()


async def test_the_writer_opens_the_new_file_after_a_reader_found_damage(mirror: SqliteMirror, path: Path) -> None:
    await mirror.save_page(page(1), 1000)
    assert len(await mirror.positions(0, 9)) == len(await mirror.matching(EVERYBODY)) == 10
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE users SET extra = '{' WHERE row_id = 3")
    assert await mirror.positions(0, 9) == {}
    for number in range(2, 5):
        stored = await mirror.save_page(page(number), 2000)
        assert stored.coverage.loaded == (number - 1) * 10
        assert len(await mirror.positions(0, 99)) == len(await mirror.matching(EVERYBODY)) == (number - 1) * 10
        assert await mirror.coverage() == stored.coverage
    assert len(mirror.notices) == len(files_aside(path)) == 1


async def test_readers_and_writer_use_the_same_file_after_another_process_moved_it(
    mirror: SqliteMirror, path: Path
) -> None:
    await mirror.save_page(page(1), 1000)
    theirs = open_mirror(path, account_key="another account")
    assert await theirs.positions(0, 9) == {}
    await theirs.aclose()
    for number in range(2, 5):
        assert await mirror.positions(0, 9) == {}  # no users of the other account on any connection
        stored = await mirror.save_page(page(number), 2000)
        assert len(await mirror.positions(0, 99)) == len(await mirror.matching(EVERYBODY)) == stored.coverage.loaded


async def test_a_reader_that_cannot_open_the_file_raises_instead_of_being_empty(
    mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mirror.save_page(page(1), 1000)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)
        for reading in (mirror.positions(0, 9), mirror.matching(EVERYBODY)):
            with pytest.raises(MirrorUnavailable, match="cannot be read"):
                await reading
    assert len(await mirror.positions(0, 9)) == len(await mirror.matching(EVERYBODY)) == 10
    assert not mirror.notices


async def test_notices_about_the_location_appear_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts, home = tmp_path / "mountinfo", tmp_path / "home"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {home.resolve()} rw - nfs4 x rw\n")
    monkeypatch.setattr("walkme_tui.store.file_system.MOUNTS", mounts)
    mirror = open_mirror(home / "mirror.sqlite3", account_key="account", runtime_folder=tmp_path / "run")
    await mirror.save_page(page(1), 1000)
    assert len(await mirror.positions(0, 9)) == len(await mirror.matching(EVERYBODY)) == 10
    assert len(mirror.notices) == 1
    await mirror.aclose()


def _checkpoint(tables: Tables) -> None:
    tables.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


async def test_a_mirror_in_memory_has_one_connection() -> None:
    before = set(threading.enumerate())
    mirror = open_mirror(None, account_key="account")
    await mirror.save_page(page(1), 1000)
    seen: list[Tables] = [await mirror._read(lambda tables: tables)]
    seen += [await mirror._scan(_tables), await mirror._writer.write(lambda tables: tables)]
    seen.append(await mirror._reader("reads").scan(_tables))
    assert len({id(tables) for tables in seen}) == 1
    assert len(set(threading.enumerate()) - before) == 1
    assert len(await mirror.matching(UserQuery("zoe"))) == len(await mirror.first(UserQuery("zoe"), 80)) == 10
    await mirror.prepare_sorting()
    assert len(await mirror.matching(EVERYBODY)) == 10
    await mirror.aclose()
    assert set(threading.enumerate()) == before


def _tables(tables: Tables) -> Steps[Tables]:
    yield
    return tables


async def test_a_long_scan_blocks_neither_reads_nor_writes(mirror: SqliteMirror) -> None:
    await mirror.save_page(page(1), 1000)
    begun, enough = threading.Event(), threading.Event()

    def endless(tables: Tables) -> Steps[int]:
        looked_at = tables.connection.execute("SELECT row_id FROM users")
        assert looked_at.fetchone() is not None
        begun.set()
        enough.wait(30)
        yield
        return 1 + len(looked_at.fetchall())

    scan = asyncio.create_task(mirror._scan(endless))
    await asyncio.to_thread(begun.wait, 30)
    for number in range(2, 5):
        await mirror.save_page(page(number), 1000)
        assert len(await mirror.first(UserQuery("zoe"), 100)) == number * 10
        assert len(await mirror.positions(0, 99)) == number * 10
    assert not scan.done()
    enough.set()
    assert await scan == 10  # the number when it started
    assert len(await mirror.matching(UserQuery("zoe"))) == 40


@pytest.mark.parametrize("turns", [40])
async def test_a_cancelled_search_ends_and_does_not_affect_the_next(mirror: SqliteMirror, turns: int) -> None:
    for number in range(1, 4):
        await mirror.save_page(page(number, 1000), 1000)
    expected = [user.row_id for user in await mirror.first(UserQuery("zoe", sort=Sort(SortKey.NAME, True)), 80)]
    whole = await mirror.matching(UserQuery("-bo"))
    assert len(whole) == 3000
    for turn in range(turns):
        searches = [
            asyncio.create_task(mirror.first(UserQuery("-bo zoe", sort=Sort(SortKey.NAME)), 80)),
            asyncio.create_task(_list(mirror, UserQuery("-bo"))),
        ]
        for _ in range(turn % 5):
            await asyncio.sleep(0.0005)
        for search in searches:
            search.cancel()
        async with asyncio.timeout(10):
            found = await mirror.first(UserQuery("zoe", sort=Sort(SortKey.NAME, True)), 80)
            assert await mirror.matching(UserQuery("-bo")) == whole
        assert [user.row_id for user in found] == expected
        await asyncio.gather(*searches, return_exceptions=True)
    assert not mirror.notices


async def _list(mirror: SqliteMirror, query: UserQuery) -> list[int]:
    return list(await mirror.matching(query))
