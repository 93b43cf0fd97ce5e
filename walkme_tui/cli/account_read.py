"""Reads the whole account for commands that need it, and reports how much of it could be read."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple, TypeVar

from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.messages import print_message
from walkme_tui.domain.errors import ApiError, LookUpIgnored, ServiceUnavailable, SignInRefused
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.user_json import ATTRIBUTES
from walkme_tui.domain.users import Json
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

T = TypeVar("T")


class Extent(NamedTuple):
    """How much of the account an answer is based on.

    ``as_of_ms`` is the time of the data, None if nothing was read yet. Users not fetched since ``since_ms`` are left
    out, because a complete list did not contain them; None leaves no user out. ``note`` is the reason why the answer is
    incomplete. ``unknown`` counts the loaded users for which the query cannot be decided, ``left_out`` names the
    missing fields. ``of_groups``: it is based on what groups listed, whether or not users are loaded.
    """

    complete: bool
    loaded: int
    total: int | None
    as_of_ms: int | None
    note: str
    since_ms: int | None = None
    unknown: int = 0
    left_out: tuple[str, ...] = ()
    of_groups: bool = False

    def fields(self) -> dict[str, Json]:
        """These facts as fields of a JSON answer."""
        from walkme_tui.domain.user_tables import extent_fields

        return extent_fields(
            self.loaded, self.total, self.as_of_ms, complete=self.complete and not self.unknown, unknown=self.unknown
        )


async def read_account(session: Session, cached: bool) -> Extent:
    """Sweep the account; with ``cached``, use the mirror as it is."""
    if cached:
        return await _mirrored(session)
    from walkme_tui.cli.output.progress import SweepProgressLine
    from walkme_tui.domain.text import spaced
    from walkme_tui.services.sync.sweep import sweep

    progress = SweepProgressLine(sys.stderr)
    try:
        result = await sweep(session, progress)
    finally:
        progress.close()
    if result.disproved_total is not None:
        claimed, sent = spaced(result.disproved_total), spaced(result.loaded)
        print_message(f"The server claims {claimed} users but sent {sent}: its list was read to the end.")
    since = result.as_of_ms if result.complete else None
    return Extent(result.complete, result.loaded, result.total, result.as_of_ms, result.note, since)


async def with_unknown(session: Session, query: UserQuery, extent: Extent) -> Extent:
    """The extent with the number of users for which the query cannot be decided."""
    unknown, fields = await session.mirror.undecided(query, extent.since_ms or 0, session.capabilities.absent)
    return extent._replace(
        unknown=unknown, left_out=tuple(name for name, attribute in ATTRIBUTES.items() if attribute in fields)
    )


async def with_account_read(session: Session, request: Callable[[], Awaitable[T]], deadline: CommandDeadline) -> T:
    """The result of ``request``, made again after reading the account if the server ignores look-ups by email.

    The ``deadline`` covers ``request`` only: reading a large account has no limit, and shows its progress.
    """
    try:
        async with deadline.running():
            return await request()
    except LookUpIgnored as error:
        print_account_read_notice(error)
    await read_account(session, cached=False)
    async with deadline.running():
        return await request()


def print_account_read_notice(error: LookUpIgnored) -> None:
    """Print why the whole account is read."""
    print_message(error.message, "The whole account is read now to find the user.")


async def read_groups(session: Session) -> None:
    """Read the groups again; print irregularities of their list on standard error."""
    await Directory(session).refresh_groups()
    for warning in session.api.group_warnings:
        print_message(warning)


async def refresh_groups(session: Session, needed: bool = False) -> None:
    """Read the groups again; if the account refuses that, print a message and use the known names.

    If they are ``needed`` for the answer, the refusal is raised.
    """
    try:
        await read_groups(session)
    except (ServiceUnavailable, SignInRefused):
        raise
    except ApiError as error:
        if needed:
            raise
        print_message(f"The groups could not be read: {error.message}", "Groups without a known name are shown by id.")


async def users(session: Session, query: UserQuery, extent: Extent) -> AsyncGenerator[MirroredUser, None]:
    """The users of a query, read in parts; in the order of the server's list if the query has no sort.

    Users that are not in the list come last.
    """
    from walkme_tui.services.reading.view import users_in_parts

    row_ids = await session.mirror.matching(query._replace(sort=query.sort or Sort(SortKey.LISTED)))
    async with aclosing(users_in_parts(session.mirror, row_ids)) as parts:
        async for part in parts:
            for user in part:
                if extent.since_ms is None or user.fetched_at_ms >= extent.since_ms:
                    yield user


def completeness(extent: Extent) -> ExitCode:
    """The exit code of an answer; if it is incomplete, a message on standard error says by how much."""
    if extent.complete and not extent.unknown:
        return ExitCode.DONE
    if extent.of_groups:
        print_message(f"The answer is incomplete: {extent.note}.")
        return ExitCode.NOT_FOUND_OR_INCOMPLETE
    from walkme_tui.domain.text import spaced

    if extent.unknown:
        people = "1 user" if extent.unknown == 1 else f"{spaced(extent.unknown)} users"
        print_message(
            f"The answer is incomplete: {people} may match too, because the server's list lacks the field that "
            f"decides it ({', '.join(extent.left_out)}).",
            "Press M in the Groups tab of the browser to read such users one by one, then try again.",
        )
    if extent.complete:
        return ExitCode.NOT_FOUND_OR_INCOMPLETE
    if extent.total is None:
        loaded = f"{spaced(extent.loaded)} of an unknown number of users are loaded"
    elif extent.total < extent.loaded:
        loaded = f"{spaced(extent.loaded)} users are loaded, the server counts {spaced(extent.total)} now"
    else:
        loaded = f"{spaced(extent.loaded)} of {spaced(extent.total)} users are loaded"
    note = extent.note.removeprefix("incomplete").lstrip(": ").rstrip(".")
    print_message(f"The answer is incomplete, {loaded}{f': {note}' if note else ''}.")
    return ExitCode.NOT_FOUND_OR_INCOMPLETE


async def _mirrored(session: Session) -> Extent:
    coverage = await session.mirror.coverage()
    note = "" if coverage.complete else "this is the local copy; without --cached the whole account is read"
    # A user that a complete list does not contain, and that was not fetched since, is deleted.
    since = coverage.as_of_ms if coverage.complete else None
    return Extent(coverage.complete, coverage.loaded, coverage.total, coverage.as_of_ms, note, since)
