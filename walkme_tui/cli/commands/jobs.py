"""``walkme-tui jobs``: list, show, resume, discard and purge the jobs of this machine."""

import argparse
import time
from typing import TYPE_CHECKING

from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.journal_run import find_job, with_journal
from walkme_tui.cli.output.import_rows import job_rows_lines
from walkme_tui.cli.output.jobs import (
    FAILED_COLUMNS,
    counts_text,
    failed_records,
    failed_row,
    job_lines,
    job_object,
    listed_lines,
    listed_object,
    step_lines,
)
from walkme_tui.cli.output.messages import PROGRAM, print_message
from walkme_tui.cli.output.plan_text import MAX_SENTENCE, target_of
from walkme_tui.cli.output.streams import (
    data_output,
    line_filter,
    print_csv,
    print_json,
    print_lines,
    refuse_two_formats,
)
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.imports.results import failed_rows_csv
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.plans import grouped
from walkme_tui.domain.receipt_text import receipt_markdown
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.times import now_ms
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(options: argparse.Namespace) -> int:
    """Run the named action, ``list`` by default."""
    context = Context.of(options)
    refuse_two_formats(options)
    if options.action == "resume":
        from walkme_tui.cli.commands.jobs_resume import resume

        return resume(context, options.id, confirmed=options.yes)
    actions: dict[str, Callable[[Context, argparse.Namespace], int]] = {
        "show": _show,
        "discard": _discard,
        "failed": _failed,
        "receipt": _receipt,
        "purge": _purge,
    }
    return actions.get(options.action, _list)(context, options)


def _list(context: Context, _options: argparse.Namespace) -> int:
    wanted = context.options.profile
    jobs = () if context.options.demo else with_journal(context, lambda journal: journal.summaries(wanted))
    if context.options.json:
        print_json([listed_object(job) for job in jobs])
    elif jobs:
        print_lines(listed_lines(jobs))
    else:
        print_lines(["No jobs."])
    return ExitCode.DONE


def _show(context: Context, options: argparse.Namespace) -> int:
    job = find_job(context, options.id)
    jobs = with_journal(context, lambda journal: journal.summaries(job.plan.profile))
    undos = [other for other in jobs if other.undoes == job.id and other.standing]
    if context.options.json:
        print_json(job_object(job) | {"undone_by": [other.id for other in undos]})
    else:
        resumable = [f"Resume   {PROGRAM} jobs resume {job.id}"] if job.state.resumable else []
        print_lines([*job_lines(job, undos), *resumable])
    return ExitCode.DONE


def _failed(context: Context, options: argparse.Namespace) -> int:
    job = find_job(context, options.id)
    records = failed_records(job)
    if context.options.json:
        print_json(job_object(job, records))
    elif options.csv and job.plan.source is not None:
        _print_failed_rows(job, options)
    elif options.csv:
        print_csv([FAILED_COLUMNS, *(failed_row(job, record) for record in records)], options)
    elif job.plan.source is not None:
        print_lines(job_rows_lines(job))
    elif not records:
        print_lines([f"Nothing failed in job {job.id}: {counts_text(job)}."])
    else:
        for user_id, own in grouped(records, lambda record: record.step.subject_id).items():
            print_lines([clean(target_of(job.plan, user_id), MAX_SENTENCE), *(f"  {line}" for line in step_lines(own))])
    return ExitCode.DONE


def _print_failed_rows(job: Job, options: argparse.Namespace) -> None:
    """The rows of an import that were not imported, in the columns of the file."""
    with data_output(None) as stream:
        shown = line_filter(stream)
        stream.write(BYTE_ORDER_MARK if options.bom else "")
        stream.writelines(map(shown, failed_rows_csv(job, raw=options.raw).splitlines(keepends=True)))


def _receipt(context: Context, options: argparse.Namespace) -> int:
    job = with_journal(context, lambda journal: journal.excerpt_about(options.id, options.subject))
    (subject,) = job.plan.all_subjects
    profile = context.with_account(job.plan.profile, job.plan.surface).profile()
    account = Account(profile.name, profile.environment, job.plan.surface, job.plan.base_url)
    content = receipt(job, subject, account, now_ms(), None)
    file: Path | None = options.output
    with data_output(file) as stream:
        if context.options.json or (file is not None and file.suffix == ".json"):
            stream.write(dumps(content, indent=2) + "\n")
        else:
            stream.write(receipt_markdown(content, f"{job.id}.json"))
    return ExitCode.DONE


def _discard(context: Context, options: argparse.Namespace) -> int:
    before = with_journal(context, lambda journal: journal.summary(options.id))
    own = context.with_account(before.profile, before.surface)

    async def with_receipts(session: Session) -> Job:
        change_services = own.open_change_services(session)
        try:
            return await change_services.job_runs.discard(before.id)
        finally:
            await change_services.aclose()

    async def without_receipts(journal: Journal) -> Job:
        await journal.discard(before.id)
        return await journal.job(before.id)

    if not before.state.resumable:
        job = find_job(context, before.id)
    else:
        try:
            job = with_session(own, with_receipts)
        except ConfigurationError as error:  # the profile is gone, or incomplete by now
            job = with_journal(context, without_receipts)
            print_message(f"The receipts of the job were not updated: {error.message}")
    if context.options.json:
        print_json(job_object(job))
    elif before.state.resumable:
        print_lines([f"Job {job.id} is discarded, its remaining steps are not executed: {counts_text(job)}."])
    else:
        state = "was discarded before" if job.state is JobState.DISCARDED else f"is {job.state.value}"
        print_lines([f"Job {job.id} {state}, there was nothing to discard: {counts_text(job)}."])
    return ExitCode.DONE


def _purge(context: Context, options: argparse.Namespace) -> int:
    if options.before > time.time() * 1000:
        raise ConfigurationError(
            "--before is in the future, so all personal data would be deleted.", hint="Give a date in the past."
        )
    count = with_journal(context, lambda journal: journal.purge(options.before))
    if context.options.json:
        print_json({"purged": count})
    else:
        jobs = "job" if count == 1 else "jobs"
        print_lines([f"The personal data of {spaced(count)} {jobs} was deleted. Who did what, and when, is kept."])
    return ExitCode.DONE
