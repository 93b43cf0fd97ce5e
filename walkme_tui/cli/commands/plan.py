"""``walkme-tui plan``: show or apply a plan file."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, refuse_missing_ticket, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.plan_text import title_of
from walkme_tui.cli.plan_io import print_plan, read_plan, refuse_other_account
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session

MINUTE_MS = 60_000
OLD_MS = 60 * MINUTE_MS


def run(options: argparse.Namespace) -> int:
    """Run the named action."""
    context = Context.of(options)
    plan = read_plan(options.file)
    if options.action == "show":
        print_plan(plan, json=context.options.json)
        return ExitCode.DONE
    if options.ticket:
        plan = plan.with_ticket(options.ticket)

    def check(account: Account) -> None:
        refuse_other_account(plan, account)
        if plan.kind is PlanKind.OFFBOARD:
            refuse_missing_ticket(context, plan.ticket)

    async def make(session: Session, _: ChangeServices) -> Plan:
        from walkme_tui.services.changes.recheck import rechecked

        refuse_other_account(plan, session.account)
        print_age(plan, session.clock())
        return await rechecked(session, plan)

    request = ChangeRequest(title_of(plan), make, check=check, surface=plan.surface)
    return run_change(context, request, plan_file=None, execute=options.yes)


def print_age(plan: Plan, now_ms: int) -> None:
    """Print the age of an old plan, and warn of a plan from the future: a clock is wrong then."""
    age_ms = now_ms - plan.created_at_ms
    if age_ms >= OLD_MS:
        print_message(f"The plan is {age_text(age_ms)} old.")
    elif age_ms < -OLD_MS:
        print_message(f"The plan is dated {age_text(-age_ms)} in the future. Check the clock of this machine.")


def age_text(age_ms: int) -> str:
    """``3 days``: the largest unit only."""
    for name, size_ms in (("day", 1440 * MINUTE_MS), ("hour", 60 * MINUTE_MS), ("minute", MINUTE_MS)):
        if age_ms >= size_ms:
            count = age_ms // size_ms
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return "less than a minute"
