"""``walkme-tui members``: who is in a group."""

import argparse
from dataclasses import dataclass

from walkme_tui.cli.columns import aligned, cut
from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.forms import CSV_COLUMNS, csv_row, group_names, member_object, plain, to_json
from walkme_tui.cli.output import csv_writer, data_output, print_lines, refuse_two_forms
from walkme_tui.cli.progress import grouped
from walkme_tui.cli.reading import Extent, read_account, say_incomplete, users
from walkme_tui.cli.running import with_session
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.records import format_time_ms
from walkme_tui.domain.users import User
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


@dataclass(frozen=True, slots=True)
class _Members:
    group: Group
    users: list[User]
    extent: Extent
    names: dict[str, str | None]


def run(options: argparse.Namespace) -> int:
    """Print the members of a group; incomplete knowledge is said, and is exit code 1."""
    context = Context.of(options)
    refuse_two_forms(options)

    async def work(session: Session) -> _Members:
        return await _read(session, options.group, options.cached)

    found = with_session(context, work)
    if context.options.json:
        _print_json(found)
    elif options.csv:
        with data_output(None) as stream:
            writer = csv_writer(stream)
            writer.writerow(CSV_COLUMNS)
            writer.writerows(csv_row(user, found.names) for user in found.users)
    else:
        print_lines(_lines(found))
    if found.extent.complete:
        return ExitCode.DONE
    say_incomplete(found.extent)
    return ExitCode.NOT_FOUND_OR_INCOMPLETE


async def _read(session: Session, key: str, cached: bool) -> _Members:
    directory = Directory(session)
    if not cached:
        # A group that does not exist is not worth a walk over the whole account.
        await directory.refresh_groups()
    group = await directory.group(key)
    extent = await read_account(session, cached)
    coverage = await session.mirror.coverage()
    if extent.complete and not coverage.memberships_complete:
        unknown = grouped(max(0, coverage.loaded - coverage.with_groups))
        note = f"the list does not tell the groups of {unknown} of them"
        extent = Extent(False, extent.loaded, extent.total, extent.as_of_ms, note, extent.since_ms)
    names = group_names(tuple(size.group for size in await directory.groups()))
    members = [row.user async for row in users(session, UserQuery(group_id=group.id), extent)]
    return _Members(group, members, extent, names)


def _print_json(found: _Members) -> None:
    answer = {
        "group": {"id": found.group.id, "name": found.group.name},
        "members": [member_object(user) for user in found.users],
        **found.extent.fields(),
    }
    with data_output(None) as stream:
        stream.write(to_json(answer, indent=2) + "\n")


def _lines(found: _Members) -> list[str]:
    least = "" if found.extent.complete else "at least "
    count = len(found.users)
    as_of = "" if found.extent.as_of_ms is None else f", as of {format_time_ms(found.extent.as_of_ms)}"
    heading = f"{cut(found.group.label, 80)}: {least}{grouped(count)} {'member' if count == 1 else 'members'}{as_of}"
    rows = [(plain(user.email), user.full_name, plain(user.role), plain(user.status), user.id) for user in found.users]
    if not rows:
        return [heading]
    return [heading, "", *aligned([("EMAIL", "NAME", "ROLE", "STATUS", "ID"), *rows])]
