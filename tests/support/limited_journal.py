"""A process that fills a journal under a limit on file sizes: ``python -m tests.support.limited_journal FOLDER BYTES``.

Prints the number of acknowledged intents, then the error that ended the process.
"""

import asyncio
import resource
import sys
from pathlib import Path

from tests.support.journals import journal_in, plan_for
from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.jobs import Actor
from walkme_tui.domain.users import User


async def main() -> None:
    """Run the program; see the module."""
    journal = journal_in(Path(sys.argv[1]))
    job = await journal.create(plan_for(*range(30)), Actor("ada", "h", "c"))
    await journal.claim(job.id)
    size = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    acknowledged = 0
    try:
        for number in range(1, len(job.steps) + 1):
            await journal.intend(job.id, number, User(f"u{number}", extra={"photo": "x" * 20_000}), number)
            acknowledged += 1
    except JournalUnavailable as error:
        sys.stdout.write(f"{acknowledged}\n{error}\n")
    await journal.aclose()


if __name__ == "__main__":
    asyncio.run(main())
