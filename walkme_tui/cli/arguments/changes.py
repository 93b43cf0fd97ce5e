"""The arguments of the sub-commands that make a plan, and of those about plans and jobs."""

import argparse
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from walkme_tui.cli.arguments.options import (
    JOB_ID,
    YES,
    add_actions,
    add_cached_and_csv,
    add_csv_options,
    add_plan_options,
    add_ticket,
    sentence,
)
from walkme_tui.cli.exit_codes import ExitCode

_RESUME: Final = "resume without asking; without it, a run without a terminal prints the remaining steps only"


def _add_offboard(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("emails", nargs="+", metavar="EMAIL", help="email addresses of the users to offboard")
    parser.add_argument("--keep-groups", action="store_true", help="deactivate only, remove from no group")
    add_plan_options(parser)
    parser.epilog = (
        "Sets the status to inactive, then removes the user from every group that keep_groups in config.toml does not\n"
        "name, and reads each change back. On a terminal the browser opens at the plan. If one email is unknown,\n"
        "nothing is changed. walkme-tui undo JOB undoes the whole job, walkme-tui jobs receipt helps to undo one user."
    )


def _add_create(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="email address of the new user")
    parser.add_argument("--first", dest="first_name", metavar="NAME", help="first name")
    parser.add_argument("--last", dest="last_name", metavar="NAME", help="last name")
    parser.add_argument("--role", metavar="ROLE", help="role, for example Viewer (default: the server's)")
    parser.add_argument("--external-id", metavar="ID", help="id in another system")
    parser.add_argument(
        "--group", action="append", default=[], metavar="GROUP", help="name or id of a group to join; can be repeated"
    )
    add_plan_options(parser)
    parser.epilog = (
        "The server sets the status, usually pending; through SCIM the user is active, without a role. If the email\n"
        "exists, nothing is changed, a message names the id of that user and the exit code is "
        f"{ExitCode.NOT_FOUND_OR_INCOMPLETE}. An undo\ndeactivates the new user."
    )


def _add_set(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    from walkme_tui.domain.user_json import TEXT_FIELDS

    parser.add_argument("key", metavar="EMAIL|ID", help="full email address or id of the user")
    parser.add_argument(
        "assignments", nargs="+", metavar="FIELD=VALUE", help=f"fields: {', '.join(TEXT_FIELDS)}; an empty value clears"
    )
    add_plan_options(parser)
    parser.epilog = (
        "Only the given fields are changed. A field that others change between the plan and its execution is\n"
        "skipped, and shown with both values. SCIM has no role, and only the statuses active and inactive."
    )


def _add_delete(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="email address of the user to delete")
    parser.add_argument("--confirm", required=True, metavar="EMAIL", help="the same email again")
    add_plan_options(parser)
    parser.epilog = (
        "A deletion is permanent: an undo creates a new user with a new id, from the record that the journal keeps.\n"
        "On a terminal, deactivation is offered first, then the browser opens at the plan."
    )


def _add_import(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    from walkme_tui.domain.imports.csv_format import DELIMITERS
    from walkme_tui.domain.imports.import_fields import ImportField
    from walkme_tui.domain.imports.source import OnConflict

    add = parser.add_argument
    add("file", metavar="FILE", type=Path, help="a CSV file")
    policies = [policy.value for policy in OnConflict]
    conflict = "what to do with a row whose email a user has already: skip (the default), update or fail"
    add("--on-conflict", choices=policies, default=OnConflict.SKIP.value, help=conflict)
    group = "name or id of a group for every row, besides the groups of the row; can be repeated"
    add("--group", action="append", default=[], metavar="GROUP", help=group)
    add("--encoding", metavar="E", help="encoding of a file that is not UTF-8, for example cp1252")
    named = ", ".join(DELIMITERS)
    add("--delimiter", metavar="D", help=f"{named}, or another character (default: it is found)")
    header = "whether the first row names the columns (default: it is found)"
    add("--header", action=argparse.BooleanOptionalAction, default=None, help=header)
    fields = (
        "read FIELD from this column, given by name or number, from none if it is empty; can be repeated, and is "
        f"remembered for files with the same header; fields: {', '.join(ImportField)}"
    )
    add("--map", dest="columns", action="append", default=[], metavar="FIELD=COLUMN", help=fields)
    add_plan_options(parser)
    parser.epilog = (
        "Every row is checked before anything is sent, and ends as created, updated, unchanged, skipped, failed,\n"
        "needs review or not attempted. Groups of a row are names or ids, separated by ; or |. An empty cell changes\n"
        "nothing. On a terminal the browser opens at the plan. The rows that were not imported are written as CSV in\n"
        "their own columns, each with its error, ready to be imported again. Importing a file twice changes nothing.\n"
        "An undo deactivates the new users and deletes none. A file that cannot be read: nothing is sent, exit code\n"
        f"{ExitCode.USAGE}."
    )


def _add_undo(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB|RECEIPT", help=f"{JOB_ID}; or the path of a receipt")
    add_plan_options(parser)
    parser.epilog = (
        "With the id of a job or its receipt, the changes to all its users are undone; with the receipt of one user\n"
        "(walkme-tui jobs receipt), those to this one only.\n"
        "The previous status and exactly the removed groups are restored. What was changed since is skipped and\n"
        "listed. An undo is a job too, and can be undone."
    )


def _add_plan(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    for name, text in (("show", "print a plan file, as text or with --json"), ("apply", "apply a plan file")):
        made = actions.add_parser(name, help=text, description=sentence(text), parents=[shared])
        made.add_argument("file", metavar="FILE", type=Path, help="a file written with --plan")
    apply = actions.choices["apply"]
    add_ticket(apply)
    apply.add_argument("--yes", action="store_true", help=YES)
    apply.set_defaults(plan=None)  # the plan is in a file already
    apply.epilog = (
        "Every step is sent only if its user or group still is as the plan found it; others are refused and named,\n"
        f"and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}. Up to 1000 people are read before the review; of a\n"
        "larger plan each is read just before their steps are sent. A plan made under another profile of the same\n"
        "address needs --profile. A plan file has at most 512 MB."
    )


def _add_reconcile(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("people", nargs="*", metavar="EMAIL|ID", help="the users that --adopt changes")
    add_cached_and_csv(parser)
    parser.add_argument(
        "--adopt", choices=["rest", "scim"], help="plan to make the other surface as this one is, for these people"
    )
    parser.add_argument("--all", action="store_true", help="with --adopt: for all who differ")
    add_plan_options(parser)
    parser.epilog = (
        "Reads both surfaces of the profile. Records are matched by id, then by external id, then by email without\n"
        "case; matched ones are counted only. Differences are no error. If one of the two could not be read\n"
        f"whole, the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}.\n"
        "An adoption deletes no user and leaves out duplicates."
    )


def _add_jobs(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser, required=False)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=sentence(text), parents=[shared])

    def job_action(name: str, text: str) -> argparse.ArgumentParser:
        made = action(name, text)
        made.add_argument("id", metavar="ID", help=JOB_ID)
        return made

    action("list", "list the jobs, newest first (the default); with --profile, those of one profile")
    job_action("show", "show a job with its steps")
    resume = job_action("resume", "resume an interrupted job")
    resume.add_argument("--yes", action="store_true", help=_RESUME)
    resume.epilog = "It has no --plan: what a job has sent is only known to the journal of this machine."
    discard = job_action("discard", "discard the remaining steps of a job")
    discard.epilog = "Sends nothing. The finished steps stay done, their record is kept, and they can still be undone."
    failed = job_action(
        "failed", "list the steps of a job that failed or need review; of an import, the rows that were not imported"
    )
    failed.add_argument("--csv", action="store_true", help="print CSV")
    add_csv_options(failed)
    receipt = job_action("receipt", "print the receipt of one user or group of a job, as Markdown or with --json")
    receipt.add_argument("subject", metavar="EMAIL|ID|GROUP", help="the user or the group")
    receipt.add_argument(
        "--output", metavar="FILE", type=Path, help="write the receipt to this file; JSON if it ends in .json"
    )
    receipt.epilog = "The JSON can be undone alone: walkme-tui undo FILE.json"
    purge = action("purge", "delete personal data of finished jobs; who made which kind of change, and when, is kept")
    purge.add_argument(
        "--before", metavar="DATE", type=_moment_ms, required=True, help="jobs created before this day, as 2026-01-31"
    )
    purge.epilog = "Deletes the receipts of these jobs too. Jobs that can still be resumed are not purged."


def _moment_ms(text: str) -> int:
    """A day (its beginning in local time) or an ISO 8601 time, in milliseconds since the Unix epoch, for argparse."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None


ARGUMENTS: Final = MappingProxyType(
    {
        "offboard": _add_offboard,
        "create": _add_create,
        "set": _add_set,
        "delete": _add_delete,
        "import": _add_import,
        "undo": _add_undo,
        "jobs": _add_jobs,
        "plan": _add_plan,
        "reconcile": _add_reconcile,
    }
)
