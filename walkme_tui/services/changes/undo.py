"""Undo plans, from a job in the journal or from a receipt."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from walkme_tui.domain.consequences import restored
from walkme_tui.domain.errors import AccountBusy, ConfigurationError, NotFound
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.inverses import group_inverses, inverses, new_emails, present_users
from walkme_tui.domain.jobs import Job, JobState, StepRecord, created_ids
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, Subject, grouped, numbered
from walkme_tui.domain.receipts import read_receipt
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.users import User
from walkme_tui.services.changes.group_lookups import group_subject, read_group
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.changes.permissions import require_surface
from walkme_tui.services.changes.plan_parts import new_plan
from walkme_tui.services.concurrency import ProgressListener, gather_pair
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 120


class UndoPlanner:
    """Makes undo plans for the account of a session; every call reads from the server and raises ``ApiError``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_job(self, job: Job, on_progress: ProgressListener | None = None) -> Plan:
        """The undo plan of a job: the inverses of its changes, in reverse order, as strict steps.

        What was changed since, users who are gone and changes that cannot be undone are sentences in ``left_out``.
        Raises ``ConfigurationError`` for a job of another account or one that was purged, and
        ``AccountBusy`` while it runs. ``on_progress`` receives the number of users read so far.
        """
        if job.purged_at_ms is not None:
            raise ConfigurationError(
                f"The job {job.id} was purged, so its users are unknown.",
                hint="A receipt that was copied elsewhere can still be undone: walkme-tui undo RECEIPT.",
            )
        if job.state is JobState.RUNNING:
            raise AccountBusy(f"The job {job.id} is still running.", hint="Wait until it ends, or stop it first.")
        account = self._session.account
        require_surface(account, f"The job {job.id}", job.plan.surface)
        if (job.plan.profile, job.plan.base_url) != (account.profile, account.base_url):
            raise _of_another_account(f"The job {job.id}", job.plan.profile, job.plan.base_url)
        unfinished = []
        if job.state.resumable and job.unsettled:
            count = len(job.unsettled)
            steps = "1 step is" if count == 1 else f"{spaced(count)} steps are"
            unfinished.append(f"The job {job.id} is unfinished, {steps} left: resume or discard the job first.")
        if job.plan.groups:
            planned = {subject.id: subject.group for subject in job.plan.groups}
            return await self._group_plan(job.id, job.plan.ticket, planned, job.steps, unfinished)
        users = {subject.user.id: subject.user for subject in job.plan.subjects}
        groups = [group for subject in job.plan.subjects for group in subject.groups]
        return await self._plan(job.id, job.plan.ticket, users, job.steps, groups, unfinished, on_progress)

    async def of_receipt(self, receipt: Mapping[str, object], on_progress: ProgressListener | None = None) -> Plan:
        """The undo plan of a receipt, which another machine may have written; raises like ``of_job``.

        ``ConfigurationError`` also where the receipt cannot be read.
        """
        found = read_receipt(receipt)
        account = self._session.account
        require_surface(account, "The receipt", found.surface)
        if found.base_url != account.base_url:
            raise _of_another_account("The receipt", found.profile, found.base_url)
        groups = {each.id: each for each in found.subjects.values() if isinstance(each, Group)}
        if groups:
            return await self._group_plan(found.job_id, found.ticket, groups, found.steps, [])
        users = {each.id: each for each in found.subjects.values() if isinstance(each, User)}
        plan = await self._plan(found.job_id, found.ticket, users, found.steps, found.groups, [], on_progress)
        if found.profile == account.profile or not plan.subjects:
            return plan
        # The profile of the same account may have another name on another machine, so this is no reason to refuse.
        text = f"The receipt was written under the profile {clean(found.profile, MAX_SHOWN)}: is it the same account?"
        return replace(plan, consequences=(*plan.consequences, Consequence(Gravity.WARNING, text)))

    async def _plan(
        self,
        job_id: str,
        ticket: str,
        users: Mapping[str, User],
        records: Sequence[StepRecord],
        planned_groups: Sequence[Group],
        left_out: Sequence[str],
        on_progress: ProgressListener | None = None,
    ) -> Plan:
        ids = present_users(records)
        # Deleted users come back as new ones, unless the email is in use by now.
        deletions = [record for record in records if record.changed and record.step.change.deletes]
        restored_emails = new_emails(
            change for record in deletions for change in record.step.change.inverses(record.before, record.after)
        )
        async with GroupNames(self._session) as names:
            # The list shows whether the groups to return to still exist.
            names.request()
            look_ups = PlanLookUps(self._session, names)
            now, _ = await gather_pair(look_ups.current(ids, on_progress), names.read_mirror())
            now |= await look_ups.by_email(restored_emails)
            await names.wait_listed()
        step_groups = (group for record in records for group in record.step.change.groups)
        known = (*planned_groups, *step_groups, *names.known.values())
        undo = inverses(records, users, now, {group.id: group for group in known if group.name is not None})
        new_users = {
            change.subject_id: change.apply(User(change.subject_id)) for change in undo.changes if change.new_email
        }
        steps = tuple(replace(step, strict=step.subject_id not in new_users) for step in numbered(undo.changes))
        subjects = []
        for user_id, own in grouped(steps, lambda step: step.subject_id).items():
            user = new_users.get(user_id) or now[user_id]
            assert user is not None  # noqa: S101 - other users who are gone have no inverses
            subject = Subject(user, self._session.clock(), names.groups_of(user))
            subjects.append(replace(subject, consequences=restored(subject, own, names.listed)))
        plan = new_plan(self._session, PlanKind.UNDO, subjects, steps).with_ticket(ticket)
        return replace(plan, undoes=job_id, left_out=(*left_out, *undo.left_out))

    async def _group_plan(
        self,
        job_id: str,
        ticket: str,
        planned: Mapping[str, Group],
        records: Sequence[StepRecord],
        left_out: Sequence[str],
    ) -> Plan:
        """The undo plan of changes of groups themselves."""
        listed = await self._session.api.list_groups()
        ids = created_ids(records)
        now: dict[str, GroupRecord] = {}
        for group_id in dict.fromkeys(ids.get(record.step.subject_id, record.step.subject_id) for record in records):
            # A group that others use by now is not deleted, so that its members must be known.
            with suppress(NotFound):
                now[group_id] = await read_group(self._session, group_id, members=group_id in ids.values())
        undo = group_inverses(records, planned, now, listed)
        steps = numbered(undo.changes, strict=True)
        read_at_ms = self._session.clock()
        subjects = [
            group_subject(now[group_id], read_at_ms) for group_id in dict.fromkeys(step.subject_id for step in steps)
        ]
        plan = new_plan(self._session, PlanKind.UNDO, (), steps).with_ticket(ticket)
        return replace(plan, groups=tuple(subjects), undoes=job_id, left_out=(*left_out, *undo.left_out))


def _of_another_account(what: str, profile: str, base_url: str) -> ConfigurationError:
    shown = clean(profile, MAX_SHOWN)
    return ConfigurationError(
        f"{what} belongs to another account: profile {shown}, {clean(base_url, MAX_SHOWN)}.",
        hint=f"Choose its profile: --profile {shown}.",
    )
