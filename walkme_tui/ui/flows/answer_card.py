"""The answer cards that the copy menu offers: asks for their form and makes their text."""

import asyncio
from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.answer_card import CardForm, GroupCard, UserCard, rendered
from walkme_tui.domain.errors import MirrorUnavailable, NotFound, WalkmeError
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import user_label
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin

REDACTED: Final = "redacted "
CARD_FORMS: Final = (
    Choice(CardForm.TEXT, "Text, one line"),
    Choice(CardForm.MARKDOWN, "Markdown list"),
    Choice(CardForm.JSON, "JSON"),
)
REDACTED_FORMS: Final = tuple(
    Choice(f"{REDACTED}{form.answer}", f"{form.label}, redacted", "names the user by id") for form in CARD_FORMS
)
REREAD_SECONDS: Final = 5


async def user_cards(view: FlowContext, origin: Origin, users: Sequence[MirroredUser]) -> str:
    """The cards in the form that the user chooses; empty if there are none. A single user is read again first."""
    chosen = await _chosen_form(origin, [*CARD_FORMS, *REDACTED_FORMS])
    if chosen is None:
        return ""
    if len(users) == 1:
        verified = await _verified(view, users[0])
        if verified is None:
            return ""
        users = [verified]
    account, now_ms, redacted = view.session.account, view.session.clock(), chosen.startswith(REDACTED)
    cards = [UserCard(user, view.group_names, account, now_ms, redacted) for user in users]
    return rendered(cards, CardForm(chosen.removeprefix(REDACTED)))


async def group_cards(view: FlowContext, origin: Origin, groups: Sequence[Group]) -> str:
    """The cards in the form that the user chooses, with the members that are known now; empty if there are none."""
    chosen = await _chosen_form(origin, CARD_FORMS)
    if chosen is None:
        return ""
    try:
        sizes = {size.group.id: size for size in await view.session.mirror.groups()}
        coverage = await view.session.mirror.coverage()
    except MirrorUnavailable as error:
        report(view.app, error, doing="Reading the number of members")
        return ""
    account, now_ms = view.session.account, view.session.clock()
    known = [sizes.get(group.id, GroupSize(group, 0)) for group in groups]
    return rendered([GroupCard(size, coverage, account, now_ms) for size in known], CardForm(chosen))


async def _chosen_form(origin: Origin, forms: Sequence[Choice]) -> str | None:
    return await origin.show(ChoiceDialog("Answer card for a ticket", forms), "The answer card is ready")


async def _verified(view: FlowContext, stored: MirroredUser) -> MirroredUser | None:
    """The user as the server has it now, ``stored`` if it cannot be read; None if it does not exist any more."""
    try:
        async with asyncio.timeout(REREAD_SECONDS):
            return await view.directory.reread(stored.user.id)
    except NotFound as error:
        report(view.app, error, doing=f"Reading {user_label(stored.user)} again")
        return None
    except WalkmeError as error:
        why = clean(error.message, 300)
    except TimeoutError:
        why = f"The server did not answer in {REREAD_SECONDS} s."
    view.app.notify(f"{why} The card says how old its data is.", title="Not verified", severity="warning", markup=False)
    return stored
