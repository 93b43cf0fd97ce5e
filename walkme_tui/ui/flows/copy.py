"""Copying emails, ids, names, records and requests to the terminal's clipboard."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.domain.traffic import RequestRecord, curl_command
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import User
from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.terminal import send_to_clipboard, sent_message
from walkme_tui.ui.words import number

EMAIL: Final = "email"
MAX_NAMED: Final = 3
NO_USER: Final = "There is no user under the cursor."
NO_GROUP: Final = "There is no group under the cursor."


def copy_email(view: FlowContext) -> None:
    """Copy the email of the user under the cursor, ignoring marks."""
    if view.user is None:
        view.app.notify(NO_USER, markup=False)
    else:
        _copy(view, EMAIL, [view.user.user])


def copy_request(view: FlowContext, record: RequestRecord) -> None:
    """Copy the request as a curl command, with the secrets as shell variables."""
    if send_to_clipboard(view.app, curl_command(record, view.session.account.base_url)):
        view.app.notify(sent_message("the request as a curl command"), markup=False, timeout=3)
    else:
        view.app.notify("The command is too long for the terminal's clipboard.", severity="warning", markup=False)


async def copy_menu(view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Ask what to copy of the marked users, else of the one under the cursor."""
    users = await _users(view, marked, user)
    if not users:
        return
    many = len(users) > 1
    first = clean(_email(users[0]) or users[0].id, 60)
    choices = [
        Choice(EMAIL, "Emails" if many else "Email", first),
        Choice("id", "Ids" if many else "Id", clean(users[0].id, 60)),
        Choice("name", "Names" if many else "Name", clean(users[0].full_name, 60)),
        Choice("json", "Records as JSON" if many else "Record as JSON"),
    ]
    title = f"Copy of {number(len(users))} marked: {_names_of(users)}" if many else f"Copy of {first}"
    chosen = await origin.show(ChoiceDialog(title, choices), "The copy menu is ready")
    if chosen is not None:
        _copy(view, chosen, users)


async def copy_group_menu(view: FlowContext, origin: Origin, groups: Sequence[Group]) -> None:
    """Ask what to copy of these groups."""
    if not groups:
        view.app.notify(NO_GROUP, markup=False)
        return
    many, first = len(groups) > 1, groups[0]
    choices = [
        Choice("name", "Names" if many else "Name", clean(first.name or "not known", 60)),
        Choice("id", "Ids" if many else "Id", clean(first.id, 60)),
    ]
    title = f"Copy of {number(len(groups))} marked groups" if many else f"Copy of {clean(first.label, 60)}"
    chosen = await origin.show(ChoiceDialog(title, choices), "The copy menu is ready")
    if chosen is not None:
        copy_groups(view, groups, chosen)


def copy_groups(view: FlowContext, groups: Sequence[Group], what: str = "name") -> None:
    """Copy the names or the ids of these groups."""
    if not groups:
        view.app.notify(NO_GROUP, markup=False)
        return
    values = [group.name if what == "name" else group.id for group in groups]
    _send(view, what, "\n".join(clean(value) for value in values if value), len(groups))


async def _users(view: FlowContext, marked: Sequence[str], user: MirroredUser | None) -> list[User]:
    """The marked users, else ``user``; a notification if there is none."""
    try:
        mirrored = [await view.session.mirror.user(user_id) for user_id in marked]
    except MirrorUnavailable as error:
        report(view.app, error, doing="Reading the marked users")
        return []
    users = [each.user for each in mirrored if each is not None]
    if not users and user is not None:
        users = [user.user]
    if not users:
        view.app.notify(NO_USER, markup=False)
    return users


def _copy(view: FlowContext, what: str, users: Sequence[User]) -> None:
    _send(view, what, _text(what, users), len(users))


def _send(view: FlowContext, what: str, text: str, count: int) -> None:
    if not text:
        view.app.notify(f"There is no {what} to copy.", severity="warning", markup=False)
    elif send_to_clipboard(view.app, text):
        shown = clean(text, 60) if count == 1 and what != "json" else f"{number(count)} × {what}"
        view.app.notify(sent_message(shown), markup=False, timeout=3)
    else:
        view.app.notify(
            "The text is too long for the terminal's clipboard. Mark fewer, or use walkme-tui export.",
            title="Not copied",
            severity="warning",
            markup=False,
        )


def _text(what: str, users: Sequence[User]) -> str:
    """The text for the clipboard, without characters that a terminal or shell would execute when it is pasted."""
    if what == "json":
        records = [encode_user(user) for user in users]
        return printable_json(records[0] if len(records) == 1 else records, indent=2)
    values = {"email": _email, "id": lambda user: user.id, "name": lambda user: user.full_name}[what]
    return "\n".join(clean(value) for value in map(values, users) if value)


def _email(user: User) -> str:
    return user.email if isinstance(user.email, str) else ""


def _names_of(users: Sequence[User]) -> str:
    named = ", ".join(clean(_email(user) or user.id, 40) for user in users[:MAX_NAMED])
    more = len(users) - MAX_NAMED
    return f"{named} and {number(more)} more" if more > 0 else named
