"""Edit the groups of the user under the cursor or of the marked users: from the key to the receipt."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from walkme_tui.domain import edit_consequences
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.consequences import AccountFacts, last_members
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.plans import Consequence, Plan, Subject, numbered
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.plan_parts import account_facts
from walkme_tui.ui.change_words import name_of
from walkme_tui.ui.dialogs.group_picker import GroupPicker
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_request import request_plan
from walkme_tui.ui.flows.plan_review import review, run_plan
from walkme_tui.ui.group_choice import GroupChoice
from walkme_tui.ui.words import NO_USER, number

if TYPE_CHECKING:
    from walkme_tui.domain.changes.change import Change

MAX_NAME: Final = 80


async def edit_groups(view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Pick groups for the marked users, else for the one under the cursor, and change them.

    What one user joins and leaves is shown in the picker and sent from there, unless the plan is asked for; a plan for
    several users is reviewed first. Where the plan cannot be made, the picker is shown again with what was chosen.
    """
    ids = list(marked) or ([user.user.id] if user is not None else [])
    if not ids:
        view.app.notify(NO_USER, markup=False)
        return
    try:
        users = [await _with_groups(view, user)] if not marked and user is not None else await _mirrored(view, ids)
        groups = await view.directory.named_groups()
    except WalkmeError as error:
        report(view.app, error, doing="Reading the groups")
        return
    one = users[0] if len(users) == 1 else None
    title = f"Groups of {name_of(one) if one is not None else f'{number(len(ids))} marked users'}"
    facts = await account_facts(view.session, [one], namesakes=False) if one is not None else None
    choice: GroupChoice | None = GroupChoice.of(groups, users)
    while choice is not None:
        picker = _picker(view, title, choice, one, facts)
        choice = await origin.show(picker, f"{title}: the groups are ready")
        if choice is None:
            return
        plan = await _plan(view, origin, title, ids, choice)
        if plan is None:
            continue
        if not plan.steps:
            view.app.notify("The groups are already as chosen. Nothing was sent.", markup=False)
        elif one is not None and not picker.for_review:
            await run_plan(view, origin, plan)
        else:
            await review(view, origin, plan, await view.change_commands.extent(marked))
        return


async def _plan(view: FlowContext, origin: Origin, title: str, ids: Sequence[str], choice: GroupChoice) -> Plan | None:
    return await request_plan(
        view,
        origin,
        title,
        lambda services, on_progress: services.edit_planner.change_groups(
            ids, choice.joins, choice.leaves, on_progress=on_progress
        ),
        len(ids),
    )


def _picker(
    view: FlowContext, title: str, choice: GroupChoice, one: User | None, facts: AccountFacts | None
) -> GroupPicker:
    coverage = view.pages.coverage
    return GroupPicker(
        title,
        choice,
        view.session.account,
        judge=lambda choice: _consequences(choice, one, facts, view.session.account.client_id),
        exact=coverage is not None and coverage.memberships_complete,
        save_word="save" if one is not None else "make the plan",
        can_review=one is not None,
        monotonic=view.job_tasks.monotonic,
    )


async def _with_groups(view: FlowContext, user: MirroredUser) -> User:
    """The user, read again where the groups are unknown."""
    return user.user if user.user.groups is not UNKNOWN else (await view.directory.reread(user.user.id)).user


async def _mirrored(view: FlowContext, ids: Sequence[str]) -> list[User]:
    """The users as the mirror has them."""
    found = await view.session.mirror.users(ids)
    return [found[user_id].user if user_id in found else User(user_id) for user_id in ids]


def _consequences(
    choice: GroupChoice, one: User | None, facts: AccountFacts | None, client_id: str
) -> tuple[Consequence, ...]:
    """What is known about a choice for one user; the consequences for several users are shown with the plan."""
    if one is None or not choice.edits:
        return ()
    changes: list[Change] = [AddMember(one.id, group) for group in choice.joins]
    changes += [RemoveMember(one.id, group) for group in choice.leaves]
    steps = numbered(changes)
    named = {step.number: group.label for step in steps if (group := step.change.left_group) is not None}
    last = [
        each._replace(text=f"{clean(named[number], MAX_NAME)}: {each.text}")
        for number, each in last_members(steps, facts).items()
    ]
    return (*edit_consequences.groups_changed(Subject(one, 0), steps, client_id), *last)
