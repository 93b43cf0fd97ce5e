"""The arguments of the sub-commands that read the account, and of those that change groups."""

import argparse
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from walkme_tui.cli.arguments.options import (
    CACHED,
    add_actions,
    add_cached_and_csv,
    add_csv_options,
    add_plan_options,
    sentence,
)
from walkme_tui.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from walkme_tui.cli.arguments.options import Actions


def _add_browse(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query", nargs="*", metavar="QUERY", help="a filter; or @NAME, a saved view, with more words to narrow it"
    )


def _add_whois(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="EMAIL|ID", help="full email address or id of the user")
    add_cached_and_csv(parser)
    parser.add_argument("--card", action="store_true", help="print a dated summary for a ticket, in one line")
    parser.add_argument("--markdown", action="store_true", help="the summary as a Markdown list")
    parser.add_argument("--redact", action="store_true", help="the summary without emails and names of people")
    parser.epilog = (
        "The summary says when and from where the data was read, and what is unknown. With --redact it names the user\n"
        "by id only, and no identity provider; groups, role and status stay."
    )


def _add_members(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="name or id of the group")
    add_cached_and_csv(parser)
    parser.epilog = (
        "REST cannot list the members of a group, so all users are read first. SCIM lists them: the group is read,\n"
        "and its members one by one where they are few and not known yet. If not all could be read, the answer is\n"
        f"incomplete: a message says so and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


def _add_groups(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser, required=False)
    text = "list the groups with their numbers of members (the default)"
    for each in (parser, actions.add_parser("list", help=text, description=sentence(text), parents=[shared])):
        # No default: that of the action would overwrite the value given before it.
        each.add_argument("--cached", action="store_true", default=argparse.SUPPRESS, help=CACHED)
        each.epilog = (
            "REST does not count members, so all users are read first; with SCIM each group is read. If not\n"
            'all could be read, or groups are unknown, the numbers are marked "at least" or "unknown", a message says\n'
            f"why, and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
        )
    for name, text in (("add", "add users to a group"), ("remove", "remove users from a group")):
        made = actions.add_parser(name, help=text, description=sentence(text), parents=[shared])
        made.intermixed = "emails"  # type: ignore[attr-defined]  # it is a cli.parser.Parser
        made.add_argument("group", metavar="GROUP", help="name or id of the group")
        made.add_argument("emails", nargs="+", metavar="EMAIL", help="email addresses of the users")
        add_plan_options(made)
        made.epilog = "On a terminal the browser opens at the plan. If one email is unknown, nothing is changed."
    _add_group_changes(actions, shared)


def _add_group_changes(actions: "Actions", shared: argparse.ArgumentParser) -> None:
    epilogs = {
        "create": "The group has no members at first. An undo deletes it, as long as it has none.",
        "rename": "If others rename the group between the plan and its execution, it stays as it is.",
        "delete": "Its members stay, and only lose this group. A deleted group cannot be restored.",
    }
    for name, epilog in epilogs.items():
        text = f"{name} a group (SCIM only)"
        made = actions.add_parser(name, help=text, description=sentence(text), parents=[shared])
        if name != "create":
            made.add_argument("group", metavar="GROUP", help="name or id of the group")
        if name != "delete":
            made.add_argument("name", metavar="NAME", help="name of the new group" if name == "create" else "new name")
        else:
            made.add_argument("--confirm", required=True, metavar="NAME", help="the exact name of the group")
        add_plan_options(made)
        made.epilog = f"{epilog} On a terminal the browser opens at the plan."


def _add_export(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter", metavar="QUERY", default="", help="only the users that match this filter or saved view (@NAME)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write to a file that only you can read")
    parser.add_argument("--cached", action="store_true", help=CACHED)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--csv", action="store_true", help="CSV (the default)")
    formats.add_argument("--markdown", action="store_true", help="a Markdown table")
    add_csv_options(parser)
    parser.epilog = (
        "CSV is safe to open in a spreadsheet: a value that it would evaluate as a formula (after = + - @) gets an\n"
        "apostrophe before it, and control characters become visible signs. --raw leaves the values as they are.\n"
        "If not all users could be read, or the server's list lacks a field that the filter needs, the answer is\n"
        f"incomplete: a message says so and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


ARGUMENTS: Final = MappingProxyType(
    {
        "browse": _add_browse,
        "whois": _add_whois,
        "members": _add_members,
        "groups": _add_groups,
        "export": _add_export,
    }
)
