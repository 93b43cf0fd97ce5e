"""Offboard, deactivate, reactivate: from the keys to a plan, and on to its review."""

from collections.abc import Coroutine, Sequence
from typing import Any

from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Status
from walkme_tui.services.ports import MirroredUser
from walkme_tui.ui.change_words import MAX_SENTENCE, email_of, name_of
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.carrying_out import carry_out, review
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.view import View
from walkme_tui.ui.words import number

NOBODY = "There is no user under the cursor."


async def offboard(view: View, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Plan the offboarding of the marked users, else of the one under the cursor, and show the plan."""
    ids = list(marked) or ([user.user.id] if user is not None else [])
    if not ids:
        view.app.notify(NOBODY, markup=False)
        return
    whom = email_of(user.user) if not marked and user is not None else f"{number(len(ids))} marked users"
    plan = await planned(view, f"Offboard {whom}", _offboarding(view, ids))
    if plan is not None:
        await review(view, origin, plan)


async def change_status(view: View, origin: Origin, user: MirroredUser | None, status: Status) -> None:
    """Deactivate or reactivate one user: in a sandbox at once, elsewhere after a look at the plan."""
    if user is None:
        view.app.notify(NOBODY, markup=False)
        return
    verb = "Deactivate" if status is Status.INACTIVE else "Reactivate"
    plan = await planned(view, f"{verb} {email_of(user.user)}", _status_change(view, user.user.id, status))
    if plan is None:
        return
    if not plan.steps:
        who = name_of(plan.subjects[0].user)
        view.app.notify(f"{who} is {status.value} already. Nothing was sent.", markup=False)
    elif view.session.account.environment is Environment.SANDBOX:
        await carry_out(view, origin, plan, small=True)
    else:
        await review(view, origin, plan)


async def planned(view: View, title: str, question: Coroutine[Any, Any, Plan]) -> Plan | None:
    """The plan that a question to the server gives; None where it failed, which is told, or was taken back."""
    try:
        return await view.work.ask(f"{title}: asking the server", question)
    except WalkmeError as error:
        report(view.app, error, doing=clean(title, MAX_SENTENCE))
        return None


async def _offboarding(view: View, ids: Sequence[str]) -> Plan:
    return await (await view.work.workshop()).planner.offboard(ids)


async def _status_change(view: View, user_id: str, status: Status) -> Plan:
    return await (await view.work.workshop()).planner.set_status(user_id, status)
