"""Makes the plan of a sub-command and reviews, prints, saves or executes it."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.session_run import with_change_services, with_session
from walkme_tui.config.ownership import operator
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.errors import ConfigurationError, LookUpIgnored
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


class ChangeRequest(NamedTuple):
    """A change that the command line requests.

    ``make`` makes the plan; it reads from the server and writes nothing. ``check`` raises ConfigurationError before any
    request; where the browser shows the plan, the browser checks instead. ``profile`` and ``surface`` are those of the
    change, None for the default ones.
    """

    title: str
    make: Callable[[Session, ChangeServices], Awaitable[Plan]]
    check: Callable[[Account], None] = lambda _: None
    profile: str | None = None
    surface: Surface | None = None

    def with_ticket(self, ticket: str | None) -> "ChangeRequest":
        """The same request with this ticket, if one is given."""
        if ticket is None:
            return self

        async def make(session: Session, change_services: ChangeServices) -> Plan:
            return (await self.make(session, change_services)).with_ticket(ticket)

        return self._replace(make=make)


def run_change(context: Context, request: ChangeRequest, options: argparse.Namespace) -> int:
    """Review, print, save or execute the plan of a request, as ``--plan``, ``--yes`` and ``--ticket`` say.

    Returns the exit code.
    """
    plan_file, execute = options.plan, options.yes
    if plan_file is not None and execute:
        raise ConfigurationError(
            "--plan and --yes cannot be used together.",
            hint="Write the plan first, then: walkme-tui plan apply FILE --yes",
        )
    context = context.with_account(request.profile, request.surface)
    request = request.with_ticket(options.ticket)
    if opens_browser(context, options):
        from walkme_tui.cli.browser_launch import browse_task
        from walkme_tui.ui.browser_start import StartPlan

        task = StartPlan(request.title, request.make)
        try:
            return browse_task(context, task)
        except LookUpIgnored as error:
            from walkme_tui.cli.account_read import print_account_read_notice, read_account

            print_account_read_notice(error)
        with_session(context, lambda session: read_account(session, cached=False))
        return browse_task(context, task)

    from walkme_tui.cli.account_read import with_account_read
    from walkme_tui.cli.plan_io import print_nothing_sent, print_plan, write_plan

    def check(account: Account) -> None:
        if execute:
            from walkme_tui.services.changes.permissions import require_writable

            require_writable(account)
        request.check(account)

    async def work(session: Session, change_services: ChangeServices) -> int:
        deadline = CommandDeadline(session, after_each_answer=True)
        plan = await with_account_read(session, lambda: request.make(session, change_services), deadline)
        plan = plan.with_author(operator())
        if plan_file is not None:
            write_plan(plan, plan_file, context)
        elif execute:
            from walkme_tui.cli.job_run import run_plan

            return await run_plan(context, change_services, plan)
        else:
            print_plan(plan, json=context.options.json)
            if len(plan.refused) < len(plan.steps):
                print_nothing_sent()
        return ExitCode.DONE

    return with_change_services(context, work, check)


def opens_browser(context: Context, options: argparse.Namespace) -> bool:
    """The browser opens at the plan of a request: it is neither saved nor executed, and there is a terminal."""
    return options.plan is None and not options.yes and is_for_the_browser(context)


def is_for_the_browser(context: Context) -> bool:
    """True if standard input, output and error are a terminal that can show the browser, without ``--json``."""
    on_a_terminal = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    return on_a_terminal and not context.lacks_cursor_movement and not context.options.json


def refuse_missing_ticket(context: Context, ticket: str | None) -> None:
    """Raise ConfigurationError where the profile requires a ticket for an offboarding and none is given."""
    if (ticket or "").strip() or context.options.demo:
        return
    profile = context.profile()
    if profile.offboarding.require_ticket:
        shown = clean(profile.name, 120)
        raise ConfigurationError(
            f"The profile {shown} requires a ticket for each offboarding, and none was given.",
            hint=f"Add --ticket. The setting is require_ticket in [profiles.{shown}.offboarding].",
        )
