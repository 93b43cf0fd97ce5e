"""``walkme-tui groups``: list the groups with their numbers of members, and change them and who is in one."""

import argparse
from collections import Counter
from collections.abc import Sequence

from walkme_tui.cli.account_read import Extent, completeness, read_account, read_groups, with_unknown
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.member_lists import list_sizes, read_sizes
from walkme_tui.cli.output.columns import aligned
from walkme_tui.cli.output.streams import print_json, print_lines
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.services.ports import Session

# Undecided for every user whose groups are unknown.
IN_NO_GROUP = UserQuery(text="group:none")


def run(options: argparse.Namespace) -> int:
    """Run the named action, without one the list."""
    cached = getattr(options, "cached", False)
    if options.action in {None, "list"}:
        return _list(Context.of(options), cached)
    if cached:
        raise ConfigurationError("--cached is for the list of groups.", hint="Leave it out.")
    from walkme_tui.cli.commands import group_changes, group_members

    if options.action in {"add", "remove"}:
        return group_members.run(options)
    return group_changes.run(options)


def _list(context: Context, cached: bool) -> int:
    """Print the groups; if a number of members is a minimum, print a message and return exit code 1."""

    async def work(session: Session) -> tuple[Sequence[GroupSize], Extent]:
        if not cached:
            async with CommandDeadline(session).running():
                await read_groups(session)
        if session.group_api is not None:
            return await (list_sizes(session) if cached else read_sizes(session))
        extent = await with_unknown(session, IN_NO_GROUP, await read_account(session, cached))
        return await _sizes(session, extent), extent

    sizes, extent = with_session(context, work)
    if context.options.json:
        rows = [
            {
                "id": size.group.id,
                "name": size.group.name,
                "members": size.known_members if _is_known(size, extent) else None,
            }
            for size in sizes
        ]
        print_json({"surface": context.surface.value, "groups": rows, **extent.fields()})
    else:
        print_lines(_lines(sizes, extent))
    return completeness(extent)


async def _sizes(session: Session, extent: Extent) -> list[GroupSize]:
    """The groups with their known members, without users that a complete list did not contain."""
    gone: Counter[str] = Counter()
    if extent.since_ms is not None:
        coverage = await session.mirror.coverage()
        for user_id in await session.mirror.not_seen(extent.since_ms, coverage.loaded):
            found = await session.mirror.user(user_id)
            if found is not None and isinstance(found.user.groups, tuple):
                gone.update(set(found.user.groups))
    sizes = await session.mirror.groups()
    return [GroupSize(size.group, size.known_members - gone[size.group.id]) for size in sizes]


def _is_known(size: GroupSize, extent: Extent) -> bool:
    """True if the group listed its members, or the groups of some users are known."""
    if extent.of_groups:
        return size.read_at_ms is not None
    return extent.unknown < extent.loaded or (extent.complete and not extent.loaded)


def _lines(sizes: Sequence[GroupSize], extent: Extent) -> list[str]:
    if not sizes:
        return ["The account has no groups." if extent.complete else "No group is known."]
    as_of = "" if extent.as_of_ms is None else f", as of {format_time_ms(extent.as_of_ms)}"
    heading = f"{spaced(len(sizes))} {'group' if len(sizes) == 1 else 'groups'}{as_of}"
    rows = [(size.group.label, _members(size, extent), size.group.id) for size in sizes]
    return [heading, "", *aligned([("NAME", "MEMBERS", "ID"), *rows])]


def _members(size: GroupSize, extent: Extent) -> str:
    if not _is_known(size, extent):
        return "unknown"
    least = "" if extent.of_groups or (extent.complete and not extent.unknown) else "at least "
    return f"{least}{spaced(size.known_members)}"
