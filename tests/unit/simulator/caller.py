"""A client of a simulator for tests: it signs in, and sends and receives JSON."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

NOW_MS = 1_760_000_000_000
TOKEN = "/accounts/connect/token"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "demo", "client_secret": "demo"}


@dataclass(frozen=True)
class Answered:
    """An answer, with its body decoded from JSON, or as text, or None."""

    status: int
    body: Any
    headers: httpx.Headers


class Clock:
    """A clock in seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """Sends requests to a simulator with these settings; ``clock`` is that of its tokens and its rate limit."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.clock = Clock()
        self.app: Simulator = Simulator(settings, monotonic=self.clock)
        self._token = ""

    async def send(self, method: str, target: str, headers: dict[str, str], content: bytes = b"") -> Answered:
        """One request without sign-in."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            answer = await client.request(method, target, headers=headers, content=content)
        is_json = "json" in answer.headers.get("content-type", "")
        body = json.loads(answer.content) if is_json else answer.text or None
        return Answered(answer.status_code, body, answer.headers)

    async def token(self, form: dict[str, str] | None = None, basic: str | None = None) -> Answered:
        """The token request."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic is not None:
            headers["Authorization"] = "Basic " + b64encode(basic.encode()).decode()
        return await self.send("POST", TOKEN, headers, urlencode(CREDENTIALS if form is None else form).encode())

    async def call(self, method: str, target: str, body: Any = None) -> Answered:
        """A request with a token, which is requested once."""
        if not self._token:
            self._token = (await self.token()).body["access_token"]
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is None:
            return await self.send(method, target, headers)
        return await self.send(
            method, target, {**headers, "Content-Type": "application/json"}, json.dumps(body).encode()
        )

    async def scim(self, method: str, target: str, body: Any = None, **headers: str) -> Answered:
        """A SCIM request with the token; ``target`` is below the base URL of the surface."""
        sent = {"Authorization": "Bearer demo"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None:
            return await self.send(method, f"/scim/v2{target}", sent)
        sent.setdefault("Content-Type", "application/scim+json")
        return await self.send(method, f"/scim/v2{target}", sent, json.dumps(body).encode())

    async def scim_get(self, target: str) -> Any:
        """The body of a SCIM GET request; AssertionError unless it succeeds."""
        answered = await self.scim("GET", target)
        assert answered.status == 200, answered
        return answered.body

    async def get(self, target: str) -> Any:
        """The body of a GET request; AssertionError unless it succeeds."""
        answered = await self.call("GET", target)
        assert answered.status == 200, answered
        return answered.body


def patch_body(*operations: Any) -> Any:
    """The body of a SCIM PATCH with these operations."""
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


def small(**changes: Any) -> SimulatorSettings:
    """Settings of a small account at a fixed time."""
    return SimulatorSettings(**{"users": 250, "now_ms": NOW_MS, **changes})
