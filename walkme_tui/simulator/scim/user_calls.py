"""``/Users``."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.faults import Faults
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.dialect import Dialect, base_url
from walkme_tui.simulator.scim.errors import ScimRefusal
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.scim.patch import patched
from walkme_tui.simulator.scim.paths import Term, matches
from walkme_tui.simulator.scim.users import Contents, read_resource, resource_of


class UserCalls:
    """The users of an account."""

    def __init__(self, account: SimulatedAccount, dialect: Dialect, faults: Faults) -> None:
        self._account = account
        self._dialect = dialect
        self._faults = faults

    async def list_all(self, request: Request) -> Response:
        """A page of the users, or those that a filter selects."""
        dialect, account = self._dialect, self._account
        terms = dialect.filter_terms(request)
        if terms is not None:
            found = self._found(terms, request)
            first, count = dialect.window(request, len(found))
            return dialect.page(dialect.rows(found[first : first + count], request), len(found), first)
        total = account.total
        first, count = dialect.window(request, total)
        rows = dialect.rows(self._resources(account.users(first, count), request), request)
        # The faults of the account are those of both surfaces.
        for position, row in self._faults.rows.items():
            if first <= position < first + len(rows):
                rows[position - first] = row
        answer = dialect.page(rows, self._faults.listed_total(total, count), first)
        self._faults.after_list(account)
        return answer

    async def read(self, request: Request) -> Response:
        """One user."""
        (resource,) = self._resources([self._account.user(request.path_params["user_id"])], request)
        return self._dialect.resource(resource, request)

    async def create(self, request: Request) -> Response:
        """POST a user."""
        return self._saved(None, read_resource(await self._dialect.body(request), None, {}), request)

    async def replace(self, request: Request) -> Response:
        """PUT a user: what the body lacks is cleared, and the role becomes the default."""
        old = self._writable(request)
        body = await self._dialect.body(request)
        if body.get("id", old["id"]) != old["id"]:
            raise ScimRefusal(400, "mutability", "id cannot be changed")
        attributes = self._account.scim_attributes(str(old["id"]))
        if "allowedSystems" in attributes:
            # Absent means unchanged for this attribute, an empty list that the user may use no system.
            body.setdefault("allowedSystems", attributes["allowedSystems"])
        return self._saved(old, read_resource(body, old, attributes), request)

    async def change(self, request: Request) -> Response:
        """PATCH a user."""
        old = self._writable(request)
        attributes = self._account.scim_attributes(str(old["id"]))
        resource = patched(resource_of(old, attributes, {}, ""), await self._dialect.body(request))
        answer = self._saved(old, read_resource(resource, old, attributes), request)
        return Response(status_code=204) if self._dialect.is_odd(ScimOddity.PATCH_204) else answer

    async def delete(self, request: Request) -> Response:
        """DELETE a user."""
        user_id = str(self._writable(request)["id"])
        if self._dialect.is_odd(ScimOddity.DELETE_DEACTIVATES):
            self._account.change(user_id, {"status": "inactive"})
        elif not self._dialect.is_odd(ScimOddity.SSO_OFF):
            self._account.delete(user_id)
        return Response(status_code=204)

    def _found(self, terms: tuple[Term, ...], request: Request) -> list[Record]:
        """The users that a filter selects: by a look-up where it names a unique attribute, else by reading all."""
        account = self._account
        wanted = {term.path.lower(): str(term.value) for term in terms}
        records: Iterable[Record | None]
        if "username" in wanted:
            records = [account.find(wanted["username"])]
        elif "id" in wanted:
            records = [account.user(wanted["id"])] if account.is_user(wanted["id"]) else []
        elif "externalid" in wanted:
            records = account.find_by_external_id(wanted["externalid"])
        else:
            records = account.users(0, account.total)
        found = self._resources([record for record in records if record is not None], request)
        return [resource for resource in found if matches(terms, resource)]

    def _writable(self, request: Request) -> Record:
        """The user of a write, in the version that the request's ETag names."""
        record = self._account.user(request.path_params["user_id"])
        self._dialect.check_version(request, record["updatedAt"])
        return record

    def _saved(self, old: Record | None, contents: Contents, request: Request) -> Response:
        """Store a user and answer with the result; with SSO off nothing is stored."""
        account = self._account
        user_id = None if old is None else str(old["id"])
        sso_off = self._dialect.is_odd(ScimOddity.SSO_OFF)
        record = account.save(user_id, contents.fields, contents.attributes, only_answer=sso_off)
        resource = self._as_sent(resource_of(record, contents.attributes, account.group_names(), base_url(request)))
        return self._dialect.resource(resource, request, status=201 if old is None else 200)

    def _resources(self, records: Iterable[Record], request: Request) -> list[Record]:
        account, url, group_names = self._account, base_url(request), self._account.group_names()
        return [
            self._as_sent(resource_of(record, account.scim_attributes(str(record["id"])), group_names, url))
            for record in records
        ]

    def _as_sent(self, resource: Record) -> Record:
        """A user with the oddities of this surface."""
        if self._dialect.is_odd(ScimOddity.NO_USER_GROUPS):
            resource.pop("groups", None)
        if self._dialect.is_odd(ScimOddity.ACTIVE_AS_TEXT):
            resource["active"] = str(resource["active"])
        return resource
