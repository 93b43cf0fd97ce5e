"""The simulator as an ASGI application: faults, rate limit and authorization before the REST and SCIM surfaces."""

import asyncio
import random
import time
from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.answers import error_answer
from walkme_tui.simulator.fault_answers import answer_with_fault
from walkme_tui.simulator.faults import Faults
from walkme_tui.simulator.hashing import MASK64, keyed, mix
from walkme_tui.simulator.rest import TOKEN_PATH, RestSurface
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.simulator.sign_in import RateLimit, TokenIssuer

if TYPE_CHECKING:
    from walkme_tui.simulator.scim.surface import ScimSurface

SCIM_PATH: Final = "/scim/v2"
OnAnswer = Callable[[str, str, int, float], None]
"""Called after every answer with method, path with query, status (0 where none was sent) and milliseconds."""


class Simulator:
    """The ASGI application of an account with these settings; all calls come from one event loop.

    ``monotonic`` (seconds) is the clock of tokens and of the rate limit.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        account: SimulatedAccount | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.account = self._scim_account = account or SimulatedAccount(settings)
        if ScimOddity.DIFFERS_FROM_REST in settings.scim_odd:
            from walkme_tui.simulator.two_sides import two_sides

            self.account, self._scim_account = two_sides(settings)
        self.faults = Faults(settings.faults)
        self.sign_in = TokenIssuer(settings, monotonic)
        self.on_answer: OnAnswer | None = None
        self._rate = None if settings.rate_per_s is None else RateLimit(settings.rate_per_s, monotonic)
        self._rest = RestSurface(settings, self.account, self.faults, self.sign_in).application()
        self._numbers = count(keyed(settings.seed, 6))

    @cached_property
    def scim(self) -> "ScimSurface":
        """The SCIM surface, made when it is first used, so that an account without it starts faster."""
        from walkme_tui.simulator.scim.surface import ScimSurface

        return ScimSurface(self.settings, self._scim_account, self.faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other protocols than HTTP are ignored."""
        if scope["type"] != "http":
            return
        request_id = f"sim-{mix(next(self._numbers) & MASK64):016x}"
        scope["walkme.request_id"] = request_id
        status = 0
        started = time.perf_counter()

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        async def serve(receive: Receive, send: Send) -> None:
            refusal = self._refusal(scope, request_id)
            if refusal is not None:
                await refusal(scope, receive, send)
            elif _is_scim(scope):
                await self.scim(scope, receive, send)
            else:
                await self._rest(scope, receive, send)

        try:
            await self._delay()
            fault = self.faults.take(scope["method"], scope["path"])
            if fault is None:
                await serve(receive, send_named)
            else:
                await answer_with_fault(fault, scope, receive, send_named, serve)
        finally:
            if self.on_answer is not None:
                query = scope["query_string"].decode("latin-1")
                target = scope["path"] + (f"?{query}" if query else "")
                self.on_answer(scope["method"], target, status, (time.perf_counter() - started) * 1000)

    async def _delay(self) -> None:
        jitter = random.uniform(0, self.settings.latency_jitter_ms)  # noqa: S311 - nothing secret depends on it
        delay_ms = self.settings.latency_ms + jitter
        if delay_ms > 0:
            await asyncio.sleep(delay_ms / 1000)

    def _refusal(self, scope: Scope, request_id: str) -> Response | None:
        """The refusal of a request (429, 401 or 403), None if it is permitted; the SCIM surface has its own sign-in."""
        if scope["path"] == TOKEN_PATH:
            return None
        if self._rate is not None and not self._rate.permit():
            wait = self.settings.retry_after
            headers = None if wait is None else {"Retry-After": str(wait)}
            return error_answer(request_id, 429, "too_many_requests", "Too many requests", headers=headers)
        if _is_scim(scope):
            return None
        grant = self.sign_in.grant_of(Headers(scope=scope).get("authorization", ""))
        if grant is None:
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return error_answer(
                request_id, 401, "unauthorized", "The token is missing, wrong or expired", headers=headers
            )
        scope_needed = _scope_needed(scope["method"], scope["path"])
        if scope_needed not in grant.scopes:
            headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope_needed}"'}
            return error_answer(request_id, 403, "forbidden", f"The scope {scope_needed} is missing", headers=headers)
        return None


def _is_scim(scope: Scope) -> bool:
    path: str = scope["path"]
    return path == SCIM_PATH or path.startswith(f"{SCIM_PATH}/")


def _scope_needed(method: str, path: str) -> str:
    """The scope of a request; removing a member counts as a change, only deleting a user needs ``users:delete``."""
    if method in {"GET", "HEAD"}:
        return "users:read"
    return "users:delete" if method == "DELETE" and path.startswith("/users/") else "users:write"
