"""The SCIM surface over a simulated account."""

import json
import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from walkme_tui.domain.users import Json
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.answers import json_answer
from walkme_tui.simulator.faults import Faults
from walkme_tui.simulator.groups import SimulatedGroup
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.refusals import AccountRefusal, EmailTaken
from walkme_tui.simulator.scim import documents
from walkme_tui.simulator.scim.errors import ScimRefusal, invalid_value
from walkme_tui.simulator.scim.group_resource import GroupChange, group_resource, read_group, read_group_patch
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.scim.patch import Kind, patched
from walkme_tui.simulator.scim.paths import Term, matches, read_filter
from walkme_tui.simulator.scim.projection import Projection
from walkme_tui.simulator.scim.users import Contents, new_record, read_resource, resource_of, version_of
from walkme_tui.simulator.settings import SimulatorSettings

Call: TypeAlias = Callable[[Request], Awaitable[Response]]

MEDIA_TYPE: Final = "application/scim+json"
DEFAULT_COUNT: Final = 100
_LARGE_COUNT: Final = 100
# The answer to a change of a larger group is a 204, because it would have to contain all members.
_MANY_MEMBERS: Final = 1000
_DANGLING_IDS: Final = ("2f6d7f2e-5e0a-4f3c-9d54-5b1b2a6c0d01", "gone-before-the-migration")
_ERROR_PAGE: Final = "<!doctype html><html><head><title>Error {0}</title></head><body><h1>Error {0}</h1></body></html>"


class ScimSurface:
    """Answers SCIM requests; ``odd`` and ``token`` may be changed at any time."""

    def __init__(self, settings: SimulatorSettings, account: SimulatedAccount, faults: Faults) -> None:
        self.odd = set(settings.scim_odd)
        self.token = settings.scim_token
        self._username = settings.scim_username
        self._page_cap = settings.scim_page_cap
        self._account = account
        self._faults = faults
        if ScimOddity.DANGLING_MEMBERS in self.odd:
            account.dangling = True
            for group in account.all_groups.values():
                group.strangers.extend(_DANGLING_IDS)
        self._application = self._make_application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(Headers(scope=scope))
        await (self._application if refusal is None else self._error(refusal))(scope, receive, send)

    def _make_application(self) -> Starlette:
        one_user: dict[str, Call] = {
            "GET": self.read_user,
            "PUT": self.replace_user,
            "PATCH": self.change_user,
            "DELETE": self.delete_user,
        }
        one_group: dict[str, Call] = {
            "GET": self.read_group,
            "PUT": self.replace_group,
            "PATCH": self.change_group,
            "DELETE": self.delete_group,
        }
        application = Starlette(
            routes=[
                self._route("/ServiceProviderConfig", {"GET": self.service_provider_config}),
                self._route("/ResourceTypes", {"GET": self.document}),
                self._route("/ResourceTypes/{name}", {"GET": self.document}),
                self._route("/Schemas", {"GET": self.document}),
                self._route("/Schemas/{name}", {"GET": self.document}),
                self._route("/Users", {"GET": self.list_users, "POST": self.create_user}),
                self._route("/Users/{user_id}", one_user),
                self._route("/Groups", {"GET": self.list_groups, "POST": self.create_group}),
                self._route("/Groups/{group_id}", one_group),
                *(
                    self._route(path, {"POST": self.not_supported})
                    for path in ("/.search", "/Users/.search", "/Groups/.search", "/Bulk")
                ),
            ],
            exception_handlers={
                ScimRefusal: self._scim_refused,
                AccountRefusal: self._account_refused,
                HTTPException: self._http_error,
            },
        )
        application.router.redirect_slashes = False
        return application

    def _route(self, path: str, calls: dict[str, Call]) -> Route:
        async def answer(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            if method == "PATCH":
                self._check_patch()
            return await calls[method](request)

        return Route(f"/scim/v2{path}", answer, methods=list(calls))

    # ------------------------------------------------------------ users

    async def list_users(self, request: Request) -> Response:
        """A page of the users, or those that a filter selects."""
        base_url = _base_url(request)
        projection = self._projection(request)
        terms = self._filter(request)
        account = self._account

        def resources(records: Iterable[Record]) -> list[Record]:
            return [self._user(record, base_url) for record in records]

        if terms is None:
            first, count = self._window(request, account.total)
            rows = resources(account.users(first, count))
            answer = self._list(rows, account.total, first, projection)
            if self._faults.drift and account.total:
                account.delete(str(account.users(0, 1)[0]["id"]))
            return answer
        found = self._found_users(terms, base_url)
        first, count = self._window(request, len(found))
        return self._list(found[first : first + count], len(found), first, projection)

    def _found_users(self, terms: tuple[Term, ...], base_url: str) -> list[Record]:
        """The users that a filter selects, by a look-up where it names the userName or the id, else by reading all."""
        account = self._account
        wanted = {term.path.lower(): str(term.value) for term in terms}
        if "username" in wanted:
            record = account.find(wanted["username"])
            records = [] if record is None else [record]
        elif "id" in wanted:
            records = [account.user(wanted["id"])] if account.is_user(wanted["id"]) else []
        else:
            records = account.users(0, account.total)
        resources = (self._user(record, base_url) for record in records)
        return [resource for resource in resources if matches(terms, resource)]

    async def read_user(self, request: Request) -> Response:
        """One user."""
        resource = self._user(self._account.user(request.path_params["user_id"]), _base_url(request))
        return self._resource(resource, self._projection(request), request)

    async def create_user(self, request: Request) -> Response:
        """POST a user."""
        contents = read_resource(await self._object(request), None, {})
        if self._account.find(str(contents.fields["email"])) is not None:
            raise EmailTaken(str(contents.fields["email"]))
        return self._saved(None, contents, request)

    async def replace_user(self, request: Request) -> Response:
        """PUT a user: what the body lacks is cleared, and the role becomes the default."""
        user_id = request.path_params["user_id"]
        old = self._account.user(user_id)
        self._check_version(request, old["updatedAt"])
        body = await self._object(request)
        if body.get("id", old["id"]) != old["id"]:
            raise ScimRefusal(400, "mutability", "id cannot be changed")
        attributes = self._account.scim_attributes(user_id)
        if "allowedSystems" in attributes:
            # Absent means unchanged for this attribute, an empty list that the user may use no system.
            body.setdefault("allowedSystems", attributes["allowedSystems"])
        return self._saved(user_id, read_resource(body, old, attributes), request)

    async def change_user(self, request: Request) -> Response:
        """PATCH a user."""
        user_id = request.path_params["user_id"]
        old = self._account.user(user_id)
        self._check_version(request, old["updatedAt"])
        resource = patched(self._user(old, ""), await self._object(request))
        answer = self._saved(user_id, read_resource(resource, old, self._account.scim_attributes(user_id)), request)
        return Response(status_code=204) if ScimOddity.PATCH_204 in self.odd else answer

    async def delete_user(self, request: Request) -> Response:
        """DELETE a user."""
        user_id = request.path_params["user_id"]
        old = self._account.user(user_id)
        self._check_version(request, old["updatedAt"])
        if ScimOddity.SSO_OFF not in self.odd:
            if ScimOddity.DELETE_DEACTIVATES in self.odd:
                self._account.change(user_id, {"status": "inactive"})
            else:
                self._account.delete(user_id)
        return Response(status_code=204)

    def _saved(self, user_id: str | None, contents: Contents, request: Request) -> Response:
        """Store a user, and answer with the result; with SSO off the answer only pretends."""
        account = self._account
        attributes = contents.attributes
        if ScimOddity.SSO_OFF not in self.odd:
            record = account.save(user_id, contents.fields, attributes)
        elif user_id is None:
            record = account.imagined(new_record(contents))
        else:
            record = {**account.user(user_id), **contents.fields}
        base_url = _base_url(request)
        resource = self._as_sent(resource_of(record, attributes, account.group_names(), base_url))
        return self._resource(resource, self._projection(request), status=201 if user_id is None else 200)

    def _user(self, record: Record, base_url: str) -> Record:
        attributes = self._account.scim_attributes(str(record["id"]))
        return self._as_sent(resource_of(record, attributes, self._account.group_names(), base_url))

    def _as_sent(self, resource: Record) -> Record:
        """A user with the oddities of this surface."""
        if ScimOddity.NO_USER_GROUPS in self.odd:
            resource.pop("groups", None)
        if ScimOddity.ACTIVE_AS_TEXT in self.odd:
            resource["active"] = str(resource["active"])
        return resource

    # ------------------------------------------------------------ groups

    async def list_groups(self, request: Request) -> Response:
        """A page of the groups, or those that a filter selects."""
        base_url = _base_url(request)
        projection = self._projection(request)
        terms = self._filter(request)
        groups: list[SimulatedGroup] = list(self._account.all_groups.values())
        if terms is not None:
            with_members = any(term.path.lower().startswith("members") for term in terms)
            groups = [g for g in groups if matches(terms, self._group(g, base_url, with_members=with_members))]
        first, count = self._window(request, len(groups))
        with_members = projection.has("members")
        rows = [self._group(group, base_url, with_members=with_members) for group in groups[first : first + count]]
        return self._list(rows, len(groups), first, projection)

    async def read_group(self, request: Request) -> Response:
        """One group with its members."""
        if ScimOddity.NO_GET_GROUP in self.odd:
            raise HTTPException(404)
        group = self._account.all_groups.one(request.path_params["group_id"])
        projection = self._projection(request)
        resource = self._group(group, _base_url(request), with_members=projection.has("members"))
        return self._resource(resource, projection, request)

    async def create_group(self, request: Request) -> Response:
        """POST a group."""
        change = read_group(await self._object(request))
        account = self._account
        account.all_groups.check_name(change.name)
        if ScimOddity.SSO_OFF in self.odd:
            group = account.imagined_group(change.name)
        else:
            group = account.create_group(change.name)
            self._apply(group, change)
        return self._changed_group(group, request, status=201)

    async def replace_group(self, request: Request) -> Response:
        """PUT a group: members that the body lacks leave it."""
        group = self._account.all_groups.one(request.path_params["group_id"])
        self._check_version(request, group.updated_at)
        self._apply(group, read_group(await self._object(request)))
        return self._changed_group(group, request)

    async def change_group(self, request: Request) -> Response:
        """PATCH a group."""
        group = self._account.all_groups.one(request.path_params["group_id"])
        self._check_version(request, group.updated_at)
        body = await self._object(request)
        if ScimOddity.REMOVE_PATH_REFUSED in self.odd and "members[" in json.dumps(body.get("Operations")).lower():
            raise ScimRefusal(400, "invalidPath", "A path with a filter is not supported")
        self._apply(group, read_group_patch(group, body))
        answer = self._changed_group(group, request)
        return Response(status_code=204) if ScimOddity.PATCH_204 in self.odd else answer

    async def delete_group(self, request: Request) -> Response:
        """DELETE a group; its members stay."""
        group = self._account.all_groups.one(request.path_params["group_id"])
        self._check_version(request, group.updated_at)
        if ScimOddity.SSO_OFF not in self.odd:
            self._account.delete_group(group.id)
        return Response(status_code=204)

    def _apply(self, group: SimulatedGroup, change: GroupChange) -> None:
        account = self._account
        if ScimOddity.GROUP_NAME_FIXED in self.odd and change.name != group.name:
            raise ScimRefusal(400, "mutability", "displayName cannot be changed")
        account.all_groups.check_name(change.name, group)
        if ScimOddity.SSO_OFF in self.odd:
            return
        account.change_group(group.id, change.name, change.external_id)
        again = ScimOddity.DUPLICATE_MEMBERS in self.odd
        for kind, ids in change.members:
            if kind is not Kind.ADD:
                kept = set(ids) if kind is Kind.REPLACE else set()
                leaving = [i for i, _ in account.members(group.id) if i not in kept] if kind is Kind.REPLACE else ids
                for member_id in leaving:
                    account.remove_member(group.id, member_id)
            if kind is not Kind.REMOVE:
                for member_id in ids:
                    account.add_member(group.id, member_id, again=again and kind is Kind.ADD)

    def _changed_group(self, group: SimulatedGroup, request: Request, status: int = 200) -> Response:
        projection = self._projection(request)
        resource = self._group(group, _base_url(request), with_members=projection.has("members"))
        members = resource.get("members")
        if status == 200 and isinstance(members, list) and len(members) > _MANY_MEMBERS:
            return Response(status_code=204)
        return self._resource(resource, projection, status=status)

    def _group(self, group: SimulatedGroup, base_url: str, *, with_members: bool) -> Record:
        return group_resource(group, self._account.members(group.id) if with_members else None, base_url)

    # ------------------------------------------------------------ documents

    async def service_provider_config(self, request: Request) -> Response:
        """What this surface supports."""
        self._check_discovery()
        config = documents.service_provider_config(
            _base_url(request),
            patch=not self.odd & {ScimOddity.PATCH_405, ScimOddity.PATCH_501},
            filters=ScimOddity.FILTER_REFUSED not in self.odd,
            etags=ScimOddity.NO_ETAGS not in self.odd,
            most_rows=self._page_cap,
        )
        return self._json(config)

    async def document(self, request: Request) -> Response:
        """The resource types or the schemas, or one of them by id."""
        self._check_discovery()
        base_url = _base_url(request)
        if "/ResourceTypes" in request.url.path:
            listed = documents.resource_types(base_url)
        else:
            listed = documents.schemas(base_url, group_name_fixed=ScimOddity.GROUP_NAME_FIXED in self.odd)
        name = request.path_params.get("name")
        if name is None:
            return self._list(listed, len(listed), 0, Projection(None, ()))
        for one in listed:
            if one["id"] == name:
                return self._json(one)
        raise HTTPException(404)

    async def not_supported(self, request: Request) -> Response:  # noqa: ARG002 - every call takes the request
        """A part of SCIM that this surface lacks."""
        raise HTTPException(501)

    # ------------------------------------------------------------ requests

    def _refusal(self, headers: Headers) -> ScimRefusal | None:
        """The refusal of a request without valid credentials, or with a content type that is not read."""
        if not self._signed_in(headers.get("authorization", "")):
            return ScimRefusal(401, "", "The token is missing or wrong")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        accepted = {"", "application/json"}
        if ScimOddity.PLAIN_JSON not in self.odd:
            accepted.add(MEDIA_TYPE)
        return None if content_type in accepted else ScimRefusal(415, "", f"{content_type} is not supported")

    def _signed_in(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        given, known = credentials.strip(), self.token
        if scheme.lower() == "basic":
            known = f"{self._username}:{self.token}"
            try:
                given = b64decode(given, validate=True).decode()
            except (NotBase64, UnicodeDecodeError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(given.encode("utf-8", "replace"), known.encode("utf-8", "replace"))

    def _check_patch(self) -> None:
        if ScimOddity.PATCH_405 in self.odd:
            raise HTTPException(405, headers={"Allow": "GET, PUT, DELETE"})
        if ScimOddity.PATCH_501 in self.odd:
            raise HTTPException(501)

    def _check_discovery(self) -> None:
        if ScimOddity.NO_DISCOVERY in self.odd:
            raise HTTPException(404)

    def _check_version(self, request: Request, updated_at: Json) -> None:
        """Refuse a write with the ETag of another version."""
        wanted = request.headers.get("if-match")
        if wanted is None or ScimOddity.NO_ETAGS in self.odd or wanted.strip() == "*":
            return
        if version_of(updated_at) not in [etag.strip() for etag in wanted.split(",")]:
            raise ScimRefusal(412, "", "The resource was changed since it was read")

    def _projection(self, request: Request) -> Projection:
        query = request.query_params
        excluded = query.get("excludedAttributes")
        if excluded is not None and ScimOddity.EXCLUDED_REFUSED in self.odd:
            raise invalid_value("excludedAttributes is not supported")
        return Projection.of(query.get("attributes"), excluded)

    def _filter(self, request: Request) -> tuple[Term, ...] | None:
        """The terms of the filter, None for the whole list."""
        text = request.query_params.get("filter")
        if text is None or ScimOddity.FILTER_IGNORED in self.odd:
            return None
        if ScimOddity.FILTER_REFUSED in self.odd:
            raise ScimRefusal(400, "invalidFilter", "Filters are not supported")
        terms = read_filter(text)
        return (Term("id", ""),) if ScimOddity.FILTER_EMPTY in self.odd else terms

    def _window(self, request: Request, total: int) -> tuple[int, int]:
        """The first position of a page, from 0, and its size."""
        query = request.query_params
        first = max(1, _number(query.get("startIndex", "1"), "startIndex")) - 1
        count = max(0, _number(query.get("count", str(DEFAULT_COUNT)), "count"))
        if ScimOddity.LARGE_COUNT_REFUSED in self.odd and count > _LARGE_COUNT:
            raise invalid_value(f"count must be at most {_LARGE_COUNT}")
        count = min(count, self._page_cap)
        if ScimOddity.START_IGNORED in self.odd:
            first = 0
        if ScimOddity.LAST_PAGE_REPEATED in self.odd and first >= total:
            first = max(0, total - count)
        return first, count

    async def _object(self, request: Request) -> Record:
        """The body's JSON object; ``ScimRefusal``."""
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise ScimRefusal(400, "invalidSyntax", "The body is not a JSON object")
        return body

    # ------------------------------------------------------------ answers

    def _list(self, rows: list[Record], total: int, first: int, projection: Projection) -> Response:
        """A ListResponse of the rows from position ``first``."""
        resources: list[Json] = [self._without_version(projection.of_resource(row)) for row in rows]
        answer: Record = {"schemas": [documents.LIST_SCHEMA]}
        if ScimOddity.NO_TOTALS not in self.odd:
            answer |= {"totalResults": total, "startIndex": first + 1, "itemsPerPage": len(rows)}
        return self._json({**answer, "Resources": resources})

    def _resource(
        self, resource: Record, projection: Projection, request: Request | None = None, status: int = 200
    ) -> Response:
        """One resource; a 304 where the request knows this version."""
        meta = resource["meta"]
        assert isinstance(meta, dict)  # noqa: S101 - every resource has one
        headers = {"Location": str(meta["location"])} if status == 201 else {}
        if ScimOddity.NO_ETAGS not in self.odd:
            headers["ETag"] = str(meta["version"])
            if request is not None and request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
        return self._json(self._without_version(projection.of_resource(resource)), status, headers)

    def _without_version(self, resource: Record) -> Record:
        if ScimOddity.NO_ETAGS in self.odd and isinstance(meta := resource.get("meta"), dict):
            meta.pop("version", None)
        return resource

    def _json(self, value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        media_type = "application/json" if ScimOddity.PLAIN_JSON in self.odd else MEDIA_TYPE
        return json_answer(value, status, headers, media_type)

    def _error(self, refusal: ScimRefusal, headers: dict[str, str] | None = None) -> Response:
        status = refusal.status
        if status == 401:
            headers = {"WWW-Authenticate": 'Bearer realm="SCIM"'}
        if ScimOddity.HTML_ERRORS in self.odd:
            return HTMLResponse(_ERROR_PAGE.format(status), status, headers)
        body: Record = {"schemas": [documents.ERROR_SCHEMA], "status": str(status), "detail": str(refusal)}
        if refusal.scim_type:
            body["scimType"] = refusal.scim_type
        return self._json(body, status, headers)

    async def _scim_refused(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, ScimRefusal)  # noqa: S101 - registered for this type
        return self._error(error)

    async def _account_refused(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, AccountRefusal)  # noqa: S101 - registered for this type
        scim_type = {409: "uniqueness", 400: "invalidValue"}.get(error.status, "")
        message = str(error).replace("email", "userName") if isinstance(error, EmailTaken) else str(error)
        return self._error(ScimRefusal(error.status, scim_type, message))

    async def _http_error(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
        headers = dict(error.headers) if error.headers else None
        return self._error(ScimRefusal(error.status_code, "", error.detail), headers)


def _base_url(request: Request) -> str:
    """The URL of the surface, as the client addresses it."""
    return f"{str(request.base_url).rstrip('/')}/scim/v2"


def _number(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        raise invalid_value(f"{name} must be a number")
    return int(text)
