"""The fault proxy: it injects the planned faults, and its log is exact."""

import asyncio
import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.fault_proxy import TRANSIENT, Fault, FaultPlan, FaultProxy
from tests.support.tcp import asgi_server
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.errors import ApiError, MethodRefused, NotFound, OutcomeUnknown, Unreachable
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.users import User
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

ONCE = RetryPolicy(attempts=1, connection_attempts=1, timeout_attempts=1)
AFTER = {fault for fault in Fault if fault.value.endswith(" after")}
# A delayed answer arrives, and an expired token is replaced.
OVERCOME = {Fault.DELAY, Fault.EXPIRED}
THROTTLED = {Fault.TOO_MANY, Fault.TOO_MANY_WAIT, Fault.BUSY, Fault.REJECTED}


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(SimulatorSettings(users=200))


@pytest.fixture
def server(simulator: Simulator) -> Iterator[str]:
    with asgi_server(simulator) as url:
        yield url


def client(url: str, policy: RetryPolicy = ONCE) -> RestDirectory:
    settings = RestSettings("acme", url, "demo", lambda: Secret("demo"), "the test", max_in_flight=50)
    return RestDirectory(settings, policy=policy, pacer=unpaced())


def ids(simulator: Simulator, count: int) -> list[str]:
    """The ids of the first users of the account."""
    return [str(record["id"]) for record in simulator.account.users(0, count)]


async def test_without_faults_all_requests_are_forwarded_and_logged(simulator: Simulator, server: str) -> None:
    first = ids(simulator, 1)[0]
    with FaultProxy(server) as proxy:
        api = client(proxy.url)
        user = await api.get_user(first)
        await api.patch_user(first, {"status": "inactive"})
        with pytest.raises(NotFound):
            await api.add_member("no-such-group", first)
        assert (await api.list_users(1, 100)).total == 200
        await api.aclose()
    assert isinstance(user, User)
    assert [tuple(write) for write in proxy.writes] == [(3, "PATCH", f"/users/{first}", '{"status":"inactive"}')]
    assert proxy.sent == Counter(
        {
            ("POST", "/accounts/connect/token"): 1,
            ("GET", f"/users/{first}"): 1,
            ("PATCH", f"/users/{first}"): 1,
            ("POST", "/groups/no-such-group/users"): 1,
            ("GET", "/users"): 1,
        }
    )
    assert proxy.executed[("POST", "/groups/no-such-group/users")] == 0
    assert proxy.faults == Counter()


@pytest.mark.parametrize("fault", Fault)
async def test_each_fault_has_its_documented_effect(simulator: Simulator, server: str, fault: Fault) -> None:
    first = ids(simulator, 1)[0]
    with FaultProxy(server) as proxy:
        api = client(proxy.url)
        for _ in range(25):
            await api.list_groups()
        proxy.always = fault
        error: ApiError | None = None
        try:
            await api.patch_user(first, {"status": "inactive", "lastName": "Changed"})
        except ApiError as caught:
            error = caught
        await api.aclose()
    done = simulator.account.user(first)["lastName"] == "Changed"
    assert done is (fault in AFTER | OVERCOME)
    assert len(proxy.writes) == int(done)
    if fault in OVERCOME:
        assert error is None
    elif fault is Fault.CUT:
        # Cut after its last byte but one, or not at all, it is complete.
        assert error is None or isinstance(error, OutcomeUnknown)
    else:
        assert isinstance(error, OutcomeUnknown) is (fault not in THROTTLED)
    assert proxy.faults[fault] >= 1


async def test_the_log_of_many_faults_matches_the_account_exactly(simulator: Simulator, server: str) -> None:
    people = ids(simulator, 200)
    outcomes: dict[str, str] = {}
    with FaultProxy(server, FaultPlan(seed=5, share=0.5), delay_seconds=0.001) as proxy:
        api = client(proxy.url, RetryPolicy(base_seconds=0.001, longest_seconds=0.002))

        async def change(number: int, user_id: str) -> None:
            try:
                await api.patch_user(user_id, {"lastName": f"Storm{number}"})
                outcomes[user_id] = "accepted"
            except OutcomeUnknown:
                outcomes[user_id] = "unknown"
            except ApiError:
                outcomes[user_id] = "nothing happened"

        await asyncio.gather(*(change(number, user_id) for number, user_id in enumerate(people)))
        await api.aclose()
    executed = Counter(write.path.removeprefix("/users/") for write in proxy.writes)
    changed = {user_id for number, user_id in enumerate(people) if _last_name(simulator, user_id) == f"Storm{number}"}
    assert set(executed) == changed
    assert set(executed.values()) == {1}
    assert {user_id for user_id, outcome in outcomes.items() if outcome == "accepted"} <= changed
    assert not {user_id for user_id, outcome in outcomes.items() if outcome == "nothing happened"} & changed
    assert sum(proxy.faults.values()) >= 50
    assert len(proxy.faults) >= len(TRANSIENT) - 2


def _last_name(simulator: Simulator, user_id: str) -> object:
    return simulator.account.user(user_id)["lastName"]


async def test_an_expired_token_stays_expired_and_a_new_one_works(server: str) -> None:
    with FaultProxy(server, FaultPlan(3, 1.0, {Fault.EXPIRED: 1.0})) as proxy:
        api = client(proxy.url)
        for _ in range(50):
            await api.list_groups()
        await api.aclose()
    assert proxy.faults == Counter({Fault.EXPIRED: 2})
    assert proxy.sent[("POST", "/accounts/connect/token")] == 3


async def test_a_refusing_proxy_forwards_nothing_until_it_accepts_again(server: str) -> None:
    with FaultProxy(server) as proxy:
        api = client(proxy.url)
        await api.list_groups()
        proxy.refuse()
        with pytest.raises(Unreachable, match="refused the connection"):
            await api.add_member("g", "u")
        assert len(proxy.log) == 2
        proxy.accept()
        await api.list_groups()
        await api.aclose()


def test_settle_waits_for_the_requests_of_a_killed_process(simulator: Simulator, server: str) -> None:
    user_id = ids(simulator, 1)[0]
    body = json.dumps({"lastName": "Late"}).encode()
    with FaultProxy(server, lambda *_: Fault.DELAY, delay_seconds=0.1) as proxy:
        token = simulator.sign_in.issue(
            "", "application/x-www-form-urlencoded",
            b"grant_type=client_credentials&client_id=demo&client_secret=demo",
        ).token  # fmt: skip
        request = (
            f"PATCH /users/{user_id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        port = proxy.url.rpartition(":")[2]
        script = (
            "import os, signal, socket, sys\n"
            f"line = socket.create_connection(('127.0.0.1', {port}))\n"
            f"line.sendall({request!r})\n"
            f"half = socket.create_connection(('127.0.0.1', {port}))\n"
            f"half.sendall({request[:-3]!r})\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        subprocess.run([sys.executable, "-c", script], check=False)
        proxy.settle()
        assert [(write.method, write.body) for write in proxy.writes] == [("PATCH", body.decode())]
        assert proxy.broken == 1
    assert simulator.account.user(user_id)["lastName"] == "Late"


def test_the_plan_is_reproducible_and_depends_on_the_seed() -> None:
    plan = FaultPlan(seed=11, share=0.3)
    drawn = [plan(number, "GET", "/") for number in range(1000)]
    assert drawn == [FaultPlan(11, 0.3)(number, "GET", "/") for number in range(1000)]
    assert drawn != [FaultPlan(12, 0.3)(number, "GET", "/") for number in range(1000)]
    assert 200 < sum(fault is not None for fault in drawn) < 400
    assert set(drawn) == {None, *TRANSIENT}


def test_stopping_frees_the_port_and_leaves_no_thread(server: str) -> None:
    proxy = FaultProxy(server)
    with proxy:
        address = ("127.0.0.1", int(proxy.url.rpartition(":")[2]))
        held = socket.create_connection(address, timeout=5)
    with held, suppress(ConnectionResetError):
        assert held.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


async def test_a_connection_broken_by_the_server_is_logged_as_unsure() -> None:
    with asgi_server(Simulator(SimulatorSettings(users=3, patch="405"))) as url:
        proxy = FaultProxy(url)
        proxy.start()
        api = client(proxy.url)
        with pytest.raises(MethodRefused):
            await api.patch_user((ids(Simulator(SimulatorSettings(users=3)), 1))[0], {})
    with pytest.raises(OutcomeUnknown):
        await api.add_member("g", "u")
    await api.aclose()
    proxy.stop()
    assert [(exchange.path, exchange.unsure) for exchange in proxy.log][-1] == ("/groups/g/users", True)
    assert proxy.writes == []
