"""Proxies of the environment, over TCP: which calls use them, and the messages of their failures."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import trustme

from tests.support.api_sessions import rest_directory
from tests.support.tcp import Received, ScriptedServer, free_port, http_answer, scripted_server
from tests.support.tunnel_proxy import TunnelProxy, http_proxy, socks_proxy
from walkme_tui.domain.errors import ApiError, TlsRefused, Unreachable

HOST = "account.test"
API = f"https://{HOST}"
OpenProxy = Callable[[int], AbstractAsyncContextManager[TunnelProxy]]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    file = tmp_path / "company.pem"
    authority.cert_pem.write_to_path(file)
    return file


@asynccontextmanager
async def account(authority: trustme.CA) -> AsyncIterator[ScriptedServer]:
    """An account without users, whose certificate is for a name that only the proxy can reach."""

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        body = '{"access_token": "t"}' if request.method == "POST" else '{"users": [], "total": 0, "page": 1}'
        writer.write(http_answer(body))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    async with scripted_server(script, tls=context) as server:
        yield server


async def failure_through(value: str, variable: str, monkeypatch: pytest.MonkeyPatch, bundle: Path) -> ApiError:
    """The error message of a call with this proxy in the environment."""
    monkeypatch.setenv(variable, value)
    async with rest_directory(API, ca_bundle=bundle) as api:
        with pytest.raises(ApiError) as caught:
            await api.list_users(1, 10)
        log = repr(api.request_log())
    assert "hunter2" not in f"{caught.value}{caught.value!r}{log}"
    return caught.value


@pytest.mark.parametrize(
    ("open_proxy", "variable", "url"),
    [
        (http_proxy, "HTTPS_PROXY", "http://{}127.0.0.1:{}"),
        (http_proxy, "all_proxy", "{}127.0.0.1:{}"),
        (socks_proxy, "ALL_PROXY", "socks5://{}127.0.0.1:{}"),
        (socks_proxy, "HTTPS_PROXY", "socks5h://{}127.0.0.1:{}"),
    ],
)
@pytest.mark.parametrize("sign_in", ["", "me:hunter2%21@"])
async def test_calls_go_through_the_proxy(
    authority: trustme.CA, bundle: Path, monkeypatch: pytest.MonkeyPatch,
    open_proxy: OpenProxy, variable: str, url: str, sign_in: str,
) -> None:  # fmt: skip
    # Container tools set this.
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.0/8,::1/128")
    async with account(authority) as server, open_proxy(server.port) as proxy:
        monkeypatch.setenv(variable, url.format(sign_in, proxy.port))
        async with rest_directory(API, ca_bundle=bundle) as api:
            assert (await api.list_users(1, 10)).total == 0
    assert set(proxy.tunnels) == {f"{HOST}:443"}
    if sign_in:
        basic = "Basic " + base64.b64encode(b"me:hunter2!").decode()
        assert set(proxy.sign_ins) == {basic if open_proxy is http_proxy else "me:hunter2!"}
    assert len(server.received) == 2
    assert all("proxy-authorization" not in request.headers for request in server.received)


async def test_addresses_in_no_proxy_are_reached_directly(
    authority: trustme.CA, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with account(authority) as server, http_proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "::1/128,.test")
        async with rest_directory(API, ca_bundle=bundle) as api:
            with pytest.raises(Unreachable, match=r"The name account\.test cannot be resolved"):
                await api.list_users(1, 10)
    assert proxy.tunnels == []


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_an_unreachable_proxy_is_reported_and_not_the_target(
    scheme: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    error = await failure_through(f"{scheme}://me:hunter2@127.0.0.1:{port}", "HTTPS_PROXY", monkeypatch, bundle)
    assert error.message == f"The proxy 127.0.0.1:{port} (HTTPS_PROXY) refused the connection."
    assert "NO_PROXY" in error.hint


async def test_an_unresolvable_proxy_is_reported(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = await failure_through("http://me:hunter2@proxy.invalid", "ALL_PROXY", monkeypatch, bundle)
    assert error.message == "The name of the proxy proxy.invalid:80 (ALL_PROXY) cannot be resolved."


@pytest.mark.parametrize(
    ("refusal", "said", "hint", "tunnels"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ": 407 Proxy Authentication Required.", "sign-in", 1),
        (b"HTTP/1.1 403 hunter\x1b[2J\r\n\r\n", ": 403 hunter␛[2J.", "NO_PROXY", 1),
        (b"HTTP/1.1 503 Later\r\n\r\n", ": 503 Later.", "NO_PROXY", 2),
    ],
)
async def test_a_refusing_proxy_is_reported_with_its_message(
    refusal: bytes, said: str, hint: str, tunnels: int, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with http_proxy(0) as proxy:
        proxy.refusal = refusal
        url = f"http://me:hunter2@127.0.0.1:{proxy.port}"
        error = await failure_through(url, "HTTPS_PROXY", monkeypatch, bundle)
    assert error.message == f"The proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY) made no connection to {HOST}{said}"
    assert hint in error.hint
    assert len(proxy.tunnels) == tunnels


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\xff", b"\x05", b""])
async def test_a_proxy_that_does_not_speak_socks_is_reported(
    answer: bytes, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with socks_proxy(0) as proxy:
        proxy.refusal = answer
        if not answer:
            proxy.refusal = b"\x00" * 5000
        url = f"socks5://me:hunter2@127.0.0.1:{proxy.port}"
        error = await failure_through(url, "ALL_PROXY", monkeypatch, bundle)
    assert isinstance(error, Unreachable)
    assert f"The proxy 127.0.0.1:{proxy.port} (ALL_PROXY) made no connection to {HOST}: " in error.message


async def test_a_proxy_without_tls_is_reported(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with http_proxy(0) as proxy:
        url = f"https://me:hunter2@127.0.0.1:{proxy.port}"
        error = await failure_through(url, "HTTPS_PROXY", monkeypatch, bundle)
    assert f"through the proxy 127.0.0.1:{proxy.port} (HTTPS_PROXY)" in error.message


async def test_the_certificate_behind_a_proxy_is_verified(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with account(authority) as server, http_proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with rest_directory(API) as api:
            with pytest.raises(
                TlsRefused, match=r"through the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\)\) is not trusted"
            ):
                await api.list_users(1, 10)
    assert server.received == []
