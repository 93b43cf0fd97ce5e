"""An in-process SCIM server with scripted answers, and SCIM clients for tests with short retries."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from tests.support.api_sessions import QUICK, SECRET, Answers
from tests.support.unpaced import unpaced
from walkme_tui.api.in_process import InProcessTransport
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.secrets import Secret

BASE = "http://desk.test/scim/v2"
GONE: Any = object()
DONE: Answers = (204, [], b"")


class Call(NamedTuple):
    """One request: ``query`` has the last value of each parameter, ``body`` is its JSON, None for an empty one."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Reply = Answers | Callable[[Call], Answers]


class ScimDesk:
    """``on`` sets the answers to calls such as ``GET /Users``; calls without one are answered with 404."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._replies: dict[str, list[Reply]] = {"GET /Users": [resources()], "GET /Groups": [resources()]}

    def on(self, call: str, *replies: Reply) -> None:
        """Answer these calls with the replies, in order; the last one is repeated."""
        self._replies[call] = list(replies)

    def asked(self, call: str) -> list[Call]:
        """The calls so far, by method and path."""
        return [each for each in self.calls if f"{each.method} {each.path}" == call]

    async def handle(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answers:
        """One request."""
        path, _, query = target.removeprefix("/scim/v2").partition("?")
        plain = {name.decode().lower(): value.decode() for name, value in headers}
        parameters = {name: values[-1] for name, values in parse_qs(query).items()}
        call = Call(method, path, parameters, plain, json.loads(body) if body else None)
        self.calls.append(call)
        waiting = self._replies.get(f"{method} {path}", [scim({"detail": "no such path"}, 404)])
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return reply(call) if callable(reply) else reply

    @asynccontextmanager
    async def directory(self, **settings: Any) -> AsyncIterator[ScimDirectory]:
        """A client of this server, closed at the end; ``settings`` go to ``ScimSettings``."""
        known: dict[str, Any] = {"profile": "acme", "base_url": BASE, "read_secret": lambda: Secret(SECRET)}
        known["secret_source"] = "the variable ACME_SCIM"
        directory = ScimDirectory(
            ScimSettings(**(known | settings)),
            transport=InProcessTransport(self.handle),
            policy=QUICK,
            pacer=unpaced(),
        )
        try:
            yield directory
        finally:
            await directory.aclose()


def scim(value: Any, status: int = 200, **headers: str) -> Answers:
    """An answer of a SCIM server; header names with ``_`` for ``-``."""
    return raw(json.dumps(value).encode(), status, **headers)


def raw(body: bytes, status: int = 200, content_type: str = "application/scim+json", **headers: str) -> Answers:
    """An answer with any body."""
    fields = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return status, [(b"content-type", content_type.encode()), *fields], body


def resources(*rows: Any, **changes: Any) -> Answers:
    """A list of resources, which are all; ``changes`` replace members of the answer, GONE drops them."""
    whole = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": len(rows)}
    whole |= {"itemsPerPage": len(rows), "startIndex": 1, "Resources": list(rows), **changes}
    return scim({name: value for name, value in whole.items() if value is not GONE})


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A usual user; GONE drops a member."""
    whole = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": f"u{number}",
        "userName": f"u{number}@example.com",
        "name": {"givenName": "U", "familyName": str(number)},
        "active": True,
        "groups": [{"value": "g1"}],
        "meta": {"created": "2024-03-12T09:30:00Z", "lastModified": "2024-03-12T09:30:00Z"},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not GONE}


def paged(rows: list[dict[str, Any]], *, cap: int = 1000, **changes: Any) -> Callable[[Call], Answers]:
    """A list that honours ``startIndex`` and ``count``, and sends ``cap`` rows at most."""

    def reply(call: Call) -> Answers:
        first = int(call.query.get("startIndex", "1")) - 1
        part = rows[first : first + min(cap, int(call.query.get("count", "1000")))]
        return resources(*part, **{"totalResults": len(rows), "startIndex": first + 1, **changes})

    return reply
