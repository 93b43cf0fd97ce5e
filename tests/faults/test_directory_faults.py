"""Network failures over TCP, and their error messages."""

import asyncio
import gzip
import json
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.api_sessions import rest_directory
from tests.support.tcp import Received, Script, free_port, http_answer, scripted_server
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.transport import Deadlines
from walkme_tui.domain.errors import (
    ApiError,
    ConfigurationError,
    NotFound,
    RateLimited,
    RequestRejected,
    ServerFault,
    SignInRefused,
    TlsRefused,
    UnexpectedAnswer,
    Unreachable,
)
from walkme_tui.domain.users import User, UserPage

TOKEN = http_answer(json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}))
EMPTY_LIST = http_answer(json.dumps({"users": [], "total": 0, "page": 1}))
SHORT = Deadlines(connect_seconds=2, read_seconds=0.15, write_seconds=2, total_seconds=2)
ONCE = RetryPolicy(attempts=1, connection_attempts=1, timeout_attempts=1)


def after_token(*answers: bytes | Script) -> Script:
    """Grant tokens, and answer other requests with these answers in order; the last one is repeated."""
    waiting = list(answers)

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.target == "/accounts/connect/token":
            writer.write(TOKEN)
            return
        current = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(current, bytes):
            writer.write(current)
        else:
            await current(request, writer)

    return script


async def list_from(script: Script, **settings: Any) -> UserPage:
    """Ask a server with this script for the first page."""
    async with scripted_server(script) as server, rest_directory(server.url, **settings) as api:
        return await api.list_users(1, 100)


async def error_from(kind: type[ApiError], script: Script, **settings: Any) -> ApiError:
    """The error of a request for the first page."""
    with pytest.raises(kind) as caught:
        await list_from(script, **settings)
    assert type(caught.value) is kind or kind is UnexpectedAnswer
    assert caught.value.message[0].isalnum()
    assert caught.value.message.endswith(".")
    return caught.value


# ---------------------------------------------------------------- no connection


async def test_a_refused_connection_is_reported_with_host_and_port() -> None:
    port = free_port()
    async with rest_directory(f"http://127.0.0.1:{port}") as api:
        with pytest.raises(Unreachable, match=rf"127\.0\.0\.1:{port} refused the connection\.") as caught:
            await api.list_users(1, 100)
        assert [record.outcome for record in api.request_log()] == ["connection refused"] * 2
        assert [record.status for record in api.request_log()] == [None, None]
    assert "VPN" in caught.value.hint


async def test_an_unresolvable_host_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **more: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with rest_directory("https://no-such-host.invalid") as api:
        with pytest.raises(Unreachable, match=r"The name no-such-host\.invalid cannot be resolved\."):
            await api.list_users(1, 100)


async def test_calls_succeed_after_the_server_is_back() -> None:
    port = free_port()
    async with rest_directory(f"http://127.0.0.1:{port}", policy=ONCE) as api:
        with pytest.raises(Unreachable):
            await api.list_groups()
        async with scripted_server(after_token(http_answer('{"groups": []}')), port=port):
            assert await api.list_groups() == ()


# ---------------------------------------------------------------- broken connections


async def reset(request: Received, writer: asyncio.StreamWriter) -> None:
    """Reset the connection before the answer."""
    _abort(writer)


async def reset_in_the_body(request: Received, writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of the body."""
    writer.write(EMPTY_LIST[:-5])
    await writer.drain()
    await asyncio.sleep(0.02)
    _abort(writer)


async def close_in_the_body(request: Received, writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of the body."""
    writer.write(EMPTY_LIST[:-5])
    writer.close()


async def close_in_a_chunk(request: Received, writer: asyncio.StreamWriter) -> None:
    """Close the connection in the middle of a chunked body."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{")
    writer.close()


async def close_without_length(request: Received, writer: asyncio.StreamWriter) -> None:
    """Truncate a body that ends with the connection."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"users": [')
    writer.close()


async def cut_gzip(request: Received, writer: asyncio.StreamWriter) -> None:
    """Truncate a compressed body, with a matching length."""
    writer.write(http_answer(gzip.compress(b'{"users": [], "total": 0}')[:-9], headers=[("Content-Encoding", "gzip")]))


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        (reset, Unreachable, "broke the connection"),
        (reset_in_the_body, Unreachable, "broke the connection"),
        (close_in_the_body, UnexpectedAnswer, "was cut short"),
        (close_in_a_chunk, UnexpectedAnswer, "was cut short"),
        (close_without_length, UnexpectedAnswer, "broken or cut JSON"),
        (cut_gzip, UnexpectedAnswer, "was cut short"),
    ],
)
async def test_a_truncated_answer_is_requested_again_and_reported_if_it_persists(
    trouble: Script, kind: type[ApiError], words: str
) -> None:
    assert (await list_from(after_token(trouble, trouble, EMPTY_LIST))).total == 0
    assert words in (await error_from(kind, after_token(trouble))).message


async def test_a_connection_closed_while_idle_is_opened_again() -> None:
    async def last_answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(EMPTY_LIST)
        await writer.drain()
        writer.close()

    async with scripted_server(after_token(last_answer)) as server, rest_directory(server.url) as api:
        for _ in range(3):
            await api.list_users(1, 100)


# ---------------------------------------------------------------- deadlines


async def silence(request: Received, writer: asyncio.StreamWriter) -> None:
    """Send nothing."""
    await asyncio.sleep(30)


def trickle(head: bytes, piece: bytes, seconds: float) -> Script:
    """Send a head and then endless small pieces, each within the deadline of a single read."""

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(seconds)

    return script


async def test_a_silent_server_is_reported_with_the_deadline() -> None:
    error = await error_from(Unreachable, after_token(silence), deadlines=SHORT)
    assert "sent nothing for 0.15 s" in error.message


@pytest.mark.parametrize(
    "script",
    [
        trickle(b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n", 0.02),
        trickle(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ", 0.02),
    ],
    ids=["headers", "body"],
)
async def test_a_slow_server_exceeds_the_total_deadline_and_not_that_of_a_read(script: Script) -> None:
    deadlines = Deadlines(connect_seconds=2, read_seconds=1, write_seconds=2, total_seconds=0.25)
    error = await error_from(Unreachable, after_token(script), deadlines=deadlines)
    assert "did not complete its answer within 0.25 s" in error.message


async def test_a_hanging_call_blocks_neither_other_calls_nor_closing() -> None:
    def by_path(request: Received) -> bytes | None:
        return http_answer('{"groups": []}') if request.target == "/groups" else None

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        known = by_path(request)
        await (silence(request, writer) if known is None else _write(writer, known))

    async with scripted_server(after_token(script)) as server, rest_directory(server.url) as api:
        hanging = asyncio.create_task(api.list_users(1, 100))
        assert await api.list_groups() == ()
        assert api.traffic().in_flight == 1
        await api.aclose()
        with pytest.raises(Unreachable, match="was closed"):
            await hanging


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)


async def test_a_cancelled_call_frees_its_place_in_flight() -> None:
    async with (
        scripted_server(after_token(silence, EMPTY_LIST)) as server,
        rest_directory(server.url, max_in_flight=1) as api,
    ):
        hanging = asyncio.create_task(api.list_users(1, 100))
        while not server.asked("/users"):  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.005)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert (await api.list_users(1, 100)).total == 0


# ---------------------------------------------------------------- large bodies


async def test_an_endless_body_is_read_up_to_the_limit() -> None:
    flood = trickle(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" " * 4_000_000, 0)
    error = await error_from(UnexpectedAnswer, after_token(flood))
    assert "larger than 32 MiB" in error.message


async def test_a_gzip_bomb_is_read_up_to_the_limit() -> None:
    bomb = gzip.compress(b" " * 200_000_000, compresslevel=6)
    assert len(bomb) < 1_000_000
    script = after_token(http_answer(bomb, headers=[("Content-Encoding", "gzip")]))
    error = await error_from(UnexpectedAnswer, script)
    assert "larger than 32 MiB" in error.message


@pytest.mark.parametrize("behind", ["its end", "its head"])
async def test_compressed_data_without_content_counts_towards_the_limit(behind: str) -> None:
    """A gzip stream followed by endless bytes, or one of endless empty blocks."""
    whole = gzip.compress(b'{"users": [], "total": 0}')
    start, more = (whole, b"\0" * 1_000_000) if behind == "its end" else (whole[:10], b"\0\0\0\xff\xff" * 200_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"
    error = await error_from(UnexpectedAnswer, after_token(trickle(head + start, more, 0)))
    assert "larger than 32 MiB" in error.message


async def test_gzip_is_decoded_and_other_encodings_are_reported() -> None:
    body = gzip.compress(b'{"users": [{"id": "a"}], "total": 1, "page": 1}')
    page = await list_from(after_token(http_answer(body, headers=[("Content-Encoding", "gzip")])))
    assert page.rows == (User(id="a"),)
    error = await error_from(UnexpectedAnswer, after_token(http_answer(body, headers=[("Content-Encoding", "br")])))
    assert "compressed" in error.message


# ---------------------------------------------------------------- answers of other servers


def page_of(title: str, status: str = "200 OK") -> bytes:
    body = f"<!doctype html><html><head><title>{title}</title></head><body>…</body></html>"
    return http_answer(body, status, [("Content-Type", "text/html; charset=utf-8")], json=False)


async def test_a_web_page_is_reported_with_its_title() -> None:
    error = await error_from(UnexpectedAnswer, after_token(page_of("Sign in\x1b[31m – Zscaler")))
    assert "a web page (text/html, “Sign in␛[31m – Zscaler”)" in error.message
    assert "proxy or VPN" in error.hint


async def test_a_web_page_in_place_of_a_token_is_reported() -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(page_of("Welcome"))

    assert "“Welcome”" in (await error_from(UnexpectedAnswer, script)).message


async def test_a_redirect_is_never_followed() -> None:
    redirect = http_answer(status="302 Found", headers=[("Location", "https://login.example.org/sso?x=1")])
    async with scripted_server(after_token(redirect)) as server, rest_directory(server.url) as api:
        with pytest.raises(UnexpectedAnswer, match=r"redirects to login\.example\.org \(302\)"):
            await api.list_users(1, 100)
        assert len(server.received) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "an empty body"),
        (b"\xff\xfe\x00garbage", "broken or cut JSON"),
        (b"OK", "broken or cut JSON"),
        (b'{"data": []}', 'without a list of "users"'),
    ],
)
async def test_a_body_that_is_no_list_is_reported(body: bytes, words: str) -> None:
    assert words in (await error_from(UnexpectedAnswer, after_token(http_answer(body)))).message


async def test_an_answer_that_is_not_http_is_reported() -> None:
    error = await error_from(UnexpectedAnswer, after_token(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))
    assert "is not HTTP" in error.message


async def test_a_byte_order_mark_is_ignored_and_invalid_utf8_replaced() -> None:
    body = b'\xef\xbb\xbf{"users": [{"id": "a", "lastName": "\xc7elik"}], "total": 1, "page": 1}'
    page = await list_from(after_token(http_answer(body)))
    assert page.rows == (User(id="a", last_name="\ufffdelik"),)
    assert len(page.warnings) == 1


# ---------------------------------------------------------------- error statuses


@pytest.mark.parametrize(
    ("status", "kind"),
    [("400 Bad Request", RequestRejected), ("404 Not Found", NotFound), ("500 Oops", ServerFault)],
)
async def test_plain_text_errors_are_reported_by_their_status(status: str, kind: type[ApiError]) -> None:
    answer = http_answer("sorry", status, [("Content-Type", "text/plain"), ("X-Request-Id", "r-9")], json=False)
    error = await error_from(kind, after_token(answer))
    assert error.status == int(status[:3])
    assert error.request_id == "r-9"


async def test_several_server_faults_in_a_row_are_retried() -> None:
    faults = [http_answer("", status) for status in ("500 x", "502 x", "503 x")]
    assert (await list_from(after_token(*faults, EMPTY_LIST))).total == 0


def retry_after_values() -> dict[str, Callable[[], str | None]]:
    return {
        "none": lambda: None,
        "seconds": lambda: "0",
        "a date": lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=-1), usegmt=True),
        "garbage": lambda: "when it is cooler",
    }


@pytest.mark.parametrize("name", retry_after_values())
async def test_calls_wait_after_429_and_succeed(name: str) -> None:
    value = retry_after_values()[name]()
    headers = [("Retry-After", value)] if value is not None else []
    refusal = http_answer("{}", "429 Too Many Requests", headers)
    async with scripted_server(after_token(refusal, EMPTY_LIST)) as server, rest_directory(server.url) as api:
        assert (await api.list_users(1, 100)).total == 0
        traffic = api.traffic()
        assert traffic.throttled == 1
        assert traffic.permitted_per_second < 4


async def test_a_persistent_429_is_raised() -> None:
    refusal = http_answer('{"message": "quota"}', "429 Too Many Requests", [("Retry-After", "0")])
    policy = RetryPolicy(attempts=2, base_seconds=0.001)
    error = await error_from(RateLimited, after_token(refusal), policy=policy)
    assert "quota" in error.message


async def test_an_expired_token_is_renewed_once() -> None:
    refusal = http_answer("{}", "401 Unauthorized")
    async with scripted_server(after_token(refusal, EMPTY_LIST)) as server, rest_directory(server.url) as api:
        assert (await api.list_users(1, 100)).total == 0
        assert len(server.asked("/accounts/connect/token")) == 2


async def test_a_token_that_is_never_accepted_is_reported_after_two_requests() -> None:
    refusal = http_answer("Unauthorized", "401 Unauthorized", json=False)
    async with scripted_server(after_token(refusal)) as server, rest_directory(server.url) as api:
        with pytest.raises(SignInRefused, match="profile acme"):
            await api.list_users(1, 100)
        assert len(server.asked("/users")) == 2


async def test_connections_are_reused() -> None:
    peers: set[object] = set()

    async def note(request: Received, writer: asyncio.StreamWriter) -> None:
        peers.add(writer.get_extra_info("peername"))
        writer.write(EMPTY_LIST)

    async with scripted_server(after_token(note)) as server, rest_directory(server.url) as api:
        for _ in range(5):
            await api.list_users(1, 100)
    assert len(peers) == 1


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_an_unknown_authority_is_not_trusted_and_the_message_mentions_ca_bundle(authority: trustme.CA) -> None:
    async with (
        scripted_server(after_token(EMPTY_LIST), tls=server_context(authority, "127.0.0.1")) as server,
        rest_directory(server.url) as api,
    ):
        with pytest.raises(TlsRefused, match="is not trusted: unable to get local issuer") as caught:
            await api.list_users(1, 100)
        assert server.received == []
    assert "ca_bundle of profile acme" in caught.value.hint


async def test_an_authority_from_ca_bundle_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    async with (
        scripted_server(after_token(EMPTY_LIST), tls=server_context(authority, "127.0.0.1")) as server,
        rest_directory(server.url, ca_bundle=bundle) as api,
    ):
        assert (await api.list_users(1, 100)).total == 0


async def test_a_certificate_for_another_name_is_not_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(bundle)
    async with (
        scripted_server(after_token(EMPTY_LIST), tls=server_context(authority, "other.example")) as server,
        rest_directory(server.url, ca_bundle=bundle) as api,
    ):
        with pytest.raises(TlsRefused, match="not valid for"):
            await api.list_users(1, 100)


async def test_a_port_without_tls_is_reported() -> None:
    async def answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(http_answer("{}", "400 Bad Request"))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer_plainly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with rest_directory(f"https://127.0.0.1:{port}") as api:
            with pytest.raises(TlsRefused, match="No TLS connection") as caught:
                await api.list_users(1, 100)
    assert "base_url" in caught.value.hint


async def test_a_ca_bundle_that_cannot_be_used_is_a_configuration_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("not a certificate")
    for path, words in ((tmp_path / "none.pem", "does not exist"), (empty, "contains no readable certificates")):
        with pytest.raises(ConfigurationError, match=words):
            async with rest_directory("https://127.0.0.1", ca_bundle=path):
                pass
