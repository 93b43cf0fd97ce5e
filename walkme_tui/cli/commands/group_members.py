"""``walkme-tui groups add`` and ``groups remove``: add users to a group, and remove them from it."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.subjects import named_groups, stripped_emails
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, spaced
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the change of memberships."""
    context, adds = Context.of(options), options.action == "add"
    emails = stripped_emails(options.emails)

    async def make(session: Session, change_services: ChangeServices) -> Plan:
        groups = await named_groups(session, [options.group])
        join, leave = (groups, []) if adds else ([], groups)
        return await change_services.edit_planner.change_groups_of(emails, join, leave)

    target = clean(emails[0], MAX_NAME) if len(emails) == 1 else f"{spaced(len(emails))} people"
    title = f"{'Add' if adds else 'Remove'} {target} {'to' if adds else 'from'} {clean(options.group, MAX_NAME)}"
    return run_change(context, ChangeRequest(title, make), options)
