"""Reading the account as a whole for ``members`` and ``export``, and saying how much of it that was."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.messages import print_message
from walkme_tui.domain.errors import ApiError, LookUpIgnored, ServiceUnavailable, SignInRefused
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_json import ATTRIBUTES
from walkme_tui.domain.users import Json
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

T = TypeVar("T")

WINDOW: Final = 500


class Extent(NamedTuple):
    """How much of the account an answer rests on.

    ``as_of_ms`` is the time for which it holds, None where nothing was read yet. ``since_ms`` keeps users that no
    answer described since then out, because a complete list did not hold them; None keeps everyone. ``note`` says why
    it is not complete. ``unknown`` is the number of loaded users of whom it is not known whether the query keeps them,
    ``left_out`` the fields that would decide it.
    """

    complete: bool
    loaded: int
    total: int | None
    as_of_ms: int | None
    note: str
    since_ms: int | None = None
    unknown: int = 0
    left_out: tuple[str, ...] = ()

    def fields(self) -> dict[str, Json]:
        """The part of a JSON answer that says it."""
        return {
            "complete": self.complete and not self.unknown,
            "loaded": self.loaded,
            "total": self.total,
            "as_of": None if self.as_of_ms is None else format_time_ms(self.as_of_ms),
            "unknown": self.unknown,
        }


async def read_account(session: Session, cached: bool) -> Extent:
    """Sweep the account, or with ``cached`` take what the mirror has."""
    if cached:
        return await _mirrored(session)
    from walkme_tui.cli.output.progress import SweepProgressLine, grouped
    from walkme_tui.services.sync.sweep import sweep

    progress = SweepProgressLine(sys.stderr)
    try:
        result = await sweep(session, progress)
    finally:
        progress.close()
    if result.disproved_total is not None:
        claimed, sent = grouped(result.disproved_total), grouped(result.loaded)
        print_message(f"The server claims {claimed} users and sent {sent}: its list was read to the end.")
    since = result.as_of_ms if result.complete else None
    return Extent(result.complete, result.loaded, result.total, result.as_of_ms, result.note, since)


async def with_unknown(session: Session, query: UserQuery, extent: Extent) -> Extent:
    """The extent with the number of users of whom it is not known whether the query keeps them."""
    unknown, fields = await session.mirror.undecided(query, extent.since_ms or 0)
    return extent._replace(
        unknown=unknown, left_out=tuple(name for name, attribute in ATTRIBUTES.items() if attribute in fields)
    )


async def with_account_read(session: Session, ask: Callable[[], Awaitable[T]], deadline: CommandDeadline) -> T:
    """What ``ask`` gives; where the server ignores look-ups by email, it is asked again after the account was read.

    The ``deadline`` is that of asking: a large account takes as long as it takes, and shows its progress.
    """
    try:
        async with deadline.running():
            return await ask()
    except LookUpIgnored as error:
        say_account_is_read(error)
    await read_account(session, cached=False)
    async with deadline.running():
        return await ask()


def say_account_is_read(error: LookUpIgnored) -> None:
    """Say why the whole account is read."""
    print_message(error.message, "The whole account is read now to look again.")


async def read_groups(session: Session) -> None:
    """Read the groups again; what is odd about their list is said on standard error."""
    await Directory(session).refresh_groups()
    for oddity in session.api.group_oddities:
        print_message(oddity)


async def refresh_groups(session: Session, needed: bool = False) -> None:
    """Read the groups again; where the account refuses just that, the known names have to do, and it is said.

    Where they are ``needed`` for the answer, the refusal is raised.
    """
    try:
        await read_groups(session)
    except (ServiceUnavailable, SignInRefused):
        raise
    except ApiError as error:
        if needed:
            raise
        print_message(
            f"The groups could not be read: {error.message}", "Groups without a known name are shown by their id."
        )


async def users(session: Session, query: UserQuery, extent: Extent) -> AsyncGenerator[MirroredUser, None]:
    """The users that a query keeps, a window at a time; without an order of its own in that of the server's list.

    Users whom the list has not shown come last.
    """
    row_ids = await session.mirror.matching(query._replace(sort=query.sort or Sort(SortKey.LISTED)))
    for start in range(0, len(row_ids), WINDOW):
        window = row_ids[start : start + WINDOW]
        found = await session.mirror.rows(window)
        for row_id in window:
            user = found.get(row_id)
            if user is not None and (extent.since_ms is None or user.fetched_at_ms >= extent.since_ms):
                yield user


def completeness(extent: Extent) -> ExitCode:
    """The exit code of an answer; one that is incomplete is said to be, with how much there is, on standard error."""
    if extent.complete and not extent.unknown:
        return ExitCode.DONE
    from walkme_tui.cli.output.progress import grouped

    if extent.unknown:
        people = "1 user" if extent.unknown == 1 else f"{grouped(extent.unknown)} users"
        print_message(
            f"The answer is incomplete: of {people} it is not known whether they belong to it, because the server's "
            f"list leaves out what decides it ({', '.join(extent.left_out)}).",
            "M in the Groups tab of the browser reads such users one by one. Ask again after that.",
        )
    if extent.complete:
        return ExitCode.NOT_FOUND_OR_INCOMPLETE
    if extent.total is None:
        loaded = f"{grouped(extent.loaded)} of an unknown number of users are loaded"
    elif extent.total < extent.loaded:
        loaded = f"{grouped(extent.loaded)} users are loaded, the server counts {grouped(extent.total)} now"
    else:
        loaded = f"{grouped(extent.loaded)} of {grouped(extent.total)} users are loaded"
    note = extent.note.removeprefix("incomplete").lstrip(": ").rstrip(".")
    print_message(f"The answer is incomplete, {loaded}{f': {note}' if note else ''}.")
    return ExitCode.NOT_FOUND_OR_INCOMPLETE


async def _mirrored(session: Session) -> Extent:
    coverage = await session.mirror.coverage()
    note = "" if coverage.complete else "this is the local copy; without --cached the rest is read"
    # Whoever stands nowhere in a whole list and was not looked up since is gone.
    since = coverage.as_of_ms if coverage.complete else None
    return Extent(coverage.complete, coverage.loaded, coverage.total, coverage.as_of_ms, note, since)
