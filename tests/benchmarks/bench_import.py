"""How long the plan of a large import takes, and how much of the permitted traffic an import uses.

python -m tests.benchmarks.bench_import [--quick]

The plan is that of 100 000 rows, of which half are new users, a quarter change a user and a quarter are so already,
with a complete mirror. The import creates users with a group each in a simulated account over TCP that takes 50 ms an
answer, with a pacer that only limits the requests in flight, and a real journal. Exit code 1 if something misses its
target.
"""

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

from tests.benchmarks.bench import Figure, exit_code_of
from tests.benchmarks.fixtures import (
    ROOT,
    SEED,
    complete_mirror,
    environment,
    home,
    own_program,
    program,
    simulator,
    today_ms,
)
from tests.support.unpaced import PER_SECOND, UnpacedPacer
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import guessed
from walkme_tui.domain.imports.csv_file import read_csv
from walkme_tui.domain.imports.results import outcome_counts, row_results
from walkme_tui.domain.imports.source import RowOutcome
from walkme_tui.domain.jobs import Actor
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.times import now_ms
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.events import Events
from walkme_tui.services.imports.planner import ImportPlanner, ImportRequest
from walkme_tui.services.ports import Session
from walkme_tui.simulator.population import Population
from walkme_tui.store.journal.journal import open_journal
from walkme_tui.store.mirror.mirror import open_mirror

ROWS: Final = 100_000
LATENCY_MS: Final = 50
IN_FLIGHT: Final = 8
COLUMNS: Final = ("email", "firstName", "lastName", "role", "groups", "Cost centre")


class Effort(NamedTuple):
    """Users of the mirror, and rows that are imported."""

    users: int
    imported: int


FULL: Final = Effort(100_000, 1_000)
QUICK: Final = Effort(100_000, 200)


class CountingPacer(UnpacedPacer):
    """A pacer that records when each request was answered."""

    def __init__(self) -> None:
        super().__init__(max_per_second=PER_SECOND, max_in_flight=IN_FLIGHT)
        self.pace.per_second = PER_SECOND
        self.pace.in_flight_limit = float(IN_FLIGHT)
        self.answered: list[float] = []

    def succeeded(self) -> None:
        """Record an answer."""
        self.answered.append(time.monotonic())


# ------------------------------------------------------------ planning


def write_rows(file: Path, users: int) -> None:
    """A file of ``ROWS`` rows: every second one is a new user, the others are users of the simulated account."""
    people = Population(users, SEED, today_ms())
    names = people.groups
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(COLUMNS)
        for number in range(ROWS):
            if number % 2:
                rows.writerow(
                    (f"new{number}@example.com", "Ann", f"Moreau {number}", "Viewer", next(iter(names.values())), "42")
                )
                continue
            known = people.record(number * users // ROWS)
            last = f"Moreau {number}" if number % 4 else known["lastName"]
            groups = ";".join(names[str(group)] for group in cast("list[str]", known["groups"]))
            rows.writerow((known["email"], known["firstName"], last, known["role"], groups, "42"))


def planning(users: int) -> Iterable[Figure]:
    """The time and the memory of a plan, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder:
        file = Path(folder) / "people.csv"
        write_rows(file, users)
        words = [*own_program("import_planning"), str(complete_mirror(users)), str(file)]
        ended = subprocess.run(words, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(ended.stderr)
        found = json.loads(ended.stdout)
    planned = f"{found['steps']} steps, {found['without_steps']} rows without"
    used = f"{found['seconds']:.1f} s by the clock, the longest stall of the loop {found['stall_seconds']:.2f} s"
    yield Figure("processor time of a plan", found["processor_seconds"], 5.0, "s", f"{used}; {planned}")
    yield Figure("memory of that process", found["megabytes"], 300, "MB", f"with a mirror of {users} people")


def commands(users: int) -> Iterable[Figure]:
    """The memory of the whole command that makes the same plan and prints or saves it."""
    with (
        tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder,
        simulator(users) as account,
        home(account, complete_mirror(users)) as variables,
    ):
        file = Path(folder) / "people.csv"
        write_rows(file, users)
        for words in ((), ("--json",), ("--plan", str(Path(folder) / "plan.json"))):
            command = program("import", str(file), "--on-conflict", "update", *words)
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables, cwd=ROOT
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise RuntimeError(f"walkme-tui import ended with {process.returncode}")
            yield Figure(f"memory of import {' '.join(words[:1])}".strip(), used.ru_maxrss / 1024, 300, "MB", "")


# ------------------------------------------------------------ executing


class Imported(NamedTuple):
    """The seconds of an import, how many answers came, the mean time of an answer, and processor time."""

    seconds: float
    answers: int
    answer_ms: float
    processor_ms: float


async def imported(account: dict[str, str], rows: int, folder: Path) -> Imported:
    """Import users; ``processor_ms`` is that of this process for a request."""
    settings = RestSettings(
        profile="bench",
        base_url=account["WALKME_BASE_URL"],
        client_id=account["WALKME_CLIENT_ID"],
        read_secret=lambda: Secret(account["WALKME_CLIENT_SECRET"]),
        secret_source="the simulator",
        max_requests_per_second=PER_SECOND,
        max_in_flight=IN_FLIGHT,
    )
    pacer = CountingPacer()
    api = await asyncio.to_thread(RestDirectory, settings, pacer=pacer)
    mirror = open_mirror(folder / "mirror.sqlite3", account_key="bench")
    ours = Account("bench", Environment.SANDBOX, Surface.REST, settings.base_url)
    session = Session(ours, api, mirror, now_ms, now_ms(), "the bench", Events())
    journal = open_journal(folder)
    try:
        (group, *_) = await api.list_groups()
        plan = await ImportPlanner(session).plan(_request(session, rows, group), look_up=False)
        executor = Executor(session, journal, Actor("bench", "here", "none"))
        job = await executor.submit(plan)
        pacer.answered.clear()
        began, used = time.monotonic(), time.process_time()
        done = await executor.run(job, JobControl(), lambda _: None)
        seconds, processor = time.monotonic() - began, time.process_time() - used
        counts = outcome_counts(row_results(done))
        if counts != {RowOutcome.CREATED: rows}:
            raise RuntimeError(f"not all rows were imported: {counts}")
        latencies = [record.duration_ms for record in api.request_log() if record.duration_ms]
        answers = len(pacer.answered)
        return Imported(seconds, answers, sum(latencies) / len(latencies), processor * 1000 / answers)
    finally:
        await journal.aclose()
        await session.aclose()


def _request(session: Session, rows: int, group: Group) -> ImportRequest:
    lines = "".join(f"new{number}@example.com,Ann,Moreau\n" for number in range(rows))
    table = read_csv(f"email,firstName,lastName\n{lines}".encode())
    return ImportRequest("people.csv", table, guessed(table, session.capabilities), groups=(group,))


def throughput(rows: int) -> Iterable[Figure]:
    """How much of what ``IN_FLIGHT`` requests of ``LATENCY_MS`` allow is not used."""
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder, simulator(1_000, LATENCY_MS) as account:
        found = asyncio.run(imported(account, rows, Path(folder)))
    allowed = IN_FLIGHT / (LATENCY_MS / 1000)
    per_second, as_answered = found.answers / found.seconds, IN_FLIGHT / found.answer_ms * 1000
    used = (
        f"{per_second:.0f} of {allowed:.0f}/s, {rows / found.seconds:.1f} rows/s; {found.answer_ms:.0f} ms an answer, "
        f"which allow {as_answered:.0f}/s; {found.processor_ms:.1f} ms of processor time a request"
    )
    yield Figure("not used of the traffic", max(0.0, 1 - per_second / allowed), 0.2, "", used)


def measure(effort: Effort) -> Iterable[Figure]:
    """All figures."""
    yield from planning(effort.users)
    yield from commands(effort.users)
    yield from throughput(effort.imported)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_import", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"import {QUICK.imported} rows, not {FULL.imported}")
    return exit_code_of(measure(QUICK if parser.parse_args(arguments).quick else FULL))


if __name__ == "__main__":
    sys.exit(main())
