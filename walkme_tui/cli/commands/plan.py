"""``walkme-tui plan``: show or apply a plan file."""

import argparse
from dataclasses import replace

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, refuse_missing_ticket, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.plan_text import MAX_NAME, recheck_lines, title_of
from walkme_tui.cli.output.progress import reading_progress
from walkme_tui.cli.plan_io import for_account, print_plan, read_plan
from walkme_tui.config.profile_choice import PROFILE_VARIABLE
from walkme_tui.domain.accounts import Account
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind
from walkme_tui.domain.text import clean
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
    options.ticket = options.ticket or plan.ticket
    return _apply(context, plan.with_ticket(options.ticket), options)


def _apply(context: Context, plan: Plan, options: argparse.Namespace) -> int:
    """Review, print or execute a plan from a file, after what changed since it was made was found."""
    named = context.options.profile is not None or bool(context.environ.get(PROFILE_VARIABLE))
    in_browser = opens_browser(context, options)

    def check(account: Account) -> None:
        for_account(plan, account, named=named)
        if plan.kind is PlanKind.OFFBOARD:
            refuse_missing_ticket(context, plan.ticket)

    async def make(session: Session, _: ChangeServices) -> Plan:
        from walkme_tui.services.changes.recheck import rechecked

        here = for_account(plan, session.account, named=named)
        with reading_progress("checking what changed", len(plan.subjects), hidden=in_browser) as show:
            found = await rechecked(session, here, show)
        about = notes(plan, session.account, session.clock())
        found = replace(found, consequences=(*about, *found.consequences))
        if options.yes:
            for text in recheck_lines(found):
                print_message(text)
        return found

    request = ChangeRequest(title_of(plan), make, check=check, surface=plan.surface)
    return run_change(context, request, options)


def notes(plan: Plan, account: Account, now_ms: int) -> list[Consequence]:
    """What is to know of a plan from a file: its author and age, a clock that is wrong, a profile of another name."""
    by = f" by {clean(plan.author, MAX_NAME)}" if plan.author else ""
    age_ms = now_ms - plan.created_at_ms
    gravity = Gravity.NOTE if abs(age_ms) < OLD_MS else Gravity.WARNING
    text = f"The plan was made {age_text(age_ms)} ago{by}."
    if age_ms < -OLD_MS:
        text = f"The plan is dated {age_text(-age_ms)} in the future{by}. Check the clock of this machine."
    found = [_note(gravity, text)]
    if plan.profile != account.profile:
        other, here = clean(plan.profile, MAX_NAME), clean(account.profile, MAX_NAME)
        text = f"The plan was made under the profile {other}, and this is {here}: is it the same account?"
        found.append(_note(Gravity.WARNING, text))
    return found


def _note(gravity: Gravity, text: str) -> Consequence:
    return Consequence(gravity, text, found_by_recheck=True)


def age_text(age_ms: int) -> str:
    """``3 days``: the largest unit only."""
    for name, size_ms in (("day", 1440 * MINUTE_MS), ("hour", 60 * MINUTE_MS), ("minute", MINUTE_MS)):
        if age_ms >= size_ms:
            count = age_ms // size_ms
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return "less than a minute"
