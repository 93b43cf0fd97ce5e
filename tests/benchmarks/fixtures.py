"""Fixtures of the benchmarks: a simulated account in its own process, and a mirror of all its users."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import UserPage
from walkme_tui.session import MIRROR_FILES
from walkme_tui.simulator.population import Population
from walkme_tui.store.mirror.file import MirrorFile, MirrorLocation
from walkme_tui.store.mirror.layout import LAYOUT, SORT_INDEXES
from walkme_tui.store.mirror.tables import Tables

ROOT: Final = Path(__file__).parents[2]
SEED: Final = 1
PAGE_SIZE: Final = 10_000
KEEP_SECONDS: Final = 7 * 86_400
DAY_MS: Final = 86_400_000


def program(*arguments: str) -> list[str]:
    """How to start the program that is installed beside this Python."""
    return [str(Path(sys.executable).with_name("walkme-tui")), *arguments]


def own_program(module: str) -> list[str]:
    """How to start one of the programs in ``programs/``."""
    return [sys.executable, "-m", f"tests.benchmarks.programs.{module}"]


def environment(**more: str) -> dict[str, str]:
    """The variables of a terminal with 24-bit colour, without settings of the user."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), **more}


@contextmanager
def simulator(
    users: int,
    latency_ms: int = 0,
    rate_per_s: float | None = None,
    *,
    command: Sequence[str] | None = None,
    log: Path | None = None,
) -> Iterator[dict[str, str]]:
    """A simulated account over TCP, which allows any rate or just this; the variables that make a profile of it.

    ``command`` starts another program in place of the simulator, every request is written to ``log``.
    """
    arguments = [*(command or program("simulator")), "--port", "0", "--users", str(users), "--seed", str(SEED)]
    arguments += [] if rate_per_s is None else ["--rate-per-s", str(rate_per_s)]
    arguments += ["--latency-ms", str(latency_ms), *(["--log"] if log is not None else [])]
    with (log or Path(os.devnull)).open("ab") as requests:
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=requests, env=environment(), cwd=ROOT, text=True
        )
    try:
        assert process.stdout is not None
        variables: dict[str, str] = {}
        last = "WALKME_SCIM_TOKEN" if command is None else "WALKME_CLIENT_SECRET"
        while last not in variables:
            line = process.stdout.readline()
            if not line:
                raise EOFError("the simulator ended before it said where it is")
            name, _, value = line.strip().removeprefix("export ").partition("=")
            variables[name] = value
        yield {name: value for name, value in variables.items() if name.startswith("WALKME_")}
    finally:
        process.kill()
        process.wait()


@contextmanager
def home(
    account: dict[str, str], mirror: Path | None = None, surface: Surface = Surface.REST
) -> Iterator[dict[str, str]]:
    """Variables of a profile with folders of its own, which go afterwards.

    With a copy of ``mirror``, if one is given, as that of the ``surface``.
    """
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as name:
        folder = Path(name)
        if mirror is not None:
            place = folder / "cache" / "env"
            place.mkdir(parents=True, mode=0o700)
            keys = {
                Surface.REST: f"rest {account['WALKME_BASE_URL']} {account['WALKME_CLIENT_ID']}",
                Surface.SCIM: f"scim {account.get('WALKME_SCIM_BASE_URL')} the variable WALKME_SCIM_TOKEN",
            }
            shutil.copy(mirror, place / MIRROR_FILES[surface])
            _give(place / MIRROR_FILES[surface], keys[surface])
        folders = {
            f"WALKME_TUI_{part}_DIR": str(folder / part.lower()) for part in ("CONFIG", "CACHE", "DATA", "STATE")
        }
        yield environment(**account, **folders)


def any_email(mirror: Path) -> str:
    """The email of a user in this mirror, which may be older than the simulator's users."""
    with closing(sqlite3.connect(mirror)) as connection:
        return str(connection.execute("SELECT email FROM users WHERE row_id = 500").fetchone()[0])


def complete_mirror(users: int) -> Path:
    """A mirror of every user of the simulated account, made once a week: a million takes a minute or two."""
    folder = Path(tempfile.gettempdir()) / "walkme-tui-benchmarks"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"mirror-{LAYOUT}-{users}.sqlite3"
    if path.exists() and time.time() - path.stat().st_mtime < KEEP_SECONDS:
        return path
    sys.stderr.write(f"Making a mirror of {users} users in {folder} …\n")
    unfinished = path.with_suffix(".unfinished")
    for left in folder.glob(f"{unfinished.name}*"):
        left.unlink()
    _fill(unfinished, users)
    unfinished.replace(path)
    return path


def _fill(path: Path, users: int) -> None:
    people = Population(users, SEED, today_ms())
    now_ms = int(time.time() * 1000)
    file = MirrorFile(MirrorLocation(path, None, "nobody's yet", None))
    try:
        for setting in ("synchronous = OFF", "cache_size = -300000", "wal_autocheckpoint = 50000"):
            file.read(partial(_set, setting=setting))
        groups = [Group(group_id, name) for group_id, name in people.groups.items()]
        file.write(lambda tables: tables.groups.replace_list(groups))
        for first in range(0, users, PAGE_SIZE):
            rows = tuple(decode_user(people.record(number)) for number in range(first, min(first + PAGE_SIZE, users)))
            page = UserPage(first // PAGE_SIZE + 1, PAGE_SIZE, rows, users)
            file.write(partial(Tables.save_page, page=page, fetched_at_ms=now_ms))
        # A complete sweep, because the browser would otherwise crawl during the measurement.
        ended = Sweep(now_ms, PAGE_SIZE, 1, users, 1, ended_at_ms=now_ms, complete=True, note="complete")
        file.write(partial(Tables.save_sweep, sweep=ended))
        for statement in SORT_INDEXES:
            file.write(partial(_execute, statement=statement))
    finally:
        file.close()


def _give(path: Path, account_key: str) -> None:
    """Make it the mirror of this account: its address has another port each time."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE state SET account_key = ?", (account_key,))


def _set(tables: Tables, setting: str) -> None:
    _execute(tables, f"PRAGMA {setting}")


def _execute(tables: Tables, statement: str) -> None:
    tables.connection.execute(statement).fetchall()


def today_ms() -> int:
    """The beginning of this day, UTC: the simulator's people are as old as on it."""
    return int(time.time() * 1000) // DAY_MS * DAY_MS
