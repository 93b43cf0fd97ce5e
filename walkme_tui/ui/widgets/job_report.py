"""A job as lines of styled text: the ticket, every step with its result, the receipts."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.consequences import identity_provider_warning
from walkme_tui.domain.jobs import Job, JobState, JobSummary, StepRecord
from walkme_tui.domain.plans import NEED_ATTENTION, PlanKind, StepState, Subject
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words, words
from walkme_tui.ui.widgets.import_outcomes import result_lines
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

if TYPE_CHECKING:
    from walkme_tui.domain.imports.results import RowResult

MOST_PEOPLE: Final = 200
"""The lines of more people would take seconds to make, and are made again while the job runs."""
MOST_LEFT_OUT: Final = 50
NOUN_OF_MORE: Final = ("more person", "more people")
STATE_WIDTH: Final = 15
VERB_WIDTH: Final = 12
TIME_WIDTH: Final = 10
STYLES: Final = {
    StepState.TODO: TextStyle.DIM,
    StepState.SENT: TextStyle.WARN,
    StepState.DONE: TextStyle.GOOD,
    StepState.FAILED: TextStyle.BAD,
    StepState.REFUSED: TextStyle.BAD,
    StepState.SKIPPED: TextStyle.WARN,
    StepState.NEEDS_REVIEW: TextStyle.BAD,
}


def job_lines(
    job: Job, rows: "Sequence[RowResult]", now_ms: int, width: int, jobs: Sequence[JobSummary]
) -> Iterator[StyledText]:
    """Author, time and ticket; the results of the rows of an import; the steps; what was left out; the receipts.

    The jobs that it undid, and that undid it, are looked for among ``jobs``.
    """
    yield from about_lines(job, now_ms, width, jobs)
    yield ()
    if job.plan.source is not None and rows:
        yield from result_lines(rows, job.plan.source.file, width)
        yield ()
    elif job.plan.kind is PlanKind.IMPORT and job.state is not JobState.RUNNING and job.purged_at_ms is None:
        yield from wrapped(
            "o counts the rows of the file and lists those that were not imported.", width, TextStyle.DIM
        )
        yield ()
    yield from people_lines(job, width)
    yield from ending_lines(job, width)


def about_lines(job: Job, now_ms: int, width: int, jobs: Sequence[JobSummary] = ()) -> Iterator[StyledText]:
    """The ticket, the author and time, the job that it undid, and those that undid it and were not undone."""
    if job.plan.ticket:
        yield from _labelled("Ticket", clean(job.plan.ticket, change_words.MAX_SENTENCE), width)
    through = "" if job.plan.surface is Surface.REST else f", through {job.plan.surface.upper()}"
    actor = f"{clean(str(job.actor), change_words.MAX_SENTENCE)}{through}"
    made = f"{words.ago_and_date(now_ms, job.created_at_ms)}, {actor}"
    yield from _labelled("Made", made, width)
    if job.plan.undoes:
        undone = next((other for other in jobs if other.id == job.plan.undoes), None)
        what = f"{change_words.job_title(undone)}, {words.ago(now_ms, undone.created_at_ms)}, " if undone else ""
        yield from _labelled("Undoes", f"{what}job {clean(job.plan.undoes, 60)}", width)
    for other in jobs:
        if other.undoes == job.id and other.standing:
            when, people = words.ago(now_ms, other.created_at_ms), job.summary.changed
            some = f" for {words.number(other.standing)} of {words.number(people)} people" if people > 1 else ""
            yield from _labelled("Undone", f"{when} by job {clean(other.id, 60)}{some}", width)
    if job.purged_at_ms is not None:
        yield from _labelled("Purged", "the people of this job were deleted from the journal", width)


def people_lines(job: Job, width: int) -> Iterator[StyledText]:
    """The steps with their results and the checks, person by person; of many people those that need attention first."""
    all_ids = job.reported_ids
    number = len(all_ids) if job.whole is None else max(len(all_ids), job.whole.subjects)
    ids = _shown_first(job, all_ids) if number > MOST_PEOPLE else all_ids
    for place, user_id in enumerate(ids):
        if place:
            yield ()
        subject = job.plan.subject_of(user_id)
        yield [(clean(user_id if subject is None else subject.name, 80), TextStyle.STRONG)]
        for record in job.records_of(user_id):
            yield from _step(record, width)
        for check in job.checks_of(user_id):
            style = TextStyle.BAD if check.wrong else TextStyle.WARN if check.active is None else TextStyle.PLAIN
            yield from wrapped(check.text, width, style, "! " if check.wrong else "  ")
        if isinstance(subject, Subject) and (warning := identity_provider_warning(subject.user, job.plan.kind)):
            yield from wrapped(warning, width, TextStyle.WARN, "! ")
    more = number - len(ids)
    if more:
        yield ()
        people = words.count(more, *(("more group", "more groups") if job.plan.about_groups else NOUN_OF_MORE))
        yield from wrapped(f"And {people}: walkme-tui jobs show {job.id} lists all.", width, TextStyle.DIM)


def _shown_first(job: Job, ids: Sequence[str]) -> Sequence[str]:
    """The first people or groups to show of very many: those that need attention, then the others."""
    needing = {record.step.subject_id for record in job.steps if record.state in NEED_ATTENTION}
    needing.update(check.user_id for check in job.wrong_checks)
    ordered = chain((each for each in ids if each in needing), (each for each in ids if each not in needing))
    return tuple(islice(ordered, MOST_PEOPLE))


def ending_lines(job: Job, width: int) -> Iterator[StyledText]:
    """What the plan left out, and the paths of the receipts."""
    if job.plan.left_out:
        yield ()
        for text in job.plan.left_out[:MOST_LEFT_OUT]:
            yield from wrapped(clean(text, change_words.MAX_SENTENCE), width, TextStyle.WARN, "! ")
        more = len(job.plan.left_out) - MOST_LEFT_OUT
        if more > 0:
            yield from wrapped(f"And {words.number(more)} more; the receipt has all.", width, TextStyle.DIM)
    if job.purged_at_ms is None and job.summary.changed > 1:
        yield ()
        people = words.count(job.summary.changed, "person", "people")
        hint = f"z here undoes all {people}; z on one of them in the Users tab undoes only that person."
        yield from wrapped(hint, width, TextStyle.DIM)
    shown = [path for path in job.receipts if path.endswith(".md")] or list(job.receipts)
    if shown:
        yield ()
        folder = str(PurePath(shown[0]).parent)
        noun = "Receipt" if len(shown) == 1 else f"{len(shown)} receipts"
        yield from wrapped(f"{noun} (.md, .json) in {clean(folder, change_words.MAX_SENTENCE)}:", width, TextStyle.DIM)
        for path in shown:
            name = clean(PurePath(path).name, change_words.MAX_SENTENCE)
            yield from ([(piece, TextStyle.PLAIN)] for piece in words.chop(name, width))


def _step(record: StepRecord, width: int) -> Iterator[StyledText]:
    change = record.step.change
    state = f"{change_words.STEP_SIGNS[record.state]} {record.state.value}"
    at = record.settled_at_ms if record.settled_at_ms is not None else record.sent_at_ms
    time = words.clock_time(at) if at is not None else ""
    room = max(8, width - STATE_WIDTH - VERB_WIDTH - TIME_WIDTH)
    first, *others = change_words.target_lines(change, room)
    yield [
        (words.fit(state, STATE_WIDTH), STYLES[record.state]),
        (words.fit(change.verb, VERB_WIDTH), TextStyle.PLAIN),
        (words.fit(first, room), TextStyle.PLAIN),
        (words.fit_right(time, TIME_WIDTH), TextStyle.DIM),
    ]
    for line in others:
        yield [(" " * (STATE_WIDTH + VERB_WIDTH) + line, TextStyle.PLAIN)]
    detail = "" if record.as_planned else clean(record.detail, change_words.MAX_SENTENCE)
    if record.attempts > 1:
        detail = f"{detail} ({record.attempts} attempts)".strip()
    if detail:
        bad = record.state in NEED_ATTENTION
        yield from wrapped(detail, width, TextStyle.WARN if bad else TextStyle.DIM, " " * STATE_WIDTH)


def _labelled(label: str, text: str, width: int) -> Iterator[StyledText]:
    for line in words.wrap(text, width - 8):
        yield [(words.fit(label, 8), TextStyle.DIM), (line, TextStyle.PLAIN)]
        label = ""
