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
ALL, OF_THE_VIEW = "a", "v"
MAX_MESSAGE: Final = 300
MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class ReadingDialog(QuestionDialog):
    """Shows the cost before anything is requested; only one is open at a time."""


async def read_or_stop(view: FlowContext, origin: Origin, reading: GroupBackfill, query: UserQuery) -> None:
    """Stop the backfill if it runs; otherwise show its cost and start it if the person agrees.

    The users of ``query``, the current view, are read first.
    """
    if reading.running:
        reading.stop()
        view.update_status()
        return
    try:
        cost = await reading.cost(query)
    except MirrorUnavailable as error:
        report(view.app, error, doing=DOING)
        return
    if not cost.unknown:
        view.app.notify("The groups of all loaded users are known.", markup=False, timeout=4)
        return
    if isinstance(view.app.screen, ReadingDialog):
        return
    users = words.count(cost.unknown, "user", "users")
    dialog = ReadingDialog(
        f"Read the groups of {users} one by one",
        question(cost),
        answers(cost),
        account=view.session.account,
        monotonic=view.work.monotonic,
    )
    chosen = await origin.show(dialog, "What reading the groups costs is known")
    if chosen is not None:
        await _read(view, reading, query, only=chosen == OF_THE_VIEW)


async def _read(view: FlowContext, reading: GroupBackfill, query: UserQuery, *, only: bool) -> None:
    try:
        ended = await reading.run(query, only=only)
    except WalkmeError as error:
        report(view.app, error, doing=DOING)
        view.app.notify(stopped(reading.progress), markup=False, timeout=10)
    else:
        view.app.notify(
            stopped(ended) if reading.stopping else finished(ended), markup=False, timeout=10 if reading.stopping else 6
        )
    view.update_status()


# ------------------------------------------------------------ texts


def question(cost: BackfillCost) -> Sequence[tuple[str, TextStyle]]:
    """The cost in sentences, each with its style."""
    plain = [f"{requests_in_words(cost.unknown, cost.per_second)}."]
    if _has_view(cost):
        plain.append(f"Only for this view: {requests_in_words(cost.in_view, cost.per_second)}.")
    dim = []
    if cost.to_come:
        dim.append(
            f"{words.count(cost.to_come, 'user is', 'users are')} not loaded yet. Those without groups are read "
            f"too: {requests_in_words(cost.unknown + cost.to_come, cost.per_second)} in all."
        )
    first = "The users of this view are read first, then" if _has_view(cost) else "It begins with"
    dim.append(
        f"{first} those that were loaded first. It runs in the background; what you look at has priority. "
        "M stops it at any time and resumes it later; what was read is kept."
    )
    return [*((text, TextStyle.PLAIN) for text in plain), *((text, TextStyle.DIM) for text in dim)]


def answers(cost: BackfillCost) -> Sequence[AnswerKey]:
    """The keys of the answers."""
    everybody = AnswerKey(ALL, "read all")
    return [everybody, AnswerKey(OF_THE_VIEW, "only this view")] if _has_view(cost) else [everybody]


def _has_view(cost: BackfillCost) -> bool:
    return 0 < cost.in_view < cost.unknown


def requests_in_words(count: int, per_second: float) -> str:
    """``249 188 requests at up to 9.8/s: about 7 h 4 min``."""
    requests = words.count(count, "request", "requests")
    if per_second <= 0:
        return requests
    return f"{requests} at up to {per_second:.1f}/s: about {span(count / per_second)}"


def span(seconds: float) -> str:
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


def saying(progress: BackfillProgress, *, stopping: bool = False) -> StatusMessage:
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
        parts += [f"{progress.per_second:.1f}/s", f"{span(progress.seconds_left)} left"]
    return StatusMessage(f"{DOING}: {', '.join(parts)}. M stops.", TextStyle.DIM)


def finished(ended: BackfillProgress) -> str:
    """The result after all users were requested."""
    return " ".join([f"The groups of {words.count(ended.read, 'user', 'users')} were read.", *_exceptions(ended)])


def stopped(ended: BackfillProgress) -> str:
    """The result of a backfill that was stopped."""
    if ended.silent and not ended.read:
        requested = words.count(ended.silent, "user was", "users were")
        return (
            f"Stopped: {requested} requested, and no response contained groups. "
            "The members of groups cannot be shown for this account."
        )
    left = words.count(max(0, ended.total - ended.done), "user is", "users are")
    read = f"Stopped: the groups of {words.count(ended.read, 'user', 'users')} were read, {left} left."
    return " ".join([read, *_exceptions(ended), "M resumes."])


def _exceptions(ended: BackfillProgress) -> Sequence[str]:
    sentences = []
    if ended.gone:
        sentences.append(f"{words.count(ended.gone, 'user is', 'users are')} gone.")
    if ended.refused:
        sentences.append(f"{words.count(ended.refused, 'user', 'users')} could not be read.")
    if ended.silent:
        sentences.append(f"The server returned no groups for {words.count(ended.silent, 'user', 'users')}.")
    return sentences
