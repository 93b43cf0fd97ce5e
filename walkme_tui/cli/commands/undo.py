"""``walkme-tui undo``: undo what a job changed."""

import argparse
from pathlib import Path

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.journal_run import with_journal
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.output.progress import reading_progress
from walkme_tui.cli.plan_io import read_text
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.json_text import loads
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.receipts import read_receipt
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the undo of a job or of a receipt."""
    context = Context.of(options)
    in_browser = opens_browser(context, options)
    if _is_path(options.job):
        request = _of_receipt(context, Path(options.job), in_browser=in_browser)
    else:
        request = _of_job(context, options.job, in_browser=in_browser)
    return run_change(context, request, options)


def _is_path(word: str) -> bool:
    """True for a file name: job ids contain no dot and no slash."""
    return "/" in word or word.endswith((".json", ".md")) or Path(word).is_file()


def _of_job(context: Context, job_id: str, *, in_browser: bool) -> ChangeRequest:
    job = with_journal(context, lambda journal: journal.summary(job_id))

    async def make(_: Session, change_services: ChangeServices) -> Plan:
        whole = await change_services.journal.job(job.id)
        with reading_progress("reading", job.changed, hidden=in_browser) as show:
            return await change_services.undo_planner.of_job(whole, show)

    return ChangeRequest(f"Undo job {job.id}", make, profile=job.profile, surface=job.surface)


def _of_receipt(context: Context, file: Path, *, in_browser: bool) -> ChangeRequest:
    from walkme_tui.store.journal.purge import RECEIPTS

    shown = clean(str(file), MAX_NAME)
    if len(file.parts) == 1 and not file.exists():
        # A bare name, as receipts print it, is looked up in the receipts folder.
        file = context.paths.data / RECEIPTS / file
    if file.suffix == ".md":
        # The JSON receipt is next to the Markdown one.
        file = file.with_suffix(".json")
    text = read_text(file, "receipt")
    try:
        receipt = loads(text)
    except (ValueError, RecursionError):
        receipt = None
    if not isinstance(receipt, dict):
        raise ConfigurationError(f"{shown} is not a receipt: it is not a JSON object.")
    found = read_receipt(receipt)

    async def make(_: Session, change_services: ChangeServices) -> Plan:
        with reading_progress("reading", len(found.subjects), hidden=in_browser) as show:
            return await change_services.undo_planner.of_receipt(receipt, show)

    return ChangeRequest(f"Undo {shown}", make, surface=found.surface)
