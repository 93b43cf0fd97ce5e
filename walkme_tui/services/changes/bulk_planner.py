"""Plans that change many users in the same way: one field, the status, or a deletion."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from walkme_tui.domain import bulk_consequences as consequences
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.consequences import AccountFacts, extent, is_admin
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, Step, Subject, numbered
from walkme_tui.domain.users import FIELD_LABELS, Status, User
from walkme_tui.domain.validation import Severity, check
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps, gone_texts, require_found
from walkme_tui.services.changes.plan_parts import account_facts, known_elsewhere, new_plan, other_records
from walkme_tui.services.concurrency import ProgressListener, gather_pair
from walkme_tui.services.ports import Session

SETTABLE: Final = ("role", "first_name", "last_name", "external_id")
"""The attributes of ``User`` that several users may have in common."""

Judge = Callable[[Sequence[User], AccountFacts | None], list[Consequence]]


class BulkPlanner:
    """Makes these plans for the account of a session; every call reads the users from the server, in bounded numbers.

    A user who already is as requested has no step. Users who are gone are sentences in ``left_out``. ``on_progress``
    receives the number of users read so far. Raises ``ApiError``, and ``NotFound`` where all users are gone.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client_id = session.account.client_id

    async def set_field(
        self,
        user_ids: Collection[str],
        attribute: str,
        value: str | None,
        *,
        on_progress: ProgressListener | None = None,
    ) -> Plan:
        """Give users the same value in one field, one of ``SETTABLE``; None and the empty text clear it.

        Raises ``ConfigurationError`` for another field, and for a value that cannot be sent or that the surface lacks.
        """
        value = value or None
        self._require_settable(attribute, value)

        def change(user: User) -> Change:
            return UpdateUser(user.id, (FieldChange(attribute, getattr(user, attribute), value),))

        return await self._plan(
            PlanKind.EDIT,
            user_ids,
            change,
            lambda users, facts: consequences.field_set(users, attribute, value, facts, self._client_id),
            on_progress,
            strict=True,
        )

    async def set_status(
        self,
        user_ids: Collection[str],
        status: Status,
        *,
        on_progress: ProgressListener | None = None,
    ) -> Plan:
        """Make users active or inactive."""
        return await self._plan(
            PlanKind.DEACTIVATE if status is Status.INACTIVE else PlanKind.REACTIVATE,
            user_ids,
            lambda user: SetStatus(user.id, user.status, status),
            lambda users, facts: consequences.status_set(users, status, facts, self._client_id),
            on_progress,
            active=status is not Status.INACTIVE,
        )

    async def delete(self, user_ids: Collection[str], *, on_progress: ProgressListener | None = None) -> Plan:
        """Delete users permanently; who has another email or status by then is left."""
        return await self._plan(
            PlanKind.DELETE,
            user_ids,
            DeleteUser.of,
            lambda users, facts: consequences.deleted(users, facts, self._client_id),
            on_progress,
            strict=True,
        )

    # ------------------------------------------------------------ inside

    def _require_settable(self, attribute: str, value: str | None) -> None:
        if attribute not in SETTABLE:
            settable = ", ".join(FIELD_LABELS[each] for each in SETTABLE)
            raise ConfigurationError(
                f"Several users cannot have the same {FIELD_LABELS[attribute]}.",
                hint=f"Nothing was sent. These fields can be set for several: {settable}.",
            )
        refusal = self._session.capabilities.refusal(attribute, value)
        errors = [finding.text for finding in check(attribute, value or "") if finding.severity is Severity.ERROR]
        if refusal or errors:
            raise ConfigurationError(
                f"The {FIELD_LABELS[attribute]} cannot be set: {refusal or ' '.join(errors)}", hint="Nothing was sent."
            )

    async def _plan(
        self,
        kind: PlanKind,
        user_ids: Collection[str],
        change: Callable[[User], Change],
        judge: Judge,
        on_progress: ProgressListener | None,
        *,
        strict: bool = False,
        active: bool | None = None,
    ) -> Plan:
        """The plan with one step for each user who is not yet as requested.

        ``active`` is whether the plan makes users active or not, as the other surface of the profile should show; None
        where it does neither.
        """
        session, ids = self._session, list(dict.fromkeys(user_ids))
        elsewhere = None if active is None else other_records(session)
        async with GroupNames(session) as names:
            look_ups = PlanLookUps(session, names, elsewhere)
            now, _ = await gather_pair(look_ups.current(ids, on_progress), names.read_mirror())
            users = require_found(now)
            # Groups are only shown: names that the mirror lacks are not worth a request.
            subjects = [Subject(user, session.clock(), names.groups_of(user)) for user in users]
        await asyncio.sleep(0)  # keys are handled in between: with 10 000 users each part takes 50 ms
        steps = numbered((each for user in users if not (each := change(user)).holds(user)), strict=strict)
        await asyncio.sleep(0)
        changed = _changed(users, steps)
        facts = None
        if kind is not PlanKind.REACTIVATE and any(map(is_admin, changed)):
            facts = await account_facts(session, changed, namesakes=False)
        found = judge(changed, facts) if changed else []
        if active is not None and elsewhere is not None:
            seen = {user.id: known_elsewhere(elsewhere, user, active=active) for user in users}
            often, said = consequences.said_often(seen.values())
            subjects = [_with_warnings(subject, seen[subject.user.id], said) for subject in subjects]
            found += often
        found += extent(facts) if facts is not None else ()
        found.sort(key=lambda consequence: consequence.gravity is not Gravity.WARNING)
        plan = new_plan(session, kind, subjects, steps)
        return replace(plan, consequences=tuple(found), left_out=gone_texts(now))


def _changed(users: Sequence[User], steps: Sequence[Step]) -> list[User]:
    ids = {step.subject_id for step in steps}
    return [user for user in users if user.id in ids]


def _with_warnings(subject: Subject, found: Sequence[Consequence], said: Collection[Consequence]) -> Subject:
    """The subject with the warnings of its own."""
    own = (each for each in found if each.gravity is Gravity.WARNING and each not in said)
    return replace(subject, consequences=tuple(own))
