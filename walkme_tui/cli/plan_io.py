"""Reads and writes plan files, and prints plans; a plan is printed as text without the modules of plan files."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from walkme_tui.cli.context import Context
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.plan_text import plan_lines, steps_text
from walkme_tui.cli.output.streams import data_output, print_lines
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.services.changes.permissions import require_surface

if TYPE_CHECKING:
    from walkme_tui.domain.jobs import JobSummary


def read_text(file: Path, what: str) -> str:
    """The contents of a file given on the command line; raises ``ConfigurationError`` if it cannot be read."""
    from walkme_tui.domain.plan_files import MAX_BYTES

    shown = clean(str(file))
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"The {what} {shown} cannot be read: {error.strerror}.") from error
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{shown} is larger than {MAX_BYTES >> 20} MB, too large for a {what}.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{shown} is not a {what}: it is not UTF-8.") from error


def read_plan(file: Path) -> Plan:
    """The plan in a file; raises ``ConfigurationError`` with the file's name and the reason."""
    from walkme_tui.domain.plan_files import plan_from_text

    text = read_text(file, "plan file")
    try:
        return plan_from_text(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{clean(str(file))}: {error.message}", hint=error.hint) from error


def write_plan(plan: Plan, file: Path, context: Context) -> None:
    """Write a plan to a file that only its owner can read; nothing is sent."""
    from walkme_tui.domain.plan_files import plan_file_parts

    with data_output(file) as stream:
        stream.writelines(plan_file_parts(plan))
    if str(file) == "-":
        return
    shown = clean(str(file))
    if context.options.json:
        print_plan_json(plan, {"file": str(file)})
        return
    how = f" To apply it: {context.program} plan apply {shlex.quote(shown)}" if plan.steps else ""
    print_lines([f"The plan is in {shown}. {steps_text(plan)}", f"Nothing was sent.{how}"])


def print_plan(plan: Plan, *, json: bool) -> None:
    """Print a plan, with ``json`` as one object."""
    if json:
        print_plan_json(plan, {})
    else:
        print_lines(plan_lines(plan))


def print_plan_json(plan: Plan, more: Mapping[str, str]) -> None:
    """Print an object with a plan and ``more``, in parts: the whole text of a large plan takes a gigabyte."""
    from walkme_tui.domain.plan_files import plan_parts

    with data_output(None) as stream:
        stream.write('{"plan": ')
        stream.writelines(plan_parts(plan, printable_json))
        stream.writelines(f', "{name}": {printable_json(value)}' for name, value in more.items())
        stream.write("}\n")


def print_nothing_sent() -> None:
    """Print on standard error that only the plan was made."""
    print_message("Nothing was sent.", hint="To apply the plan, add --yes.")


def for_account(plan: Plan, account: Account, *, named: bool = False) -> Plan:
    """The plan for an account; raises ``ConfigurationError`` where it was made for another one, or another surface.

    The profile of one account may have another name on another machine: where the address is the same, another profile
    is accepted if the person ``named`` it.
    """
    refuse_other_account(plan, account, named=named)
    return replace(plan, profile=account.profile)


def refuse_other_account(plan: "Plan | JobSummary", account: Account, *, named: bool = False) -> None:
    """Raise ``ConfigurationError`` where a plan or a job is one of another account or surface; see ``for_account``."""
    require_surface(account, "The plan", plan.surface)
    if plan.base_url == account.base_url and (named or plan.profile == account.profile):
        return
    made, here = (
        f"{clean(profile, 120)} ({clean(address, 200)})"
        for profile, address in ((plan.profile, plan.base_url), (account.profile, account.base_url))
    )
    hint = f"Select that account with --profile {clean(plan.profile, 120)}, or make a plan for this one."
    if plan.base_url == account.base_url and isinstance(plan, Plan):
        hint = f"If it is the same account under another name, name it: --profile {clean(account.profile, 120)}"
    raise ConfigurationError(f"The plan was made for the account of {made}, but this is {here}.", hint=hint)
