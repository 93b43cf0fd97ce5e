"""The SCIM surface over a simulated account: sign-in, routes and errors."""

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from walkme_tui.domain.users import Json
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.faults import Faults
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.refusals import AccountRefusal, EmailTaken
from walkme_tui.simulator.scim import documents
from walkme_tui.simulator.scim.dialect import Dialect, base_url
from walkme_tui.simulator.scim.errors import ScimRefusal
from walkme_tui.simulator.scim.group_calls import GroupCalls
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.scim.user_calls import UserCalls
from walkme_tui.simulator.settings import SimulatorSettings

Call: TypeAlias = Callable[[Request], Awaitable[Response]]


class ScimSurface:
    """Answers SCIM requests; the set ``odd`` and ``token`` may be changed at any time."""

    def __init__(self, settings: SimulatorSettings, account: SimulatedAccount, faults: Faults) -> None:
        self.token = settings.scim_token
        self._username = settings.scim_username
        self._dialect = Dialect(settings.scim_odd, settings.scim_page_cap)
        self.odd = self._dialect.odd
        self._application = self._make_application(
            UserCalls(account, self._dialect, faults), GroupCalls(account, self._dialect)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(Headers(scope=scope))
        await (refusal or self._application)(scope, receive, send)

    def _make_application(self, users: UserCalls, groups: GroupCalls) -> Starlette:
        routes: dict[str, dict[str, Call]] = {
            "/ServiceProviderConfig": {"GET": self.service_provider_config},
            "/ResourceTypes": {"GET": self.resource_types},
            "/ResourceTypes/{name}": {"GET": self.resource_types},
            "/Schemas": {"GET": self.schemas},
            "/Schemas/{name}": {"GET": self.schemas},
            "/Users": {"GET": users.list_all, "POST": users.create},
            "/Users/{user_id}": {
                "GET": users.read,
                "PUT": users.replace,
                "PATCH": users.change,
                "DELETE": users.delete,
            },
            "/Groups": {"GET": groups.list_all, "POST": groups.create},
            "/Groups/{group_id}": {
                "GET": groups.read,
                "PUT": groups.replace,
                "PATCH": groups.change,
                "DELETE": groups.delete,
            },
            "/.search": {"POST": self.not_supported},
            "/Bulk": {"POST": self.not_supported},
        }
        application = Starlette(
            routes=[self._route(path, calls) for path, calls in routes.items()],
            exception_handlers={
                ScimRefusal: self._scim_refused,
                AccountRefusal: self._account_refused,
                HTTPException: self._http_error,
            },
        )
        # Servers differ in what they answer to a trailing slash; a redirect would hide a mistake of the client.
        application.router.redirect_slashes = False
        return application

    def _route(self, path: str, calls: dict[str, Call]) -> Route:
        """One route for each path, so that a 405 lists all methods."""

        async def answer(request: Request) -> Response:
            self._dialect.check_method(request.method)
            return await calls["GET" if request.method == "HEAD" else request.method](request)

        return Route(f"/scim/v2{path}", answer, methods=list(calls))

    async def service_provider_config(self, request: Request) -> Response:
        """What this surface supports."""
        self._check_discovery()
        config = documents.service_provider_config(
            base_url(request),
            patch=not self.odd & {ScimOddity.PATCH_405, ScimOddity.PATCH_501},
            filters=ScimOddity.FILTER_REFUSED not in self.odd,
            etags=ScimOddity.NO_ETAGS not in self.odd,
            most_rows=self._dialect.page_cap,
        )
        return self._dialect.json(config)

    async def resource_types(self, request: Request) -> Response:
        """All resource types, or one of them by name."""
        return self._documents(documents.resource_types(base_url(request)), request)

    async def schemas(self, request: Request) -> Response:
        """All schemas, or one of them by its URN."""
        fixed = ScimOddity.GROUP_NAME_FIXED in self.odd
        return self._documents(documents.schemas(base_url(request), group_name_fixed=fixed), request)

    async def not_supported(self, request: Request) -> Response:  # noqa: ARG002 - every call takes the request
        """A part of SCIM that this surface lacks."""
        raise HTTPException(501)

    def _documents(self, listed: list[Record], request: Request) -> Response:
        self._check_discovery()
        name = request.path_params.get("name")
        if name is None:
            return self._dialect.page(list[Json](listed), len(listed), 0)
        for document in listed:
            if document["id"] == name:
                return self._dialect.json(document)
        raise HTTPException(404)

    def _check_discovery(self) -> None:
        if ScimOddity.NO_DISCOVERY in self.odd:
            raise HTTPException(404)

    # ------------------------------------------------------------ refusals

    def _refusal(self, headers: Headers) -> Response | None:
        """The refusal of a request without valid credentials, or with a content type that is not read."""
        if not self._signed_in(headers.get("authorization", "")):
            error = ScimRefusal(401, "", "The token is missing or wrong")
            return self._dialect.error(error, {"WWW-Authenticate": 'Bearer realm="SCIM"'})
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in self._dialect.media_types():
            return self._dialect.error(ScimRefusal(415, "", f"{content_type} is not supported"))
        return None

    def _signed_in(self, authorization: str) -> bool:
        scheme, _, credentials = authorization.partition(" ")
        given, known = credentials.strip().encode(), self.token.encode()
        if scheme.lower() == "basic":
            known = f"{self._username}:{self.token}".encode()
            try:
                given = b64decode(given, validate=True)
            except NotBase64:
                return False
        elif scheme.lower() != "bearer":
            return False
        return secrets.compare_digest(given, known)

    async def _scim_refused(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, ScimRefusal)  # noqa: S101 - registered for this type
        return self._dialect.error(error)

    async def _account_refused(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, AccountRefusal)  # noqa: S101 - registered for this type
        scim_type = {409: "uniqueness", 400: "invalidValue"}.get(error.status, "")
        message = "A user with this userName exists already" if isinstance(error, EmailTaken) else str(error)
        return self._dialect.error(ScimRefusal(error.status, scim_type, message))

    async def _http_error(self, request: Request, error: Exception) -> Response:  # noqa: ARG002
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
        headers = dict(error.headers) if error.headers else None
        return self._dialect.error(ScimRefusal(error.status_code, "", error.detail), headers)
