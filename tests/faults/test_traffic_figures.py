"""Numbers of requests to a server that is down, or that rejects the token."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from tests.support.api_sessions import Answers, InProcessServer, answer, rest_directory
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.errors import ApiError, OutcomeUnknown, ServerFault, ServiceUnavailable
from walkme_tui.domain.secrets import Secret
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

OPERATIONS = 1000
MOST_PER_OPERATION = 1.2
PATIENT = RetryPolicy(base_seconds=10, longest_seconds=10)
CALLS: tuple[Callable[[RestDirectory, int], Awaitable[object]], ...] = (
    lambda api, number: api.patch_user(f"u{number}", {"status": "inactive"}),
    lambda api, number: api.put_user(f"u{number}", {"status": "inactive"}),
    lambda api, number: api.add_member("g1", f"u{number}"),
    lambda api, number: api.remove_member("g1", f"u{number}"),
    lambda api, number: api.get_user(f"u{number}"),
)


class Account(InProcessServer):
    """Answers every call with success until ``down`` is set; counts requests by (method, path), without token calls."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: Counter[tuple[str, str]] = Counter()
        self.down: Callable[[], Answers] | None = None
        self.down_after: int | None = None
        self.good_tokens = {f"Bearer token-{number}" for number in range(1, 100)}

    async def handle(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answers:
        """One request."""
        if target == "/accounts/connect/token":
            return await super().handle(method, target, headers, body)
        # Let other tasks run, as a network would.
        await asyncio.sleep(0)
        self.asked_for[method, f"{target} {body.decode()}"] += 1
        if self.down is not None and self.asked_for.total() > (self.down_after or 0):
            return self.down()
        if dict(headers)[b"Authorization"].decode() not in self.good_tokens:
            # Some are refused only after others have the next token.
            for _ in range(100 * (self.asked_for.total() % 5)):
                await asyncio.sleep(0)
            return answer({}, 401)
        return answer({"id": target.rpartition("/")[2]})


def break_connection() -> Answers:
    """Break the connection."""
    raise ConnectionResetError("gone")


OUTAGES: dict[str, Callable[[], Answers]] = {
    "reset": break_connection,
    "500": lambda: answer({}, 500),
    "502": lambda: answer({}, 502),
    "503": lambda: answer({}, 503),
    "503 with Retry-After": lambda: answer({}, 503, retry_after="0"),
    "redirects": lambda: answer({}, 302, location="https://sso.example.org/"),
}


async def outcomes(api: RestDirectory, *, concurrent: bool) -> list[object]:
    """The result or error of each operation, reads and writes alternately."""
    work = [CALLS[number % len(CALLS)](api, number) for number in range(OPERATIONS)]
    if concurrent:
        return list(await asyncio.gather(*work, return_exceptions=True))
    results: list[object] = []
    for each in work:
        try:
            results.append(await each)
        except ApiError as error:
            results.append(error)
    return results


# ---------------------------------------------------------------- an outage


@pytest.mark.parametrize("concurrent", [True, False])
@pytest.mark.parametrize("down_after", [0, 400])
@pytest.mark.parametrize("outage", OUTAGES)
async def test_in_a_total_outage_each_operation_sends_about_one_request(
    outage: str, down_after: int, concurrent: bool
) -> None:
    account = Account()
    account.down, account.down_after = OUTAGES[outage], down_after
    async with account.directory(pacer=unpaced(), max_in_flight=50) as api:
        results = await outcomes(api, concurrent=concurrent)
    failed = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(error, ServiceUnavailable) for error in failed)
    assert len(failed) >= OPERATIONS - down_after
    assert account.asked_for.total() <= MOST_PER_OPERATION * OPERATIONS


async def test_after_an_outage_starts_few_requests_are_sent() -> None:
    with asgi_server(Simulator(SimulatorSettings(users=10))) as url, FaultProxy(url) as proxy:
        async with rest_directory(proxy.url, pacer=unpaced(8), client_id="demo", read_secret=demo) as api:
            await api.list_groups()
            work = [asyncio.create_task(attempt(api, number)) for number in range(200)]
            while len(proxy.log) < 40:  # noqa: ASYNC110 - the proxy runs on another thread
                await asyncio.sleep(0.001)
            await asyncio.to_thread(proxy.refuse)
            seen = len(proxy.log)
            errors = await asyncio.gather(*work)
        assert len(proxy.log) == seen
    assert sum(isinstance(error, ServiceUnavailable) for error in errors) > 100
    assert sum(isinstance(error, OutcomeUnknown) for error in errors) <= 8


async def test_after_an_outage_failed_calls_are_retried_again() -> None:
    with asgi_server(Simulator(SimulatorSettings(users=10))) as url, FaultProxy(url) as proxy:
        async with rest_directory(proxy.url, pacer=unpaced(8), client_id="demo", read_secret=demo) as api:
            await api.list_groups()
            proxy.always = Fault.RESET
            for _ in range(30):
                with pytest.raises(ServiceUnavailable):
                    await api.list_groups()
            assert proxy.faults[Fault.RESET] <= 30 + 10
            proxy.always = None
            for _ in range(5):
                await api.list_groups()
            before = len(proxy.log)
            proxy.always = Fault.RESET
            with pytest.raises(ServiceUnavailable):
                await api.list_groups()
            assert len(proxy.log) - before == 4


async def attempt(api: RestDirectory, number: int) -> ApiError | None:
    """A write to a user who may not be there: its error."""
    try:
        await api.patch_user(f"nobody-{number}", {"status": "inactive"})
    except ApiError as error:
        return error
    return None


# ---------------------------------------------------------------- an expired token


@pytest.mark.parametrize("in_flight", [8, OPERATIONS])
async def test_a_thousand_calls_with_an_expired_token_request_one_token(in_flight: int) -> None:
    account = Account()
    async with account.directory(pacer=unpaced(in_flight), max_in_flight=in_flight) as api:
        await api.get_user("u1")
        account.good_tokens = {"Bearer token-2"}
        account.asked_for.clear()
        results = await outcomes(api, concurrent=True)
    assert not [result for result in results if isinstance(result, BaseException)]
    assert account.tokens == 2
    assert len(account.asked_for) == OPERATIONS
    assert set(account.asked_for.values()) <= {1, 2}
    assert sum(times == 2 for times in account.asked_for.values()) >= min(in_flight, 8) - 1


# ---------------------------------------------------------------- waits


async def test_a_requested_pause_is_reported_until_it_ends() -> None:
    account = Account()
    waiting = [answer({}, 429, retry_after="30")]
    account.down = lambda: waiting[0]
    async with account.directory(pacer=unpaced(), max_in_flight=50) as api:
        assert api.traffic().waiting_seconds == 0
        call = asyncio.create_task(api.add_member("g1", "u1"))
        while not api.traffic().throttled:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        assert 25 < api.traffic().waiting_seconds <= 30
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        # The call was cancelled, and the requested pause still holds for the next one.
        assert api.traffic().waiting_seconds > 25


async def test_a_backoff_is_reported() -> None:
    account = Account()
    account.down = OUTAGES["502"]
    async with account.directory(pacer=unpaced(), max_in_flight=50, policy=PATIENT) as api:
        call = asyncio.create_task(api.get_user("u1"))
        while not api.traffic().waiting_seconds:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        assert 5 < api.traffic().waiting_seconds <= 10
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert api.traffic().waiting_seconds == 0


async def test_a_wait_beyond_the_patience_is_in_the_error_and_in_the_status() -> None:
    account = Account()
    account.down = lambda: answer({}, 503, retry_after="3600")
    async with account.directory(pacer=unpaced(), max_in_flight=50) as api:
        with pytest.raises(ServerFault, match="requests a wait of 3600 s"):
            await api.patch_user("u1", {})
        assert api.traffic().waiting_seconds > 250


def demo() -> Secret:
    """The secret of the simulator."""
    return Secret("demo")
