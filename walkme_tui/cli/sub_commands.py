"""The sub-commands: their names, arguments, help and examples. ``cli/commands`` has a module for each."""

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from walkme_tui.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

BROWSE: Final = "browse"
EXPORT: Final = "export"

# Name and one line of help, in the order of the help.
SUB_COMMANDS: Final = MappingProxyType(
    {
        BROWSE: "open the browser, filtered by QUERY if there is one (the default without a sub-command)",
        "whois": "show one user: the record, and the groups by name",
        "members": "list the members of a group",
        "groups": "list the groups with their numbers of members; change who is in one; create, rename, delete one",
        EXPORT: "write all users, or those that match a filter, as CSV, JSON or Markdown",
        "offboard": "deactivate users and remove them from their groups, as a plan that can be undone",
        "create": "create a user, with groups",
        "set": "change fields of a user",
        "delete": "delete a user permanently",
        "import": "create and update users from a CSV file",
        "undo": "undo the changes of a job",
        "jobs": "list, show, resume and purge jobs",
        "plan": "show or apply a plan file",
        "reconcile": "compare the users of the REST API with those of SCIM",
        "config": "create, find and check the configuration",
        "profiles": "list the profiles",
        "keys": "list the keys of the browser",
        "themes": "list and check colour themes",
        "cache": "delete the local copies",
        "simulator": "serve a simulated account on this machine",
        "completion": "print the completion script for a shell",
    }
)

# A test reads each of them with the real parser.
EXAMPLES: Final = MappingProxyType(
    {
        BROWSE: ('walkme-tui browse "zoe celik"', "walkme-tui browse status:inactive has:groups"),
        "whois": (
            "walkme-tui whois zoe.celik@example.com",
            "walkme-tui whois zoe.celik@example.com --json",
            "walkme-tui whois zoe.celik@example.com --card --redact",
        ),
        "members": ("walkme-tui members Sales", 'walkme-tui members "Field-EMEA" --csv'),
        "groups": (
            "walkme-tui groups --json",
            "walkme-tui groups add Sales zoe.celik@example.com --ticket INC-42",
            "walkme-tui groups remove Sales zoe.celik@example.com --yes",
            'walkme-tui groups rename Sales "Sales EMEA" --surface scim',
        ),
        EXPORT: (
            "walkme-tui export --filter status:inactive --output inactive.csv",
            "walkme-tui export --filter @admins --json",
        ),
        "offboard": (
            "walkme-tui offboard zoe.celik@example.com --ticket INC-42",
            "walkme-tui offboard zoe.celik@example.com --plan zoe.json",
        ),
        "create": (
            "walkme-tui create lea.moreau@example.com --first Lea --last Moreau --role Editor --group Sales",
            "walkme-tui create lea.moreau@example.com --ticket INC-42 --yes",
        ),
        "set": (
            "walkme-tui set zoe.celik@example.com role=Viewer lastName=Moreau",
            "walkme-tui set zoe.celik@example.com externalId= --yes   # an empty value clears the field",
        ),
        "delete": (
            "walkme-tui delete zoe.celik@example.com --confirm zoe.celik@example.com",
            "walkme-tui delete zoe.celik@example.com --confirm zoe.celik@example.com --plan zoe.json",
        ),
        "import": (
            "walkme-tui import people.csv --group Sales",
            "walkme-tui import people.csv --on-conflict update --encoding cp1252 --yes",
        ),
        "undo": (
            "walkme-tui undo bcdf                          # review the plan first",
            "walkme-tui undo receipt.json --ticket INC-43 --yes",
        ),
        "jobs": ("walkme-tui jobs --json", "walkme-tui jobs resume bcdf --yes"),
        "plan": ("walkme-tui plan show zoe.json", "walkme-tui plan apply zoe.json --yes"),
        "reconcile": (
            "walkme-tui reconcile",
            "walkme-tui reconcile --csv > differences.csv",
            "walkme-tui reconcile --adopt rest zoe.celik@example.com",
        ),
        "config": ("walkme-tui config init", "walkme-tui config check"),
        "profiles": ("walkme-tui profiles", "walkme-tui profiles --json"),
        "keys": ("walkme-tui keys", "walkme-tui keys --default"),
        "themes": ("walkme-tui themes", "walkme-tui themes check themes/mine.toml"),
        "cache": ("walkme-tui cache clear", "walkme-tui cache clear --profile acme"),
        "simulator": (
            "walkme-tui simulator --users 1000000 --port 8080",
            "walkme-tui simulator --lean --latency-ms 200",
        ),
        "completion": (
            "source <(walkme-tui completion bash)",
            "walkme-tui completion fish > ~/.config/fish/completions/walkme-tui.fish",
        ),
    }
)

_CACHED: Final = "read the local copy only, send no request"
_JOB_ID: Final = "id of the job (20261123-bcdf); its beginning, or the part after the date (bcdf), if it is unique"
_YES: Final = "apply the plan without asking; without it, a run without a terminal prints the plan and sends nothing"
_RESUME: Final = "resume without asking; without it, a run without a terminal prints the remaining steps only"


def add_arguments(name: str, parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Declare the arguments of one sub-command; ``shared`` holds the global options, for the actions inside it."""
    adding = _ADDING.get(name)
    if adding is not None:
        adding(parser, shared)
    examples = "\n".join(("examples:", *(f"  {line}" for line in EXAMPLES[name])))
    parser.epilog = f"{parser.epilog}\n\n{examples}" if parser.epilog else examples


def sentence(text: str) -> str:
    """A line of help as a description."""
    return f"{text[:1].upper()}{text[1:]}."


# ---------------------------------------------------------------- reading


def _add_browse(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query", nargs="*", metavar="QUERY", help="a filter; or @NAME, a saved view, with more words to narrow it"
    )


def _add_whois(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="EMAIL|ID", help="full email address or id of the user")
    _add_cached_and_csv(parser)
    parser.add_argument("--card", action="store_true", help="print a dated summary for a ticket, in one line")
    parser.add_argument("--markdown", action="store_true", help="the summary as a Markdown list")
    parser.add_argument("--redact", action="store_true", help="the summary without emails and names of people")
    parser.epilog = (
        "The summary says when and from where the data was read, and what is unknown. With --redact it names the user\n"
        "by id only, and no identity provider; groups, role and status stay."
    )


def _add_members(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("group", metavar="GROUP", help="name or id of the group")
    _add_cached_and_csv(parser)
    parser.epilog = (
        "REST cannot list the members of a group, so all users are read first. SCIM lists them: the group is read,\n"
        "and its members one by one where they are few and not known yet. If not all could be read, the answer is\n"
        f"incomplete: a message says so and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


def _add_groups(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser, required=False)
    text = "list the groups with their numbers of members (the default)"
    for each in (parser, actions.add_parser("list", help=text, description=sentence(text), parents=[shared])):
        # No default: that of the action would overwrite the value given before it.
        each.add_argument("--cached", action="store_true", default=argparse.SUPPRESS, help=_CACHED)
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
        _add_plan_options(made)
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
        _add_plan_options(made)
        made.epilog = f"{epilog} On a terminal the browser opens at the plan."


def _add_cached_and_csv(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cached", action="store_true", help=_CACHED)
    parser.add_argument("--csv", action="store_true", help="print CSV, with the columns of export")
    _add_csv_options(parser)


def _add_csv_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", action="store_true", help="CSV with the exact values, for programs")
    parser.add_argument("--bom", action="store_true", help="CSV with a byte order mark, for spreadsheets")


def _add_export(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--filter", metavar="QUERY", default="", help="only the users that match this filter or saved view (@NAME)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write to a file that only you can read")
    parser.add_argument("--cached", action="store_true", help=_CACHED)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--csv", action="store_true", help="CSV (the default)")
    formats.add_argument("--markdown", action="store_true", help="a Markdown table")
    _add_csv_options(parser)
    parser.epilog = (
        "CSV is safe to open in a spreadsheet: a value that it would evaluate as a formula (after = + - @) gets an\n"
        "apostrophe before it, and control characters become visible signs. --raw leaves the values as they are.\n"
        "If not all users could be read, or the server's list lacks a field that the filter needs, the answer is\n"
        f"incomplete: a message says so and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}."
    )


# ---------------------------------------------------------------- changing


def _add_offboard(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("emails", nargs="+", metavar="EMAIL", help="email addresses of the users to offboard")
    parser.add_argument("--keep-groups", action="store_true", help="deactivate only, remove from no group")
    _add_plan_options(parser)
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
    _add_plan_options(parser)
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
    _add_plan_options(parser)
    parser.epilog = (
        "Only the given fields are changed. A field that somebody else changes between the plan and its execution is\n"
        "skipped, and shown with both values. SCIM has no role, and only the statuses active and inactive."
    )


def _add_delete(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="email address of the user to delete")
    parser.add_argument("--confirm", required=True, metavar="EMAIL", help="the same email again")
    _add_plan_options(parser)
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
    group = "name or id of a group that everybody in the file joins; can be repeated"
    add("--group", action="append", default=[], metavar="GROUP", help=group)
    add("--encoding", metavar="E", help="encoding of a file that is not UTF-8, for example cp1252")
    named = ", ".join(DELIMITERS)
    add("--delimiter", metavar="D", help=f"{named}, or another character (default: it is found)")
    header = "whether the first row names the columns (default: it is found)"
    add("--header", action=argparse.BooleanOptionalAction, default=None, help=header)
    fields = (
        "read FIELD from this column, given by name or number; can be repeated, and is remembered for files with the "
        f"same header; fields: {', '.join(ImportField)}"
    )
    add("--map", dest="columns", action="append", default=[], metavar="FIELD=COLUMN", help=fields)
    _add_plan_options(parser)
    parser.epilog = (
        "Every row is checked before anything is sent, and ends as created, updated, unchanged, skipped, failed,\n"
        "needs review or not attempted. Groups of a row are names or ids, separated by ; or |. An empty cell changes\n"
        "nothing. On a terminal the browser opens at the plan. The rows that were not imported are written as CSV in\n"
        "their own columns, each with its error, ready to be imported again. Importing a file twice changes nothing.\n"
        "An undo deactivates the new users and deletes nobody. A file that cannot be read: nothing is sent, exit code\n"
        f"{ExitCode.USAGE}."
    )


def _add_undo(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB|RECEIPT", help=f"{_JOB_ID}; or the path of a receipt")
    _add_plan_options(parser)
    parser.epilog = (
        "With the id of a job or its receipt, the changes to all its users are undone; with the receipt of one user\n"
        "(walkme-tui jobs receipt), those to this one only.\n"
        "The previous status and exactly the removed groups are restored. What others changed since is skipped and\n"
        "listed. An undo is a job too, and can be undone."
    )


def _add_plan(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser)
    for name, text in (("show", "print a plan file, as text or with --json"), ("apply", "apply a plan file")):
        made = actions.add_parser(name, help=text, description=sentence(text), parents=[shared])
        made.add_argument("file", metavar="FILE", type=Path, help="a file written with --plan")
    apply = actions.choices["apply"]
    _add_ticket(apply)
    apply.add_argument("--yes", action="store_true", help=_YES)
    apply.epilog = (
        "Every step is sent only if its user or group still is as the plan found it; others are refused and named,\n"
        f"and the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}. Up to 1000 people are read before the review; of a\n"
        "larger plan each is read just before their steps are sent. A plan made under another profile of the same\n"
        "address needs --profile. A plan file has at most 512 MB."
    )


def _add_reconcile(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("people", nargs="*", metavar="EMAIL|ID", help="whom --adopt changes")
    _add_cached_and_csv(parser)
    parser.add_argument(
        "--adopt", choices=["rest", "scim"], help="plan to make the other surface as this one is, for these people"
    )
    parser.add_argument("--all", action="store_true", help="with --adopt: for all who differ")
    _add_plan_options(parser)
    parser.epilog = (
        "Reads both surfaces of the profile. Records are matched by id, then by external id, then by email without\n"
        "case; matched ones are counted only. Differences are no error. If one of the two could not be read\n"
        f"whole, the exit code is {ExitCode.NOT_FOUND_OR_INCOMPLETE}.\n"
        "An adoption deletes nobody and leaves out duplicates."
    )


def _add_jobs(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser, required=False)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=text, description=sentence(text), parents=[shared])

    def job_action(name: str, text: str) -> argparse.ArgumentParser:
        made = action(name, text)
        made.add_argument("id", metavar="ID", help=_JOB_ID)
        return made

    action("list", "list the jobs, newest first (the default); with --profile, those of one profile")
    job_action("show", "show a job with its steps")
    resume = job_action("resume", "resume an interrupted job")
    resume.add_argument("--yes", action="store_true", help=_RESUME)
    resume.epilog = "It has no --plan: what a job has sent is only known to the journal of this machine."
    discard = job_action("discard", "discard the remaining steps of a job")
    discard.epilog = "Sends nothing. The finished steps stay done, their record is kept, and they can still be undone."
    failed = job_action("failed", "list the steps of a job that failed, were refused or need review")
    failed.add_argument("--csv", action="store_true", help="print CSV")
    _add_csv_options(failed)
    receipt = job_action("receipt", "print the receipt of one user or group of a job, as Markdown or with --json")
    receipt.add_argument("subject", metavar="EMAIL|ID|GROUP", help="the user or the group")
    receipt.add_argument(
        "--output", metavar="FILE", type=Path, help="write the receipt to this file; JSON if it ends in .json"
    )
    receipt.epilog = "The JSON can be undone alone: walkme-tui undo FILE.json"
    purge = action("purge", "delete personal data of finished jobs; who made which kind of change, and when, is kept")
    purge.add_argument(
        "--before", metavar="DATE", type=moment_ms, required=True, help="jobs created before this day, as 2026-01-31"
    )
    purge.epilog = "Deletes the receipts of these jobs too. Jobs that can still be resumed are not purged."


def moment_ms(text: str) -> int:
    """A day (its beginning in local time) or an ISO 8601 time, in milliseconds since the Unix epoch, for argparse."""
    try:
        moment = datetime.fromisoformat(text)
        return int(moment.astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2026-01-31") from None


def _add_ticket(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ticket", metavar="T", help="ticket number, recorded in the job and the receipt")


def _add_plan_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that makes a plan."""
    _add_ticket(parser)
    parser.add_argument("--plan", metavar="FILE", type=Path, help="write the plan to a file and send nothing")
    parser.add_argument("--yes", action="store_true", help=_YES)


# ---------------------------------------------------------------- administration


def _add_config(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser)
    actions.add_parser("init", help="write a commented config.toml, if there is none", parents=[shared])
    actions.add_parser("path", help="print the path of config.toml", parents=[shared])
    actions.add_parser("check", help="list every error in config.toml", parents=[shared])


def _add_keys(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("--default", action="store_true", help="ignore the keys of config.toml")


def _add_themes(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser, required=False)
    actions.add_parser("list", help="list the themes (the default)", parents=[shared])
    check = actions.add_parser("check", help="list every error in a theme file", parents=[shared])
    check.add_argument("file", metavar="FILE", type=Path)


def _add_cache(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = _actions(parser)
    actions.add_parser("clear", help="delete the local copies of all profiles, or of --profile", parents=[shared])


def _add_completion(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.epilog = "Source the script in ~/.bashrc, or in ~/.zshrc after compinit. Fish loads it from a file."
    parser.add_argument(
        "what",
        metavar="SHELL",
        choices=["bash", "zsh", "fish", "profiles", "groups", "views"],
        help="bash, zsh or fish; or profiles, groups or views: the names that the scripts offer, one per line",
    )


def _add_simulator(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    from walkme_tui.simulator.faults import NAMED_FAULTS
    from walkme_tui.simulator.scim.oddities import ScimOddity
    from walkme_tui.simulator.settings import ALL_SCOPES, SimulatorSettings

    usual = SimulatorSettings()
    add = parser.add_argument
    add("--port", type=_whole_number(65_535), default=0, metavar="N", help="port on 127.0.0.1; 0 (default): any")
    add("--users", type=_whole_number(), default=usual.users, metavar="N", help="number of users (%(default)s)")
    add("--seed", type=_whole_number(), default=usual.seed, metavar="N", help="same seed, same users (%(default)s)")
    add("--latency-ms", type=_whole_number(), default=0, metavar="N", help="delay of every response (%(default)s)")
    add("--jitter-ms", type=_whole_number(), default=0, metavar="N", help="random extra delay up to N (%(default)s)")
    add("--patch", choices=("ok", "405"), default="ok", help="whether PATCH is supported (%(default)s)")
    add("--lean", action="store_true", help="lists and write responses hold a few fields only")
    add("--rate-per-s", type=_positive_number, metavar="N", help="answer 429 above N requests a second")
    add("--retry-after", type=_whole_number(), metavar="N", help="Retry-After of a 429, in seconds; default: none")
    token_ttl = int(usual.token_ttl)
    add("--token-ttl", type=_whole_number(), default=token_ttl, metavar="S", help="token lifetime, s (%(default)s)")
    scopes = f"scopes of a token: {', '.join(ALL_SCOPES)} (default: all)"
    add("--scopes", nargs="+", choices=ALL_SCOPES, default=list(ALL_SCOPES), metavar="SCOPE", help=scopes)
    add("--hostile", action="store_true", help="one name in fifty attacks the terminal")
    faults = f"inject a repeatable fault: {', '.join(sorted(NAMED_FAULTS))}"
    add("--fault", action="append", choices=sorted(NAMED_FAULTS), default=[], metavar="NAME", help=faults)
    oddities = sorted(ScimOddity)
    odd = f"let SCIM differ from the standard, repeatable: {', '.join(oddities)}"
    add("--scim-odd", action="append", choices=oddities, default=[], metavar="NAME", help=odd)
    cap, cap_help = _whole_number(lowest=1), "most rows of a SCIM page (%(default)s)"
    add("--scim-page-cap", type=cap, default=usual.scim_page_cap, metavar="N", help=cap_help)
    add("--log", action="store_true", help="log every request to standard error")


def _whole_number(highest: int | None = None, lowest: int = 0) -> Callable[[str], int]:
    bounds = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        if int(text) < lowest or (highest is not None and int(text) > highest):
            raise argparse.ArgumentTypeError(f"{int(text)} is not {bounds}")
        return int(text)

    return read


def _positive_number(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return rate


def _actions(parser: argparse.ArgumentParser, required: bool = True) -> "Actions":
    return parser.add_subparsers(dest="action", metavar="ACTION", required=required, parser_class=type(parser))


_ADDING: Final = MappingProxyType(
    {
        BROWSE: _add_browse,
        "whois": _add_whois,
        "members": _add_members,
        "groups": _add_groups,
        EXPORT: _add_export,
        "offboard": _add_offboard,
        "create": _add_create,
        "set": _add_set,
        "delete": _add_delete,
        "import": _add_import,
        "undo": _add_undo,
        "jobs": _add_jobs,
        "plan": _add_plan,
        "reconcile": _add_reconcile,
        "config": _add_config,
        "keys": _add_keys,
        "themes": _add_themes,
        "cache": _add_cache,
        "simulator": _add_simulator,
        "completion": _add_completion,
    }
)
