"""One mirror file used by several processes: waiting for locks, and reading what the others wrote."""

import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror

ROOT = Path(__file__).parents[3]


def page(number: int, size: int = 10, total: int = 10_000) -> UserPage:
    first = (number - 1) * size
    rows = tuple(User(id=f"u-{n}", email=f"u{n}@example.com", groups=("sales",)) for n in range(first, first + size))
    return UserPage(number, size, rows, total)


def opened(path: Path | None, *, account_key: str = "acme", max_age_days: float | None = None) -> SqliteMirror:
    return open_mirror(path, account_key=account_key, max_age_days=max_age_days)


async def test_a_lock_that_another_program_keeps_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkme_tui.store.mirror.file.WRITE_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr("walkme_tui.store.mirror.file.BUSY_MS", 50)
    path = tmp_path / "mirror.sqlite3"
    mirror = opened(path)
    await mirror.save_page(page(1), 1000)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(MirrorUnavailable, match="using the local copy"):
        await mirror.save_user(User("u-1"), 2000)
    assert len(await mirror.positions(0, 9)) == 10
    other.execute("ROLLBACK")
    other.close()
    assert (await mirror.save_user(User("u-1"), 2000)).detailed_at_ms == 2000
    await mirror.aclose()


async def test_a_write_waits_for_others_and_reads_do_not_wait_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.store.mirror.file.BUSY_MS", 50)
    path = tmp_path / "mirror.sqlite3"
    mirror = opened(path)
    await mirror.save_page(page(1), 1000)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(mirror.save_user(User("u-1"), 2000))
    for _ in range(5):
        assert len(await mirror.positions(0, 9)) == 10
        assert not writing.done()
    other.execute("COMMIT")
    assert (await writing).detailed_at_ms == 2000
    other.close()
    await mirror.aclose()


WRITER = """
import asyncio, sys
from pathlib import Path
from typing import TYPE_CHECKING
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror.mirror import open_mirror

async def main() -> None:
    mirror = open_mirror(Path(sys.argv[1]), account_key="acme")
    for number in range(2, 60, 2):
        rows = tuple(User(f"u-{n}", groups=("sales", f"g{n}")) for n in range(number * 10 - 10, number * 10))
        await mirror.save_page(UserPage(number, 10, rows, 10_000), 1000)
        await mirror.positions(0, 100)
    await mirror.aclose()
    sys.exit(len(mirror.notices))

asyncio.run(main())
"""


async def test_two_processes_fill_one_mirror(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(path), cwd=ROOT)
    mirror = opened(path)
    async with asyncio.timeout(60):
        for number in range(1, 60, 2):
            first = number * 10 - 10
            rows = tuple(User(f"u-{n}", groups=("sales", f"g{n}")) for n in range(first, first + 10))
            await mirror.save_page(UserPage(number, 10, rows, 10_000), 1000)
            await mirror.positions(0, 100)
        assert await other.wait() == 0
    assert len(await mirror.positions(0, 1000)) == 590
    assert (await mirror.coverage()).loaded == (await mirror.coverage()).with_groups == 590
    sizes = {size.group.id: size.known_members for size in await mirror.groups()}
    assert sizes == {"sales": 590} | {f"g{n}": 1 for n in range(590)}
    for place in (0, 15, 333, 589):
        row = (await mirror.positions(place, place))[place]
        assert row == await mirror.user(f"u-{place}")
    assert not mirror.notices
    await mirror.aclose()


async def test_changes_of_groups_by_another_process_are_read(tmp_path: Path) -> None:
    ours, theirs = opened(tmp_path / "mirror.sqlite3"), opened(tmp_path / "mirror.sqlite3")
    await ours.save_user(User("a", groups=("sales",)), 1000)
    await theirs.forget_user("a")
    await theirs.save_groups([])  # the group has no members, so it is deleted
    await theirs.save_user(User("b", groups=("beta",)), 1000)
    await ours.save_user(User("c", groups=("sales", "beta")), 1000)
    for mirror in (ours, theirs):
        found = [(await mirror.user(user_id)) for user_id in ("b", "c")]
        assert [row.user.groups for row in found if row] == [("beta",), ("sales", "beta")]
        assert {size.group.id: size.known_members for size in await mirror.groups()} == {"sales": 1, "beta": 2}
        assert not mirror.notices
        await mirror.aclose()


async def test_a_user_added_by_another_process_is_not_added_again(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    mine, other = opened(path), opened(path)
    await mine.save_page(page(1), 1000)  # into an empty mirror, so that new ids are not looked up
    theirs = await other.save_user(User("u-15", first_name="Zoë"), 1500)
    await mine.save_page(page(2), 2000)
    (found,) = [row for row in (await mine.positions(10, 19)).values() if row.user.id == "u-15"]  # type: ignore[union-attr]  # all can be read
    assert found.row_id == theirs.row_id  # type: ignore[union-attr]  # the same
    assert found.user.first_name == "Zoë"  # type: ignore[union-attr]  # the same
    await mine.aclose()
    await other.aclose()
