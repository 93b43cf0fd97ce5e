"""Write the receipt of one of the people or groups of a job."""

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.jobs import Job, JobSummary
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE, subject_name
from walkme_tui.ui.dialogs.receipt_subject import ReceiptSubjectDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin


async def write_receipt_of_one(view: FlowContext, origin: Origin, job: JobSummary) -> Job | None:
    """Ask for the person or group, and write the two files; returns that part of the job with their paths."""
    services = await view.job_tasks.change_services()
    dialog = ReceiptSubjectDialog(
        lambda wanted: services.journal.excerpt_about(job.id, wanted), about_groups=job.about_groups
    )
    part = await origin.show(dialog, "The person for the receipt can be entered")
    if part is None:
        return None
    try:
        written, path = await services.job_runs.write_receipt_of_one(part)
    except WalkmeError as error:
        report(view.app, error, doing="Writing the receipt")
        return None
    (subject,) = part.plan.all_subjects
    text = f"{clean(path, MAX_SENTENCE)} (and .json)"
    view.app.notify(text, title=f"Receipt of {subject_name(subject)}", markup=False, timeout=8)
    return written
