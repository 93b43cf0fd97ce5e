"""Reads the members of groups from the groups, for ``members`` and ``groups``, on a surface where that is possible."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from walkme_tui.cli.account_read import Extent, read_account
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.progress import ProgressLine
from walkme_tui.domain.errors import (
    ApiError,
    NotFound,
    ServiceUnavailable,
    SignInRefused,
)
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.text import clean, search_key, spaced
from walkme_tui.services.concurrency import gather_bounded
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.member_checks import check_member, check_unlisted

# Members that are requested one by one, which takes about ten seconds; for more of them the whole account is read.
FEW_MEMBERS: Final = 50
MAX_SHOWN: Final = 80


async def read_members(session: Session, group: Group) -> Extent:
    """Read the members of a group from the group.

    Members that only lists of members described, or another answer longer ago than the profile permits, are requested
    one by one if they are few; else the account is read.
    """
    directory, mirror = Directory(session), session.mirror
    deadline = CommandDeadline(session, after_each_answer=True)
    async with deadline.running():
        found = await directory.read_members(group.id)
    oldest_ms = session.clock() - session.sync.resync_ms
    missing = await mirror.undescribed_members(group.id, oldest_ms, FEW_MEMBERS + 1)
    if len(missing) > FEW_MEMBERS:
        read = await read_account(session, cached=False)
        async with deadline.running():
            await check_unlisted(session, directory, group.id, read.since_ms or 0)
    else:
        async with deadline.running():
            await gather_bounded(check_member(directory, user_id) for user_id in missing)
    sizes = [size for size in await mirror.groups() if size.group.id == group.id]
    return await _extent(session, sizes, _unreadable(found.unreadable) if found.unreadable else "")


async def read_sizes(session: Session) -> tuple[Sequence[GroupSize], Extent]:
    """Read the members of every group; a group that cannot be read is reported, and its size stays as known before."""
    await _read_groups(session, [size.group for size in await session.mirror.groups()])
    return await list_sizes(session)


async def read_named(session: Session, names: Collection[str]) -> None:
    """Read the members of the groups that a filter names, folded, like ``read_sizes``; nothing on another surface."""
    if session.group_api is None or not names:
        return
    groups = [size.group for size in await session.mirror.groups()]
    await _read_groups(session, [group for group in groups if _is_named(group, names)])


def _is_named(group: Group, names: Collection[str]) -> bool:
    name, group_id = search_key(group.name or ""), search_key(group.id)
    return group_id in names or any(name.startswith(beginning) for beginning in names)


async def _read_groups(session: Session, groups: Sequence[Group]) -> None:
    directory, progress = Directory(session), ProgressLine()

    def show(done: int) -> None:
        progress.show(partial("{} of {} groups were read".format, spaced(done), spaced(len(groups))))

    try:
        async with CommandDeadline(session, after_each_answer=True).running():
            problems = await gather_bounded((_problem(directory, group) for group in groups), show)
    finally:
        progress.close()
    for problem in filter(None, problems):
        print_message(problem)


async def list_sizes(session: Session) -> tuple[Sequence[GroupSize], Extent]:
    """The groups as the mirror knows them."""
    sizes = await session.mirror.groups()
    unread = sum(size.read_at_ms is None for size in sizes)
    note = f"the members of {'one group' if unread == 1 else f'{spaced(unread)} groups'} are not known"
    return sizes, await _extent(session, sizes, note)


async def _problem(directory: Directory, group: Group) -> str:
    """Read the members of one group; the reason if not all of them could be read, else empty."""
    shown = clean(group.label, MAX_SHOWN)
    try:
        found = await directory.read_members(group.id)
    except NotFound:
        return ""  # deleted, and only users who were read before still had it
    except (ServiceUnavailable, SignInRefused):
        raise
    except ApiError as error:
        return f"The members of {shown} could not be read: {error.message}"
    return f"{shown}: {_unreadable(found.unreadable)}." if found.unreadable else ""


def _unreadable(entries: int) -> str:
    return f"{'one entry' if entries == 1 else f'{spaced(entries)} entries'} of the list of members could not be read"


async def _extent(session: Session, sizes: Sequence[GroupSize], note: str) -> Extent:
    coverage = await session.mirror.coverage()
    read = [size.read_at_ms for size in sizes if size.read_at_ms is not None]
    as_of_ms = min(read, default=None)
    return Extent(len(read) == len(sizes), coverage.loaded, coverage.total, as_of_ms, note, of_groups=True)
