"""``/Groups``."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.groups import SimulatedGroup
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.dialect import Dialect, base_url
from walkme_tui.simulator.scim.errors import ScimRefusal
from walkme_tui.simulator.scim.group_resource import GroupChange, Members, group_resource, read_group, read_group_patch
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.scim.patch import Kind
from walkme_tui.simulator.scim.paths import Term, matches

# The answer to a change of a larger group is a 204, because it would have to contain all members.
MANY_MEMBERS = 1000


class GroupCalls:
    """The groups of an account."""

    def __init__(self, account: SimulatedAccount, dialect: Dialect) -> None:
        self._account = account
        self._dialect = dialect

    async def list_all(self, request: Request) -> Response:
        """A page of the groups, or those that a filter selects."""
        dialect = self._dialect
        terms = dialect.filter_terms(request)
        groups = list(self._account.all_groups.values())
        if terms is not None:
            groups = [group for group in groups if self._matches(terms, group, request)]
        first, count = dialect.window(request, len(groups))
        with_members = dialect.projection(request).has("members")
        resources = [self._resource(group, request, with_members) for group in groups[first : first + count]]
        return dialect.page(dialect.rows(resources, request), len(groups), first)

    async def read(self, request: Request) -> Response:
        """One group with its members."""
        if self._dialect.is_odd(ScimOddity.NO_GET_GROUP):
            raise HTTPException(404)
        group = self._account.all_groups.one(request.path_params["group_id"])
        with_members = self._dialect.projection(request).has("members")
        return self._dialect.resource(self._resource(group, request, with_members), request)

    async def create(self, request: Request) -> Response:
        """POST a group."""
        change = read_group(await self._dialect.body(request))
        sso_off = self._dialect.is_odd(ScimOddity.SSO_OFF)
        group = self._account.create_group(change.name, only_answer=sso_off)
        if not sso_off:
            self._apply(group, change)
        return self._dialect.resource(self._resource(group, request, not sso_off), request, status=201)

    async def replace(self, request: Request) -> Response:
        """PUT a group: members that the body lacks leave it."""
        group = self._writable(request)
        self._apply(group, read_group(await self._dialect.body(request)))
        return self._changed(group, request)

    async def change(self, request: Request) -> Response:
        """PATCH a group."""
        group = self._writable(request)
        filtered = not self._dialect.is_odd(ScimOddity.REMOVE_PATH_REFUSED)
        self._apply(group, read_group_patch(group, await self._dialect.body(request), member_filter=filtered))
        return (
            Response(status_code=204) if self._dialect.is_odd(ScimOddity.PATCH_204) else self._changed(group, request)
        )

    async def delete(self, request: Request) -> Response:
        """DELETE a group; its members stay users."""
        group = self._writable(request)
        if not self._dialect.is_odd(ScimOddity.SSO_OFF):
            self._account.delete_group(group.id)
        return Response(status_code=204)

    def _matches(self, terms: tuple[Term, ...], group: SimulatedGroup, request: Request) -> bool:
        """Whether a group satisfies a filter; a member is looked up, not searched in the list of members."""
        resource = self._resource(group, request, with_members=False)
        return all(
            self._account.is_member(group.id, str(term.value))
            if term.path.lower() == "members.value"
            else matches((term,), resource)
            for term in terms
        )

    def _writable(self, request: Request) -> SimulatedGroup:
        """The group of a write, in the version that the request's ETag names."""
        group = self._account.all_groups.one(request.path_params["group_id"])
        self._dialect.check_version(request, group.updated_at)
        return group

    def _apply(self, group: SimulatedGroup, change: GroupChange) -> None:
        """Change a group: all of it or, where the change is refused, nothing."""
        account, dialect = self._account, self._dialect
        if change.name != group.name and dialect.is_odd(ScimOddity.GROUP_NAME_FIXED):
            raise ScimRefusal(400, "mutability", "displayName cannot be changed")
        if dialect.is_odd(ScimOddity.SSO_OFF):
            return
        account.change_group(group.id, change.name, change.external_id)
        again = dialect.is_odd(ScimOddity.DUPLICATE_MEMBERS)
        for kind, ids in change.members:
            adding, leaving = (ids, []) if kind is Kind.ADD else ([], ids)
            if kind is Kind.REPLACE:
                before, after = dict(self._members(group)), dict.fromkeys(ids)
                adding = [member_id for member_id in after if member_id not in before]
                leaving = [member_id for member_id in before if member_id not in after]
            for member_id in leaving:
                account.remove_member(group.id, member_id)
            for member_id in adding:
                account.add_member(group.id, member_id, again=again)

    def _changed(self, group: SimulatedGroup, request: Request) -> Response:
        """The answer to a change."""
        with_members = self._dialect.projection(request).has("members")
        if with_members and self._account.member_count(group.id) > MANY_MEMBERS:
            return Response(status_code=204)
        return self._dialect.resource(self._resource(group, request, with_members), request)

    def _resource(self, group: SimulatedGroup, request: Request, with_members: bool) -> Record:
        return group_resource(group, self._members(group) if with_members else [], base_url(request))

    def _members(self, group: SimulatedGroup) -> Members:
        members = self._account.members(group.id)
        if self._dialect.is_odd(ScimOddity.DANGLING_MEMBERS):
            members += [(user_id, None) for user_id in group.former_members]
        return members
