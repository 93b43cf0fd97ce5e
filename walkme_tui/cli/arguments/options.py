"""What the arguments of several sub-commands have in common."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

CACHED: Final = "read the local copy only, send no request"
JOB_ID: Final = "id of the job (20261123-bcdf); its beginning, or the part after the date (bcdf), if it is unique"
YES: Final = "apply the plan without asking; without it, a run without a terminal prints the plan and sends nothing"


def sentence(text: str) -> str:
    """A line of help as a description."""
    return f"{text[:1].upper()}{text[1:]}."


def add_cached_and_csv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cached", action="store_true", help=CACHED)
    parser.add_argument("--csv", action="store_true", help="print CSV, with the columns of export")
    add_csv_options(parser)


def add_csv_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", action="store_true", help="CSV with the exact values, for programs")
    parser.add_argument("--bom", action="store_true", help="CSV with a byte order mark, for spreadsheets")


def add_ticket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ticket", metavar="T", help="ticket number, recorded in the job and the receipt")


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that makes a plan."""
    add_ticket(parser)
    parser.add_argument("--plan", metavar="FILE", type=Path, help="write the plan to a file and send nothing")
    parser.add_argument("--yes", action="store_true", help=YES)


def add_actions(parser: argparse.ArgumentParser, required: bool = True) -> "Actions":
    return parser.add_subparsers(dest="action", metavar="ACTION", required=required, parser_class=type(parser))
