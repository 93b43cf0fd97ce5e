"""What every sub-command that changes an account does with its plan: review, print, write to a file or carry out."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from walkme_tui.cli.account_read import read_account, say_account_is_read, with_account_read
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.plan_io import print_plan, say_nothing_was_sent, write_plan
from walkme_tui.cli.session_run import with_change_services, with_session
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.errors import ConfigurationError, LookUpIgnored, ReadOnlyRefused
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that a command line asks for.

    ``make`` makes the plan; it asks the server and writes nothing. ``check`` raises ConfigurationError for what is
    wrong before anybody is asked; where the browser shows the plan, it is left to the browser. ``profile`` is the one
    that it belongs to, None for the one that is meant anyway.
    """

    title: str
    make: Callable[[Session, ChangeServices], Awaitable[Plan]]
    check: Callable[[Account], None] = lambda _: None
    profile: str | None = None

    def under(self, ticket: str | None) -> "Wish":
        """The same wish under a ticket, if one is given."""
        if ticket is None:
            return self

        async def make(session: Session, change_services: ChangeServices) -> Plan:
            return (await self.make(session, change_services)).with_ticket(ticket)

        return replace(self, make=make)


def change(context: Context, wish: Wish, *, plan_file: Path | None, carry_it_out: bool) -> int:
    """Do with a wish what the options ask for; the exit code."""
    if plan_file is not None and carry_it_out:
        raise ConfigurationError(
            "--plan and --yes exclude each other.", hint="Write the plan first, then: walkme-tui plan apply FILE --yes"
        )
    context = context.for_profile(wish.profile)
    if plan_file is None and not carry_it_out and is_for_the_browser(context):
        from walkme_tui.cli.browser_start import browse_task
        from walkme_tui.services.browser_start import StartPlan

        task = StartPlan(wish.title, wish.make)
        try:
            return browse_task(context, task)
        except LookUpIgnored as error:
            say_account_is_read(error)
        with_session(context, lambda session: read_account(session, cached=False))
        return browse_task(context, task)

    def check(account: Account) -> None:
        if carry_it_out:
            refuse_read_only(account)
        wish.check(account)

    async def work(session: Session, change_services: ChangeServices) -> int:
        deadline = CommandDeadline(session, after_each_answer=True)
        plan = await with_account_read(session, lambda: wish.make(session, change_services), deadline)
        if plan_file is not None:
            write_plan(plan, plan_file, json=context.options.json, demo=context.options.demo)
        elif carry_it_out:
            from walkme_tui.cli.job_run import carry_out

            return await carry_out(context, change_services, plan)
        else:
            print_plan(plan, json=context.options.json)
            if plan.steps:
                say_nothing_was_sent()
        return ExitCode.DONE

    return with_change_services(context, work, check)


def is_for_the_browser(context: Context) -> bool:
    """True on a terminal that can show it: standard input, output and error all are one, and JSON is not asked for."""
    on_a_terminal = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    return on_a_terminal and not context.cannot_place_text and not context.options.json


def refuse_read_only(account: Account) -> None:
    """``ReadOnlyRefused`` before anything is read for a change that would be refused in the end."""
    if account.read_only:
        raise ReadOnlyRefused(
            f"The profile {clean(account.profile, 120)} is read-only, so nothing was sent.",
            hint="Leave out --read-only, or take read_only out of the profile.",
        )


def refuse_missing_ticket(context: Context, ticket: str) -> None:
    """ConfigurationError where the profile wants a ticket for an offboarding and there is none."""
    if ticket.strip() or context.options.demo:
        return
    profile = context.profile()
    if profile.offboarding.require_ticket:
        shown = clean(profile.name, 120)
        raise ConfigurationError(
            f"The profile {shown} wants a ticket for every offboarding, and none was given.",
            hint=f"Give one with --ticket. It is require_ticket in [profiles.{shown}.offboarding] that asks for it.",
        )
