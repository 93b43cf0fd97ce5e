"""A program that uses a journal until it is killed, and prints which calls were acknowledged.

``python -m tests.support.journal_program work FOLDER`` goes on with the one job in the folder, or makes it.
Every call is announced by a line ``begin NAME [STEP]`` and, once it has returned, acknowledged by ``done NAME [STEP]``.
``… create FOLDER`` makes a job in parts, each acknowledged by ``stored``.
``… claim FOLDER JOB`` claims, prints ``claimed`` or the error, and ends when its standard input does.
"""

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from tests.support.fake_directory import person
from tests.support.journals import ACTOR, all_jobs, plan_for
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import JobState, Outcome
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal import creation
from walkme_tui.store.journal.journal import SqliteJournal, open_journal
from walkme_tui.store.journal.tables import Transaction

R = TypeVar("R")


def say(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def announced(name: str, call: Awaitable[R]) -> R:
    """Print a call before it is made, and again when it was acknowledged."""
    say(f"begin {name}")
    result = await call
    say(f"done {name}")
    return result


async def work(journal: SqliteJournal) -> None:
    """Record every step of a job as sent and settled."""
    made = await all_jobs(journal)
    if made and not made[0].state.resumable:
        return
    job = made[0] if made else await announced("create", journal.create(plan_for(1, 2, 3, groups=19), ACTOR))
    await announced("claim", journal.claim(job.id))
    for record in (await journal.job(job.id)).steps:
        number, user = record.step.number, person(1)
        if record.state is StepState.SENT:
            again = Outcome(StepState.TODO, "it surely did not happen")
            await announced(f"retry {number}", journal.settle(job.id, number, again, number))
        if not record.state.settled:
            await announced(f"intend {number}", journal.intend(job.id, number, user, number))
            outcome = Outcome(StepState.DONE, "verified", changed=True, after=user)
            await announced(f"settle {number}", journal.settle(job.id, number, outcome, number))
    await announced("release", journal.release(job.id, JobState.DONE))


async def create(journal: SqliteJournal) -> None:
    """Make a job of four people in four parts."""
    store_part = creation.JobCreation.store_part

    def announced_part(self: creation.JobCreation, write: Transaction) -> bool:
        is_whole = store_part(self, write)
        say("stored")
        return is_whole

    creation.PART = 1  # type: ignore[misc]
    creation.JobCreation.store_part = announced_part  # type: ignore[method-assign]
    await journal.create(plan_for(*range(4), groups=0), ACTOR)


async def claim(journal: SqliteJournal, job_id: str) -> None:
    """Claim a job and hold it."""
    try:
        await journal.claim(job_id)
    except WalkmeError as error:
        say(f"{type(error).__name__}: {error.message}")
    else:
        say("claimed")
    await asyncio.to_thread(sys.stdin.read)


async def main() -> None:
    """Run the program; see the module."""
    journal = open_journal(Path(sys.argv[2]), actor=ACTOR)
    try:
        match sys.argv[1]:
            case "claim":
                await claim(journal, sys.argv[3])
            case "create":
                await create(journal)
            case _:
                await work(journal)
    finally:
        await journal.aclose()


if __name__ == "__main__":
    asyncio.run(main())
