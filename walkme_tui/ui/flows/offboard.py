"""Offboard, deactivate or reactivate: from the key to the review of the plan."""

from collections.abc import Sequence

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.plans import Gravity
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Status
from walkme_tui.ui.change_words import MAX_SENTENCE, email_of, name_of
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_request import request_plan
from walkme_tui.ui.flows.plan_review import review
from walkme_tui.ui.words import NO_USER, number


async def offboard(view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Plan the offboarding of the marked users, else of the one under the cursor, and review the plan."""
    ids = list(marked) or ([user.user.id] if user is not None else [])
    if not ids:
        view.app.notify(NO_USER, markup=False)
        return
    target = email_of(user.user) if not marked and user is not None else f"{number(len(ids))} marked users"
    extent = await view.change_commands.extent(marked)
    title = f"Offboard {target}" + (f", {extent}" if extent else "")
    plan = await request_plan(
        view,
        origin,
        title,
        lambda services, on_progress: services.planner.offboard(ids, on_progress=on_progress),
        len(ids),
    )
    if plan is not None:
        await review(view, origin, plan, extent)


async def change_status(view: FlowContext, origin: Origin, user: MirroredUser | None, status: Status) -> None:
    """Plan the deactivation or reactivation of one user and review the plan."""
    if user is None:
        view.app.notify(NO_USER, markup=False)
        return
    verb = "Deactivate" if status is Status.INACTIVE else "Reactivate"
    plan = await request_plan(
        view,
        origin,
        f"{verb} {email_of(user.user)}",
        lambda services, _: services.planner.set_status(user.user.id, status),
        1,
    )
    if plan is None:
        return
    if not plan.steps:
        (subject,) = plan.subjects
        # What warns is about other places than this record: the other surface, an identity provider.
        warnings = [clean(each.text, MAX_SENTENCE) for each in subject.consequences if each.gravity is Gravity.WARNING]
        text = " ".join([f"{name_of(subject.user)} is already {status.value}. Nothing was sent.", *warnings])
        view.app.notify(
            text,
            severity="warning" if warnings else "information",
            markup=False,
            timeout=12 if warnings else None,
        )
    else:
        await review(view, origin, plan)
