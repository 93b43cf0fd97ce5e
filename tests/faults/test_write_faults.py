"""Network failures of writes over TCP: resent, raised as failed, or raised with an open outcome."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.api_sessions import SECRET, rest_directory
from tests.support.http_wire import reset as break_off
from tests.support.tcp import Received, Script, free_port, http_answer, scripted_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.transport import Deadlines
from walkme_tui.domain.errors import (
    ApiError,
    Conflict,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    PermissionRefused,
    RateLimited,
    RequestRejected,
    ServerFault,
    ServiceUnavailable,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)

TOKEN = http_answer(json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}))
FINE = http_answer("{}")
SHORT = Deadlines(connect_seconds=2, read_seconds=0.15, write_seconds=2, total_seconds=0.4)
HTML = b"<!doctype html><html><head><title>Welcome</title></head></html>"

Call = Callable[[RestDirectory], Awaitable[object]]
CALLS: dict[str, Call] = {
    "PATCH /users/u1": lambda api: api.patch_user("u1", {"status": "inactive"}),
    "PUT /users/u1": lambda api: api.put_user("u1", {"id": "u1", "status": "inactive"}),
    "POST /groups/g1/users": lambda api: api.add_member("g1", "u1"),
    "POST /users": lambda api: api.create_user({"email": "new@example.com", "first_name": "New"}),
    "DELETE /users/u1": lambda api: api.delete_user("u1"),
    "DELETE /groups/g1/users/u1": lambda api: api.remove_member("g1", "u1"),
}
every_call = pytest.mark.parametrize("name", CALLS)


class Server:
    """A server that grants tokens and answers writes with these answers in order; the last one is repeated."""

    def __init__(self, *answers: bytes | Script) -> None:
        self.waiting = list(answers)
        self.writes: list[Received] = []

    async def __call__(self, request: Received, writer: asyncio.StreamWriter) -> None:
        if request.target == "/accounts/connect/token":
            writer.write(TOKEN)
            return
        self.writes.append(request)
        current = self.waiting.pop(0) if len(self.waiting) > 1 else self.waiting[0]
        if isinstance(current, bytes):
            writer.write(current)
        else:
            await current(request, writer)

    async def meet(self, name: str, deadlines: Deadlines = SHORT) -> ApiError | None:
        """The error of one call, None if it was accepted."""
        async with (
            scripted_server(self) as server,
            rest_directory(server.url, deadlines=deadlines, pacer=unpaced()) as api,
        ):
            return await outcome(api, name)


async def outcome(api: RestDirectory, name: str) -> ApiError | None:
    """The error of a call, or None."""
    try:
        await CALLS[name](api)
    except ApiError as caught:
        error = caught
    else:
        return None
    assert error.message.endswith(".")
    assert SECRET not in str(error)
    return error


# ---------------------------------------------------------------- requests


@every_call
async def test_a_write_is_sent_once_with_its_body_and_the_body_of_the_answer_is_ignored(name: str) -> None:
    server = Server(http_answer('{"id": "u1", "status": "something else"}'))
    assert await server.meet(name) is None
    (request,) = server.writes
    assert f"{request.method} {request.target}" == name
    bodies = {
        "PATCH /users/u1": {"status": "inactive"},
        "PUT /users/u1": {"id": "u1", "status": "inactive"},
        "POST /users": {"email": "new@example.com", "firstName": "New"},
        "POST /groups/g1/users": {"userId": "u1"},
    }
    if request.method == "DELETE":
        assert request.body == b""
    else:
        assert json.loads(request.body) == bodies[name]
        assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer t"


async def test_a_lone_surrogate_is_sent_unchanged() -> None:
    server = Server(FINE)
    whole: dict[str, Any] = {"id": "u1", "note": "\ud83d", "name": "Çelik", "nested": {"a": [1, None, 1.5, True]}}
    async with scripted_server(server) as running, rest_directory(running.url) as api:
        await api.put_user("u1", whole)
    assert json.loads(server.writes[0].body) == whole


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\r\nX: y", "é", "x" * 257])
async def test_an_invalid_id_is_never_sent(bad: str) -> None:
    server = Server(FINE)
    async with scripted_server(server) as running, rest_directory(running.url) as api:
        for call in (
            api.patch_user(bad, {}),
            api.put_user(bad, {}),
            api.delete_user(bad),
            api.add_member("g1", bad),
            api.add_member(bad, "u1"),
            api.remove_member("g1", bad),
            api.remove_member(bad, "u1"),
        ):
            with pytest.raises(NotFound, match="cannot be the id of one"):
                await call
        assert running.received == []


# ---------------------------------------------------------------- accepted


async def cut_in_the_body(request: Received, writer: asyncio.StreamWriter) -> None:
    """A complete head, and half of the body."""
    writer.write(http_answer('{"id": "u1", "status": "inactive"}')[:-10])
    writer.close()


async def reset_in_the_body(request: Received, writer: asyncio.StreamWriter) -> None:
    """A complete head, half of the body, and a reset."""
    writer.write(http_answer('{"id": "u1", "status": "inactive"}')[:-10])
    await writer.drain()
    await asyncio.sleep(0.02)
    break_off(writer)


async def silence_in_the_body(request: Received, writer: asyncio.StreamWriter) -> None:
    """A complete head and half of the body, then silence."""
    writer.write(http_answer('{"id": "u1", "status": "inactive"}')[:-10])
    await writer.drain()
    await asyncio.sleep(5)


ACCEPTED: dict[str, bytes | Script] = {
    "201": http_answer("{}", "201 Created"),
    "202": http_answer("", "202 Accepted"),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "204 with a type": b"HTTP/1.1 204 No Content\r\nContent-Type: text/html\r\n\r\n",
    "empty": http_answer(""),
    "empty object": http_answer("{}"),
    "part of the user": http_answer('{"status": "inactive", "new": 1}'),
    "the membership": http_answer('{"groupId": "g1", "userId": "u1"}'),
}


@pytest.mark.parametrize("answer", ACCEPTED)
async def test_a_2xx_of_the_api_is_accepted(answer: str) -> None:
    server = Server(ACCEPTED[answer])
    name = "POST /groups/g1/users" if answer == "the membership" else "PATCH /users/u1"
    assert await server.meet(name) is None
    assert len(server.writes) == 1


@pytest.mark.parametrize(
    ("body", "new_id"),
    [
        ('{"id": "u1", "email": "new@example.com", "status": "pending"}', "u1"),
        ('{"id": "u1", "email": 5, "later": [1]}', "u1"),
        ('{"email": "new@example.com"}', None),
        ('{"id": 17, "email": "new@example.com"}', None),
        ('{"id": "", "email": "new@example.com"}', None),
        ("{}", None),
        ("", None),
    ],
)
async def test_a_create_returns_the_id_of_the_answer_or_none(body: str, new_id: str | None) -> None:
    server = Server(http_answer(body, "201 Created"))
    async with scripted_server(server) as running, rest_directory(running.url) as api:
        assert await api.create_user({"email": "new@example.com"}) == new_id


# ---------------------------------------------------------------- open outcomes


async def reset_at_once(request: Received, writer: asyncio.StreamWriter) -> None:
    """Reset after the whole request was read."""
    break_off(writer)


async def close_at_once(request: Received, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""
    writer.close()


async def silence(request: Received, writer: asyncio.StreamWriter) -> None:
    """Send nothing."""
    await asyncio.sleep(5)


async def cut_in_the_head(request: Received, writer: asyncio.StreamWriter) -> None:
    """Send half of a head."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    writer.close()


async def drip(request: Received, writer: asyncio.StreamWriter) -> None:
    """Send an endless head, fast enough for the deadline of a read."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: of the same\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


OPEN: dict[str, tuple[bytes | Script, str]] = {
    "reset": (reset_at_once, "broke the connection"),
    "closed": (close_at_once, "closed the connection without an answer"),
    "silent": (silence, "sent nothing for 0.15 s"),
    "dripping head": (drip, "did not complete its answer within 0.4 s"),
    "cut in the head": (cut_in_the_head, "closed the connection without an answer"),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "is not HTTP"),
    "408": (http_answer("", "408 Request Timeout"), "gave up waiting"),
    "500": (http_answer('{"message": "oops"}', "500 Oops"), "failed (500: oops)"),
    "502": (http_answer(HTML, "502 Bad Gateway", json=False), "failed (502: a web page"),
    "503 without Retry-After": (http_answer("", "503 Busy"), "failed (503)"),
    "503 with a Retry-After that is none": (http_answer("", "503 Busy", [("Retry-After", "soon")]), "(503)"),
    "504": (http_answer("", "504 Gateway Timeout"), "failed (504)"),
    "599": (http_answer("", "599 What"), "failed (599)"),
    "302": (http_answer("", "302 Found", [("Location", "https://sso.example.org/")]), "redirects to sso.example.org"),
    "303": (http_answer("", "303 See Other", [("Location", "/")]), "redirects"),
    "a web page": (http_answer(HTML, headers=[("Content-Type", "text/html")], json=False), "a web page"),
    "a web page without a type": (http_answer(HTML, json=False), "a web page (no content type, “Welcome”)"),
    "a web page without a body": (
        http_answer("", headers=[("Content-Type", "text/html")], json=False),
        "an empty body",
    ),
    "text": (http_answer("OK", headers=[("Content-Type", "text/plain")], json=False), "something else (text/plain"),
    "no JSON": (http_answer("OK"), "broken or cut JSON"),
    "a list": (http_answer('[{"id": "u1"}]'), "data of another shape"),
    "null": (http_answer("null"), "data of another shape"),
    "a word": (http_answer('"OK"'), "data of another shape"),
    "another object": (http_answer('{"message": "Sign in to the network."}'), "shape: Sign in to the network"),
    "another encoding": (http_answer("xyz", headers=[("Content-Encoding", "br")]), "could not be read to its end"),
    "broken gzip": (http_answer("xyz", headers=[("Content-Encoding", "gzip")]), "could not be read to its end"),
    "too large": (http_answer(b" " * 5_000_000), "could not be read to its end"),
    "cut in the body": (cut_in_the_body, "could not be read to its end"),
    "reset in the body": (reset_in_the_body, "could not be read to its end"),
    "silent in the body": (silence_in_the_body, "could not be read to its end"),
    "chunks that break off": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "could not be read to its end",
    ),
    "101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "is not HTTP"),
}


@every_call
@pytest.mark.parametrize("trouble", OPEN)
async def test_an_open_outcome_is_raised_and_the_write_not_resent(name: str, trouble: str) -> None:
    answer, words = OPEN[trouble]
    server = Server(answer, FINE)
    error = await server.meet(name)
    assert type(error) is OutcomeUnknown
    assert words in error.message
    assert error.message.endswith("Whether the change was made is unknown.")
    assert isinstance(error.__cause__, ServiceUnavailable)
    assert len(server.writes) == 1


async def test_a_reset_before_the_request_was_read_leaves_the_outcome_open() -> None:
    granted = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if granted.is_set():
            break_off(writer)
            return
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        granted.set()
        writer.write(TOKEN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, rest_directory(f"http://127.0.0.1:{port}") as api:
        assert type(await outcome(api, "PATCH /users/u1")) is OutcomeUnknown
        assert [record.method for record in api.request_log()].count("PATCH") == 1


@every_call
async def test_closing_the_client_during_a_write_leaves_its_outcome_open(name: str) -> None:
    server = Server(silence)
    async with scripted_server(server) as running, rest_directory(running.url) as api:
        call = asyncio.create_task(outcome(api, name))
        while not server.writes:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.005)
        await api.aclose()
        error = await call
    assert type(error) is OutcomeUnknown
    assert "was closed" in error.message


async def test_closing_the_client_before_a_write_was_sent_leaves_no_open_outcome() -> None:
    server = Server(silence)
    async with scripted_server(server) as running, rest_directory(running.url, max_in_flight=1) as api:
        calls = [asyncio.create_task(outcome(api, "PATCH /users/u1")) for _ in range(3)]
        while not server.writes:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.005)
        await api.aclose()
        errors = [type(error) for error in await asyncio.gather(*calls)]
    assert sorted(errors, key=str) == sorted([OutcomeUnknown, Unreachable, Unreachable], key=str)


# ---------------------------------------------------------------- certainly not executed


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@every_call
async def test_a_refused_write_that_was_not_executed_is_resent(name: str, status: str) -> None:
    away = http_answer("", status, [("Retry-After", "0")])
    server = Server(away, away, away, FINE)
    assert await server.meet(name) is None
    assert len(server.writes) == 4
    assert len({request.body for request in server.writes}) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [("429 Too Many Requests", RateLimited), ("503 Service Unavailable", ServerFault)]
)
async def test_a_write_that_is_always_refused_is_raised_as_not_executed(status: str, kind: type[ApiError]) -> None:
    server = Server(http_answer("", status, [("Retry-After", "0")]))
    assert type(await server.meet("PATCH /users/u1")) is kind
    assert len(server.writes) == 4


async def test_a_429_without_retry_after_is_retried() -> None:
    server = Server(http_answer("", "429 Too Many Requests"), FINE)
    assert await server.meet("DELETE /groups/g1/users/u1") is None
    assert len(server.writes) == 2


async def test_a_refused_first_attempt_does_not_hide_the_open_outcome_of_the_second() -> None:
    server = Server(http_answer("", "429 Too Many Requests"), reset_at_once, FINE)
    assert type(await server.meet("PATCH /users/u1")) is OutcomeUnknown
    assert len(server.writes) == 2


@every_call
async def test_a_refused_connection_is_retried_and_raised_as_not_executed(name: str) -> None:
    async with scripted_server(Server(FINE)) as running, rest_directory(running.url) as api:
        await api.sign_in()
        url = running.url
    async with rest_directory(url) as api:
        assert type(await outcome(api, name)) is Unreachable
        assert [record.outcome for record in api.request_log()] == ["connection refused"] * 2


async def test_a_server_that_recovers_in_time_gets_the_write_once() -> None:
    port = free_port()
    server = Server(FINE)
    async with rest_directory(f"http://127.0.0.1:{port}", policy=RetryPolicy(base_seconds=0.3)) as api:
        call = asyncio.create_task(outcome(api, "PATCH /users/u1"))
        while not api.request_log():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)
        async with scripted_server(server, port=port):
            assert await call is None
    assert len(server.writes) == 1


async def test_a_401_is_retried_once_and_then_raised() -> None:
    refused = http_answer("{}", "401 Unauthorized")
    server = Server(refused, FINE)
    assert await server.meet("PUT /users/u1") is None
    assert len(server.writes) == 2
    server = Server(refused)
    assert type(await server.meet("PUT /users/u1")) is SignInRefused
    assert len(server.writes) == 2


@every_call
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad Request", RequestRejected),
        ("404 Not Found", NotFound),
        ("405 Method Not Allowed", MethodRefused),
        ("409 Conflict", Conflict),
        ("413 Too Large", RequestRejected),
        ("422 Unprocessable", RequestRejected),
        ("501 Not Implemented", MethodRefused),
        ("505 HTTP Version Not Supported", ServerFault),
        ("307 Temporary Redirect", UnexpectedAnswer),
        ("308 Permanent Redirect", UnexpectedAnswer),
    ],
)
async def test_a_refusal_is_raised_at_the_first_attempt(name: str, status: str, kind: type[ApiError]) -> None:
    server = Server(http_answer(HTML[:40], status, json=False))
    error = await server.meet(name)
    assert type(error) is kind
    assert error.status == int(status[:3])
    assert len(server.writes) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "409 Conflict", "405 Method Not Allowed"])
async def test_a_refusal_with_a_truncated_body_is_a_refusal(status: str) -> None:
    async def cut(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer('{"message": "No."}', status)[:-5])
        writer.close()

    error = await Server(cut).meet("POST /groups/g1/users")
    assert error is not None
    assert error.status == int(status[:3])
    assert not isinstance(error, OutcomeUnknown)


@every_call
async def test_a_missing_scope_is_raised_for_every_write(name: str) -> None:
    error = await Server(http_answer('{"message": "no"}', "403 Forbidden")).meet(name)
    assert isinstance(error, PermissionRefused)
    assert error.scope == ("users:delete" if name == "DELETE /users/u1" else "users:write")
    assert error.scope in error.hint


# ---------------------------------------------------------------- signing in


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http_answer("", "404 Not Found"), UnexpectedAnswer),
        (http_answer("", "405 Method Not Allowed"), UnexpectedAnswer),
        (http_answer("", "409 Conflict"), UnexpectedAnswer),
        (http_answer("", "501 Not Implemented"), UnexpectedAnswer),
        (http_answer("", "500 Oops"), ServerFault),
        (http_answer(HTML, json=False), UnexpectedAnswer),
        (http_answer("", "401 Unauthorized"), SignInRefused),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", UnexpectedAnswer),
    ],
    ids=["404", "405", "409", "501", "500", "a web page", "401", "cut"],
)
async def test_a_failed_sign_in_leaves_no_open_outcome(answer: bytes, kind: type[ApiError]) -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with scripted_server(script) as running, rest_directory(running.url) as api:
        assert type(await outcome(api, "PATCH /users/u1")) is kind
        assert {request.target for request in running.received} == {"/accounts/connect/token"}


# ---------------------------------------------------------------- stale connections


async def test_a_connection_closed_while_idle_does_not_lose_a_write() -> None:
    async def last_answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(FINE)
        await writer.drain()
        writer.close()

    server = Server(last_answer)
    async with scripted_server(server) as running, rest_directory(running.url) as api:
        for _ in range(5):
            assert await outcome(api, "PATCH /users/u1") is None
            await asyncio.sleep(0.02)
    assert len(server.writes) == 5


async def test_a_port_that_never_accepts_leaves_no_open_outcome() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            deadlines = Deadlines(connect_seconds=0.1, read_seconds=1, write_seconds=1, total_seconds=2)
            async with rest_directory(f"http://127.0.0.1:{address[1]}", deadlines=deadlines) as api:
                error = await outcome(api, "PATCH /users/u1")
        finally:
            for filler in fillers:
                filler.close()
    assert type(error) is Unreachable
    assert "did not accept a connection" in error.message
