"""Plans that create, rename or delete a group."""

from dataclasses import replace
from typing import Final

from walkme_tui.domain import group_consequences as consequences
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.errors import ChangedMeanwhile, ConfigurationError, Conflict, NotFound
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.plans import GroupSubject, Plan, PlanKind, numbered
from walkme_tui.domain.text import clean
from walkme_tui.domain.validation import Severity, check
from walkme_tui.services.changes.group_lookups import group_subject, read_group, require_group_api
from walkme_tui.services.changes.plan_parts import new_plan
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 80


class GroupPlanner:
    """Makes these plans for the account of a session; every call reads from the server and raises ``ApiError``.

    Raises ``ConfigurationError`` where the surface cannot change groups, and for a name that cannot be sent.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, name: str) -> Plan:
        """Create a group without members; raises ``Conflict`` where a group has the name."""
        name, listed = await self._free_name(name)
        create = CreateGroup.of(name)
        found = consequences.created(name, listed)
        subject = GroupSubject(Group(create.subject_id, name), 0, self._session.clock(), found)
        return self._plan(PlanKind.CREATE_GROUP, subject, create)

    async def rename(self, group: Group, name: str) -> Plan:
        """Give a group, as the person saw it, another name; a plan without steps where it has that name.

        Raises ``Conflict`` where another group has the name, ``ChangedMeanwhile`` where others renamed the group, and
        ``NotFound``.
        """
        name, listed = await self._free_name(name, besides=group.id)
        now = await self._current(group, name, members=False)
        subject = group_subject(now, self._session.clock())
        if now.group.name == name:
            subject = replace(subject, consequences=consequences.already_named())
            return self._plan(PlanKind.RENAME_GROUP, subject)
        found = consequences.renamed(name, listed)
        rename = RenameGroup(group.id, now.group.name, name)
        return self._plan(PlanKind.RENAME_GROUP, replace(subject, consequences=found), rename)

    async def delete(self, group: Group) -> Plan:
        """Delete a group, as the person saw it, not its members; raises ``ChangedMeanwhile`` and ``NotFound``."""
        now = await self._current(group, group.name, members=True)
        subject = group_subject(now, self._session.clock())
        found = consequences.deleted(subject)
        delete = DeleteGroup(group.id, now.group.name)
        return self._plan(PlanKind.DELETE_GROUP, replace(subject, consequences=found), delete)

    # ------------------------------------------------------------ inside

    async def _free_name(self, name: str, besides: str | None = None) -> tuple[str, list[Group]]:
        """The name without blanks around it, and the other groups of the account; none of them has it."""
        require_group_api(self._session)
        name = name.strip()
        errors = [finding.text for finding in check("group name", name) if finding.severity is Severity.ERROR]
        if errors:
            raise ConfigurationError(f"The group cannot have this name: {' '.join(errors)}", hint="Nothing was sent.")
        sizes = await Directory(self._session).refresh_groups()
        others = [size.group for size in sizes if size.group.id != besides]
        for group in others:
            if group.name == name:
                shown, group_id = clean(name, MAX_SHOWN), clean(group.id, MAX_SHOWN)
                raise Conflict(
                    f"A group with the name {shown} exists already: the group {group_id}.", hint="Nothing was sent."
                )
        return name, others

    async def _current(self, group: Group, wanted: str | None, *, members: bool) -> GroupRecord:
        """The group now, which has the name that the person saw, or already the ``wanted`` one."""
        try:
            now = await read_group(self._session, group.id, members=members)
        except NotFound:
            raise NotFound(
                f"There is no group {clean(group.label, MAX_SHOWN)}.", hint="Refresh the list.", status=404
            ) from None
        if now.group.name not in {group.name, wanted}:
            raise ChangedMeanwhile(
                f"Others renamed the group {clean(group.label, MAX_SHOWN)} to {clean(now.group.label, MAX_SHOWN)}.",
                hint="Nothing was sent. Refresh the list.",
            )
        return now

    def _plan(self, kind: PlanKind, subject: GroupSubject, *changes: Change) -> Plan:
        plan = new_plan(self._session, kind, (), numbered(changes, strict=True))
        return replace(plan, groups=(subject,))
