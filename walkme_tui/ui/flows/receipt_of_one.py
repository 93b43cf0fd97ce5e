"""Write the receipt of one of the people or groups of a job."""

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE, subject_name
from walkme_tui.ui.dialogs.receipt_subject import ReceiptSubjectDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin


async def write_receipt_of_one(view: FlowContext, origin: Origin, job: Job) -> Job:
    """Ask for the person or group, and write the two files; returns the job with their paths."""
    subject = await origin.show(ReceiptSubjectDialog(job), "The person for the receipt can be entered")
    if subject is None:
        return job
    try:
        job = await (await view.job_tasks.change_services()).job_runs.write_receipt_of(job, subject)
    except WalkmeError as error:
        report(view.app, error, doing="Writing the receipt")
        return job
    path = clean(job.receipts[-1], MAX_SENTENCE)
    view.app.notify(f"{path} (and .json)", title=f"Receipt of {subject_name(subject)}", markup=False, timeout=8)
    return job
