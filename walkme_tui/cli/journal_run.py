"""Reading and changing the journal without opening an account."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from walkme_tui.cli.context import Context
from walkme_tui.cli.session_run import run_async
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.jobs import Job
from walkme_tui.services.ports.journal import Journal

T = TypeVar("T")


def with_journal(context: Context, work: Callable[[Journal], Awaitable[T]]) -> T:
    """Open the journal, do the work and close it; raises ``NotFound`` in the demo, which keeps no jobs."""
    if context.options.demo:
        raise NotFound("The demo keeps no jobs: its journal and its account end with each run.")

    async def whole() -> T:
        journal = context.open_journal()
        try:
            return await work(journal)
        finally:
            await journal.aclose()

    return run_async(whole())


def find_job(context: Context, job_id: str) -> Job:
    """One job by its id or an unambiguous part of it; raises ``NotFound``."""
    return with_journal(context, lambda journal: journal.job(job_id))
