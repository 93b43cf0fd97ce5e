"""``walkme-tui export``: users as CSV, JSON or Markdown."""

import argparse
from contextlib import aclosing

from walkme_tui.cli.account_read import Extent, completeness, read_account, refresh_groups, users, with_unknown
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.filter_query import (
    groups_in_filter,
    query_of,
    refuse_roles,
    refuse_unknown_groups,
    refuse_unknown_values,
    state_file_of,
)
from walkme_tui.cli.member_lists import read_named
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.streams import data_output, refuse_two_formats
from walkme_tui.cli.output.users import UnknownFields, group_names, write_csv, write_json, write_markdown
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.raw_record import record_of_any_surface
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Write the users; if not all could be read, print a message and return exit code 1."""
    context = Context.of(options)
    refuse_two_formats(options)
    state_file = state_file_of(context)
    query = query_of(options.filter, state_file)
    refuse_roles(query, context.capabilities)
    if state_file.notice:
        print_message(state_file.notice)

    async def work(session: Session) -> tuple[Extent, UnknownFields]:
        if not options.cached:
            async with CommandDeadline(session).running():
                await refresh_groups(session, needed=bool(groups_in_filter(query)))
        await refuse_unknown_groups(session, query, cached=options.cached)
        if not options.cached:
            await read_named(session, groups_in_filter(query))
        extent = await with_unknown(session, query, await read_account(session, options.cached))
        if extent.complete and not extent.unknown:
            await refuse_unknown_values(session, query)
        names, gaps = group_names(await session.mirror.groups()), UnknownFields(session.capabilities)
        async with aclosing(users(session, query, extent)) as found:
            with data_output(options.output) as stream:
                if context.options.json:
                    surface = session.account.surface
                    objects = (record_of_any_surface(row.user, surface) async for row in found)
                    await write_json(stream, {"surface": surface.value}, "users", objects, extent.fields())
                elif options.markdown:
                    await write_markdown(stream, found, names, gaps)
                else:
                    await write_csv(stream, found, names, gaps, safe=options.safe_csv)
        return extent, gaps

    extent, gaps = with_session(context, work)
    gaps.report()
    return completeness(extent)
