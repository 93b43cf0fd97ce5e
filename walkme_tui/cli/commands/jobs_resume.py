"""``walkme-tui jobs resume``: go on with a job that was interrupted."""

import sys
from dataclasses import replace

from walkme_tui.cli.commands.jobs import find_job
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.jobs import counts_text, job_object, step_lines
from walkme_tui.cli.output.plan_text import MAX_SENTENCE, target_of, title_of
from walkme_tui.cli.output.streams import data_output, print_lines
from walkme_tui.cli.plan_io import refuse_other_account, say_nothing_was_sent
from walkme_tui.cli.plan_review import is_for_the_browser, refuse_read_only
from walkme_tui.cli.session_run import with_change_services
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plan_files import plan_to_json
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def resume(context: Context, job_id: str, *, carry_it_out: bool) -> int:
    """Carry out what is left of a job; without ``carry_it_out`` a terminal is asked, and others are only told."""
    job = find_job(context, job_id)
    context = context.for_profile(job.plan.profile)
    if not job.state.resumable:
        return _nothing_left(context, job)
    if not carry_it_out:
        if not is_for_the_browser(context):
            _tell(context, job)
            say_nothing_was_sent()
            return ExitCode.DONE
        _tell(context, job)
        if not _agreed():
            say_nothing_was_sent()
            return ExitCode.DONE

    def check(account: Account) -> None:
        refuse_read_only(account)
        refuse_other_account(job.plan, account)

    async def work(session: Session, change_services: ChangeServices) -> int:
        from walkme_tui.cli.job_run import carry_on

        # What the token may do is known from here on, and refused before the job is touched.
        async with CommandDeadline(session).running():
            await session.prepare()
        return await carry_on(context, change_services, job)

    return with_change_services(context, work, check)


def _nothing_left(context: Context, job: Job) -> int:
    if context.options.json:
        _print_json(job_object(job))
    else:
        print_lines([f"Job {job.id} is {job.state.value}, there is nothing left to do: {counts_text(job)}."])
    return ExitCode.DONE


def _tell(context: Context, job: Job) -> None:
    """What would be done, as a plan of the steps that are left."""
    if context.options.json:
        left = replace(job.plan, steps=tuple(record.step for record in job.unsettled))
        _print_json({"plan": plan_to_json(left), "job": job.id})
        return
    lines = [f"Job {job.id}: {job.state.value}. {title_of(job.plan)}", f"{counts_text(job)}."]
    for user_id in dict.fromkeys(record.step.user_id for record in job.unsettled):
        own = [record for record in job.unsettled if record.step.user_id == user_id]
        lines += ["", clean(target_of(job.plan, user_id), MAX_SENTENCE), *(f"  {line}" for line in step_lines(own))]
    if any(record.state is StepState.SENT for record in job.unsettled):
        lines += ["", "Of what was sent without an answer, the outcome is read first: nothing is sent blindly again."]
    print_lines(lines)


def _agreed() -> bool:
    sys.stderr.write("Go on with it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _print_json(value: object) -> None:
    with data_output(None) as stream:
        stream.write(printable_json(value, indent=2) + "\n")
