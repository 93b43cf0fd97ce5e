"""``walkme-tui export``: users as CSV, JSON or Markdown."""

import argparse
from contextlib import aclosing
from functools import partial

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
from walkme_tui.cli.output.users import csv_for, write_table
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.raw_record import record_of_any_surface
from walkme_tui.domain.user_tables import UnknownFields, json_table, markdown_table
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Write the users; if not all could be read, print a message and return exit code 1."""
    context = Context.of(options)
    options.csv = options.csv or not (context.options.json or options.markdown)
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
        sizes, gaps = await session.mirror.groups(), UnknownFields(session.capabilities)
        async with aclosing(users(session, query, extent)) as found:
            with data_output(options.output) as stream:
                if context.options.json:
                    surface = session.account.surface
                    record = partial(record_of_any_surface, surface=surface)
                    table = json_table({"surface": surface.value}, "users", record, extent.fields())
                    await write_table(stream, table, found)
                elif options.markdown:
                    await write_table(stream, markdown_table(size.group for size in sizes), found, gaps)
                else:
                    await write_table(stream, csv_for(stream, sizes, options), found, gaps)
        return extent, gaps

    extent, gaps = with_session(context, work)
    if gaps.sentence:
        print_message(gaps.sentence)
    return completeness(extent)
