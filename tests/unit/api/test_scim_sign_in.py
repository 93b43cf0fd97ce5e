"""The SCIM credential: a token or HTTP Basic, sent to its own server alone, read again after a refusal, never shown."""

import asyncio
import base64
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api_sessions import QUICK, rest_directory
from tests.support.scim_desk import Call, ScimDesk, resources, scim
from tests.support.tcp import Received, asgi_server, scripted_server
from walkme_tui.api.auth import REFUSAL_KEPT_SECONDS
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.api.scim.sign_in import FixedSignIn
from walkme_tui.domain.errors import (
    ConfigurationError,
    NotFound,
    SecretUnavailable,
    SignInRefused,
    UnexpectedAnswer,
    WalkmeError,
)
from walkme_tui.domain.secrets import Secret


class Source:
    """A source of secrets, which are read in order; the last one is repeated."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = list(secrets)
        self.read = 0

    def __call__(self) -> Secret:
        self.read += 1
        return Secret(self.secrets.pop(0) if len(self.secrets) > 1 else self.secrets[0])


def accepts(*tokens: str) -> Callable[[Call], Any]:
    """A list of users for these tokens, else 401."""
    return lambda call: resources() if call.headers["authorization"][7:] in tokens else scim({}, 401)


async def test_a_user_name_makes_it_basic() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources())
    async with desk.directory(username="okta", read_secret=lambda: Secret("pass:wörd")) as api:
        await api.list_users(1, 10)
    scheme, _, pair = desk.calls[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "okta:pass:wörd")


async def test_a_rotated_token_is_read_again_and_the_call_repeated_once() -> None:
    desk, source = ScimDesk(), Source("old", "new")
    desk.on("GET /Users", accepts("new"))
    async with desk.directory(read_secret=source) as api:
        await asyncio.gather(*(api.list_users(1, 10) for _ in range(5)))
    assert source.read == 2
    assert sum(call.headers["authorization"] == "Bearer old" for call in desk.calls) <= 5


async def test_a_refused_token_that_did_not_change_is_not_sent_again() -> None:
    desk, source = ScimDesk(), Source("old")
    desk.on("GET /Users", scim({"detail": "Unauthorized"}, 401))
    async with desk.directory(read_secret=source) as api:
        with pytest.raises(SignInRefused, match=r"desk\.test does not accept") as caught:
            await api.list_users(1, 10)
        with pytest.raises(SignInRefused, match=r"desk\.test does not accept"):
            await api.get_user("u1")
        assert "rotated" in caught.value.hint
        assert "SSO is off" in caught.value.hint
        assert "the variable ACME_SCIM" in caught.value.hint
        assert len(desk.calls) == 1
        desk.on("GET /Users", resources())
        api.forget_sign_in()
        await api.list_users(1, 10)


async def test_a_refused_token_is_tried_again_after_a_while() -> None:
    now = 0.0
    source = Source("old")
    sign_in = FixedSignIn(ScimSettings("acme", "http://desk.test", source, "a test"), clock=lambda: now)
    token = await sign_in.token()
    sign_in.reject(token, SignInRefused("No."))
    for _ in range(2):
        with pytest.raises(SignInRefused, match="No"):
            await sign_in.token()
        now += REFUSAL_KEPT_SECONDS - 0.1
    now += 0.1
    assert (await sign_in.token()).header == "Bearer old"
    assert source.read == 3


@pytest.mark.parametrize("secret", ["", "a b", "a\nb", "tökén"])
async def test_a_token_that_cannot_be_sent_is_not(secret: str) -> None:
    desk = ScimDesk()
    async with desk.directory(read_secret=lambda: Secret(secret)) as api:
        with pytest.raises(SignInRefused, match="SCIM token"):
            await api.sign_in()
    assert desk.calls == []


async def test_a_source_that_fails_is_named() -> None:
    def fail() -> Secret:
        raise SecretUnavailable("The variable ACME_SCIM is empty.")

    async with ScimDesk().directory(read_secret=fail) as api:
        with pytest.raises(SignInRefused, match="ACME_SCIM is empty"):
            await api.list_users(1, 10)


def test_settings_that_cannot_be_used_are_refused() -> None:
    for settings in (
        ScimSettings("acme", "http://desk.test", lambda: Secret("x"), "a test", username="a:b"),
        ScimSettings("acme", "http://[", lambda: Secret("x"), "a test"),
    ):
        with pytest.raises(ConfigurationError):
            ScimDirectory(settings)


# ------------------------------------------------------------ secrets


@pytest.mark.parametrize("username", ["", "okta"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
async def test_the_secret_is_nowhere_to_be_seen(status: int, username: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    desk = ScimDesk()
    secret = "t0psecret-value"
    pair = base64.b64encode(f"okta:{secret}".encode()).decode()

    def echo(call: Call) -> Any:
        return scim({"detail": f"bad: {secret} {pair} {call.headers['authorization']}"}, status)

    desk.on("GET /Users", echo)
    desk.on("GET /Groups", echo)
    seen: list[str] = []
    async with desk.directory(read_secret=lambda: Secret(secret), username=username) as api:
        for call in (api.list_users(1, 10), api.list_groups()):
            try:
                await call
            except WalkmeError as error:
                seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
        seen += map(repr, api.request_log())
        seen += [repr(vars(api)), repr(api._credential.__dict__)]
    for text in (*seen, caplog.text):
        assert secret not in text
        assert pair not in text


async def test_a_redirect_is_not_followed() -> None:
    async def redirect(request: Received, writer: asyncio.StreamWriter) -> None:
        place = f"Location: {elsewhere.url}/Users\r\nContent-Length: 0\r\n\r\n"
        writer.write(f"HTTP/1.1 {302 if request.number % 2 else 308} Found\r\n{place}".encode())
        await writer.drain()

    async def steal(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with scripted_server(steal) as elsewhere, scripted_server(redirect) as server:
        settings = ScimSettings("acme", server.url, lambda: Secret("t0psecret"), "a test")
        api = ScimDirectory(settings, policy=QUICK)
        for call in (api.list_users(1, 10), api.get_user("u1"), api.add_member("g1", "u1")):
            with pytest.raises(WalkmeError):
                await call
        with pytest.raises(UnexpectedAnswer, match="redirects to"):
            await api.list_users(1, 10)
        await api.aclose()
    assert server.received
    assert elsewhere.received == []


async def test_the_two_surfaces_never_send_the_credential_of_the_other() -> None:
    headers: list[tuple[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"].decode()
        named = dict(scope["headers"])
        headers.append((scope["path"], f"{named.get(b'authorization', b'').decode()} {body}"))
        token = b'{"access_token":"rest-token","expires_in":60}' if scope["path"].endswith("token") else b"{}"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": token})

    with asgi_server(app) as url:
        scim_api = ScimDirectory(ScimSettings("acme", url, lambda: Secret("scim-token"), "a test"), policy=QUICK)
        async with rest_directory(url) as rest_api:
            for call in (scim_api.list_users(1, 10), rest_api.list_users(1, 10), scim_api.get_user("u1")):
                with pytest.raises((UnexpectedAnswer, NotFound)):
                    await call
        await scim_api.aclose()
    for path, sent in headers:
        assert ("scim-token" in sent) == path.startswith("/Users")
        assert not path.startswith("/Users") or "client" not in sent
