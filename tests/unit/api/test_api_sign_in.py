"""Signing in: all calls share one token, which is renewed before it expires by one request at a time."""

import asyncio
import html
import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_sessions import SECRET, Answers, InProcessServer, answer
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.auth import (
    DEFAULT_LIFETIME_SECONDS,
    LONGEST_LIFETIME_SECONDS,
    REFUSAL_KEPT_SECONDS,
    Grant,
    SignIn,
    plausible_lifetime,
    read_grant,
    token_request,
)
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.errors import (
    ApiError,
    SecretUnavailable,
    ServerFault,
    SignInRefused,
    UnexpectedAnswer,
    Unreachable,
)
from walkme_tui.domain.secrets import Secret


class TokenEndpoint:
    """A token endpoint with numbered tokens; it answers once ``open`` is set, and raises ``error`` if there is one."""

    def __init__(self, lifetime: float = 1000.0) -> None:
        self.asked = 0
        self.lifetime = lifetime
        self.open = asyncio.Event()
        self.open.set()
        self.error: ApiError | None = None
        self.now = 0.0

    async def ask(self) -> Grant:
        """One token call."""
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return Grant(Secret(f"token-{number}"), self.lifetime, frozenset({"users:read"}))

    def sign_in(self) -> SignIn:
        """A sign-in that asks here."""
        return SignIn(self.ask, clock=lambda: self.now)


async def test_concurrent_callers_share_one_token_call() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    sign_in = endpoint.sign_in()
    callers = [asyncio.create_task(sign_in.token()) for _ in range(1000)]
    await asyncio.sleep(0)
    endpoint.open.set()
    tokens = await asyncio.gather(*callers)
    assert endpoint.asked == 1
    assert {id(token) for token in tokens} == {id(tokens[0])}
    assert sign_in.scopes == frozenset({"users:read"})


async def test_cancelling_one_caller_does_not_cancel_the_token_call() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    sign_in = endpoint.sign_in()
    first, second = asyncio.create_task(sign_in.token()), asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    endpoint.open.set()
    assert (await second).access_token.reveal() == "token-1"
    assert first.cancelled()
    assert endpoint.asked == 1


async def test_a_token_whose_callers_were_cancelled_is_kept() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    sign_in = endpoint.sign_in()
    caller = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    caller.cancel()
    endpoint.open.set()
    await asyncio.sleep(0.001)
    await sign_in.token()
    assert endpoint.asked == 1


async def test_a_failure_whose_callers_were_cancelled_is_dropped() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    endpoint.error = ServerFault("broken", status=500)
    sign_in = endpoint.sign_in()
    caller = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    caller.cancel()
    endpoint.open.set()
    await asyncio.sleep(0.001)
    endpoint.error = None
    assert (await sign_in.token()).access_token.reveal() == "token-2"


@pytest.mark.parametrize(("lifetime", "still_good", "renewed"), [(1000.0, 939.0, 941.0), (10.0, 8.9, 9.1)])
async def test_a_token_is_renewed_before_it_expires(lifetime: float, still_good: float, renewed: float) -> None:
    endpoint = TokenEndpoint(lifetime)
    sign_in = endpoint.sign_in()
    first = await sign_in.token()
    endpoint.now = still_good
    assert await sign_in.token() is first
    endpoint.now = renewed
    assert await sign_in.token() is not first


async def test_several_rejections_of_a_token_cause_one_token_call() -> None:
    endpoint = TokenEndpoint()
    sign_in = endpoint.sign_in()
    old = await sign_in.token()
    sign_in.reject(old, SignInRefused("no"))
    new = await sign_in.token()
    sign_in.reject(old, SignInRefused("no"))
    assert await sign_in.token() is new
    assert endpoint.asked == 2


async def test_refused_credentials_are_not_resent_immediately() -> None:
    endpoint = TokenEndpoint()
    endpoint.error = SignInRefused("refused", hint="look there", status=401)
    sign_in = endpoint.sign_in()
    for _ in range(5):
        with pytest.raises(SignInRefused, match="refused look there"):
            await sign_in.token()
    assert endpoint.asked == 1
    endpoint.now += REFUSAL_KEPT_SECONDS + 1
    with pytest.raises(SignInRefused):
        await sign_in.token()
    assert endpoint.asked == 2
    endpoint.error = None
    sign_in.forget()
    assert (await sign_in.token()).access_token.reveal() == "token-3"


async def test_forgetting_during_a_token_call_makes_another_call() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    sign_in = endpoint.sign_in()
    early = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    sign_in.forget()
    late = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    endpoint.open.set()
    assert (await early).access_token.reveal() == "token-1"
    assert (await late).access_token.reveal() == "token-2"
    assert (await sign_in.token()).access_token.reveal() == "token-2"


async def test_closing_cancels_a_token_call() -> None:
    endpoint = TokenEndpoint()
    endpoint.open.clear()
    sign_in = endpoint.sign_in()
    caller = asyncio.create_task(sign_in.token())
    await asyncio.sleep(0)
    await sign_in.aclose()
    with pytest.raises(asyncio.CancelledError):
        await caller


# ---------------------------------------------------------------- the token call


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ({"expires_in": 86400}, 86400.0),
        ({"expires_in": "3600"}, 3600.0),
        ({"expires_in": 0.5}, 0.5),
        ({}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": None}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": -5}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": 0}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": True}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": "soon"}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": "nan"}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": [1]}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": 10**400}, DEFAULT_LIFETIME_SECONDS),
        ({"expires_in": 10**12}, LONGEST_LIFETIME_SECONDS),
    ],
)
def test_the_lifetime_of_a_token_is_clamped(claimed: dict[str, Any], expected: float) -> None:
    assert plausible_lifetime(claimed) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["access_token", "expires_in", "scope", "token_type"]), json_values) | json_values
)
def test_any_token_answer_gives_a_token_or_raises_unexpected_answer(value: Any) -> None:
    body = json.dumps(value).encode()
    try:
        grant = read_grant(ApiAnswer(200, {"content-type": "application/json"}, body, "desk.test"))
    except UnexpectedAnswer:
        return
    assert 0 < grant.lifetime_seconds <= LONGEST_LIFETIME_SECONDS
    assert grant.access_token.reveal().isascii()
    assert not set(grant.access_token.reveal()) & set(" \r\n\0")


def test_the_credentials_go_into_the_form_or_into_the_header() -> None:
    headers, form = token_request("post", "an id", Secret("p&ss"))
    assert "Authorization" not in headers
    assert form == b"grant_type=client_credentials&client_id=an+id&client_secret=p%26ss"
    headers, form = token_request("basic", "id", Secret("secret"))
    assert headers["Authorization"] == "Basic aWQ6c2VjcmV0"
    assert form == b"grant_type=client_credentials"


# ---------------------------------------------------------------- within a client


async def test_a_thousand_calls_with_an_expired_token_share_one_token_call() -> None:
    desk = InProcessServer()

    async def only_the_second_token(target: str, headers: dict[str, str]) -> Answers:
        await asyncio.sleep(0)
        fine = headers["authorization"] == "Bearer token-2"
        return answer({"groups": []}) if fine else answer({"error": "expired"}, 401)

    desk.on("/groups", only_the_second_token)
    async with desk.directory(max_in_flight=1000, max_requests_per_second=1e9) as api:
        await api.list_users(1, 1)
        api._connection.pacer.pace.per_second = 1e9
        api._connection.pacer.pace.in_flight_limit = 1000.0
        await asyncio.gather(*(api.list_groups() for _ in range(1000)))
    assert desk.tokens == 2
    assert 1000 < len(desk.asked("/groups")) <= 2000


async def test_refused_credentials_are_reported_with_profile_and_source_without_the_value() -> None:
    desk = InProcessServer()
    desk.on(
        "/accounts/connect/token", answer({"error": "invalid_client", "error_description": f"{SECRET} is wrong"}, 401)
    )
    async with desk.directory() as api:
        with pytest.raises(SignInRefused) as caught:
            await api.list_groups()
        log = api.request_log()
    assert "acme" in str(caught.value)
    assert "ACME_SECRET" in str(caught.value)
    assert caught.value.status == 401
    assert SECRET not in f"{caught.value}{caught.value!r}{log}"
    assert len(desk.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("secret", ["plain-s3cret", 'quote"d', "s/lash", "p&ss wörd+", "<angle>"])
async def test_an_error_that_repeats_the_secret_is_not_quoted(status: int, secret: str) -> None:
    for echo in (secret, quote_plus(secret), quote(secret), html.escape(secret)):
        desk = InProcessServer()
        desk.on("/accounts/connect/token", answer({"message": f"what was sent: client_secret={echo}"}, status))
        async with desk.directory(read_secret=lambda: Secret(secret), policy=RetryPolicy(attempts=1)) as api:
            with pytest.raises(ApiError) as caught:
                await api.list_groups()
        assert echo not in f"{caught.value}"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_an_error_that_repeats_the_token_is_not_quoted(status: int) -> None:
    desk = InProcessServer()
    desk.on("/groups", lambda target, headers: answer({"error": f"bad {headers['authorization']}"}, status))
    async with desk.directory() as api:
        with pytest.raises(ApiError) as caught:
            await api.list_groups()
    assert "token-" not in f"{caught.value}"


async def test_the_message_of_a_token_call_is_reported() -> None:
    desk = InProcessServer()
    desk.on("/accounts/connect/token", answer({"error": "invalid_client"}, 400, x_request_id="r-1"))
    async with desk.directory() as api:
        with pytest.raises(SignInRefused, match="invalid_client") as caught:
            await api.list_groups()
    assert caught.value.request_id == "r-1"


async def test_an_unreadable_secret_is_a_refused_sign_in_with_its_source() -> None:
    reads = 0

    def read() -> Secret:
        nonlocal reads
        reads += 1
        raise SecretUnavailable("The command pass ended with 1.", hint="Unlock the store.")

    desk = InProcessServer()
    async with desk.directory(read_secret=read) as api:
        with pytest.raises(SignInRefused, match=r"acme.*The command pass ended with 1\. Unlock the store\."):
            await api.list_groups()
        with pytest.raises(SecretUnavailable):
            await api.list_groups()
    assert desk.requests == []
    assert reads == 1


async def test_forgetting_the_sign_in_reads_the_secret_again() -> None:
    secrets = iter(["first", "second"])
    desk = InProcessServer()
    async with desk.directory(read_secret=lambda: Secret(next(secrets))) as api:
        await api.list_groups()
        await api.list_groups()
        api.forget_sign_in()
        await api.list_groups()
    forms = [body for _, _, _, body in desk.asked("/accounts/connect/token")]
    assert [b"client_secret=first" in form for form in forms] == [True, False]
    assert b"client_secret=second" in forms[1]


async def test_a_rejected_new_token_is_a_refused_sign_in() -> None:
    desk = InProcessServer()
    desk.on("/groups", answer({"message": "no"}, 401))
    async with desk.directory() as api:
        with pytest.raises(SignInRefused, match="ACME_SECRET"):
            await api.list_groups()
    assert (desk.tokens, len(desk.asked("/groups"))) == (2, 2)


async def test_the_token_call_is_retried_after_a_server_fault() -> None:
    desk = InProcessServer()
    grant = desk._grant

    def fail_twice(target: str, headers: dict[str, str]) -> Answers:
        return answer({}, 503) if len(desk.asked("/accounts/connect/token")) <= 2 else grant(target, headers)

    desk.on("/accounts/connect/token", fail_twice)
    async with desk.directory() as api:
        await api.list_groups()
        assert api.scopes == frozenset({"users:read", "users:write"})
    assert len(desk.requests) == 4


async def test_the_first_call_uses_the_token_of_an_early_sign_in() -> None:
    desk = InProcessServer()
    async with desk.directory() as api:
        await api.sign_in()
        assert desk.tokens == 1
        await api.list_groups()
        assert desk.tokens == 1
        await api.aclose()
        with pytest.raises(Unreachable):
            await api.sign_in()
