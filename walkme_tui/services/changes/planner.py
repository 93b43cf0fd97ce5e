"""Makes plans from the account as it is now; nothing here writes to the account."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.consequences import (
    ADMIN,
    MAX_NAMESAKES,
    Surroundings,
    deactivation,
    extent,
    is_admin,
    kept_groups,
    last_members,
    memberships,
    reactivation,
    unknown_keeps,
)
from walkme_tui.domain.errors import ConfigurationError, MirrorUnavailable, NotFound
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan, PlanKind, Step, Subject, grouped, numbered, offboarding_changes
from walkme_tui.domain.text import clean, search_key
from walkme_tui.domain.users import Status, User
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.changes.permissions import require_size
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.concurrency import ProgressListener, gather_pair
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 80
# For up to so many users, namesakes are searched for while the server is asked.
MAX_EXPECTED: Final = 20
PEOPLE_A_TURN: Final = 300


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
        self, keys: Sequence[str], *, ticket: str = "", keep_groups: bool = False, ended: ProgressListener | None = None
    ) -> Plan:
        """Deactivate users, given by email or id, and remove them from their groups.

        ``keep_groups`` keeps all of their groups. A user given twice is planned once. Raises ``NotFound``, which names
        every unknown key. ``ended`` receives the number of users read so far.
        """
        keep = () if keep_groups else self._keep
        async with GroupNames(self._session) as names:
            look_ups = PlanLookUps(self._session, names)
            people, (_, expected) = await gather_pair(
                look_ups.people(keys, ended), gather_pair(names.read_mirror(keep), self._expected_namesakes(keys))
            )
            await names.of([group.id for user in people for group in names.groups_of(user)])
            unmatched = names.unmatched(keep)
        subjects: list[Subject] = []
        for place, user in enumerate(people):
            await _let_others_run(place)
            subject = Subject(user, self._session.clock(), names.groups_of(user))
            kept = subject.groups if keep_groups else kept_groups(subject, keep, unmatched)
            subjects.append(replace(subject, kept=frozenset(group.id for group in kept)))
        steps = numbered(change for subject in subjects for change in offboarding_changes(subject))
        require_size(steps, subjects)
        by_person = grouped(steps, lambda step: step.user_id)
        surroundings = await self._surroundings([subject.user for subject in subjects], expected)
        last = last_members(steps, surroundings)
        judged = []
        for place, subject in enumerate(subjects):
            await _let_others_run(place)
            mine = by_person.get(subject.user.id, [])
            found = deactivation(subject, mine, surroundings) + memberships(subject, keep, by_request=keep_groups)
            found += tuple(last[step.number] for step in mine if step.number in last)
            judged.append(replace(subject, consequences=found))
        # What concerns all of them is shown once.
        everybody = (*unknown_keeps(unmatched), *extent(surroundings))
        judged[0] = replace(judged[0], consequences=judged[0].consequences + everybody)
        return self._plan(PlanKind.OFFBOARD, judged, steps, ticket)

    async def set_status(self, user_id: str, status: Status) -> Plan:
        """Set a user's status: the plan is DEACTIVATE or REACTIVATE, without steps if the user has that status.

        Raises ``NotFound`` where there is no such user.
        """
        async with GroupNames(self._session) as names:
            found, _ = await gather_pair(PlanLookUps(self._session, names).present([user_id]), names.read_mirror())
            user = found[user_id]
            if user is None:
                raise NotFound(f"There is no user {clean(user_id, MAX_SHOWN)}.", hint="Refresh the list.", status=404)
            # Groups are only shown here: names that the mirror lacks are not worth a request.
            subject = Subject(user, self._session.clock(), names.groups_of(user))
        changes = () if user.status == status else (SetStatus(user.id, user.status, status),)
        steps = numbered(changes)
        if status is not Status.INACTIVE:
            judged = replace(subject, consequences=reactivation(subject, steps))
            return self._plan(PlanKind.REACTIVATE, [judged], steps)
        surroundings = await self._surroundings([user], namesakes=False) if is_admin(user) else None
        found_out = deactivation(subject, steps, surroundings)
        if surroundings is not None:
            found_out += extent(surroundings)
        return self._plan(PlanKind.DEACTIVATE, [replace(subject, consequences=found_out)], steps)

    async def undo(self, job: Job, ended: ProgressListener | None = None) -> Plan:
        """The undo plan of a job: the inverses of its changes, in reverse order, as strict steps.

        What others changed since, users who are gone and changes that cannot be undone are sentences in ``left_out``.
        Raises ``ConfigurationError`` for a job of another account or one that was purged, and
        ``AccountBusy`` while it runs. ``ended`` receives the number of users read so far.
        """
        return await UndoPlanner(self._session).of_job(job, ended)

    async def undo_receipt(self, receipt: Mapping[str, object]) -> Plan:
        """The undo plan of one user's receipt, on whichever machine it was written; raises like ``undo``.

        ``ConfigurationError`` also where the receipt cannot be read.
        """
        return await UndoPlanner(self._session).of_receipt(receipt)

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

    async def _expected_namesakes(self, keys: Sequence[str]) -> Mapping[str, Sequence[User]]:
        """By folded name, the namesakes of the users that the mirror knows by these emails.

        Searching a million users takes as long as the server's answer, so it does not wait for that.
        """
        mirror = self._session.mirror
        emails = [key.strip() for key in keys if "@" in key][:MAX_EXPECTED]
        try:
            known = [await mirror.user_by_email(email) for email in emails]
            called = {search_key(each.user.full_name) for each in known if each is not None} - {""}
            found = await mirror.namesakes(sorted(called), MAX_NAMESAKES + len(keys)) if called else {}
        except MirrorUnavailable:
            return {}
        return {name: found.get(name, ()) for name in called}

    async def _surroundings(
        self, leaving: Sequence[User], expected: Mapping[str, Sequence[User]] | None = None, *, namesakes: bool = True
    ) -> Surroundings | None:
        """What the mirror knows about the rest of the account; None where it cannot be read.

        ``expected`` are namesakes that were found before, by name.
        """
        mirror = self._session.mirror
        found = dict(expected or {})
        called = {search_key(user.full_name) for user in leaving} - {"", *found} if namesakes else set()
        try:
            coverage = await mirror.coverage()
            members = {size.group.id: size.known_members for size in await mirror.groups()}
            if called:
                found |= await mirror.namesakes(sorted(called), MAX_NAMESAKES + len(leaving))
            other_admin = None
            if any(is_admin(user) for user in leaving):
                other_admin = await mirror.has_active(ADMIN, {user.id for user in leaving})
        except MirrorUnavailable:
            return None
        others = {
            user.id: [other for other in found.get(search_key(user.full_name), ()) if other.id != user.id]
            for user in leaving
        }
        return Surroundings(coverage, members, others, other_admin)

    def _plan(self, kind: PlanKind, subjects: Iterable[Subject], steps: tuple[Step, ...], ticket: str = "") -> Plan:
        account = self._session.account
        return Plan(
            kind, account.profile, account.base_url, self._session.clock(), tuple(subjects), steps, ticket.strip()
        )


async def _let_others_run(place: int) -> None:
    """Yield to the event loop after every few hundred users of a long plan, so that the screen handles keys."""
    if place % PEOPLE_A_TURN == PEOPLE_A_TURN - 1:
        await asyncio.sleep(0)
