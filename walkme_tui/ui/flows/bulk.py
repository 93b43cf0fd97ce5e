"""Actions for the marked users: from the key to the review of the plan."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from walkme_tui.domain.edit_consequences import PERMANENT
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.plans import Gravity, Plan
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import FIELD_LABELS, ROLES, Status, User
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.ui.change_words import MAX_SENTENCE, name_of
from walkme_tui.ui.dialogs.bulk import BulkAction, BulkDialog
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.field_value import FieldValueDialog
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.dialogs.role import RoleDialog
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.delete import delete
from walkme_tui.ui.flows.export import export_users
from walkme_tui.ui.flows.group_editor import edit_groups
from walkme_tui.ui.flows.offboard import offboard
from walkme_tui.ui.flows.origin import Origin, show_now
from walkme_tui.ui.flows.plan_request import MakePlan, request_plan
from walkme_tui.ui.flows.plan_review import review
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.words import count

NO_USERS: Final = "No user is marked, and there is none under the cursor. Space marks one, * all in the view."
EMPTY_CLEARS: Final = "Everyone gets this value; an empty one clears the field. The plan is shown before it is sent."
ANOTHER_ROLE: Final = "another role"
"""The answer of the entry for it: roles begin with a sign of their own."""
ROLE: Final = "="
TEXT_FIELDS: Final = {
    BulkAction.FIRST_NAME: "first_name",
    BulkAction.LAST_NAME: "last_name",
    BulkAction.EXTERNAL_ID: "external_id",
}


class BulkActions:
    """An action for the marked users, else for the one under the cursor, as they are when this is made.

    ``open`` shows the actions at once, and who they are for; ``run`` plans the one that is chosen.
    """

    def __init__(self, view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
        self._view, self._origin, self._marked = view, origin, marked
        self._found: Mapping[str, MirroredUser] = {} if marked or user is None else {user.user.id: user}
        self._ids = list(marked or self._found)
        name = name_of(user.user) if user is not None else ""
        self._of_whom = count(len(marked), "marked user", "marked users") if marked else name
        self._dialog: BulkDialog

    def open(self) -> bool:
        """Show the actions, which receive the next keys; False, after a message, if there is no user."""
        if not self._ids:
            self._view.app.notify(NO_USERS, markup=False)
            return False
        has_roles = not self._view.session.capabilities.roles
        actions = [action for action in BulkAction if has_roles or action is not BulkAction.ROLE]
        title, account = f"Actions for {self._of_whom}", self._view.session.account
        self._dialog = BulkDialog(title, self._users, actions, account, are_marked=bool(self._marked))
        self._answer = show_now(self._view, self._dialog)
        return True

    async def run(self) -> None:
        """Plan the action that is chosen, also while the names of many marked users are still being read."""
        names = asyncio.create_task(self._read_names())
        try:
            chosen = await self._answer
            if len(self._ids) == 1:  # the deletion of one shows the record
                await names
        finally:
            names.cancel()
        if chosen is not None:
            await self._run(BulkAction(chosen))

    async def _read_names(self) -> None:
        if self._marked:
            with suppress(MirrorUnavailable):  # then they are shown by their ids
                self._found = await self._view.session.mirror.users(self._ids)
                self._dialog.show_people(self._users)

    @property
    def _users(self) -> list[User]:
        return [self._found[user_id].user if user_id in self._found else User(user_id) for user_id in self._ids]

    async def _run(self, action: BulkAction) -> None:
        match action:
            case BulkAction.DEACTIVATE:
                await self._set_status(Status.INACTIVE)
            case BulkAction.REACTIVATE:
                await self._set_status(Status.ACTIVE)
            case BulkAction.OFFBOARD:
                await offboard(self._view, self._origin, self._ids, None)
            case BulkAction.ROLE:
                await self._set_role()
            case BulkAction.GROUPS:
                await edit_groups(self._view, self._origin, self._ids, None)
            case BulkAction.EXPORT:
                await export_users(self._view, self._origin, self._ids, marked=bool(self._marked))
            case BulkAction.DELETE:
                await self._delete()
            case _:
                await self._set_text(TEXT_FIELDS[action])

    async def _set_status(self, status: Status) -> None:
        async def make(services: ChangeServices, on_progress: ProgressListener) -> Plan:
            return await services.bulk_planner.set_status(self._ids, status, on_progress=on_progress)

        verb = "Deactivate" if status is Status.INACTIVE else "Reactivate"
        await self._plan(f"{verb} {self._of_whom}", make)

    async def _set_role(self) -> None:
        """Ask for one of the roles of the account, or another one."""
        try:
            counts = dict(await self._view.session.mirror.roles())
        except MirrorUnavailable:
            counts = {}
        choices = [
            Choice(
                ROLE + role, clean(role, MAX_SENTENCE), count(counts[role], "user", "users") if role in counts else ""
            )
            for role in dict.fromkeys([*counts, *ROLES])
        ]
        choices.append(Choice(ANOTHER_ROLE, "another role…"))
        chosen = await self._origin.show(ChoiceDialog(f"The role of {self._of_whom}", choices), "A role can be chosen")
        if chosen == ANOTHER_ROLE:
            chosen = await self._origin.show(RoleDialog(counts, self._view.job_tasks.monotonic), "A role can be typed")
        elif chosen is not None:
            chosen = chosen.removeprefix(ROLE)
        if chosen is not None:
            await self._set_field("role", chosen)

    async def _set_text(self, attribute: str) -> None:
        label = FIELD_LABELS[attribute]
        dialog = FieldValueDialog(f"The {label} of {self._of_whom}", attribute, EMPTY_CLEARS, "make the plan")
        value = await self._origin.show(dialog, f"The {label} can be typed")
        if value is not None:
            await self._set_field(attribute, value)

    async def _set_field(self, attribute: str, value: str) -> None:
        async def make(services: ChangeServices, on_progress: ProgressListener) -> Plan:
            return await services.bulk_planner.set_field(self._ids, attribute, value, on_progress=on_progress)

        await self._plan(f"Set the {FIELD_LABELS[attribute]} of {self._of_whom}", make)

    async def _delete(self) -> None:
        """Offer to deactivate the users instead, and plan their deletion; a single one is asked for as with D."""
        if len(self._ids) == 1 and self._ids[0] in self._found:
            await delete(self._view, self._origin, self._found[self._ids[0]])
            return
        dialog = QuestionDialog(
            f"Delete {self._of_whom} permanently?",
            [
                (PERMANENT, TextStyle.WARN),
                ("Either way the plan is shown before anything is sent.", TextStyle.DIM),
            ],
            [AnswerKey("x", "deactivate instead"), AnswerKey("d", "plan deletion")],
            account=self._view.session.account,
            monotonic=self._view.job_tasks.monotonic,
        )
        answer = await self._origin.show(dialog, f"Delete {self._of_whom}: a question is ready")
        if answer == "x":
            await self._set_status(Status.INACTIVE)
        elif answer == "d":

            async def make(services: ChangeServices, on_progress: ProgressListener) -> Plan:
                return await services.bulk_planner.delete(self._ids, on_progress=on_progress)

            await self._plan(f"Delete {self._of_whom}", make)

    async def _plan(self, title: str, make: MakePlan) -> None:
        """Make the plan and review it, also one without steps that warns of something."""
        extent = await self._view.change_commands.extent(self._marked)
        title += f", {extent}" if extent else ""
        plan = await request_plan(self._view, self._origin, title, make, len(self._ids))
        if plan is None:
            return
        if plan.steps or plan.left_out or _warns(plan):
            await review(self._view, self._origin, plan, extent)
        else:
            text = f"{title}: everyone already is as requested. Nothing was sent."
            self._view.app.notify(text, markup=False, timeout=8)


def _warns(plan: Plan) -> bool:
    found = [*plan.consequences, *(each for subject in plan.subjects for each in subject.consequences)]
    return any(consequence.gravity is Gravity.WARNING for consequence in found)
