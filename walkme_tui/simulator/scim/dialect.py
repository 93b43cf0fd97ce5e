"""How the SCIM surface reads queries and bodies and forms its answers, with the oddities that are on."""

import json
from collections.abc import Iterable
from types import EllipsisType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from walkme_tui.domain.users import Json
from walkme_tui.simulator.answers import json_answer
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.scim.errors import ScimRefusal, invalid_value
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.scim.paths import Term, read_filter
from walkme_tui.simulator.scim.projection import Projection
from walkme_tui.simulator.scim.users import version_of

MEDIA_TYPE: Final = "application/scim+json"
LIST_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:Error"
DEFAULT_COUNT: Final = 100
_LARGE_COUNT: Final = 100
_ERROR_PAGE: Final = "<!doctype html><html><head><title>Error {0}</title></head><body><h1>Error {0}</h1></body></html>"


class Dialect:
    """The rules of one surface; ``odd`` may be changed at any time."""

    def __init__(self, odd: Iterable[ScimOddity], page_cap: int) -> None:
        self.odd = set(odd)
        self.page_cap = page_cap

    def is_odd(self, oddity: ScimOddity) -> bool:
        """Whether an oddity is on."""
        return oddity in self.odd

    # ------------------------------------------------------------ requests

    def media_types(self) -> set[str]:
        """The content types of bodies that are read, an empty one for none."""
        return {"", "application/json"} | (set() if self.is_odd(ScimOddity.PLAIN_JSON) else {MEDIA_TYPE})

    def check_method(self, method: str) -> None:
        """Refuse PATCH where there is none."""
        if method == "PATCH" and self.is_odd(ScimOddity.PATCH_405):
            raise HTTPException(405, headers={"Allow": "GET, PUT, DELETE"})
        if method == "PATCH" and self.is_odd(ScimOddity.PATCH_501):
            raise HTTPException(501)

    def check_version(self, request: Request, updated_at: Json) -> None:
        """Refuse a write that names the ETag of another version."""
        wanted = request.headers.get("if-match", "*").strip()
        if wanted == "*" or self.is_odd(ScimOddity.NO_ETAGS):
            return
        if version_of(updated_at) not in [etag.strip() for etag in wanted.split(",")]:
            raise ScimRefusal(412, "", "The resource was changed since it was read")

    def projection(self, request: Request) -> Projection:
        """Which attributes the answer is to contain."""
        excluded = request.query_params.get("excludedAttributes")
        if excluded is not None and self.is_odd(ScimOddity.EXCLUDED_REFUSED):
            raise invalid_value("excludedAttributes is not supported")
        return Projection.of(request.query_params.get("attributes"), excluded)

    def filter_terms(self, request: Request) -> tuple[Term, ...] | None:
        """The terms of the filter, None for the whole list."""
        text = request.query_params.get("filter")
        if text is None or self.is_odd(ScimOddity.FILTER_IGNORED):
            return None
        if self.is_odd(ScimOddity.FILTER_REFUSED):
            raise ScimRefusal(400, "invalidFilter", "Filters are not supported")
        terms = read_filter(text)
        return (Term("id", ""),) if self.is_odd(ScimOddity.FILTER_EMPTY) else terms

    def window(self, request: Request, total: int) -> tuple[int, int]:
        """The first position of a page, from 0, and the largest number of its rows."""
        query = request.query_params
        first = max(1, _number(query.get("startIndex", "1"), "startIndex")) - 1
        count = max(0, _number(query.get("count", str(DEFAULT_COUNT)), "count"))
        if count > _LARGE_COUNT and self.is_odd(ScimOddity.LARGE_COUNT_REFUSED):
            raise invalid_value(f"count must be at most {_LARGE_COUNT}")
        count = min(count, self.page_cap)
        if self.is_odd(ScimOddity.START_IGNORED):
            first = 0
        if first >= total and self.is_odd(ScimOddity.LAST_PAGE_REPEATED):
            first = max(0, total - count)
        return first, count

    async def body(self, request: Request) -> Record:
        """The JSON object of a request."""
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise ScimRefusal(400, "invalidSyntax", "The body is not a JSON object")
        return body

    # ------------------------------------------------------------ answers

    def page(self, rows: list[Json], total: "Json | EllipsisType", first: int) -> Response:
        """A ListResponse of the rows from position ``first``; a ``total`` of ``...`` is left out."""
        answer: Record = {"schemas": [LIST_SCHEMA]}
        if not self.is_odd(ScimOddity.NO_TOTALS):
            if not isinstance(total, EllipsisType):
                answer["totalResults"] = len(rows) if self.is_odd(ScimOddity.TOTAL_OF_PAGE) else total
            answer |= {"startIndex": first + 1, "itemsPerPage": len(rows)}
        return self.json({**answer, "Resources": rows})

    def rows(self, resources: Iterable[Record], request: Request) -> list[Json]:
        """Resources as a list contains them."""
        projection = self.projection(request)
        return [self._versioned(projection.of_resource(resource)) for resource in resources]

    def resource(self, resource: Record, request: Request, status: int = 200) -> Response:
        """One resource; a 304 where the request has its version already."""
        meta = resource["meta"]
        assert isinstance(meta, dict)  # noqa: S101 - every resource has one
        headers = {"Location": str(meta["location"])} if status == 201 else {}
        if not self.is_odd(ScimOddity.NO_ETAGS):
            headers["ETag"] = str(meta["version"])
            if request.method == "GET" and request.headers.get("if-none-match") == headers["ETag"]:
                return Response(status_code=304, headers=headers)
        return self.json(self._versioned(self.projection(request).of_resource(resource)), status, headers)

    def json(self, value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """A JSON answer."""
        media_type = "application/json" if self.is_odd(ScimOddity.PLAIN_JSON) else MEDIA_TYPE
        return json_answer(value, status, headers, media_type)

    def error(self, refusal: ScimRefusal, headers: dict[str, str] | None = None) -> Response:
        """An error body of SCIM, or a web page."""
        status = refusal.status
        if self.is_odd(ScimOddity.HTML_ERRORS):
            return HTMLResponse(_ERROR_PAGE.format(status), status, headers)
        body: Record = {"schemas": [ERROR_SCHEMA], "status": str(status), "detail": str(refusal)}
        if refusal.scim_type:
            body["scimType"] = refusal.scim_type
        return self.json(body, status, headers)

    def _versioned(self, resource: Record) -> Record:
        if self.is_odd(ScimOddity.NO_ETAGS) and isinstance(meta := resource.get("meta"), dict):
            meta.pop("version", None)
        return resource


def base_url(request: Request) -> str:
    """The URL of the surface, as the client addresses it."""
    return f"{str(request.base_url).rstrip('/')}/scim/v2"


def _number(text: str, name: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        raise invalid_value(f"{name} must be a number")
    return int(text)
