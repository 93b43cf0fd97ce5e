"""``walkme-tui create``: create a user."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.field_values import print_unknown_role, require_sendable
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.subjects import named_groups
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the creation of a user; raises ``AlreadyExists``."""
    context = Context.of(options)
    email = options.email.strip()
    given = {name: getattr(options, name) for name in ("first_name", "last_name", "role", "external_id")}
    values = {name: value for name, value in given.items() if value}
    require_sendable({"email": email, **values}, context.capabilities)

    async def make(session: Session, change_services: ChangeServices) -> Plan:
        if not opens_browser(context, options):
            await print_unknown_role(session, values.get("role"))
        groups = await named_groups(session, options.group)
        return await change_services.edit_planner.create(email, values, groups)

    request = ChangeRequest(f"Create {clean(email, MAX_NAME)}", make)
    return run_change(context, request, options)
