"""Makes plans from the account as it is now; nothing here writes to the account."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.consequences import (
    MAX_NAMESAKES,
    deactivation,
    extent,
    is_admin,
    kept_groups,
    last_members,
    memberships,
    reactivation,
    unknown_kept_groups,
)
from walkme_tui.domain.errors import ConfigurationError, MirrorUnavailable, NotFound
from walkme_tui.domain.plans import Plan, PlanKind, Subject, grouped, numbered, offboarding_changes
from walkme_tui.domain.text import clean, search_key
from walkme_tui.domain.users import Status, User
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.changes.permissions import require_size
from walkme_tui.services.changes.plan_parts import account_facts, known_elsewhere, new_plan, other_records
from walkme_tui.services.concurrency import ProgressListener, gather_pair
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 80
# For up to so many users, namesakes are searched for during the requests.
MAX_EARLY_NAMES: Final = 20
USERS_BETWEEN_YIELDS: Final = 300


class Planner:
    """Makes plans for the account of a session.

    ``keep_groups`` are names and ids of groups that an offboarding does not leave, ``require_ticket`` makes ``require``
    refuse an offboarding without a ticket; both are the profile's configuration. Every call reads from the server and
    raises ``ApiError``.
    """

    def __init__(self, session: Session, keep_groups: Sequence[str] = (), require_ticket: bool = False) -> None:
        self._session = session
        self._keep = tuple(keep_groups)
        self._require_ticket = require_ticket

    async def offboard(
        self,
        keys: Sequence[str],
        *,
        keep_groups: bool = False,
        on_progress: ProgressListener | None = None,
    ) -> Plan:
        """Deactivate users, given by email or id, and remove them from their groups.

        ``keep_groups`` keeps all of their groups. A user given twice is planned once. Raises ``NotFound``, which names
        every unknown key. ``on_progress`` receives the number of users read so far.
        """
        keep = () if keep_groups else self._keep
        async with GroupNames(self._session) as names:
            elsewhere = other_records(self._session)
            look_ups = PlanLookUps(self._session, names, elsewhere)
            users, (_, namesakes) = await gather_pair(
                look_ups.find(keys, on_progress), gather_pair(names.read_mirror(keep), self._early_namesakes(keys))
            )
            await names.load([group.id for user in users for group in names.groups_of(user)])
            unmatched = names.unmatched(keep)
        subjects: list[Subject] = []
        for index, user in enumerate(users):
            await _yield_now_and_then(index)
            subject = Subject(user, self._session.clock(), names.groups_of(user))
            kept = subject.groups if keep_groups else kept_groups(subject, keep, unmatched)
            subjects.append(replace(subject, kept=frozenset(group.id for group in kept)))
        steps = numbered(change for subject in subjects for change in offboarding_changes(subject))
        require_size(steps, subjects)
        steps_by_user = grouped(steps, lambda step: step.subject_id)
        facts = await account_facts(self._session, [subject.user for subject in subjects], namesakes)
        last = last_members(steps, facts)
        for index, subject in enumerate(subjects):
            await _yield_now_and_then(index)
            own = steps_by_user.get(subject.user.id, [])
            found = deactivation(subject, own, facts) + memberships(subject, keep, by_request=keep_groups)
            found += tuple(last[step.number] for step in own if step.number in last)
            found += known_elsewhere(elsewhere, subject.user, active=False)
            subjects[index] = replace(subject, consequences=found)
        plan = new_plan(self._session, PlanKind.OFFBOARD, subjects, steps)
        return replace(plan, consequences=(*unknown_kept_groups(unmatched), *extent(facts)))

    async def set_status(self, user_id: str, status: Status) -> Plan:
        """Set a user's status: the plan is DEACTIVATE or REACTIVATE, without steps if the user has that status.

        Raises ``NotFound`` where there is no such user.
        """
        async with GroupNames(self._session) as names:
            elsewhere = other_records(self._session)
            look_ups = PlanLookUps(self._session, names, elsewhere)
            users, _ = await gather_pair(look_ups.current([user_id]), names.read_mirror())
            user = users[user_id]
            if user is None:
                raise NotFound(f"There is no user {clean(user_id, MAX_SHOWN)}.", hint="Refresh the list.", status=404)
            # Groups are only shown here: names that the mirror lacks are not worth a request.
            subject = Subject(user, self._session.clock(), names.groups_of(user))
        changes = () if user.status == status else (SetStatus(user.id, user.status, status),)
        steps = numbered(changes)
        kind = PlanKind.DEACTIVATE if status is Status.INACTIVE else PlanKind.REACTIVATE
        seen = known_elsewhere(elsewhere, user, active=kind is PlanKind.REACTIVATE)
        if kind is PlanKind.REACTIVATE:
            found = reactivation(subject, steps) + seen
        else:
            facts = await account_facts(self._session, [user], namesakes=False) if is_admin(user) else None
            found = deactivation(subject, steps, facts) + seen
            if facts is not None:
                found += extent(facts)
        return new_plan(self._session, kind, [replace(subject, consequences=found)], steps)

    def require(self, plan: Plan) -> None:
        """Raise ``ConfigurationError`` where the configuration requires a ticket and the plan has none."""
        if self._require_ticket and plan.kind is PlanKind.OFFBOARD and not plan.ticket:
            profile = clean(self._session.account.profile, MAX_SHOWN)
            raise ConfigurationError(
                f"The profile {profile} requires a ticket for every offboarding "
                f"(require_ticket in [profiles.{profile}.offboarding]).",
                hint="Give one with --ticket, or in the field Ticket.",
            )

    # ------------------------------------------------------------ inside

    async def _early_namesakes(self, keys: Sequence[str]) -> Mapping[str, Sequence[User]]:
        """By folded name, the namesakes of the users that the mirror knows by these emails.

        Searching a million users takes as long as a request, so the search does not wait for the responses.
        """
        mirror = self._session.mirror
        emails = [key.strip() for key in keys if "@" in key][:MAX_EARLY_NAMES]
        try:
            known = [await mirror.user_by_email(email) for email in emails]
            names = {search_key(each.user.full_name) for each in known if each is not None} - {""}
            found = await mirror.namesakes(sorted(names), MAX_NAMESAKES + len(keys)) if names else {}
        except MirrorUnavailable:
            return {}
        return {name: found.get(name, ()) for name in names}


async def _yield_now_and_then(index: int) -> None:
    """Yield to the event loop after every few hundred users of a long plan, so that the screen handles keys."""
    if index % USERS_BETWEEN_YIELDS == USERS_BETWEEN_YIELDS - 1:
        await asyncio.sleep(0)
