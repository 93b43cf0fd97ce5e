"""``walkme-tui jobs resume``: run the remaining steps of an interrupted job."""

import sys
from dataclasses import replace
from itertools import islice

from walkme_tui.cli.change_request import is_for_the_browser
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.journal_run import find_job, with_journal
from walkme_tui.cli.output.jobs import counts_text, job_object, step_lines
from walkme_tui.cli.output.plan_text import MAX_LISTED, MAX_SENTENCE, target_of, title_of
from walkme_tui.cli.output.streams import print_json, print_lines
from walkme_tui.cli.plan_io import print_nothing_sent, print_plan_json, refuse_other_account
from walkme_tui.cli.session_run import with_change_services
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import StepState, grouped
from walkme_tui.domain.text import clean, spaced
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.permissions import require_writable
from walkme_tui.services.ports import Session


def resume(context: Context, job_id: str, *, confirmed: bool) -> int:
    """Run the remaining steps of a job; unless ``confirmed``, ask on a terminal, and elsewhere only print them."""
    job = with_journal(context, lambda journal: journal.summary(job_id))
    context = context.with_account(job.profile, job.surface)
    if not job.state.resumable:
        return _nothing_left(context, find_job(context, job.id))
    if not confirmed:
        _print_remaining(context, find_job(context, job.id))
        if not is_for_the_browser(context) or not _answered_yes():
            print_nothing_sent()
            return ExitCode.DONE

    def check(account: Account) -> None:
        require_writable(account)
        refuse_other_account(job, account)

    async def work(session: Session, change_services: ChangeServices) -> int:
        from walkme_tui.cli.job_run import run_job

        # After this the scopes of the token are known, so a missing one is refused before the job is claimed.
        async with CommandDeadline(session).running():
            await session.prepare()
        return await run_job(context, change_services, job)

    return with_change_services(context, work, check)


def _nothing_left(context: Context, job: Job) -> int:
    if context.options.json:
        print_json(job_object(job))
    else:
        print_lines([f"Job {job.id} is {job.state.value}, no steps are left: {counts_text(job)}."])
    return ExitCode.DONE


def _print_remaining(context: Context, job: Job) -> None:
    """Print the steps that are left, of many people those of the first ones; as JSON, a plan of them all."""
    if context.options.json:
        remaining = replace(job.plan, steps=tuple(record.step for record in job.unsettled))
        print_plan_json(remaining, {"job": job.id})
        return
    lines = [f"Job {job.id}: {job.state.value}. {title_of(job.plan)}", f"{counts_text(job)}."]
    left = grouped(job.unsettled, lambda record: record.step.subject_id)
    for user_id, own in islice(left.items(), MAX_LISTED):
        lines += ["", clean(target_of(job.plan, user_id), MAX_SENTENCE), *(f"  {line}" for line in step_lines(own))]
    if len(left) > MAX_LISTED:
        lines += ["", f"And {spaced(len(left) - MAX_LISTED)} more people. --json prints all of them."]
    if any(record.state is StepState.SENT for record in job.unsettled):
        lines += ["", "Steps that were sent without an answer are read back first; nothing is sent twice."]
    print_lines(lines)


def _answered_yes() -> bool:
    sys.stderr.write("Resume the job? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
