"""``walkme-tui offboard``: deactivate users and remove them from their groups."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, refuse_missing_ticket, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.output.progress import reading_progress
from walkme_tui.cli.subjects import stripped_emails
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, spaced
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the offboarding of the named users."""
    context = Context.of(options)
    emails = stripped_emails(options.emails)
    in_browser = opens_browser(context, options)

    async def make(_: Session, change_services: ChangeServices) -> Plan:
        with reading_progress("reading", len(emails), hidden=in_browser) as show:
            return await change_services.planner.offboard(emails, keep_groups=options.keep_groups, on_progress=show)

    target = clean(emails[0], MAX_NAME) if len(emails) == 1 else f"{spaced(len(emails))} people"
    request = ChangeRequest(f"Offboard {target}", make, check=lambda _: refuse_missing_ticket(context, options.ticket))
    return run_change(context, request, options)
