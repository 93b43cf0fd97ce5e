"""Outcomes of steps that create, rename or delete a group, by reading the group and the list of groups."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from walkme_tui.domain import outcomes
from walkme_tui.domain.changes.change import Record
from walkme_tui.domain.errors import NotFound, RequestRejected
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.jobs import Outcome, StepRecord
from walkme_tui.services.changes.creation import Creation
from walkme_tui.services.changes.group_lookups import named_groups, read_group
from walkme_tui.services.changes.read_back import ReadBack


class GroupCreation(Creation):
    """The creation of a group, which is found by its name in the list of groups.

    It is sent only where no group has the name, so that the one that has it afterwards is the new one.
    """

    async def read(self, record: StepRecord) -> Sequence[Group]:
        """The groups with the name."""
        return await named_groups(self._session, record.step.change.new_name or "")

    async def _find(self, record: StepRecord) -> Sequence[Record]:
        found = await self._gate.read(partial(self.read, record))
        if len(found) != 1:
            return [GroupRecord(group) for group in found]
        with suppress(NotFound, RequestRejected):
            return [await self._gate.read(partial(read_group, self._session, found[0].id, members=True))]
        return [GroupRecord(found[0])]

    async def _created(self, record: StepRecord, new_id: str | None) -> Record | None:
        if new_id is None:
            found = await self._gate.read(partial(self.read, record))
            return GroupRecord(found[0]) if len(found) == 1 else None
        with suppress(NotFound):
            return await self._gate.read(partial(read_group, self._session, new_id, members=False))
        return None


class GroupReadBack(ReadBack):
    """The renaming and the deletion of a group."""

    async def before_sending(self, record: StepRecord, known: Record | None) -> tuple[Outcome | None, Record]:  # noqa: ARG002
        """As for users; before a deletion the members are read, before a renaming the names of the other groups."""
        change = record.step.change
        read = partial(read_group, self._session, change.subject_id, members=change.deletes)
        group = await self._gate.read(read)
        outcome = outcomes.before_sending(record, group)
        if outcome is None and change.new_name is not None:
            named = await self._gate.read(partial(named_groups, self._session, change.new_name))
            others = [GroupRecord(other) for other in named if other.id != group.id]
            outcome = outcomes.name_in_use(record, others) if others else None
        return outcome, group

    async def read(self, record: StepRecord) -> GroupRecord:
        """The group of a step now; raises ``NotFound``."""
        return await read_group(self._session, record.step.subject_id, members=False)
