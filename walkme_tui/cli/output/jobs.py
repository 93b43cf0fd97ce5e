"""Jobs as JSON objects, CSV rows and lines of text."""

from collections.abc import Iterable, Iterator
from typing import Final

from walkme_tui.cli.output.calls import call_of
from walkme_tui.cli.output.columns import aligned, cut
from walkme_tui.cli.output.import_rows import job_rows_lines, rows_object
from walkme_tui.cli.output.messages import PROGRAM
from walkme_tui.cli.output.plan_text import MAX_SENTENCE, left_out_lines, step_text, target_of, title_of
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.imports.results import FAILED_ROWS
from walkme_tui.domain.jobs import Job, JobState, JobSummary, StepRecord
from walkme_tui.domain.plans import NEED_ATTENTION, Plan, StepState
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import Json

FAILED_COLUMNS: Final = ("job", "number", "state", "call", "target", "detail", "userId")
MAX_ROW: Final = 60
# The order of the states in counts.
ORDER: Final = (
    StepState.DONE,
    StepState.SKIPPED,
    StepState.FAILED,
    StepState.REFUSED,
    StepState.NEEDS_REVIEW,
    StepState.SENT,
    StepState.TODO,
)


def job_object(job: Job, records: Iterable[StepRecord] | None = None) -> dict[str, Json]:
    """A job as a JSON object; ``records`` are its steps, None: all.

    Where they are given, of an import only the rows that were not imported are shown, too.
    """
    return {
        "job": job.id,
        "state": job.state.value,
        "counts": dict(job.counts),
        "receipts": list(job.receipts),
        "steps": [step_object(job.plan, record) for record in (job.steps if records is None else records)],
        "kind": job.plan.kind.value,
        "profile": job.plan.profile,
        "surface": job.plan.surface.value,
        "ticket": job.plan.ticket,
        "created": format_time_ms(job.created_at_ms),
        "actor": str(job.actor),
        "author": job.plan.author,
        "undoes": job.plan.undoes,
        "left_out": list(job.plan.left_out),
        "checks": [check.to_json() for check in job.checks],
        **rows_object(job, all_rows=records is None),
    }


def empty_job_object(plan: Plan) -> dict[str, Json]:
    """The JSON object for a plan without steps, for which no job is made."""
    return {
        "job": None,
        "state": JobState.DONE.value,
        "counts": {},
        "receipts": [],
        "steps": [],
        "kind": plan.kind.value,
        "profile": plan.profile,
        "surface": plan.surface.value,
        "ticket": plan.ticket,
        "left_out": list(plan.left_out),
        "checks": [],
        **rows_object(plan),
    }


def step_object(plan: Plan, record: StepRecord) -> dict[str, Json]:
    """A step as a JSON object."""
    return {
        "state": record.state.value,
        "call": call_of(plan.surface, record.step.change),
        "target": target_of(plan, record.step.subject_id),
        "detail": record.detail,
        "number": record.step.number,
        "changed": record.changed,
        "attempts": record.attempts,
    }


def listed_object(job: JobSummary) -> dict[str, Json]:
    """A job as an object of the list of jobs."""
    return {
        "id": job.id,
        "kind": job.kind.value,
        "state": job.state.value,
        "created": format_time_ms(job.created_at_ms),
        "ticket": job.ticket,
        "counts": dict(job.counts),
        "profile": job.profile,
        "surface": job.surface.value,
        "actor": str(job.actor),
        "purged": job.purged_at_ms is not None,
    }


def listed_lines(jobs: Iterable[JobSummary]) -> list[str]:
    """Jobs as aligned lines."""
    rows = [
        (
            job.id,
            job.kind.value,
            job.state.value,
            _second(job.created_at_ms),
            f"{job.profile}{'' if job.surface is Surface.REST else f' ({job.surface.upper()})'}",
            job.ticket,
            subject_text(job),
            counts_text(job),
        )
        for job in jobs
    ]
    heads = ("ID", "KIND", "STATE", "CREATED", "PROFILE", "TICKET", "SUBJECT", "STEPS")
    return aligned([heads, *rows], MAX_ROW)


def subject_text(job: JobSummary) -> str:
    """The one person or group of a job, or the number of people, or ``purged``."""
    if job.purged_at_ms is not None:
        return "purged"
    if job.subjects == 1:
        return job.names[0].name
    return f"{spaced(job.subjects)} {'groups' if job.about_groups else 'people'}"


def counts_text(job: Job | JobSummary) -> str:
    """``4 done, 1 failed``; states without a step are left out."""
    counts = job.counts
    return ", ".join(f"{spaced(counts[state])} {state.value}" for state in ORDER if counts.get(state)) or "no steps"


def job_lines(job: Job, undo_jobs: Iterable[JobSummary] = ()) -> list[str]:
    """A job with its steps as lines; ``undo_jobs`` undid it and were not undone themselves."""
    state = counts_text(job) if job.state is JobState.DONE and failed_records(job) else job.state.value
    through = "" if job.plan.surface is Surface.REST else f", through {job.plan.surface.upper()}"
    lines = [
        f"Job {job.id}: {state}. {title_of(job.plan)}",
        f"Made     {_second(job.created_at_ms)} by {clean(str(job.actor), MAX_SENTENCE)}{through}",
    ]
    if job.plan.author not in {"", f"{job.actor.os_user}@{job.actor.host}"}:
        lines.append(f"Planned  {_second(job.plan.created_at_ms)} by {cut(job.plan.author, MAX_SENTENCE)}")
    if job.plan.ticket:
        lines.append(f"Ticket   {cut(job.plan.ticket, MAX_SENTENCE)}")
    if job.settled_at_ms is not None:
        lines.append(f"Settled  {_second(job.settled_at_ms)}")
    if job.plan.undoes is not None:
        lines.append(f"Undoes   job {clean(job.plan.undoes)}")
    changed = len(job.changed_subjects)
    for other in undo_jobs:
        some = f" for {spaced(other.standing)} of {spaced(changed)} people" if changed > 1 else ""
        lines.append(f"Undone   {_second(other.created_at_ms)} by job {other.id}{some}")
    if job.purged_at_ms is not None:
        lines.append(f"Purged   {_second(job.purged_at_ms)}: the people that it changed are no longer known")
    lines += _subject_lines(job) if job.plan.source is None else ["", *job_rows_lines(job)]
    lines += [*left_out_lines(job.plan), "", f"{counts_text(job)}."]
    lines += [f"{'Failed ' if path.endswith(FAILED_ROWS) else 'Receipt'}  {clean(path)}" for path in job.receipts]
    if job.purged_at_ms is None and job.undoable_subjects:
        scope = f"  (all {spaced(changed)} people)" if changed > 1 else ""
        lines.append(f"Undo     {PROGRAM} undo {job.id}{scope}")
        if changed > 1:
            one = f"{PROGRAM} jobs receipt {job.id} EMAIL --output FILE.json"
            lines.append(f"         {one}, then {PROGRAM} undo FILE.json  (one person)")
    return lines


def _subject_lines(job: Job) -> Iterator[str]:
    """Each user or group with its steps and checks."""
    for user_id in job.reported_ids:
        yield from ("", cut(target_of(job.plan, user_id), MAX_SENTENCE))
        yield from (f"  {line}" for line in step_lines(job.records_of(user_id)))
        yield from (f"  {'!' if check.wrong else '-'} {check.text}" for check in job.checks_of(user_id))


def step_lines(records: Iterable[StepRecord]) -> list[str]:
    """Steps as aligned lines, each with its state and outcome."""
    rows = []
    for record in records:
        verb, what = step_text(record.step.change)
        rows.append((str(record.step.number), record.state.value, verb, what, clean(record.detail, MAX_SENTENCE)))
    return aligned(rows, MAX_SENTENCE) if rows else []


def failed_records(job: Job) -> list[StepRecord]:
    """The steps that need attention."""
    return [record for record in job.steps if record.state in NEED_ATTENTION]


def failed_row(job: Job, record: StepRecord) -> list[str]:
    """A step as a CSV row."""
    fields = step_object(job.plan, record)
    return [
        job.id,
        str(record.step.number),
        *(str(fields[name]) for name in FAILED_COLUMNS[2:6]),
        record.step.subject_id,
    ]


def _second(at_ms: int) -> str:
    return format_time_ms(at_ms // 1000 * 1000)
