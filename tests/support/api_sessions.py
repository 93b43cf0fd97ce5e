"""REST clients for tests, against a server or an in-process function, with short retries."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from walkme_tui.api.in_process import InProcessTransport
from walkme_tui.api.pacing import Pacer
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.transport import Deadlines
from walkme_tui.domain.secrets import Secret

SECRET = "s3cret-value"
QUICK = RetryPolicy(base_seconds=0.002, longest_seconds=0.01)
Answers = tuple[int, list[tuple[bytes, bytes]], bytes]


@asynccontextmanager
async def rest_directory(
    url: str,
    *,
    ca_bundle: Path | None = None,
    deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
    policy: RetryPolicy = QUICK,
    pacer: Pacer | None = None,
    **settings: Any,
) -> AsyncIterator[RestDirectory]:
    """A client against a server, closed at the end; ``settings`` go to ``RestSettings``."""
    directory = RestDirectory(
        _settings(base_url=url, ca_bundle=ca_bundle, **settings), deadlines=deadlines, policy=policy, pacer=pacer
    )
    try:
        yield directory
    finally:
        await directory.aclose()


class InProcessServer:
    """An in-process server: ``on`` sets the answer for a path, ``requests`` has all requests.

    The token call answers ``token-1``, ``token-2`` and so on unless ``on`` says otherwise.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.tokens = 0
        self.token_fields: dict[str, Any] = {"expires_in": 3600, "scope": "users:read users:write"}
        self._answers: dict[str, Callable[[str, dict[str, str]], Awaitable[Answers] | Answers]] = {
            "/accounts/connect/token": self._grant,
            "/users": lambda target, headers: answer({"users": [], "total": 0, "page": 1}),
            "/groups": lambda target, headers: answer({"groups": []}),
        }

    def on(self, path: str, reply: Callable[[str, dict[str, str]], Awaitable[Answers] | Answers] | Answers) -> None:
        """Answer requests for this path with a value, or with the result of a function of target and headers."""
        self._answers[path] = reply if callable(reply) else lambda target, headers: reply

    def asked(self, path: str) -> list[tuple[str, str, dict[str, str], bytes]]:
        """The requests for this path so far."""
        return [request for request in self.requests if request[1].partition("?")[0] == path]

    async def handle(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answers:
        """One request."""
        plain = {name.decode().lower(): value.decode() for name, value in headers}
        self.requests.append((method, target, plain, body))
        path = target.partition("?")[0]
        reply = self._answers.get(path)
        result = reply(target, plain) if reply is not None else answer({"message": "no such path"}, 404)
        return await result if isinstance(result, Awaitable) else result

    @asynccontextmanager
    async def directory(
        self, *, policy: RetryPolicy = QUICK, pacer: Pacer | None = None, **settings: Any
    ) -> AsyncIterator[RestDirectory]:
        """A client of this account, closed at the end."""
        transport = InProcessTransport(self.handle)
        directory = RestDirectory(
            _settings(**{"base_url": "http://desk.test", **settings}), transport=transport, policy=policy, pacer=pacer
        )
        try:
            yield directory
        finally:
            await directory.aclose()

    def _grant(self, target: str, headers: dict[str, str]) -> Answers:
        self.tokens += 1
        return answer({"access_token": f"token-{self.tokens}", "token_type": "Bearer", **self.token_fields})


def answer(value: Any, status: int = 200, **headers: str) -> Answers:
    """A JSON answer; header names with ``_`` for ``-``."""
    fields = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return status, [(b"content-type", b"application/json"), *fields], json.dumps(value).encode()


def _settings(**settings: Any) -> RestSettings:
    known: dict[str, Any] = {"profile": "acme", "client_id": "client", "read_secret": lambda: Secret(SECRET)}
    known |= {"secret_source": "the variable ACME_SECRET", "max_requests_per_second": 1000, "max_in_flight": 50}
    return RestSettings(**(known | settings))
