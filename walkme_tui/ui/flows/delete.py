"""Delete the user under the cursor: from the key to the receipt."""

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import Status
from walkme_tui.ui.change_words import email_of, plan_title
from walkme_tui.ui.dialogs.delete import DeleteChoice, DeleteDialog
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.offboard import change_status
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_request import request_plan
from walkme_tui.ui.flows.plan_review import run_plan
from walkme_tui.ui.flows.plan_saving import save_plan
from walkme_tui.ui.words import NO_USER


async def delete(view: FlowContext, origin: Origin, user: MirroredUser | None) -> None:
    """Show what a deletion loses and offer the deactivation; delete the user once their email was typed."""
    if user is None:
        view.app.notify(NO_USER, markup=False)
        return
    plan = await request_plan(
        view, origin, f"Delete {email_of(user.user)}", lambda services, _: services.edit_planner.delete(user.user.id), 1
    )
    if plan is None:
        return
    if await review_deletion(view, origin, plan) is DeleteChoice.DEACTIVATE:
        await change_status(view, origin, user, Status.INACTIVE)


async def review_deletion(view: FlowContext, origin: Origin, plan: Plan) -> DeleteChoice | None:
    """Show what the deletion of a user or a group loses; execute it once the name was typed, or save the plan."""
    (subject,) = plan.all_subjects
    dialog = DeleteDialog(subject, view.session.account, clock=view.session.clock, monotonic=view.job_tasks.monotonic)
    chosen = await origin.show(dialog, f"{plan_title(plan)}: the question is ready")
    if chosen is DeleteChoice.DELETE:
        await run_plan(view, origin, plan)
    elif chosen is DeleteChoice.SAVE:
        await save_plan(view, origin, plan)
    return chosen
