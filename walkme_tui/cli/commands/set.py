"""``walkme-tui set``: change fields of a user."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.field_values import assigned, print_unknown_role, require_sendable
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the change; raises ``ConfigurationError`` for an unknown field."""
    context = Context.of(options)
    values = assigned(options.assignments)
    require_sendable(values, context.capabilities)

    async def make(session: Session, change_services: ChangeServices) -> Plan:
        if not opens_browser(context, options):
            await print_unknown_role(session, values.get("role"))
        base = await Directory(session).look_up(options.key)
        # The given values count whatever the field held, so the plan has no conflict to ask about.
        return await change_services.edit_planner.edit(base.user, values, overwrite=values)

    request = ChangeRequest(f"Edit {clean(options.key, MAX_NAME)}", make)
    return run_change(context, request, options)
