"""The mirror's file: its permissions, and what happens when it cannot be used."""

import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.file_system import files_aside
from walkme_tui.store.mirror.layout import LAYOUT
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.sqlite_thread import Steps, Urgency

if TYPE_CHECKING:
    from walkme_tui.services.ports.mirror import Mirror

PAGE = 4096


def page(number: int, size: int = 10, total: int = 10_000) -> UserPage:
    first = (number - 1) * size
    rows = tuple(User(id=f"u-{n}", email=f"u{n}@example.com", groups=("sales",)) for n in range(first, first + size))
    return UserPage(number, size, rows, total)


def opened(path: Path | None) -> SqliteMirror:
    return open_mirror(path, account_key="acme")


async def made(path: Path, pages: int = 1, size: int = 10) -> None:
    mirror = opened(path)
    for number in range(1, pages + 1):
        await mirror.save_page(page(number, size), 1000)
    await mirror.aclose()
    assert not mirror.notices


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def garbled(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(0, 2)
        length = file.tell() - start
        file.seek(start)
        file.write(b"\xa5garbage" * (length // 8))


async def set_for_writing(mirror: SqliteMirror, setting: str) -> None:
    """Execute a statement on the writing connection."""
    file = mirror._writer.file
    work = partial(file.read, lambda tables: tables.connection.execute(f"PRAGMA {setting}").fetchall())
    await mirror._writer.thread.run(work, Urgency.READ)


async def test_saved_data_is_loaded_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "acme" / "mirror.sqlite3"
    first: Mirror = opened(path)
    await first.save_page(page(1), 1000)
    await first.save_groups([Group("sales", "Sales")])
    expected = await first.positions(0, 9), await first.coverage(), await first.groups()
    await first.aclose()
    second: Mirror = opened(path)
    assert (await second.positions(0, 9), await second.coverage(), await second.groups()) == expected
    assert list(second.notices) == []
    await second.aclose()


async def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "acme" / "mirror.sqlite3"
    mirror = opened(path)
    await mirror.save_page(page(1), 1000)
    files = files_in(path.parent)
    assert [file.name for file in files] == ["mirror.sqlite3", "mirror.sqlite3-shm", "mirror.sqlite3-wal"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await mirror.aclose()
    assert files_in(path.parent) == [path]


async def test_a_mirror_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mirror = opened(None)
    await mirror.save_page(page(1), 1000)
    assert len(await mirror.matching(UserQuery("u3"))) == 1
    await mirror.aclose()
    assert files_in(tmp_path) == []


async def test_calls_after_closing_raise_and_closing_twice_is_allowed(tmp_path: Path) -> None:
    mirror = opened(tmp_path / "mirror.sqlite3")
    saving = asyncio.create_task(mirror.save_page(page(1), 1000))
    await asyncio.sleep(0)
    await asyncio.gather(mirror.aclose(), mirror.aclose())
    assert (await saving).coverage.loaded == 10  # the queued page was saved
    for call in (mirror.coverage(), mirror.matching(UserQuery("u")), mirror.save_groups([])):
        with pytest.raises(MirrorUnavailable, match="closed"):
            await call


async def test_a_mirror_that_was_never_used_closes(tmp_path: Path) -> None:
    await opened(tmp_path / "mirror.sqlite3").aclose()
    assert files_in(tmp_path) == []


# ------------------------------------------------------------ damage


async def test_a_file_that_is_no_database_is_moved_aside_and_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    for content in (b"not a database, but long enough to be looked at " * 100, b"another one " * 500):
        path.write_bytes(content)
        mirror = opened(path)
        assert await mirror.positions(0, 9) == {}
        assert (await mirror.save_page(page(1), 1000)).coverage.loaded == 10
        (notice,) = mirror.notices
        assert "damaged" in notice
        await mirror.aclose()
        (aside,) = files_aside(path)  # only one is kept
        assert aside.name in notice
        assert aside.read_bytes() == content
        assert aside.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("call", ["positions", "matching", "save_page", "coverage", "save_user", "forget_user"])
async def test_a_call_that_finds_damage_succeeds_on_a_new_file(tmp_path: Path, call: str) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path, pages=4, size=1000)
    mirror = opened(path)
    await mirror.coverage()
    garbled(path, PAGE)  # the first page is intact: the file still looks like a mirror
    if call == "positions":
        assert await mirror.positions(2000, 2100) == {}
    elif call == "matching":
        assert list(await mirror.matching(UserQuery("u77"))) == []
    elif call == "save_page":
        assert (await mirror.save_page(page(2, 1000), 2000)).coverage.loaded == 1000
    elif call == "save_user":
        assert (await mirror.save_user(User("new"), 2000)).user.id == "new"
    elif call == "forget_user":
        await mirror.forget_user("u-77")
    else:
        assert (await mirror.user("u-3500")) is None
    (notice,) = mirror.notices
    assert "damaged" in notice
    assert len(files_aside(path)) == 1
    assert (await mirror.save_page(page(1), 2000)).coverage.loaded >= 10
    assert len(await mirror.matching(UserQuery(group_id="sales"))) >= 10
    await mirror.aclose()
    again = opened(path)
    assert len(await again.positions(0, 9)) == 10
    assert not again.notices
    await again.aclose()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE users SET extra = '{' WHERE row_id = 3",
        "UPDATE users SET groups = '77' WHERE row_id = 3",
        "UPDATE users SET email = CAST(X'ff' AS TEXT) WHERE row_id = 3",
    ],
)
async def test_an_impossible_row_is_damage(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path)
    connection = sqlite3.connect(path)
    connection.execute(damage)
    connection.commit()
    connection.close()
    mirror = opened(path)
    assert await mirror.positions(0, 9) == {}
    assert len(mirror.notices) == 1
    await mirror.aclose()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (f"PRAGMA user_version = {LAYOUT + 1}", "newer version"),
        ("DROP TABLE memberships", "tables"),
        ("PRAGMA user_version = 0", "another program"),
        ("DELETE FROM state", "no account"),
    ],
)
async def test_a_file_with_another_layout_is_moved_aside(tmp_path: Path, change: str, word: str) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path)
    connection = sqlite3.connect(path)
    connection.execute(change)
    connection.commit()
    connection.close()
    mirror = opened(path)
    assert await mirror.positions(0, 9) == {}
    (notice,) = mirror.notices
    assert word in notice
    assert len(files_aside(path)) == 1
    await mirror.aclose()


async def test_a_file_of_an_older_layout_is_deleted_and_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE users (row_id INTEGER PRIMARY KEY, id); PRAGMA user_version = 1;")
    connection.close()
    mirror = opened(path)
    assert await mirror.positions(0, 9) == {}
    (notice,) = mirror.notices
    assert "made by an older version" in notice
    assert "deleted" in notice
    assert (await mirror.save_page(page(1), 1000)).coverage.loaded == 10
    await mirror.aclose()
    assert files_in(tmp_path) == [path]  # its contents can be fetched again, so no copy is kept
    again = opened(path)
    assert len(await again.positions(0, 9)) == 10
    assert not again.notices
    await again.aclose()


async def test_a_file_with_an_index_that_this_sqlite_cannot_update_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path)
    for has_find in (False, True):
        monkeypatch.setattr("walkme_tui.store.mirror.file.has_trigrams", lambda _, has_find=has_find: has_find)
        mirror = opened(path)
        assert await mirror.positions(0, 9) == {}
        (notice,) = mirror.notices
        assert "another SQLite" in notice
        await mirror.save_page(page(1), 1000)
        assert len(await mirror.matching(UserQuery("u3"))) == 1
        await mirror.aclose()
        same = opened(path)
        assert len(await same.matching(UserQuery("example"))) == 10
        assert not same.notices
        await same.aclose()


async def test_of_two_mirrors_that_find_damage_one_moves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path, pages=4, size=1000)
    ours, theirs = opened(path), opened(path)
    await ours.coverage()
    await theirs.coverage()
    garbled(path, PAGE)
    assert await ours.positions(2000, 2100) == {}
    await ours.save_page(page(1), 2000)
    assert len(await theirs.positions(0, 9)) == 10  # the new file, not moved again
    assert len(ours.notices) == 1
    assert not theirs.notices
    await theirs.aclose()
    await ours.aclose()


async def test_a_search_starts_again_when_the_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path, pages=4, size=1000)
    mirror = opened(path)
    await mirror.coverage()
    loop = asyncio.get_running_loop()
    begun, repaired = asyncio.Event(), threading.Event()
    starts: list[Tables] = []

    def searching(tables: Tables) -> Steps[int]:
        starts.append(tables)
        loop.call_soon_threadsafe(begun.set)
        while not repaired.is_set():
            yield
        return len(tables.positions(0, 9))

    search = asyncio.create_task(mirror._reader("scans").thread.scan(mirror._reader("scans").file.scan(searching)))
    await begun.wait()
    garbled(path, PAGE)
    assert await mirror.positions(2000, 2100) == {}
    repaired.set()
    assert await search == 0
    assert len(starts) == 2
    await mirror.aclose()


# ------------------------------------------------------------ unusable locations


async def test_without_a_file_the_mirror_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    mirror = opened(tmp_path / "file" / "mirror.sqlite3")
    assert (await mirror.save_page(page(1), 1000)).coverage.loaded == 10
    (notice,) = mirror.notices
    assert "kept in memory" in notice
    assert "file exists" in notice
    await mirror.aclose()


async def test_a_folder_without_write_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path)
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write to any file
    mirror = opened(path)
    assert (await mirror.save_page(page(2), 1000)).coverage.loaded == 10
    assert "kept in memory" in mirror.notices[0]
    await mirror.aclose()


async def test_a_full_disk_is_reported_and_reads_work(tmp_path: Path) -> None:
    mirror = opened(tmp_path / "mirror.sqlite3")
    await mirror.save_page(page(1), 1000)
    await set_for_writing(mirror, "max_page_count = 1")
    with pytest.raises(MirrorUnavailable, match="no space"):
        await mirror.save_page(page(1, 1000), 2000)
    with pytest.raises(MirrorUnavailable, match="no space"):
        await mirror.save_user(User("u-1", groups=("first",), extra={"much": "x" * 100_000}), 2000)
    assert len(await mirror.positions(0, 999)) == 10
    assert (await mirror.coverage()).loaded == 10
    assert len(await mirror.matching(UserQuery(group_id="sales"))) == 10
    await set_for_writing(mirror, "max_page_count = 100000")
    assert (await mirror.save_page(page(1, 1000), 3000)).coverage.loaded == 1000
    for user in (
        User("a", groups=("second",)),
        User("b", groups=("first",)),
    ):  # no group is cached from the rollback
        assert await mirror.save_user(user, 3000) == await mirror.user(user.id)
    assert not mirror.notices
    await mirror.aclose()


async def test_a_file_that_becomes_read_only_is_reported(tmp_path: Path) -> None:
    mirror = opened(tmp_path / "mirror.sqlite3")
    await mirror.save_page(page(1), 1000)
    await set_for_writing(mirror, "query_only = 1")
    with pytest.raises(MirrorUnavailable, match="cannot be written"):
        await mirror.save_user(User("u-1"), 2000)
    assert len(await mirror.positions(0, 9)) == 10
    await mirror.aclose()


async def test_on_a_network_drive_the_mirror_is_kept_in_the_runtime_folder_or_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    home, runtime = tmp_path / "home", tmp_path / "run"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {home.resolve()} rw - nfs4 x rw\n")
    monkeypatch.setattr("walkme_tui.store.file_system.MOUNTS", mounts)
    path = home / "acme" / "mirror.sqlite3"
    for runtime_folder, word in ((runtime, str(runtime)), (None, "memory"), (home / "run", "memory")):
        mirror = open_mirror(path, account_key="acme", runtime_folder=runtime_folder)
        assert (await mirror.save_page(page(1), 1000)).coverage.loaded == 10
        (notice,) = mirror.notices
        assert "network drive" in notice
        assert word in notice
        await mirror.aclose()
    assert not home.exists()
    (file,) = files_in(runtime)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.suffix == ".sqlite3"
