"""Create, rename and delete groups: from the key to the receipt."""

from collections.abc import Callable, Coroutine
from typing import Any

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.group_planner import GroupPlanner
from walkme_tui.ui.change_words import MAX_SENTENCE, group_words
from walkme_tui.ui.dialogs.group_name import GroupNameDialog
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.delete import review_deletion
from walkme_tui.ui.flows.origin import Origin, show_now
from walkme_tui.ui.flows.plan_request import request_plan
from walkme_tui.ui.flows.plan_review import review


class GroupNameEditor:
    """A new group, or the new name of ``group``: ``open`` shows the dialog for it at once, ``run`` plans and sends it.

    After a name that was not sent, or refused, the dialog is shown again, with the reason.
    """

    def __init__(self, view: FlowContext, origin: Origin, group: Group | None) -> None:
        self._view = view
        self._origin = origin
        self._group = group
        self._title = "Create a group" if group is None else f"Rename the group {group_words(group.label)}"
        self._name = group.name or "" if group is not None else ""

    def open(self, problem: str = "") -> None:
        """Show the dialog for the name, which receives the next keys."""
        own = self._group.id if self._group is not None else None
        taken = {name for group_id, name in self._view.group_names.items() if group_id != own}
        dialog = GroupNameDialog(self._title, self._view.session.account, self._name, taken, problem)
        self._answer = show_now(self._view, dialog)

    async def run(self) -> None:
        """Plan and run what the dialog returns, until it is done or the dialog is left."""
        while (name := await self._answer) is not None:
            self._name = name
            problem = await self._save(name)
            if problem is None or not await self._origin.wait_opened(f"{self._title}: the name can be entered"):
                return
            self.open(problem)

    async def _save(self, name: str) -> str | None:
        """Plan, review and run; None once that is done, else why another name is needed (empty: Esc)."""
        view, group = self._view, self._group

        async def make(planner: GroupPlanner) -> Plan:
            return await (planner.create(name) if group is None else planner.rename(group, name))

        try:
            plan = await view.job_tasks.pending.request(
                lambda: f"{self._title}: reading from the server… Esc stops.", lambda: _planned(view, make)
            )
        except WalkmeError as error:
            return clean(str(error), MAX_SENTENCE)
        if plan is None:
            return ""
        job = (await review(view, self._origin, plan)).job
        if job is None:
            return ""
        failed = [record for record in job.steps if record.state in {StepState.FAILED, StepState.REFUSED}]
        if failed:
            return f"Not done: {clean(failed[0].detail, MAX_SENTENCE)}."
        created = next((record.created for record in job.steps if record.created is not None), None)
        if created is not None and not self._origin.user_is_elsewhere:
            view.navigation.show_group(created.id)
        return None


async def _planned(view: FlowContext, make: Callable[[GroupPlanner], Coroutine[Any, Any, Plan]]) -> Plan:
    return await make((await view.job_tasks.change_services()).group_planner)


async def delete_group(view: FlowContext, origin: Origin, group: Group) -> None:
    """Show what a deletion loses, and delete the group once its name was typed; its members stay."""
    title = f"Delete the group {group_words(group.label)}"
    plan = await request_plan(view, origin, title, lambda services, _: services.group_planner.delete(group), 1)
    if plan is not None:
        await review_deletion(view, origin, plan)
