"""``walkme-tui groups create``, ``rename`` and ``delete``: change groups themselves."""

import argparse

from walkme_tui.cli.change_request import ChangeRequest, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.cli.subjects import named_groups
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.group_lookups import group_changes_refused
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the change; raises ``ConfigurationError`` where the surface has none."""
    context = Context.of(options)
    if context.capabilities.group_changes:
        raise group_changes_refused(context.capabilities)
    named = options.name if options.action == "create" else options.group
    title = f"{options.action.capitalize()} the group {clean(named, MAX_NAME)}"

    async def make(session: Session, change_services: ChangeServices) -> Plan:
        planner = change_services.group_planner
        if options.action == "create":
            return await planner.create(options.name)
        (group,) = await named_groups(session, [options.group])
        if options.action == "rename":
            return await planner.rename(group, options.name)
        _require_confirmation(group, options.confirm)
        return await planner.delete(group)

    return run_change(context, ChangeRequest(title, make), options)


def _require_confirmation(group: Group, typed: str) -> None:
    """Raise ``ConfigurationError`` unless the name, raw or as shown, or the id of a group without one, was typed."""
    if typed.strip() not in {group.label.strip(), clean(group.label).strip()}:
        raise ConfigurationError(
            f"--confirm {clean(typed, MAX_NAME)} is not the name of the group {clean(group.label, MAX_NAME)}, "
            "so nothing was sent.",
            hint="To confirm the deletion, repeat the exact name after --confirm.",
        )
