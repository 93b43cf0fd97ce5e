"""Pages that wait together are saved in one transaction, in the order of the calls."""

import asyncio
import sqlite3
from array import array
from contextlib import closing, suppress
from pathlib import Path

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.reading.view import ViewRows
from walkme_tui.store.mirror.mirror import open_mirror


def page(user_id: str) -> UserPage:
    return UserPage(3, 1, (User(user_id),), 5000)


async def test_newer_rows_win_also_if_the_older_call_was_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "mirror.sqlite3"
    mirror = open_mirror(path, account_key="account")
    await mirror.coverage()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        busy = asyncio.create_task(mirror.save_user(User("someone"), 1))
        await asyncio.sleep(0.05)
        older = asyncio.create_task(mirror.save_page(page("older"), 2))
        await asyncio.sleep(0)
        older.cancel()
        with suppress(asyncio.CancelledError):
            await older
        newer = asyncio.create_task(mirror.save_page(page("newer"), 3))
        await asyncio.sleep(0.05)
        other.execute("COMMIT")
        await asyncio.gather(busy, newer)
    row = (await mirror.positions(2, 2))[2]
    assert isinstance(row, MirroredUser)
    assert row.user.id == "newer"
    await mirror.aclose()


async def test_each_page_saved_together_has_its_own_result(tmp_path: Path) -> None:
    mirror = open_mirror(tmp_path / "mirror.sqlite3", account_key="account")
    pages = [UserPage(number, 1, (User(f"user{number}"),), 9) for number in range(1, 10)]
    stored = await asyncio.gather(*(mirror.save_page(each, 1) for each in pages))
    assert [each.added for each in stored] == [(f"user{number}",) for number in range(1, 10)]
    assert (await mirror.coverage()).loaded == 9
    await mirror.aclose()


def test_the_highest_row_id_is_found_behind_the_exact_matches() -> None:
    assert ViewRows(UserQuery("a@b.example"), array("i", [7, 900, 3, 4, 12])).highest == 900
    assert ViewRows(UserQuery("zoe"), array("i", range(1, 50))).highest == 49
    assert ViewRows(UserQuery("zoe"), array("i")).highest == 0
