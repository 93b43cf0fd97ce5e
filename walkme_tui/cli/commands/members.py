"""``walkme-tui members``: list the members of a group."""

import argparse
from collections.abc import AsyncIterator
from contextlib import aclosing

from walkme_tui.cli.account_read import (
    Extent,
    completeness,
    read_account,
    read_groups,
    users,
    with_unknown,
)
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.member_lists import read_members
from walkme_tui.cli.output.columns import aligned, cut, plain
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.streams import data_output, print_lines, refuse_two_formats
from walkme_tui.cli.output.users import csv_for, write_table
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_tables import UnknownFields, group_objects, json_table, member_object
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Print the members of a group; if the answer is incomplete, print a message and return exit code 1."""
    context = Context.of(options)
    refuse_two_formats(options)

    async def work(session: Session) -> tuple[Extent, UnknownFields]:
        group = await _group(session, options.group, options.cached)
        query, gaps = UserQuery(group_id=group.id), UnknownFields(session.capabilities)
        extent = await _read(session, group, query, options.cached)
        async with aclosing(users(session, query, extent)) as found:
            if context.options.json:
                about = group_objects((group.id,), {group.id: group.name})[0]
                beginning = {"group": about, "surface": session.account.surface.value}
                with data_output(None) as stream:
                    await write_table(stream, json_table(beginning, "members", member_object, extent.fields()), found)
            elif options.csv:
                sizes = await session.mirror.groups()
                with data_output(None) as stream:
                    await write_table(stream, csv_for(stream, sizes, options), found, gaps)
            else:
                print_lines(await _lines(group, found, extent, has_roles=not session.capabilities.roles))
        return extent, gaps

    extent, gaps = with_session(context, work)
    if gaps.sentence:
        print_message(gaps.sentence)
    return completeness(extent)


async def _read(session: Session, group: Group, query: UserQuery, cached: bool) -> Extent:
    """Read the members, from the group where that is possible, else with all users."""
    if session.group_api is not None and not cached:
        return await read_members(session, group)
    return await with_unknown(session, query, await read_account(session, cached))


async def _group(session: Session, key: str, cached: bool) -> Group:
    """The group, looked up first: the account is not read for a group that does not exist."""
    directory = Directory(session)
    if not cached:
        async with CommandDeadline(session).running():
            await read_groups(session)
        return await directory.group(key)
    try:
        return await directory.group(key)
    except NotFound:
        raise NotFound(
            f"The local copy has no group {clean(key, 120)}.", hint="Leave out --cached to read it from the server."
        ) from None


async def _lines(group: Group, found: AsyncIterator[MirroredUser], extent: Extent, *, has_roles: bool) -> list[str]:
    rows = [
        (plain(user.email), user.full_name, *([plain(user.role)] if has_roles else []), plain(user.status), user.id)
        async for user in (row.user async for row in found)
    ]
    least = "" if extent.complete and not extent.unknown else "at least "
    as_of = "" if extent.as_of_ms is None else f", as of {format_time_ms(extent.as_of_ms)}"
    members = f"{least}{spaced(len(rows))} {'member' if len(rows) == 1 else 'members'}"
    heading = f"{cut(group.label, 80)}: {members}{as_of}"
    if not rows:
        return [heading]
    headings = ("EMAIL", "NAME", *(["ROLE"] if has_roles else []), "STATUS", "ID")
    return [heading, "", *aligned([headings, *rows])]
