"""Copying emails, ids, names, records, answer cards and requests to the terminal's clipboard."""

from collections.abc import Mapping, Sequence
from typing import Final

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.raw_record import raw_record
from walkme_tui.domain.receipt_text import code
from walkme_tui.domain.table_cells import safe
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.domain.traffic import RequestRecord, curl_command, curl_of_user
from walkme_tui.domain.user_json import encode_user
from walkme_tui.domain.users import Json, User
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.answer_card import group_cards, user_cards
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.terminal.clipboard import send_to_clipboard, sent_message
from walkme_tui.ui.words import NO_GROUP, NO_USER, number

EMAIL: Final = "email"
CARD: Final = "card"
SHOWN_WHOLE: Final = frozenset({EMAIL, "id", "name"})
NOUNS: Final = {
    "json": "record",
    "markdown": "record without links",
    "row": "row",
    "curl": "curl command",
    CARD: "answer card",
}
"""What is not shown in the toast that confirms the copy."""
ROW_FIELDS: Final = ("email", "firstName", "lastName", "role", "status", "groups", "externalId", "id")
MAX_FIELD: Final = 4000
MAX_NAMED: Final = 3


def copy_email(view: FlowContext) -> None:
    """Copy the email of the user under the cursor, ignoring marks."""
    if view.user is None:
        view.app.notify(NO_USER, markup=False)
    else:
        _send(view, EMAIL, [_text(view, EMAIL, view.user.user)])


def copy_request(view: FlowContext, record: RequestRecord) -> None:
    """Copy the request as a curl command, with the secrets as shell variables."""
    if send_to_clipboard(view.app, curl_command(record, view.session.account)):
        view.app.notify(sent_message("the request as a curl command"), markup=False, timeout=3)
    else:
        view.app.notify("The command is too long for the terminal's clipboard.", severity="warning", markup=False)


async def copy_menu(view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Ask what to copy of the marked users, else of the one under the cursor."""
    mirrored = await _users(view, marked, user)
    if not mirrored:
        return
    users = [each.user for each in mirrored]
    many = len(users) > 1
    first = clean(_email(users[0]) or users[0].id, 60)
    choices = [
        Choice(EMAIL, "Emails" if many else "Email", first),
        Choice("id", "Ids" if many else "Id", clean(users[0].id, 60)),
        Choice("name", "Names" if many else "Name", clean(users[0].full_name, 60)),
        Choice(CARD, "Answer cards…" if many else "Answer card…", "summary for a ticket"),
        Choice("json", "Records as JSON" if many else "Record as JSON"),
        Choice("markdown", "Records without links" if many else "Record without links", "Markdown"),
        Choice("row", "Rows" if many else "Row", "for a spreadsheet"),
        Choice("curl", "Requests as curl" if many else "Request as curl", "uses $WALKME_TOKEN"),
    ]
    title = f"Copy of {number(len(users))} marked: {_names_of(users)}" if many else f"Copy of {first}"
    chosen = await origin.show(ChoiceDialog(title, choices), "The copy menu is ready")
    if chosen == CARD:
        _send_cards(view, await user_cards(view, origin, mirrored), len(users))
    elif chosen == "json":
        records = [raw_record(user, view.session.account.surface) for user in users]
        _send(view, chosen, [printable_json(records[0] if len(records) == 1 else records, indent=2)], len(users))
    elif chosen is not None:
        _send(view, chosen, [_text(view, chosen, user) for user in users])


async def copy_group_menu(view: FlowContext, origin: Origin, groups: Sequence[Group]) -> None:
    """Ask what to copy of these groups."""
    if not groups:
        view.app.notify(NO_GROUP, markup=False)
        return
    many, first = len(groups) > 1, groups[0]
    choices = [
        Choice("name", "Names" if many else "Name", clean(first.name or "not known", 60)),
        Choice("id", "Ids" if many else "Id", clean(first.id, 60)),
        Choice(CARD, "Answer cards…" if many else "Answer card…", "summary for a ticket"),
    ]
    title = f"Copy of {number(len(groups))} marked groups" if many else f"Copy of {clean(first.label, 60)}"
    chosen = await origin.show(ChoiceDialog(title, choices), "The copy menu is ready")
    if chosen == CARD:
        _send_cards(view, await group_cards(view, origin, groups), len(groups))
    elif chosen is not None:
        copy_groups(view, groups, chosen)


def copy_groups(view: FlowContext, groups: Sequence[Group], what: str = "name") -> None:
    """Copy the names or the ids of these groups."""
    if not groups:
        view.app.notify(NO_GROUP, markup=False)
        return
    values = [group.name if what == "name" else group.id for group in groups]
    _send(view, what, [clean(value or "") for value in values])


async def _users(view: FlowContext, marked: Sequence[str], user: MirroredUser | None) -> list[MirroredUser]:
    """The marked users, else ``user``; a notification if there is none."""
    try:
        found = await view.session.mirror.users(marked)
    except MirrorUnavailable as error:
        report(view.app, error, doing="Reading the marked users")
        return []
    users = [found[user_id] for user_id in marked if user_id in found]
    if not users and user is not None:
        users = [user]
    if not users:
        view.app.notify(NO_USER, markup=False)
    return users


def _send_cards(view: FlowContext, text: str, count: int) -> None:
    if text:
        _send(view, CARD, [text], count)


def _send(view: FlowContext, what: str, texts: Sequence[str], count: int = 0) -> None:
    """Copy these texts, which are of ``count`` users or groups (0: of one each), as lines."""
    count, text = count or len(texts), "\n".join(text for text in texts if text)
    if not text:
        view.app.notify(f"There is no {what} to copy.", severity="warning", markup=False)
    elif send_to_clipboard(view.app, text):
        noun = NOUNS.get(what, what)
        one = clean(text, 60) if what in SHOWN_WHOLE else f"the {noun}"
        view.app.notify(sent_message(one if count == 1 else f"{number(count)} × {noun}"), markup=False, timeout=3)
    else:
        view.app.notify(
            "The text is too long for the terminal's clipboard. Mark fewer, or use walkme-tui export.",
            title="Not copied",
            severity="warning",
            markup=False,
        )


def _text(view: FlowContext, what: str, user: User) -> str:
    """The text for the clipboard, without characters that a terminal or shell would execute when it is pasted."""
    match what:
        case "curl":
            return curl_of_user(user.id, view.session.account)
        case "row":
            fields = _fields(user, view.group_names)
            return "\t".join(_cell(fields.get(name, "?")) for name in ROW_FIELDS)
        case "markdown":
            lines = [f"  - {code(name)}: {_code(value)}" for name, value in _fields(user, view.group_names).items()]
            return "\n".join([f"- {code(_email(user) or user.id)}", *lines])
        case "id":
            return clean(user.id)
        case "name":
            return clean(user.full_name)
        case _:
            return clean(_email(user))


def _fields(user: User, names: Mapping[str, str]) -> dict[str, Json]:
    """The known fields of a record, the groups by name."""
    fields = encode_user(user)
    if isinstance(user.groups, tuple):
        fields["groups"] = "; ".join(names.get(group) or group for group in user.groups)
    return fields


def _cell(value: Json) -> str:
    """A cell of a spreadsheet, in which it is no formula."""
    return clean(safe(_as_text(value)))


def _code(value: Json) -> str:
    return "none" if value is None else code(_as_text(value), MAX_FIELD)


def _as_text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else printable_json(value)


def _email(user: User) -> str:
    return user.email if isinstance(user.email, str) else ""


def _names_of(users: Sequence[User]) -> str:
    named = ", ".join(clean(_email(user) or user.id, 40) for user in users[:MAX_NAMED])
    more = len(users) - MAX_NAMED
    return f"{named} and {number(more)} more" if more > 0 else named
