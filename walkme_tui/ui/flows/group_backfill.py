"""Reading the groups of users one by one, for accounts whose list does not contain them; the cost is shown first."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.services.sync.group_backfill import BackfillCost, BackfillProgress, GroupBackfill
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle

DOING: Final = "Reading the groups of users"
ALL, ONLY_VIEW = "a", "v"
MAX_MESSAGE: Final = 300
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class BackfillDialog(QuestionDialog):
    """Shows the cost before anything is requested; only one is open at a time."""


async def start_or_stop(view: FlowContext, origin: Origin, backfill: GroupBackfill, query: UserQuery) -> None:
    """Stop the backfill if it runs; otherwise show its cost and start it once the user confirms.

    The users of ``query``, the current view, are read first.
    """
    if backfill.running:
        backfill.stop()
        view.update_status()
        return
    try:
        cost = await backfill.cost(query)
    except MirrorUnavailable as error:
        report(view.app, error, doing=DOING)
        return
    if not cost.unknown:
        view.app.notify("The groups of all loaded users are known.", markup=False, timeout=4)
        return
    if isinstance(view.app.screen, BackfillDialog):
        return
    users = words.count(cost.unknown, "user", "users")
    dialog = BackfillDialog(
        f"Read the groups of {users} one by one",
        question(cost),
        answers(cost),
        account=view.session.account,
        monotonic=view.job_tasks.monotonic,
    )
    chosen = await origin.show(dialog, "The cost of reading the groups is known")
    if chosen is not None:
        await _run(view, backfill, query, only=chosen == ONLY_VIEW)


async def _run(view: FlowContext, backfill: GroupBackfill, query: UserQuery, *, only: bool) -> None:
    try:
        end = await backfill.run(query, only=only)
    except WalkmeError as error:
        report(view.app, error, doing=DOING)
        view.app.notify(stopped_text(backfill.progress), markup=False, timeout=10)
    else:
        stopped = backfill.stopping
        view.app.notify(
            stopped_text(end) if stopped else finished_text(end), markup=False, timeout=10 if stopped else 6
        )
    view.update_status()


# ------------------------------------------------------------ texts


def question(cost: BackfillCost) -> Sequence[tuple[str, TextStyle]]:
    """The cost in sentences, each with its style."""
    plain = [f"{requests_text(cost.unknown, cost.per_second)}."]
    if _has_view(cost):
        plain.append(f"Only for this view: {requests_text(cost.in_view, cost.per_second)}.")
    dim = []
    if cost.not_loaded:
        dim.append(
            f"{words.count(cost.not_loaded, 'user is', 'users are')} not loaded yet. Those without groups are read "
            f"too: {requests_text(cost.unknown + cost.not_loaded, cost.per_second)} in all."
        )
    order = "The users of this view are read first, then" if _has_view(cost) else "It begins with"
    dim.append(
        f"{order} those that were loaded first. It runs in the background; what you look at has priority. "
        "M stops it at any time and resumes it later; what was read is kept."
    )
    return [*((text, TextStyle.PLAIN) for text in plain), *((text, TextStyle.DIM) for text in dim)]


def answers(cost: BackfillCost) -> Sequence[AnswerKey]:
    """The keys of the answers."""
    read_all = AnswerKey(ALL, "read all")
    return [read_all, AnswerKey(ONLY_VIEW, "only this view")] if _has_view(cost) else [read_all]


def _has_view(cost: BackfillCost) -> bool:
    return 0 < cost.in_view < cost.unknown


def requests_text(count: int, per_second: float) -> str:
    """``249 188 requests at up to 9.8/s: about 7 h 4 min``."""
    requests = words.count(count, "request", "requests")
    if per_second <= 0:
        return requests
    return f"{requests} at up to {per_second:.1f}/s: about {duration_text(count / per_second)}"


def duration_text(seconds: float) -> str:
    """A duration: ``40 s``, ``12 min``, ``7 h 4 min``, ``2 d 3 h``."""
    whole = max(1, round(seconds))
    if whole < 2 * MINUTE:
        return f"{whole} s"
    minutes = round(seconds / MINUTE)
    if minutes < 90:
        return f"{minutes} min"
    if minutes * MINUTE < 2 * DAY:
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / HOUR), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def status_message(progress: BackfillProgress, *, stopping: bool = False) -> StatusMessage:
    """The progress, for the status line."""
    so_far = f"{words.number(progress.done)} of {words.number(progress.total)}"
    if stopping:
        return StatusMessage(f"{DOING} is stopping after the requests in flight: {so_far}.", TextStyle.DIM)
    if progress.failure is not None and progress.waiting_seconds > 0:
        what = clean(progress.failure.message, MAX_MESSAGE)
        return StatusMessage(
            f"{DOING} resumes in {words.seconds(progress.waiting_seconds)}. M stops. {what}", TextStyle.WARN
        )
    parts = [so_far]
    if progress.seconds_left is not None:
        parts += [f"{progress.per_second:.1f}/s", f"{duration_text(progress.seconds_left)} left"]
    return StatusMessage(f"{DOING}: {', '.join(parts)}. M stops.", TextStyle.DIM)


def finished_text(end: BackfillProgress) -> str:
    """The result after all users were requested."""
    return " ".join([f"The groups of {words.count(end.read, 'user', 'users')} were read.", *_exceptions(end)])


def stopped_text(end: BackfillProgress) -> str:
    """The result of a backfill that was stopped."""
    if end.without_groups and not end.read:
        requested = words.count(end.without_groups, "user was", "users were")
        return (
            f"Stopped: {requested} requested, and no response contained groups. "
            "The members of groups cannot be shown for this account."
        )
    remaining = words.count(max(0, end.total - end.done), "user is", "users are")
    read = f"Stopped: the groups of {words.count(end.read, 'user', 'users')} were read, {remaining} left."
    return " ".join([read, *_exceptions(end), "M resumes."])


def _exceptions(end: BackfillProgress) -> Sequence[str]:
    sentences = []
    if end.gone:
        sentences.append(f"{words.count(end.gone, 'user is', 'users are')} gone.")
    if end.refused:
        sentences.append(f"{words.count(end.refused, 'user', 'users')} could not be read.")
    if end.without_groups:
        sentences.append(f"The server returned no groups for {words.count(end.without_groups, 'user', 'users')}.")
    return sentences
