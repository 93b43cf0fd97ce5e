"""``walkme-tui delete``: delete a user permanently."""

import argparse
import sys

from walkme_tui.cli.change_request import ChangeRequest, opens_browser, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.plan_text import MAX_NAME
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean, email_key
from walkme_tui.domain.users import Status
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


def run(options: argparse.Namespace) -> int:
    """Review, print, save or execute the deletion; on a terminal, offer deactivation first."""
    context = Context.of(options)
    email = options.email.strip()
    shown = clean(email, MAX_NAME)
    if email_key(options.confirm.strip()) != email_key(email):
        raise ConfigurationError(
            f"--confirm {clean(options.confirm, MAX_NAME)} is not the email {shown}, so nothing was sent.",
            hint="To confirm the deletion, repeat the email after --confirm.",
        )
    no_email = ConfigurationError(f"{shown} is not an email, so nothing was sent.", hint="Give the full email twice.")
    if "@" not in email and context.capabilities.user_names:
        raise no_email
    instead = False
    if opens_browser(context, options):
        answer = _answer(shown)
        if answer not in {"deactivate", "delete"}:
            print_message("Nothing was sent.")
            return ExitCode.DONE
        instead = answer == "deactivate"

    async def make(session: Session, change_services: ChangeServices) -> Plan:
        user = (await Directory(session).look_up(email)).user
        if email_key(user.email if isinstance(user.email, str) else "") != email_key(email):
            raise no_email
        if instead:
            return await change_services.planner.set_status(user.id, Status.INACTIVE)
        return await change_services.edit_planner.delete(user.id)

    request = ChangeRequest(f"{'Deactivate' if instead else 'Delete'} {shown}", make)
    return run_change(context, request, options)


def _answer(shown: str) -> str:
    sys.stderr.write(
        f"Delete {shown}?\n"
        "A deleted user cannot be restored: undo creates a new user with a new id.\n"
        "Deactivating keeps the record and its groups, and can be undone.\n"
        "Type deactivate or delete, or press Enter to cancel: "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower()
