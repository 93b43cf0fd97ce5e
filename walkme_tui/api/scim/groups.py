"""Groups: lists without members, the members of one group, and changes of groups, on servers that differ."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from walkme_tui.api.answers import AnswerTooLarge
from walkme_tui.api.ids import opaque_segment
from walkme_tui.api.scim.calls import Operation, ScimCalls, equals, first_accepted, group_target, query, user_target
from walkme_tui.api.scim.decoding import (
    GroupPage,
    created_id,
    decode_group,
    decode_group_among,
    decode_groups,
    decode_members,
    decode_one_group,
)
from walkme_tui.api.scim.page_counts import FULL_PAGE, PageCount, paging
from walkme_tui.api.scim.service import ServiceReader
from walkme_tui.domain.errors import MethodRefused, NotFound, OutcomeUnknown, RequestRejected, ServerFault
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.scim_json import GROUP_SCHEMA
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import Json

T = TypeVar("T")

GROUPS: Final = "/Groups"
LIST: Final = "the list of groups"
ONE: Final = "this group"
WITHOUT_MEMBERS: Final = {"excludedAttributes": "members"}
LARGEST_PAGE: Final = 100
GROUPS_AT_ONCE: Final = 16
# Groups that are read one by one in the background, which takes half a minute; for more of them a crawl would stop.
MOST_IN_BACKGROUND: Final = 300
# The entries of a list without members, at most.
MOST_GROUPS: Final = 100_000
# The places near the one that the list gave a group, where it is looked for; the list may have changed since.
MOST_PLACES: Final = 50
# Fifty thousand members take ten megabytes.
GROUP_LIMIT_BYTES: Final = 64 * 1024 * 1024
REMOVAL_REFUSED: Final = frozenset({400, 501})


class MembersNotListed(RequestRejected):
    """The members of all groups are only requested for a person who waits for them."""


class ScimGroups:
    """The groups of one account."""

    def __init__(self, calls: ScimCalls, service: ServiceReader) -> None:
        self._calls = calls
        self._service = service
        # With the members a page is larger.
        self._counts = {without: PageCount(LARGEST_PAGE) for without in (True, False)}
        self._lists_members = False
        # The number of groups, where the list leaves the members out.
        self._unlisted = 0
        self._totals_hold: bool | None = None
        self._without_members: Mapping[str, str] = WITHOUT_MEMBERS
        self._get_refused = False
        self._removes_by_value = self._adds_in_full = False
        self.warnings: tuple[str, ...] = ()
        """The warnings about the last list, in sentences."""

    # ------------------------------------------------------------ reading

    async def read_all(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups, each once; entries that cannot be read are left out and counted in ``warnings``."""
        found: dict[str, Group] = {}
        notes: dict[str, None] = {}
        unreadable = read = 0
        total: int | None = None
        async for page in self._pages(self._without_members, priority):
            found |= {entry[0].id: entry[0] for entry in page.groups if entry is not None and entry[0].id not in found}
            unreadable += page.groups.count(None)
            read += len(page.groups)
            total = page.total
            notes.update(dict.fromkeys(page.warnings))
        if unreadable:
            notes[f"{unreadable} of {read} groups cannot be read and are left out."] = None
        if total is not None and len(found) + unreadable < total:
            notes[f"The server sent {len(found)} of {total} groups."] = None
        self.warnings = tuple(notes)
        return tuple(found.values())

    async def read_memberships(self, priority: Priority) -> dict[str, frozenset[str]]:
        """The ids of the members of every group; raises ``MembersNotListed``."""
        self._refuse_in_background(priority)
        members: dict[str, frozenset[str]] = {}
        async for page in self._pages({}, priority, {}):
            members |= {group.id: ids for group, ids in filter(None, page.groups)}
        self._lists_members = self._lists_members or any(members.values())
        self._unlisted = 0 if self._lists_members else len(members)
        if not self._lists_members:
            # Either all groups are empty, or the list leaves the members out.
            self._refuse_in_background(priority)
            waiting = list(members)
            while waiting:
                part, waiting = waiting[:GROUPS_AT_ONCE], waiting[GROUPS_AT_ONCE:]
                found = await asyncio.gather(*(self._listed_member_ids(group_id, priority) for group_id in part))
                members |= zip(part, found, strict=True)
        return members

    async def _listed_member_ids(self, group_id: str, priority: Priority) -> frozenset[str]:
        try:
            return await self.member_ids(group_id, priority)
        except NotFound as error:
            # Not that the server has no groups: the members of this one are unknown.
            raise RequestRejected("The members of a group cannot be read.", status=error.status) from error

    def _refuse_in_background(self, priority: Priority) -> None:
        if priority is Priority.BACKGROUND and self._unlisted > MOST_IN_BACKGROUND:
            raise MembersNotListed("The list of groups has no members, and the groups are too many to read each.")

    async def member_ids(self, group_id: str, priority: Priority) -> frozenset[str]:
        """The ids of the members of a group."""
        found = await self.members(group_id, priority)
        if not found.members and self._get_refused and not self._lists_members:
            raise RequestRejected("The list of groups may leave the members out.")
        return frozenset(user.id for user in found.members)

    async def _pages(
        self, parameters: Mapping[str, str], priority: Priority, ids: dict[str, str] | None = None
    ) -> AsyncIterator[GroupPage]:
        """The pages of the list until one has no new group, or until the claimed end; ``ids`` as in ``decode_groups``.

        Some servers claim the number of groups on the page: that there is nothing behind a claimed end is checked once,
        unless there are too few groups for a full page, or a claim went further than the page.
        """
        seen: set[str] = set()
        first, ended = 0, False
        while first < MOST_GROUPS:
            page = await self._page(first, parameters, priority, ids)
            listed = {entry[0].id for entry in page.groups if entry is not None}
            if first and listed <= seen:
                if self._totals_hold is None and ended:
                    self._totals_hold = True
                return
            if ended:
                self._totals_hold = False
            yield page
            seen |= listed
            first += len(page.groups)
            if self._totals_hold is None and page.total is not None and page.total > first:
                self._totals_hold = True
            ended = page.total is not None and first >= page.total
            if not page.groups or (ended and (self._totals_hold or first < FULL_PAGE)):
                return

    async def _page(
        self, first: int, parameters: Mapping[str, str], priority: Priority, ids: dict[str, str] | None
    ) -> GroupPage:
        parameters = parameters and self._without_members
        decode = partial(decode_groups, ids=ids)
        counts = self._counts[bool(parameters)]

        async def read(count: int) -> GroupPage:
            return await self._calls.read_list(
                GROUPS,
                {**paging(first, count), **parameters},
                LIST,
                decode,
                priority,
                GROUP_LIMIT_BYTES,
                patient=counts.is_accepted(count),
            )

        try:
            return await counts.read(LARGEST_PAGE, read)
        except (RequestRejected, ServerFault):
            if not parameters:
                raise
            listed = await self._page(first, {}, priority, ids)
            self._without_members = {}
            return listed

    async def get(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        """One group without its members; see ``services.ports.GroupApi.get_group``."""
        return await self._read(group_id, self._without_members, priority, decode_group)

    async def members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """A group with all of its members; see ``services.ports.GroupApi.group_members``."""
        found = await self._read(group_id, {}, priority, decode_members)
        if found.members or not self._get_refused or await self._list_shows_members(priority):
            return found
        return found._replace(unreadable=max(1, found.unreadable))  # the list may leave the members out

    async def _list_shows_members(self, priority: Priority) -> bool:
        """True once the list showed members of any group."""
        if not self._lists_members:
            page = await self._page(0, {}, priority, {})
            self._lists_members = any(ids for _, ids in filter(None, page.groups))
        return self._lists_members

    async def _read(
        self, group_id: str, parameters: Mapping[str, str], priority: Priority, pick: Callable[[object], T | None]
    ) -> T:
        """What ``pick`` makes of the resource of one group, from the call for one group where there is one."""
        target = group_target(group_id)
        missing = NotFound("There is no such group.")
        if not self._get_refused:
            decode = partial(decode_one_group, group_id=group_id, pick=pick)
            try:
                return await self._calls.read_one(target + query(parameters), ONE, decode, priority, GROUP_LIMIT_BYTES)
            except NotFound as error:
                missing = error
            except MethodRefused:
                self._get_refused = True
            except RequestRejected:
                if not parameters:
                    raise
                return await self._read(group_id, {}, priority, pick)
        # Either the group is unknown or the call; the list shows which.
        listed = await self.read_all(priority)
        if all(group.id != group_id for group in listed):
            raise missing
        self._get_refused = True
        found = await self._search(group_id, listed, priority, pick)
        if found is None:
            raise missing
        return found

    async def _search(
        self, group_id: str, listed: Sequence[Group], priority: Priority, pick: Callable[[object], T | None]
    ) -> T | None:
        """A group by its name, or else by its place in the list, one group at a time, as members may be many."""
        decode = partial(decode_group_among, group_id=group_id, pick=pick)
        place = next(place for place, group in enumerate(listed) if group.id == group_id)
        name = listed[place].name
        if name:
            with suppress(RequestRejected, ServerFault, AnswerTooLarge, NotFound):
                parameters: dict[str, str | int] = {"filter": equals("displayName", name)}
                found = await self._calls.read_list(GROUPS, parameters, LIST, decode, priority, GROUP_LIMIT_BYTES)
                if found is not None:
                    return found
        for first in sorted(range(len(listed)), key=lambda other: abs(other - place))[:MOST_PLACES]:
            parameters = {"startIndex": first + 1, "count": 1}
            found = await self._calls.read_list(GROUPS, parameters, LIST, decode, priority, GROUP_LIMIT_BYTES)
            if found is not None:
                return found
        return None

    # ------------------------------------------------------------ writing

    async def create(self, name: str) -> str | None:
        """Create a group without members."""
        if not (await self._service.service()).groups:
            raise RequestRejected("This server has no groups, so nothing was sent.")
        body = {"schemas": [GROUP_SCHEMA], "displayName": name}
        created: str | None = await self._calls.write("POST", GROUPS, LIST, body, created_id)
        return created

    async def rename(self, group_id: str, name: str) -> None:
        """Give a group another name."""
        if (await self._service.service()).fixed_paths(GROUP_SCHEMA, ("displayName",)):
            raise RequestRejected("This server does not let groups be renamed, so nothing was sent.")
        await self._patch(group_id, {"op": "replace", "path": "displayName", "value": name})

    async def delete(self, group_id: str) -> None:
        """Delete a group."""
        await self._calls.write("DELETE", group_target(group_id), ONE, None)

    async def add(self, group_id: str, user_id: str) -> None:
        """Add a user; the list of members is never replaced, so that what others change is kept."""
        entry: dict[str, Json] = {"value": user_id}
        full: dict[str, Json] = {**entry, "$ref": self._calls.base_url + user_target(user_id)}
        # Some servers require the optional attributes.
        entries = [full] if self._adds_in_full else [entry, full]
        place, _ = await first_accepted([partial(self._patch, group_id, _addition(each)) for each in entries])
        self._adds_in_full = entries[place] is full

    async def remove(self, group_id: str, user_id: str) -> None:
        """Remove a user; by a value where the server does not know paths with a filter.

        A server may fail at such a path, too: the next attempt is then by value.
        """
        opaque_segment(user_id, "user")
        by_filter: Operation = {"op": "remove", "path": f"members[{equals('value', user_id)}]"}
        by_value: Operation = {"op": "remove", "path": "members", "value": [{"value": user_id}]}
        try:
            await self._patch(group_id, by_value if self._removes_by_value else by_filter)
        except OutcomeUnknown as error:
            if error.status is not None:
                self._removes_by_value = not self._removes_by_value
            raise
        except RequestRejected as error:
            if error.status not in REMOVAL_REFUSED or self._removes_by_value:
                raise
            await self._patch(group_id, by_value)
            self._removes_by_value = True

    async def _patch(self, group_id: str, operation: Operation) -> None:
        await self._calls.patch(group_target(group_id), "this group or user", [operation])


def _addition(entry: Mapping[str, Json]) -> Operation:
    return {"op": "add", "path": "members", "value": [dict(entry)]}
