"""Plans the import of a file with a mirror and prints seconds, processor seconds, megabytes and what was planned.

python -m tests.benchmarks.programs.import_planning MIRROR FILE
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

import walkme_tui.__main__  # noqa: F401 - it sets when garbage is collected
from tests.support.fake_directory import FakeDirectory
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import guessed
from walkme_tui.domain.imports.csv_file import read_csv
from walkme_tui.domain.imports.source import OnConflict
from walkme_tui.domain.times import now_ms
from walkme_tui.services.events import Events
from walkme_tui.services.imports.file_contents import file_contents
from walkme_tui.services.imports.planner import ImportPlanner, ImportRequest
from walkme_tui.services.ports import Session
from walkme_tui.store.mirror.mirror import open_mirror

KEY = "nobody's yet"
LOOP_SECONDS = 0.005


async def _longest_stall(stop: asyncio.Event) -> float:
    """The longest time for which the event loop handled nothing else."""
    longest = 0.0
    while not stop.is_set():
        begun = time.perf_counter()
        await asyncio.sleep(LOOP_SECONDS)
        longest = max(longest, time.perf_counter() - begun - LOOP_SECONDS)
    return longest


async def main(mirror_file: str, file: str) -> None:
    """Plan once, and print a JSON object."""
    mirror = open_mirror(Path(mirror_file), account_key=KEY)
    groups = [Group(size.group.id, size.group.name) for size in await mirror.groups()]
    account = Account("bench", Environment.SANDBOX, Surface.REST, "https://walkme.test")
    session = Session(account, FakeDirectory(groups=groups), mirror, now_ms, now_ms(), "the bench", Events())
    stop = asyncio.Event()
    watching = asyncio.create_task(_longest_stall(stop))
    began, used = time.perf_counter(), time.process_time()
    contents = await asyncio.to_thread(file_contents, file)
    table = await asyncio.to_thread(read_csv, contents.data)
    request = ImportRequest(contents.path.name, table, guessed(table, session.capabilities), OnConflict.UPDATE)
    plan = await ImportPlanner(session).plan(request)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    stop.set()
    assert plan.source is not None
    found = {
        "seconds": seconds,
        "processor_seconds": processor,
        "stall_seconds": await watching,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": len(plan.source.rows),
        "steps": len(plan.steps),
        "without_steps": sum(row.outcome is not None for row in plan.source.rows),
    }
    await session.aclose()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
