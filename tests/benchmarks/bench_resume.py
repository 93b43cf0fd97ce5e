"""The time from ``walkme-tui jobs resume`` to its first request for a user, for a large job that was interrupted.

python -m tests.benchmarks.bench_resume [--steps N]

The job deactivates people, the first half of them already. The target is 2 s for 10 000 steps; exit code 1 if it takes
longer. ``bench_import`` measures how much of the permitted traffic a running job uses.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.fixtures import SEED, home, program, simulator
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.jobs import Actor, JobState, Outcome, OutcomeReason
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.user_json import decode_user
from walkme_tui.domain.users import User
from walkme_tui.simulator.population import Population
from walkme_tui.store.journal.journal import open_journal

STEPS: Final = 10_000
TARGET_SECONDS: Final = 2.0
ROUNDS: Final = 3
ACTOR: Final = Actor("bench", "here", "demo")


def plan_of(steps: int, url: str) -> Plan:
    """The deactivation of the first people of the simulated account."""
    population = Population(steps, SEED, int(time.time() * 1000))
    found = (decode_user(population.record(number)) for number in range(steps))
    people = [user for user in found if isinstance(user, User)]
    subjects = tuple(Subject(user, 0) for user in people)
    changes = (SetStatus(user.id, user.status, "inactive") for user in people)
    return Plan(PlanKind.DEACTIVATE, "env", url, 0, subjects, numbered(changes))


async def half_done(folder: Path, plan: Plan) -> str:
    """The id of an interrupted job, of which the first half of the steps is done."""
    journal = open_journal(folder)
    try:
        job = await journal.create(plan, ACTOR)
        await journal.claim(job.id)
        half = list(zip(plan.steps, plan.subjects, strict=True))[: len(plan.steps) // 2]
        for step, subject in half:
            after = subject.user._replace(status="inactive")
            outcome = Outcome(StepState.DONE, "done", True, after, OutcomeReason.VERIFIED)
            await journal.settle(job.id, step.number, outcome, 1)
        await journal.release(job.id, JobState.INTERRUPTED)
        return job.id
    finally:
        await journal.aclose()


def measure(steps: int) -> float:
    """Seconds from the start of the program to its first request for a user."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "requests"
        with simulator(steps, log=log) as account, home(account) as variables:
            journal = Path(variables["WALKME_TUI_DATA_DIR"])
            job = asyncio.run(half_done(journal, plan_of(steps, account["WALKME_BASE_URL"])))
            begun = time.perf_counter()
            command = program("jobs", "resume", job, "--yes")
            process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                while b"/users/" not in log.read_bytes():
                    assert process.poll() is None, "the program ended before it read a user"
                    time.sleep(0.005)
                return time.perf_counter() - begun
            finally:
                process.kill()
                process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    steps = parser.parse_args().steps
    seconds = sorted(measure(steps) for _ in range(ROUNDS))
    sys.stdout.write(f"{steps} steps: first request after {seconds[0]:.2f}, {seconds[1]:.2f} and {seconds[2]:.2f} s\n")
    sys.exit(0 if seconds[1] < TARGET_SECONDS else 1)


if __name__ == "__main__":
    main()
