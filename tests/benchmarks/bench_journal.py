"""The time of a step in the journal: ``python -m tests.benchmarks.bench_journal [FOLDER]`` prints percentiles.

The figure to keep is 3 ms a step, intend and settle together, at the 50th percentile. The next intent writes the
outcome, so that a step waits for the disk once.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.support.fake_directory import person
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Actor, JobState, Outcome
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.store.journal.journal import open_journal

STEPS = 500


async def measure(folder: Path, steps: int = STEPS) -> list[float]:
    """Milliseconds that each step waited for the journal, in order."""
    people = [person(number) for number in range(steps)]
    plan = Plan(
        PlanKind.DEACTIVATE,
        "bench",
        "http://127.0.0.1",
        0,
        tuple(Subject(user, 0) for user in people),
        numbered(SetStatus(user.id, user.status, "inactive") for user in people),
    )
    journal = open_journal(folder)
    try:
        job = await journal.create(plan, Actor("bench", "here", "none"))
        await journal.claim(job.id)
        waited = []
        for number, user in enumerate(people, start=1):
            begun = time.perf_counter()
            await journal.intend(job.id, number, user, number)
            sent = time.perf_counter()
            await asyncio.sleep(0)
            answered = time.perf_counter()
            await journal.settle(job.id, number, Outcome(StepState.DONE, "verified", True, user), number)
            waited.append((time.perf_counter() - answered + sent - begun) * 1000)
        await journal.release(job.id, JobState.DONE)
    finally:
        await journal.aclose()
    return waited


def flush_ms(folder: Path, times: int = 100) -> float:
    """Milliseconds that the disk takes to make one page durable, median: a step needs one of these at the least."""
    waited = []
    with (folder / "flushed").open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(os.urandom(4096))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            waited.append((time.perf_counter() - begun) * 1000)
    return statistics.median(waited)


def main() -> None:
    """Measure in a folder, by default a temporary one, and print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        waited = asyncio.run(measure(folder / "data"))
        flush = flush_ms(folder / "data")
    cuts = statistics.quantiles(waited, n=100)
    say = sys.stdout.write
    say(f"journal, {len(waited)} steps: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms a step\n")
    say(f"of which the disk: {flush:.2f} ms\n")


if __name__ == "__main__":
    main()
