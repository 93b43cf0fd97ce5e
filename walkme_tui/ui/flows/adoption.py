"""Adopting one surface for some people: asks which side is right, and reviews the plan that changes the other one."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.services.reconcile.adoption_planner import AdoptionPlanner, records_to_read
from walkme_tui.services.reconcile.comparison import Sides
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.other_view import OtherView
from walkme_tui.ui.flows.plan_request import request_plan
from walkme_tui.ui.flows.plan_review import review
from walkme_tui.ui.words import count

DUPLICATES: Final = "Nothing is adopted for duplicates: decide by hand which record stays."
NO_PAIRS: Final = "There is no difference under the cursor. Space marks one, * all that are listed."
MAX_NAME: Final = 60


async def adopt(view: FlowContext, origin: Origin, sides: Sides, groups: SharedGroups, pairs: Sequence[Pair]) -> None:
    """Ask which side is right, plan the changes of the other one, and review the plan: nothing is changed before."""
    if not pairs:
        view.app.notify(NO_PAIRS, markup=False)
        return
    if all(PairClass.DUPLICATE in pair.classes for pair in pairs):
        view.app.notify(DUPLICATES, markup=False)
        return
    who = clean(pair_email(pairs[0]), MAX_NAME) if len(pairs) == 1 else count(len(pairs), "person", "people")
    choices = [
        Choice(source, f"{source.upper()} is right", f"changes {other_surface(source).upper()}") for source in Surface
    ]
    chosen = await origin.show(ChoiceDialog(f"Which side is right for {who}?", choices), "The question is ready")
    if chosen is None:
        return
    source = Surface(chosen)
    target = other_surface(source)
    title = f"Adopt {source.upper()} on {target.upper()} for {who}"
    target_view: FlowContext = view
    if target is not view.session.account.surface:
        try:
            target_view = OtherView(view, await view.job_tasks.other_tasks())
        except WalkmeError as error:
            report(view.app, error, doing=title)
            return

    async def make(_services: ChangeServices, on_progress: ProgressListener) -> Plan:
        return await AdoptionPlanner(sides, groups).plan(pairs, target, on_progress=on_progress)

    plan = await request_plan(target_view, origin, title, make, records_to_read(pairs))
    if plan is None:
        return
    if plan.steps or plan.left_out:
        await review(target_view, origin, plan)
    else:
        view.app.notify(f"{title}: nothing is left to change, the records agree.", markup=False, timeout=6)
