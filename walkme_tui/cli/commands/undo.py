"""``walkme-tui undo``: take back what a job has done."""

import argparse
import json
from pathlib import Path

from walkme_tui.cli.context import Context
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.plan_io import read_text
from walkme_tui.cli.plan_review import Wish, change
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, write or carry out the way back from a job or from a receipt."""
    context = Context.of(options)
    wish = _of_receipt(context, Path(options.job)) if _is_path(options.job) else _of_job(context, options.job)
    return change(context, wish.under(options.ticket), plan_file=options.plan, carry_it_out=options.yes)


def _is_path(word: str) -> bool:
    """True for what can only be a file: ids of jobs hold no dot and no slash."""
    return "/" in word or word.endswith((".json", ".md")) or Path(word).is_file()


def _of_job(context: Context, job_id: str) -> Wish:
    from walkme_tui.cli.commands.jobs import find_job

    job = find_job(context, job_id)

    async def make(_: Session, change_services: ChangeServices) -> Plan:
        return await change_services.planner.undo(await change_services.journal.job(job.id))

    return Wish(f"Undo job {job.id}", make, profile=job.plan.profile)


def _of_receipt(context: Context, file: Path) -> Wish:
    from walkme_tui.session import RECEIPTS

    shown = clean(str(file), MAX_NAME)
    if len(file.parts) == 1 and not file.exists():
        # A bare name, as receipts give it, is found in their folder from anywhere.
        file = context.paths.data / RECEIPTS / file
    if file.suffix == ".md":
        # The one for people lies beside the one to undo from.
        file = file.with_suffix(".json")
    text = read_text(file, "receipt")
    try:
        receipt = json.loads(text)
    except (ValueError, RecursionError):
        receipt = None
    if not isinstance(receipt, dict):
        raise ConfigurationError(f"{shown} is no receipt: it does not hold one JSON object.")
    return Wish(f"Undo {shown}", lambda _, change_services: change_services.planner.undo_receipt(receipt))
