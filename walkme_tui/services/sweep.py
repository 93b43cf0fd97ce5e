"""One walk over all pages of the server's list, with an honest word on what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from walkme_tui.domain.records import format_time_ms
from walkme_tui.services.ports import Session
from walkme_tui.services.walk import Walk

SWEEP_PAGE_SIZE: Final = 1000


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """So far: ``loaded`` distinct users of ``total`` (None: not known) in this ``walk`` (1, or 2 after a drift)."""

    loaded: int
    total: int | None
    walk: int


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep saw.

    ``complete``: every user that the list held at ``as_of_ms`` was seen, and ``total`` is how many those were; else it
    is what the server claimed last. ``loaded`` counts the distinct users that came. ``note`` is "complete",
    "complete as of …, list was changing" or "incomplete: …".
    """

    complete: bool
    loaded: int
    total: int | None
    as_of_ms: int
    note: str


async def sweep(
    session: Session, progress: Callable[[SweepProgress], None], *, page_size: int = SWEEP_PAGE_SIZE
) -> SweepResult:
    """Read every page in the background, a second time with another page size where one walk proves nothing.

    A walk proves that it saw everyone if the users that surely stood in the list when it began are as many as the
    server claimed then: those of the first answer, and those created before. After a second walk also those count whom
    both saw. Raises ``ApiError`` where not even the first page came or the right to read was lost, and
    ``MirrorUnavailable``.
    """

    def report(walk: int) -> Callable[[int, int | None], None]:
        return lambda loaded, total: progress(SweepProgress(loaded, total, walk))

    first = await Walk.over(session, page_size, report(1))
    if first.proves_itself or first.failure is not None or first.lacks_only_unreadable:
        return _result(first, first, complete=first.proves_itself)
    second = await Walk.over(session, max(1, first.page_size * 9 // 10), report(2))
    return _result(first, second, complete=second.proves_itself or second.confirms(first))


def _result(first: Walk, last: Walk, *, complete: bool) -> SweepResult:
    changing = first.drifted or last.drifted
    loaded = len(first.seen | last.seen)
    as_of_ms = last.started_at_ms
    if complete and not changing:
        note = "complete"
    elif complete:
        note = f"complete as of {format_time_ms(as_of_ms)}, list was changing"
    else:
        note = f"incomplete: {_reason(last, loaded, changing=changing)}"
    held = len(last.seen) if last.total_at_start is None else last.total_at_start
    return SweepResult(complete, loaded, held if complete else last.total, as_of_ms, note)


def _reason(walk: Walk, loaded: int, *, changing: bool) -> str:
    """Why not everyone was seen, to stand after "incomplete:"."""
    if walk.failure is not None:
        return walk.failure.message
    if walk.unreadable:
        return f"{walk.unreadable} records could not be read" if walk.unreadable > 1 else "one record could not be read"
    if walk.repeated:
        return "the server sent some pages twice in place of others"
    if changing:
        return "the list changed while it was read"
    if walk.total is None:
        return f"the server does not say how many users there are; it sent {loaded}"
    return f"the server claims {walk.total} users and sent {loaded}"
