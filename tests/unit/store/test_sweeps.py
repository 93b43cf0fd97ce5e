"""The stored sweep, the users that it has seen, and the crawl lock."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.users import UNKNOWN, Known, User, UserPage
from walkme_tui.store.mirror import sweeps
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror

ROOT = Path(__file__).parents[3]
SWEEP = Sweep(1000, 900, 7, 6000, 42, pass_number=2, drifted=True, unreadable=3, ended_at_ms=2000, note="incomplete: é")


def opened(path: Path | None) -> SqliteMirror:
    return open_mirror(path, account_key="acme")


async def test_a_stored_sweep_is_part_of_the_coverage(tmp_path: Path) -> None:
    mirror = opened(tmp_path / "mirror.sqlite3")
    assert (await mirror.coverage()).sweep is None
    await mirror.save_sweep(SWEEP)
    assert (await mirror.coverage()).sweep == SWEEP
    stored = await mirror.save_page(UserPage(1, 10, (User("a"),), 1), 1000)
    assert stored.coverage.sweep == SWEEP
    await mirror.aclose()
    again = opened(tmp_path / "mirror.sqlite3")
    assert (await again.coverage()).sweep == SWEEP
    assert (await again.coverage()).complete is False, "one user of one is here, but the walk ended in doubt"
    await again.aclose()


@pytest.mark.parametrize("text", ["{", "[]", "null", json.dumps({"started_at_ms": 1, "new": 2}), "{}"])
async def test_a_sweep_stored_by_another_version_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mirror.sqlite3"
    mirror = opened(path)
    await mirror.save_sweep(SWEEP)
    await mirror.aclose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE state SET sweep = ?", (text,))
    connection.close()
    again = opened(path)
    assert (await again.coverage()).sweep is None
    await again.aclose()


# ------------------------------------------------------------ users that were seen


class Answer(NamedTuple):
    """A page of a list, or a look-up (``page`` None) of the first of these users, at the time ``at_ms``."""

    page: int | None
    users: list[int]
    at_ms: int


TIMES = st.integers(0, 9)
CREATED = st.dictionaries(st.integers(0, 14), st.none() | st.just(UNKNOWN) | TIMES)
ANSWERS = st.lists(
    st.builds(Answer, st.none() | st.integers(1, 4), st.lists(st.integers(0, 14), min_size=1, max_size=5), TIMES),
    max_size=12,
)


async def stored(mirror: SqliteMirror, answers: Iterable[Answer], created: dict[int, Known[int | None]]) -> None:
    for answer in answers:
        users = tuple(User(f"u-{number}", created_at_ms=created.get(number, UNKNOWN)) for number in answer.users)
        if answer.page is None:
            await mirror.save_user(users[0], answer.at_ms)
        else:
            await mirror.save_page(UserPage(answer.page, 5, users, None), answer.at_ms)


def is_sure(user: MirroredUser, before_row_id: int, created_before_ms: int) -> bool:
    created = user.user.created_at_ms
    return user.row_id < before_row_id or (isinstance(created, int) and created < created_before_ms)


@settings(max_examples=150, deadline=None)
@given(ANSWERS, CREATED, TIMES, st.integers(0, 16), TIMES, st.integers(0, 6))
def test_listed_users_fetched_since_then_count_as_seen(
    answers: list[Answer],
    created: dict[int, Known[int | None]],
    since_ms: int,
    before_row_id: int,
    created_before_ms: int,
    limit: int,
) -> None:
    async def scenario() -> None:
        mirror = opened(None)
        await stored(mirror, answers, created)
        users = sorted((await mirror.rows(range(1, 20))).values(), key=lambda user: user.row_id)
        assert await mirror.next_row_id() == (users[-1].row_id if users else 0) + 1
        seen = [user for user in users if user.position is not None and user.fetched_at_ms >= since_ms]
        sure = [user for user in seen if is_sure(user, before_row_id, created_before_ms)]
        assert await mirror.count_seen(since_ms, before_row_id, created_before_ms) == SeenCount(len(seen), len(sure))
        missed = [user.user.id for user in users if user.fetched_at_ms < since_ms]
        assert list(await mirror.not_seen(since_ms, limit)) == missed[:limit]
        await mirror.aclose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeps, "RANGE_ROWS", 4)
        asyncio.run(scenario())


async def test_ids_of_every_form_are_returned_for_users_not_seen() -> None:
    mirror = opened(None)
    ids = ["00000000-0000-4000-8000-000000000001", "plain", "ABCDEF00-0000-4000-8000-000000000001"]
    for user_id in ids:
        await mirror.save_user(User(user_id), 1000)
    assert list(await mirror.not_seen(1001, 10)) == ids
    assert list(await mirror.not_seen(1000, 10)) == []
    await mirror.aclose()


# ------------------------------------------------------------ the crawl lock


async def test_one_of_several_mirrors_on_a_file_holds_the_crawl_lock(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    first, second = opened(path), opened(path)
    assert await first.acquire_crawl_lock()
    assert await first.acquire_crawl_lock(), "the holder keeps it"
    assert not await second.acquire_crawl_lock()
    await first.release_crawl_lock()
    assert await second.acquire_crawl_lock()
    assert not await first.acquire_crawl_lock()
    await second.aclose()
    assert await first.acquire_crawl_lock()
    await first.aclose()


async def test_mirrors_of_other_files_and_in_memory_do_not_share_the_crawl_lock(
    tmp_path: Path,
) -> None:
    mirrors = [opened(tmp_path / "a.sqlite3"), opened(tmp_path / "b.sqlite3"), opened(None), opened(None)]
    assert [await mirror.acquire_crawl_lock() for mirror in mirrors] == [True] * 4
    for mirror in mirrors:
        await mirror.aclose()


LEADER = """
import asyncio, sys
from pathlib import Path
from walkme_tui.store.mirror.mirror import open_mirror

async def main() -> None:
    mirror = open_mirror(Path(sys.argv[1]), account_key="acme")
    print(await mirror.acquire_crawl_lock(), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_crawl_lock_of_a_killed_process_is_released(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LEADER, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    async with asyncio.timeout(30):
        assert await holder.stdout.readline() == b"True\n"
        mirror = opened(path)
        assert not await mirror.acquire_crawl_lock()
        holder.send_signal(signal.SIGKILL)
        await holder.wait()
        assert await mirror.acquire_crawl_lock()
    await mirror.aclose()
    assert not mirror.notices
