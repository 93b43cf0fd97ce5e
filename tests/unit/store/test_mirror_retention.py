"""A mirror's file contains the users of one account, and not longer than its profile allows."""

import time
from pathlib import Path

from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.store.sqlite_thread import Urgency


def page(number: int, size: int = 10, total: int = 10_000) -> UserPage:
    first = (number - 1) * size
    rows = tuple(User(id=f"u-{n}", email=f"u{n}@example.com", groups=("sales",)) for n in range(first, first + size))
    return UserPage(number, size, rows, total)


def opened(path: Path, *, account_key: str = "acme", max_age_days: float | None = None) -> SqliteMirror:
    return open_mirror(path, account_key=account_key, max_age_days=max_age_days)


async def made(path: Path) -> None:
    mirror = opened(path)
    await mirror.save_page(page(1), 1000)
    await mirror.aclose()


async def test_users_of_another_account_are_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    await made(path)
    still_open = opened(path)
    assert len(await still_open.positions(0, 9)) == 10
    mirror = opened(path, account_key="other")
    assert await mirror.positions(0, 9) == {}
    assert (await mirror.coverage()).total is None
    assert "another account" in mirror.notices[0]
    await still_open.save_page(page(2), 2000)  # the mirror of the first account still has its own file
    assert await mirror.positions(0, 19) == {}
    await still_open.aclose()
    await mirror.save_page(page(3), 2000)
    await mirror.aclose()
    again = opened(path, account_key="other")
    assert sorted(await again.positions(0, 99)) == list(range(20, 30))
    assert not again.notices
    await again.aclose()


async def test_expired_users_are_deleted_after_the_first_read(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    now_ms = int(time.time() * 1000)
    mirror = opened(path)
    await mirror.save_page(page(1, 1200), now_ms - 3 * 86_400_000)
    await mirror.save_page(page(2, 10), now_ms)
    await mirror.save_user(User("unlisted", email="old@example.com"), now_ms - 3 * 86_400_000)
    await mirror.aclose()
    aged = opened(path, max_age_days=2)
    assert len(await aged.positions(0, 9)) == 10
    await aged._writer.thread.run(lambda: None, Urgency.IDLE)  # waits until the deletion has ended
    assert await aged.user("unlisted") is None
    assert sorted(await aged.positions(0, 2000)) == list(range(10, 20))
    assert [size.known_members for size in await aged.groups()] == [10]
    assert len(await aged.matching(UserQuery())) == 10
    await aged.aclose()


async def test_old_files_moved_aside_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    aside = tmp_path / "mirror.sqlite3.corrupt-20200101T000000Z"
    for days, kept in ((10.0, True), (0.0, False)):
        aside.write_text("people")
        mirror = opened(path, max_age_days=days)
        await mirror.coverage()
        await mirror.aclose()
        assert aside.exists() is kept
