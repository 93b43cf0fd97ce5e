"""The time of a step in the journal, and of reading a large job: ``python -m tests.benchmarks.bench_journal [FOLDER]``.

The figure to keep is 3 ms a step, intend and settle together, at the 50th percentile. The next intent writes the
outcome, so that a step waits for the disk once.

With ``--people N``, a job of so many is made, read and purged instead: how long each takes, by the clock and of
processor time, and how long another call waited for the journal meanwhile: a read of the same program, which may wait
50 ms, or, where the job is made and purged, a write of another program.
"""

import argparse
import asyncio
import gc
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from tests.support.fake_directory import person
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Actor, JobState, Outcome
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.times import now_ms
from walkme_tui.store.journal.journal import open_journal
from walkme_tui.ui.start import GARBAGE_AT
from walkme_tui.ui.widgets.job_report import MOST_PEOPLE

STEPS = 500
ACTOR = Actor("bench", "here", "none")


def plan_of(steps: int) -> Plan:
    """The deactivation of so many people."""
    people = [person(number) for number in range(steps)]
    subjects = tuple(Subject(user, 0) for user in people)
    changes = numbered(SetStatus(user.id, user.status, "inactive") for user in people)
    return Plan(PlanKind.DEACTIVATE, "bench", "http://127.0.0.1", 0, subjects, changes)


async def measure(folder: Path, steps: int = STEPS) -> list[float]:
    """Milliseconds that each step waited for the journal, in order."""
    plan = plan_of(steps)
    journal = open_journal(folder)
    try:
        job = await journal.create(plan, ACTOR)
        await journal.claim(job.id)
        waited = []
        for number, user in enumerate((subject.user for subject in plan.subjects), start=1):
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


async def measure_calls(folder: Path, people: int) -> None:
    """Print how long the calls of a job of so many people take."""
    plan = plan_of(people)
    journal, other = open_journal(folder), open_journal(folder)
    written = other.write_support("bench", "x").remember_patch_refused
    known = journal.write_support("bench", "x").patch_refused
    try:
        await _print_call("making the job", partial(journal.create, plan, ACTOR), written)
        (job,) = await journal.summaries()
        await journal.claim(job.id)
        for step, subject in zip(plan.steps, plan.subjects, strict=True):
            await journal.settle(job.id, step.number, Outcome(StepState.DONE, "verified", True, subject.user), 1)
        await journal.release(job.id, JobState.DONE)
        del plan, subject, step
        reads: dict[str, Callable[[], Awaitable[object]]] = {
            "the list": journal.summaries,
            "the first people": lambda: journal.excerpt(job.id, MOST_PEOPLE),
            "one of them, by email": lambda: journal.excerpt_about(job.id, str(person(people - 1).email)),
            "the whole job": lambda: journal.job(job.id),
        }
        for name, read in reads.items():
            await _print_call(name, read, known)
        await _print_call("purging it", lambda: journal.purge(now_ms() + 1), written)
    finally:
        await journal.aclose()
        await other.aclose()


async def _print_call(name: str, call: Callable[[], Awaitable[object]], other: Callable[[], Awaitable[object]]) -> None:
    waited = [0.0]

    async def ask() -> None:
        while True:
            begun = time.perf_counter()
            await other()
            waited.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(0.005)

    asking = asyncio.create_task(ask())
    begun, computed = time.perf_counter(), time.process_time()
    await call()
    took, computed = time.perf_counter() - begun, time.process_time() - computed
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    few = sorted(waited)[-max(1, len(waited) // 100) :]
    sys.stdout.write(
        f"{name}: {took:.2f} s, {computed:.2f} s of processor time; another call waited {few[0]:.0f} ms (99 %), "
        f"{few[-1]:.0f} ms at most; {memory} MB so far\n"
    )


def main() -> None:
    """Measure in a folder, by default a temporary one, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--people", type=int, default=0)
    options = parser.parse_args()
    gc.set_threshold(GARBAGE_AT, 20, 20)  # as in the browser, where another call may wait
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if options.people:
            asyncio.run(measure_calls(folder / "data", options.people))
            return
        waited = asyncio.run(measure(folder / "data"))
        flush = flush_ms(folder / "data")
    cuts = statistics.quantiles(waited, n=100)
    say = sys.stdout.write
    say(f"journal, {len(waited)} steps: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms a step\n")
    say(f"of which the disk: {flush:.2f} ms\n")


if __name__ == "__main__":
    main()
