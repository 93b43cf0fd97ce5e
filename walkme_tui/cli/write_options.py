"""The options of the sub-commands that change an account or look at such changes."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

JOB_ID = "the job's id (20261123-bcdf), or its beginning or the part behind the date (bcdf) if only this job has it"
YES = "carry it out without asking; without it, headless, the plan is printed and nothing is sent"


def add_offboard(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``offboard``."""
    parser.add_argument("emails", nargs="+", metavar="EMAIL", help="whom to offboard")
    _add_ticket(parser)
    parser.add_argument("--keep-groups", action="store_true", help="deactivate only, leave no group")
    _add_plan_and_yes(parser)
    parser.epilog = (
        "First the status becomes inactive, then the person leaves every group that config.toml does not keep, each\n"
        "step read back. On a terminal the browser opens at the plan. One email that nobody has refuses them all.\n"
        "walkme-tui undo JOB takes back what was done, for everybody of the job; undo RECEIPT for one person."
    )


def add_undo(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``undo``."""
    parser.add_argument("job", metavar="JOB|RECEIPT", help=f"{JOB_ID}; or a receipt's path")
    _add_ticket(parser)
    _add_plan_and_yes(parser)
    parser.epilog = (
        "A job's id takes back everybody whom the job changed, a receipt only the person it is about.\n"
        "The old status and exactly the groups that were left are given back. What others changed since is skipped\n"
        "and named. An undo is a job of its own, so it can be undone too."
    )


def add_plan(actions: "Actions", every: argparse.ArgumentParser) -> None:
    """Declare the actions of ``plan``."""
    for name, text in (("show", "print a plan file, for people or with --json"), ("apply", "carry a plan file out")):
        made = actions.add_parser(name, help=text, description=_sentence(text), parents=[every])
        made.add_argument("file", metavar="FILE", type=Path, help="what --plan has written")
    apply = actions.choices["apply"]
    _add_ticket(apply)
    apply.add_argument("--yes", action="store_true", help=YES)
    apply.epilog = (
        "A plan is carried out in the account that it was made for, nowhere else. Everybody in it is read again\n"
        "first, and what changed since the plan was made is said."
    )


def add_jobs(actions: "Actions", every: argparse.ArgumentParser) -> None:
    """Declare the actions of ``jobs``."""

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=_sentence(text), parents=[every])

    def one(name: str, text: str) -> argparse.ArgumentParser:
        made = action(name, text)
        made.add_argument("id", metavar="ID", help=JOB_ID)
        return made

    action("list", "list the jobs, newest first (the default); those of --profile if it is given")
    one("show", "show a job with its steps")
    one("resume", "go on with a job that was interrupted").add_argument("--yes", action="store_true", help=YES)
    discard = one("discard", "do nothing more of a job")
    discard.epilog = (
        "Nothing is sent, what was done stays done, and the record of it is kept; so nothing is asked. What the job\n"
        "has done can still be undone."
    )
    failed = one("failed", "list the steps of a job that failed, were refused or need review")
    failed.add_argument("--csv", action="store_true", help="CSV")
    purge = action("purge", "drop people's data of finished jobs, and keep who did what kind of thing when")
    purge.add_argument(
        "--before", metavar="DATE", type=moment_ms, required=True, help="of jobs made before this day, as 2026-01-31"
    )
    purge.epilog = "Their receipts in the data folder go too. Jobs that can still be resumed are kept as they are."


def moment_ms(text: str) -> int:
    """A day (its beginning, here) or a time of ISO 8601 as milliseconds since the Unix epoch, for argparse."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-01-31") from None


def _add_ticket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ticket", metavar="T", help="the ticket that asks for it; it stands in job and receipt")


def _add_plan_and_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--plan", metavar="FILE", type=Path, help="write the plan to a file and send nothing")
    parser.add_argument("--yes", action="store_true", help=YES)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
