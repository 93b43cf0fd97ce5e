"""Plans that edit, create or delete one user, or change groups of users."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from walkme_tui.domain import bulk_consequences
from walkme_tui.domain import edit_consequences as consequences
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.consequences import AccountFacts, extent, is_admin, last_members
from walkme_tui.domain.edits import changed_by_others, merge_edit
from walkme_tui.domain.errors import AlreadyExists, ApiError, LookUpIgnored
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import merged
from walkme_tui.domain.plans import Plan, PlanKind, Subject, grouped, numbered
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN, Status, User
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps, gone_texts, require_found
from walkme_tui.services.changes.permissions import require_size
from walkme_tui.services.changes.plan_parts import account_facts, known_elsewhere, new_plan, other_records
from walkme_tui.services.concurrency import ProgressListener, gather_pair
from walkme_tui.services.directory import find_by_email
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 80


class EditPlanner:
    """Makes these plans for the account of a session; every call reads from the server and raises ``ApiError``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client_id = session.account.client_id

    async def edit(self, base: User, values: Mapping[str, str | None], *, overwrite: Collection[str] = ()) -> Plan:
        """Give a user other values; ``values`` are only the fields that the person edited, by attribute of ``User``.

        ``base`` is the record that the person saw. What others changed in other fields since stays and is named. The
        plan has no steps where the server has all the values. Raises ``EditConflict`` where others gave an edited field
        a third value, unless its attribute is in ``overwrite``, and ``NotFound`` where there is no such user any more.
        """
        subject = await self._subject(base.id, needed=values)
        user = subject.user
        changes = merge_edit(base, user, values, overwrite)
        steps = numbered([UpdateUser(user.id, changes)] if changes else [], strict=True)
        facts = await self._facts_about_admins(user)
        by_others = changed_by_others(base, user, values)
        found = consequences.edited(user, changes, base, by_others, facts, self._client_id)
        if status := {change.attribute: change.after for change in changes}.get("status"):
            elsewhere = other_records(self._session)
            if elsewhere is not None:
                await elsewhere.read(user)
            found += known_elsewhere(elsewhere, user, active=status != Status.INACTIVE)
        return new_plan(self._session, PlanKind.EDIT, [replace(subject, consequences=found)], steps)

    async def create(self, email: str, values: Mapping[str, str | None], groups: Sequence[Group]) -> Plan:
        """Create a user and add them to groups; ``values`` are first and last name, role and external id.

        The subject of the plan has ``creation.new_user_key`` of the email for an id. Raises ``AlreadyExists``, which
        holds the user who has the email.
        """
        create = CreateUser.of(email.strip(), values)
        looked_up = True
        try:
            existing = await find_by_email(self._session, create.email)
        except LookUpIgnored:
            existing, looked_up = None, False
        if existing is not None:
            shown, user_id = clean(create.email, MAX_SHOWN), clean(existing.id, MAX_SHOWN)
            raise AlreadyExists(f"A user with the email {shown} exists already: the user {user_id}.", existing)
        joins = (AddMember(create.subject_id, group) for group in {group.id: group for group in groups}.values())
        steps = numbered([create, *joins])
        subject = Subject(create.new_user(), self._session.clock(), tuple(groups))
        require_size(steps, [subject])
        facts = await account_facts(self._session, [subject.user])
        found = consequences.created(subject, facts, self._session.capabilities, looked_up=looked_up)
        return new_plan(self._session, PlanKind.CREATE, [replace(subject, consequences=found)], steps)

    async def change_groups(
        self,
        user_ids: Collection[str],
        join: Sequence[Group],
        leave: Sequence[Group],
        *,
        on_progress: ProgressListener | None = None,
    ) -> Plan:
        """Add users to groups and remove them from others; only steps that change something.

        Users who are gone are sentences in ``left_out``; ``NotFound`` where all are. Raises ``PlanTooLarge``.
        ``on_progress`` receives the number of users read so far.
        """
        ids = list(dict.fromkeys(user_ids))
        async with GroupNames(self._session) as names:
            now, _ = await gather_pair(PlanLookUps(self._session, names).current(ids, on_progress), names.read_mirror())
            plan = await self._groups_plan(require_found(now), names, join, leave)
        return replace(plan, left_out=gone_texts(now))

    async def change_groups_of(self, keys: Sequence[str], join: Sequence[Group], leave: Sequence[Group]) -> Plan:
        """Like ``change_groups`` for users given by email or id; raises ``NotFound``, which names every unknown key."""
        async with GroupNames(self._session) as names:
            users, _ = await gather_pair(PlanLookUps(self._session, names).find(keys), names.read_mirror())
            return await self._groups_plan(users, names, join, leave)

    async def delete(self, user_id: str) -> Plan:
        """Delete a user permanently. Raises ``NotFound`` where there is no such user."""
        subject = await self._subject(user_id, needed=("groups",))
        facts = await self._facts_about_admins(subject.user)
        found = consequences.deleted(subject, facts, self._client_id)
        steps = numbered([DeleteUser.of(subject.user)], strict=True)
        return new_plan(self._session, PlanKind.DELETE, [replace(subject, consequences=found)], steps)

    # ------------------------------------------------------------ inside

    async def _subject(self, user_id: str, *, needed: Collection[str]) -> Subject:
        """The user as the server has them now; raises ``NotFound``.

        A ``needed`` attribute that the record lacks is taken from the look-up by email, which may have it. The names
        of ``needed`` groups are read.
        """
        async with GroupNames(self._session) as names:
            now, _ = await gather_pair(PlanLookUps(self._session, names).current([user_id]), names.read_mirror())
            (user,) = require_found(now)
            if any(getattr(user, attribute) is UNKNOWN for attribute in needed) and isinstance(user.email, str):
                with suppress(ApiError):
                    listed = await self._session.api.find_user(user.email)
                    if listed is not None and listed.id == user.id:
                        user = merged(listed, user)
            if "groups" in needed:
                await names.load([group.id for group in names.groups_of(user)])
            return Subject(user, self._session.clock(), names.groups_of(user))

    async def _groups_plan(
        self, users: Sequence[User], names: GroupNames, join: Sequence[Group], leave: Sequence[Group]
    ) -> Plan:
        """The plan for users who were read just now."""
        subjects = [Subject(user, self._session.clock(), names.groups_of(user)) for user in users]
        steps = numbered(change for user in users for change in _group_changes(user, join, leave))
        require_size(steps, subjects)
        by_user = grouped(steps, lambda step: step.subject_id)
        facts = await account_facts(self._session, users, namesakes=False) if leave else None
        last = last_members(steps, facts)
        for index, subject in enumerate(subjects):
            own = by_user.get(subject.user.id, [])
            found = consequences.groups_changed(subject, own, self._client_id) if len(users) == 1 else ()
            found += tuple(last[step.number] for step in own if step.number in last)
            subjects[index] = replace(subject, consequences=found)
        changed = [user for user in users if user.id in by_user]
        common = (
            bulk_consequences.groups_changed(changed, by_user, self._client_id) if len(users) > 1 and changed else []
        )
        common += extent(facts) if facts is not None else ()
        plan = new_plan(self._session, PlanKind.GROUPS, subjects, steps)
        return replace(plan, consequences=tuple(common))

    async def _facts_about_admins(self, user: User) -> AccountFacts | None:
        return await account_facts(self._session, [user], namesakes=False) if is_admin(user) else None


def _group_changes(user: User, join: Sequence[Group], leave: Sequence[Group]) -> list[Change]:
    """The changes that are not known to be needless; joins first, so that no user is without a group in between."""
    changes: list[Change] = [AddMember(user.id, group) for group in join]
    changes += [RemoveMember(user.id, group) for group in leave]
    return [change for change in changes if not change.holds(user)]
