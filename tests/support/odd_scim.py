"""Small SCIM servers that differ from each other as real ones do: an account in memory and a dialect.

server = OddScim(Dialect(patch=501))
user_id = server.add_user("ann@example.com", "Ann", "Weber")
with asgi_server(server) as url: ...      # the base URL of the server; any bearer token is accepted
server.users[user_id], server.groups, server.requests     # the truth, and what was requested
"""

import copy
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from urllib.parse import parse_qs, unquote

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
MEMBER_FILTER = re.compile(r'members\[value eq "([^"]*)"\]', re.IGNORECASE)
EQUALS = re.compile(r'(\w+) eq "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
HTML = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a server differs from the RFC, or which of its freedoms it uses.

    ``patch`` is the status of an accepted PATCH, or of all where it is none of 200 and 204; so are ``group_by_id`` for
    GET of one group and ``member_filters`` for paths such as ``members[value eq "1"]``. ``count`` is the largest page,
    ``count_status`` the refusal of a larger one (200: it is capped).
    """

    users_have_groups: bool = True
    group_by_id: int = 200
    excluded_attributes: bool = True
    patch: int = 200
    patch_of_groups: bool = True
    member_filters: int = 200
    member_references: bool = False
    nested_paths: bool = True
    filters: Literal["exact", "caseless", "ignored", "empty", "refused"] = "caseless"
    caseless_names: bool = True
    integer_ids: bool = False
    start_index: bool = True
    count: int = 0
    count_status: int = 200
    page_past_end_repeats: bool = False
    totals: Literal["number", "text", "page", "none"] = "number"
    empty_list_without_resources: bool = False
    active: Literal["boolean", "text", "absent"] = "boolean"
    html_errors: bool = False
    media_type: str = "application/scim+json"
    accepted_type: str = "application/scim+json"
    delete_deactivates: bool = False
    created_body: bool = True
    discovery: bool = True
    announced_patch: bool = True
    if_match_required: bool = False
    emails_required: bool = False
    full_names_required: bool = False
    plain_emails: bool = False
    integer_members: bool = False


class Refused(Exception):
    """A request is answered with an error; ``reason`` is a scimType."""

    def __init__(self, status: int, detail: str, reason: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.reason = reason


class OddScim:
    """A server; an ASGI app."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.users: dict[str, Record] = {}
        self.groups: dict[str, Record] = {}
        self.requests: list[str] = []
        self._numbers = count(1)

    # ------------------------------------------------------------ the account, without HTTP

    def add_user(self, user_name: str, first: str = "", last: str = "") -> str:
        """Store a user; returns the id."""
        names = {"givenName": first, "familyName": last}
        return self._store(self.users, {"schemas": [CORE + "User"], "userName": user_name, "name": names})

    def add_group(self, name: str, members: Iterable[str] = ()) -> str:
        """Store a group; returns the id."""
        values = [{"value": user_id} for user_id in members]
        return self._store(self.groups, {"schemas": [CORE + "Group"], "displayName": name, "members": values})

    def user(self, user_name: str) -> Record | None:
        """The stored user of this name."""
        return next((user for user in self.users.values() if user["userName"] == user_name), None)

    def members(self, name: str) -> list[str]:
        """Names of the members of the group with this name."""
        (group,) = [group for group in self.groups.values() if group["displayName"] == name]
        return [self.users[member["value"]]["userName"] for member in group["members"]]

    # ------------------------------------------------------------ HTTP

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """The ASGI app."""
        content = b""
        while True:
            message = await receive()
            content += message.get("body", b"")
            if not message.get("more_body"):
                break
        target = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        status, headers, body = await self.handle(scope["method"], target, list(scope["headers"]), content)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def handle(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], content: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Answer one request, as ``walkme_tui.api.in_process`` calls it."""
        self.requests.append(f"{method} {target}")
        path, _, query_text = target.partition("?")
        query = {name: values[-1] for name, values in parse_qs(query_text).items()}
        by_name = {name.decode().lower(): value.decode() for name, value in headers}
        extra: dict[str, str] = {}
        try:
            status, value = self._answer(method, unquote(path), query, by_name, content, extra)
            body = b"" if value is None else json.dumps(value).encode()
            media_type = self.dialect.media_type
        except Refused as error:
            status, body, media_type = self._refusal(error)
        fields = {"content-length": str(len(body)), **extra, **({"content-type": media_type} if body else {})}
        return status, [(name.encode(), value.encode()) for name, value in fields.items()], body

    def _refusal(self, error: Refused) -> tuple[int, bytes, str]:
        if self.dialect.html_errors:
            return error.status, HTML, "text/html; charset=utf-8"
        value: Record = {"schemas": [MESSAGES + "Error"], "status": str(error.status), "detail": error.detail}
        if error.reason:
            value["scimType"] = error.reason
        return error.status, json.dumps(value).encode(), self.dialect.media_type

    def _answer(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        content: bytes,
        extra: dict[str, str],
    ) -> tuple[int, Any]:
        """Status and body of an answer; its further headers go into ``extra``."""
        if not headers.get("authorization", "").startswith(("Bearer ", "Basic ")):
            raise Refused(401, "Sign in.")
        kind, _, record_id = path.strip("/").partition("/")
        records = {"Users": self.users, "Groups": self.groups}.get(kind)
        if records is None:
            return 200, self._discovery(kind)
        body = self._body(headers, content) if content else {}
        if record_id and record_id not in records:
            raise Refused(404, "There is no such resource.")
        if not record_id:
            if method == "GET":
                return 200, self._page(kind, records, query)
            if method != "POST":
                raise Refused(405, "This method is not allowed.")
            record_id = self._create(kind, records, body)
            extra["location"] = f"/{kind}/{record_id}"
            return 201, self._shown(kind, records[record_id]) if self.dialect.created_body else None
        if method == "GET":
            if kind == "Groups" and self.dialect.group_by_id != 200:
                raise Refused(self.dialect.group_by_id, "There is no such call.")
            extra["etag"] = self._etag(records[record_id])
            return 200, self._shown(kind, records[record_id])
        return self._write(method, kind, records, record_id, body, headers)

    def _write(
        self, method: str, kind: str, records: dict[str, Record], record_id: str, body: Record, headers: dict[str, str]
    ) -> tuple[int, Any]:
        record, dialect = records[record_id], self.dialect
        if dialect.if_match_required and method in {"PUT", "PATCH"} and kind == "Users":
            if "if-match" not in headers:
                raise Refused(428, "If-Match is required.")
            if headers["if-match"] != self._etag(record):
                raise Refused(412, "The resource was changed.")
        if method == "DELETE":
            self._delete(kind, records, record_id)
            return 204, None
        if method == "PUT":
            read_only = {name: record[name] for name in ("id", "meta")}
            self._change(kind, records, record_id, {**body, **read_only})
            return 200, self._shown(kind, records[record_id])
        if method != "PATCH" or (dialect.patch not in {200, 204} and (kind == "Users" or not dialect.patch_of_groups)):
            raise Refused(dialect.patch if method == "PATCH" else 405, "This method is not allowed.")
        changed = copy.deepcopy(record)
        for operation in body.get("Operations", ()):
            self._operate(changed, operation)
        self._change(kind, records, record_id, changed)
        return (204, None) if dialect.patch == 204 else (200, self._shown(kind, records[record_id]))

    def _body(self, headers: dict[str, str], content: bytes) -> Record:
        if not headers.get("content-type", "").startswith(self.dialect.accepted_type):
            raise Refused(415, "Unsupported media type.")
        value = json.loads(content)
        assert isinstance(value, dict)
        return value

    def _discovery(self, kind: str) -> Any:
        if not self.dialect.discovery or kind not in {"ServiceProviderConfig", "ResourceTypes", "Schemas"}:
            raise Refused(404, "Not found.")
        if kind != "ServiceProviderConfig":
            return {"schemas": [MESSAGES + "ListResponse"], "totalResults": 0, "Resources": []}
        return {
            "schemas": [CORE + "ServiceProviderConfig"],
            "patch": {"supported": self.dialect.announced_patch},
            "filter": {"supported": self.dialect.filters in {"exact", "caseless"}, "maxResults": 200},
            "etag": {"supported": self.dialect.if_match_required},
        }

    # ------------------------------------------------------------ reading

    def _page(self, kind: str, records: dict[str, Record], query: dict[str, str]) -> Record:
        if "excludedAttributes" in query and not self.dialect.excluded_attributes:
            raise Refused(400, "The parameter excludedAttributes is unknown.")
        found = [record for record in records.values() if self._matches(record, query.get("filter"))]
        first = max(1, int(query.get("startIndex", "1"))) if self.dialect.start_index else 1
        size = int(query.get("count", self.dialect.count or 50))
        if self.dialect.count and size > self.dialect.count:
            if self.dialect.count_status != 200:
                raise Refused(self.dialect.count_status, "The count is too large.", "invalidValue")
            size = self.dialect.count
        if not self.dialect.start_index:
            size = len(found)
        start = 0 if self.dialect.page_past_end_repeats and first > len(found) else first - 1
        rows = [self._shown(kind, record) for record in found[start : start + size]]
        for row in rows if query.get("excludedAttributes") == "members" else ():
            del row["members"]
        page: Record = {"schemas": [MESSAGES + "ListResponse"], "startIndex": first, "itemsPerPage": len(rows)}
        if self.dialect.totals != "none":
            total = len(rows) if self.dialect.totals == "page" else len(found)
            page["totalResults"] = str(total) if self.dialect.totals == "text" else total
        if rows or not self.dialect.empty_list_without_resources:
            page["Resources"] = rows
        return page

    def _matches(self, record: Record, expression: str | None) -> bool:
        if expression is None or self.dialect.filters == "ignored":
            return True
        equals = EQUALS.fullmatch(expression)
        if self.dialect.filters == "refused" or equals is None:
            raise Refused(400, "The filter is not supported.", "invalidFilter")
        wanted = re.sub(r"\\(.)", r"\1", equals[2])
        value = record.get(equals[1])
        if self.dialect.filters == "empty" or not isinstance(value, str):
            return False
        return value.casefold() == wanted.casefold() if self.dialect.filters == "caseless" else value == wanted

    def _shown(self, kind: str, record: Record) -> Record:
        """The record as it is sent."""
        dialect, shown = self.dialect, copy.deepcopy(record)
        if dialect.integer_ids:
            shown["id"] = int(shown["id"])
        if kind == "Groups":
            if dialect.integer_members:
                shown["members"] = [{"value": int(member["value"])} for member in shown["members"]]
            return shown
        if dialect.active == "text":
            shown["active"] = str(shown["active"])
        elif dialect.active == "absent":
            del shown["active"]
        if dialect.users_have_groups:
            joined = [group for group in self.groups.values() if {"value": record["id"]} in group["members"]]
            shown["groups"] = [{"value": group["id"], "display": group["displayName"]} for group in joined]
        return shown

    def _etag(self, record: Record) -> str:
        return str(record["meta"]["version"])

    # ------------------------------------------------------------ writing

    def _store(self, records: dict[str, Record], record: Record) -> str:
        number = next(self._numbers)
        record_id = str(number) if self.dialect.integer_ids else f"5c1f0000-0000-4000-8000-{number:012d}"
        time = "2026-11-02T08:00:00Z"
        meta = {"created": time, "lastModified": time, "version": 'W/"1"'}
        defaults: Record = {"active": True} if records is self.users else {"members": []}
        records[record_id] = {**defaults, **record, "id": record_id, "meta": meta}
        return record_id

    def _create(self, kind: str, records: dict[str, Record], body: Record) -> str:
        if self.dialect.emails_required and kind == "Users" and not body.get("emails"):
            raise Refused(400, "The attribute emails is required.", "invalidValue")
        if self.dialect.plain_emails and any(len(email) > 1 for email in body.get("emails", ())):
            raise Refused(400, "Extra inputs are not permitted: emails[0].primary", "invalidSyntax")
        if self.dialect.full_names_required and kind == "Users" and "formatted" not in body.get("name", {}):
            raise Refused(400, "The attribute name.formatted is required.", "invalidValue")
        self._check(kind, records, "", body)
        return self._store(records, body)

    def _change(self, kind: str, records: dict[str, Record], record_id: str, record: Record) -> None:
        self._check(kind, records, record_id, record)
        defaults: Record = {"active": True} if kind == "Users" else {"members": []}
        version = int(records[record_id]["meta"]["version"].strip('W/"')) + 1
        meta = {**record["meta"], "lastModified": "2026-11-03T09:00:00Z", "version": f'W/"{version}"'}
        records[record_id] = {**defaults, **record, "id": record_id, "meta": meta}
        records[record_id].pop("groups", None)

    def _check(self, kind: str, records: dict[str, Record], record_id: str, record: Record) -> None:
        """Refuse what no server accepts: no name, a name that is taken, a wrong type."""
        name = "userName" if kind == "Users" else "displayName"
        if not isinstance(record.get(name), str) or not record[name]:
            raise Refused(400, f"The attribute {name} is required.", "invalidValue")
        if not isinstance(record.get("active", True), bool):
            raise Refused(400, "The attribute active is a boolean.", "invalidValue")
        fold = str.casefold if self.dialect.caseless_names else str
        for other in records.values():
            if other["id"] != record_id and fold(other[name]) == fold(record[name]):
                raise Refused(409, f"The value of {name} is in use.", "uniqueness")

    def _delete(self, kind: str, records: dict[str, Record], record_id: str) -> None:
        if kind == "Users" and self.dialect.delete_deactivates:
            records[record_id]["active"] = False
            return
        del records[record_id]
        for group in self.groups.values():
            group["members"] = [member for member in group["members"] if member["value"] != record_id]

    def _operate(self, record: Record, operation: Record) -> None:
        """Apply one operation of a PATCH."""
        kind, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
        if kind not in {"add", "remove", "replace"}:
            raise Refused(400, "The operation is unknown.", "invalidSyntax")
        if not path:
            if kind == "remove" or not isinstance(value, dict):
                raise Refused(400, "The operation has no path.", "noTarget")
            for name, part in value.items():
                self._operate(record, {"op": kind, "path": name, "value": part})
            return
        if path.lower().startswith("members"):
            self._operate_on_members(record, kind, path, value)
            return
        if "." in path and not self.dialect.nested_paths:
            raise Refused(400, "There is no such attribute.", "invalidPath")
        target = record
        *outer, name = path.split(".")
        for part in outer:
            target = target.setdefault(part, {})
        if kind == "remove":
            target.pop(name, None)
        else:
            target[name] = value

    def _operate_on_members(self, group: Record, kind: str, path: str, value: Any) -> None:
        chosen = MEMBER_FILTER.fullmatch(path)
        if chosen is not None and self.dialect.member_filters != 200:
            raise Refused(self.dialect.member_filters, "Filters in paths are not supported.", "invalidPath")
        if kind == "remove" and chosen is None and not isinstance(value, list):
            group["members"] = []
            return
        ids = [chosen[1]] if chosen is not None else [str(member["value"]) for member in value]
        if kind == "add":
            if self.dialect.member_references and not all("$ref" in member for member in value):
                raise Refused(400, "The attribute members.$ref is required.", "invalidValue")
            group["members"] += [{"value": user_id} for user_id in ids if {"value": user_id} not in group["members"]]
        elif kind == "remove":
            group["members"] = [member for member in group["members"] if member["value"] not in ids]
        else:
            group["members"] = [{"value": user_id} for user_id in ids]
