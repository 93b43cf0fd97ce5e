"""The REST surface over a simulated account."""

import json
from collections.abc import Awaitable, Callable
from types import EllipsisType
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from walkme_tui.domain.users import Json
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.answers import error_answer, json_answer, request_id
from walkme_tui.simulator.faults import Faults
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.refusals import AccountRefusal, Refused
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.simulator.sign_in import SignInError, TokenIssuer

Call: TypeAlias = Callable[[Request], Awaitable[Response]]

TOKEN_PATH: Final = "/accounts/connect/token"  # noqa: S105 - a path, not a password
DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 1000
LEAN_ROW: Final = ("id", "email", "status")
LEAN_WRITE: Final = ("id", "email", "status", "updatedAt")


class RestSurface:
    """Answers requests that ``app`` has authorized."""

    def __init__(
        self, settings: SimulatorSettings, account: SimulatedAccount, faults: Faults, sign_in: TokenIssuer
    ) -> None:
        self._lean = settings.lean
        self._patch = settings.patch
        self._account = account
        self._faults = faults
        self._sign_in = sign_in

    def application(self) -> Starlette:
        """The endpoints as an ASGI application."""
        one_user: dict[str, Call] = {"GET": self.read, "PUT": self.replace, "DELETE": self.delete}
        if self._patch == "ok":
            one_user["PATCH"] = self.change
        application = Starlette(
            routes=[
                _route(TOKEN_PATH, {"POST": self.token}),
                _route("/users", {"GET": self.list_users, "POST": self.create}),
                _route("/users/{user_id}", one_user),
                _route("/groups", {"GET": self.groups}),
                _route("/groups/{group_id}/users", {"POST": self.join}),
                _route("/groups/{group_id}/users/{user_id}", {"DELETE": self.leave}),
            ],
            exception_handlers={AccountRefusal: _refused, SignInError: _sign_in_refused, HTTPException: _http_error},
        )
        # How WalkMe answers a trailing slash is unknown; a redirect would hide a mistake of the client.
        application.router.redirect_slashes = False
        return application

    async def token(self, request: Request) -> Response:
        """Issue a token."""
        headers = request.headers
        grant = self._sign_in.issue(
            headers.get("authorization", ""), headers.get("content-type", ""), await request.body()
        )
        answer: dict[str, Json | EllipsisType] = {
            "access_token": grant.token,
            "token_type": "Bearer",
            "expires_in": self._sign_in.lifetime_seconds,
            "scope": " ".join(sorted(grant.scopes)),
        }
        answer.update(self._faults.token_fields)
        fields: Record = {name: value for name, value in answer.items() if not isinstance(value, EllipsisType)}
        return json_answer(fields, headers={"Cache-Control": "no-store"})

    async def list_users(self, request: Request) -> Response:
        """A page of the list, or the user with an email as a list."""
        query = request.query_params
        if "email" in query and not self._faults.email_ignored:
            found = self._account.find(query["email"])
            rows: list[Json] = [] if found is None else [self._row(found)]
            return json_answer({"users": rows, "total": len(rows), "page": 1})
        page = _count(query.get("page", "1"), "page", None)
        size = _count(query.get("pageSize", str(DEFAULT_PAGE_SIZE)), "pageSize", MAX_PAGE_SIZE)
        source = page - 1 if page in self._faults.repeated_pages and page > 1 else page
        first = (source - 1) * size
        rows = [self._row(record) for record in self._account.users(first, size)]
        for position, value in self._faults.rows.items():
            if first <= position < first + len(rows):
                rows[position - first] = value
        total = self._faults.listed_total(self._account.total, size)
        self._faults.after_list(self._account)
        known: Record = {} if isinstance(total, EllipsisType) else {"total": total}
        return json_answer({"users": rows, **known, "page": page})

    async def read(self, request: Request) -> Response:
        """One user with all fields."""
        return json_answer(self._account.user(request.path_params["user_id"]))

    async def create(self, request: Request) -> Response:
        """POST a user."""
        return self._written(self._account.create(await _object(request)), 201)

    async def replace(self, request: Request) -> Response:
        """PUT a user."""
        return self._written(self._account.replace(request.path_params["user_id"], await _object(request)))

    async def change(self, request: Request) -> Response:
        """PATCH a user."""
        return self._written(self._account.change(request.path_params["user_id"], await _object(request)))

    async def delete(self, request: Request) -> Response:
        """DELETE a user."""
        self._account.delete(request.path_params["user_id"])
        return Response(status_code=204)

    async def groups(self, request: Request) -> Response:  # noqa: ARG002 - every call takes the request
        """All groups."""
        return json_answer({"groups": list(self._account.groups())})

    async def join(self, request: Request) -> Response:
        """Add a member."""
        group_id = request.path_params["group_id"]
        user_id = (await _object(request)).get("userId")
        if not isinstance(user_id, str):
            raise Refused("userId", "userId must be a string")
        self._account.join(group_id, user_id)
        return json_answer({"groupId": group_id, "userId": user_id})

    async def leave(self, request: Request) -> Response:
        """Remove a member."""
        self._account.leave(request.path_params["group_id"], request.path_params["user_id"])
        return Response(status_code=204)

    def _row(self, record: Record) -> Record:
        return {name: record[name] for name in LEAN_ROW} if self._lean else record

    def _written(self, record: Record, status: int = 200) -> Response:
        return json_answer({name: record[name] for name in LEAN_WRITE} if self._lean else record, status)


def _route(path: str, calls: dict[str, Call]) -> Route:
    """One route for each path, so that a 405 lists all methods."""

    async def answer(request: Request) -> Response:
        return await calls["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answer, methods=list(calls))


def _count(text: str, name: str, most: int | None) -> int:
    """A query parameter from 1 to ``most``; ``Refused``."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
    if number < 1 or (most is not None and number > most):
        raise Refused(name, f"{name} must be a number from 1{'' if most is None else f' to {most}'}")
    return number


async def _object(request: Request) -> dict[str, Json]:
    """The body's JSON object; ``Refused``."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Refused("body", "The body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused("body", "The body is not a JSON object")
    return body


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, AccountRefusal)  # noqa: S101 - registered for this type
    return error_answer(request_id(request), error.status, error.code, str(error), field=error.field)


async def _sign_in_refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - the framework's signature
    assert isinstance(error, SignInError)  # noqa: S101 - registered for this type
    headers = {"WWW-Authenticate": 'Basic realm="WalkMe"'} if error.status == 401 else None
    return json_answer({"error": error.code, "error_description": str(error)}, error.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    headers = dict(error.headers) if error.headers else None
    code = "method_not_allowed" if error.status_code == 405 else "not_found"
    return error_answer(request_id(request), error.status_code, code, error.detail, headers=headers)
