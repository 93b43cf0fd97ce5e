"""Faults that a test or ``--fault`` sets."""

import asyncio
import json
from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, small
from walkme_tui.api.field_reasons import field_reasons
from walkme_tui.simulator.faults import NAMED_FAULTS, AnswerFault, Fault, Faults, TotalFault
from walkme_tui.simulator.refusal_shapes import RefusalShape
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.simulator.thread import Answer, SimulatorThread


class FaultClient:
    """A client through a thread, which returns undecoded bodies."""

    def __init__(self, thread: SimulatorThread) -> None:
        self.thread = thread
        self.faults: Faults = thread.simulator().faults
        self._headers: list[tuple[bytes, bytes]] = []

    async def call(self, method: str, target: str, body: bytes = b"") -> Answer:
        if not self._headers:
            form = b"grant_type=client_credentials&client_id=demo&client_secret=demo"
            kind = (b"Content-Type", b"application/x-www-form-urlencoded")
            _, _, answer = await self.thread.handle("POST", "/accounts/connect/token", [kind], form)
            self._headers = [(b"Authorization", b"Bearer " + json.loads(answer)["access_token"].encode())]
        return await self.thread.handle(method, target, self._headers, body)

    async def users(self, target: str = "/users") -> Any:
        return json.loads((await self.call("GET", target))[2])


async def test_the_next_requests_fail_and_later_ones_succeed() -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        await client.call("GET", "/groups")
        client.faults.fail_next(2, 503, path="/users", retry_after="3")
        statuses = [(await client.call("GET", path))[0] for path in ("/users", "/groups", "/users", "/users")]
        assert statuses == [503, 200, 503, 200]


async def test_a_fault_without_limit_applies_until_it_is_cleared() -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        client.faults.add(Fault(AnswerFault.ERROR, times=None, every=3, method="GET", path="/users", status=500))
        assert [(await client.call("GET", "/users"))[0] for _ in range(7)] == [500, 200, 200, 500, 200, 200, 500]
        client.faults.clear()
        assert [(await client.call("GET", "/users"))[0] for _ in range(4)] == [200] * 4


@pytest.mark.parametrize(
    ("trouble", "status", "begins"),
    [
        (AnswerFault.ERROR, 503, b'{"error"'),
        (AnswerFault.HTML, 503, b"<!doctype html>"),
        (AnswerFault.EMPTY, 503, b""),
        (AnswerFault.REDIRECT, 302, b""),
        (AnswerFault.TRUNCATED, 200, b'{"groups":['),
    ],
)
async def test_each_fault_of_an_answer(trouble: AnswerFault, status: int, begins: bytes) -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        whole = (await client.call("GET", "/groups"))[2]
        client.faults.add(Fault(trouble, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"))
        wrong_status, headers, body = await client.call("GET", "/groups")
        assert wrong_status == status
        assert body.startswith(begins)
        assert bool(body) == bool(begins)
        assert len(body) < len(whole)
        assert dict(headers)[b"content-length"] == str(len(body)).encode()
        assert (await client.call("GET", "/groups"))[2] == whole


async def test_an_oversized_answer_is_larger_than_any_page() -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        client.faults.add(Fault(AnswerFault.OVERSIZED, path="/groups"))
        assert len((await client.call("GET", "/groups"))[2]) == 64 << 20


async def test_a_closed_connection_is_a_reset() -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        await client.call("GET", "/groups")
        client.faults.add(Fault(AnswerFault.CUT))
        with pytest.raises(ConnectionResetError):
            await client.call("GET", "/groups")


async def test_slow_and_missing_answers_last_until_the_call_is_cancelled() -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        await client.call("GET", "/groups")
        client.faults.add(Fault(AnswerFault.TRICKLE))
        client.faults.hang_next()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.call("GET", "/groups"), 0.05)
        assert (await client.call("GET", "/groups"))[0] == 200


@pytest.mark.parametrize("happens", [True, False])
async def test_a_fault_can_follow_the_execution_of_the_request(happens: bool) -> None:
    with SimulatorThread(small()) as thread:
        client = FaultClient(thread)
        await client.users()
        client.faults.add(Fault(AnswerFault.HTML, method="POST", status=502, after_execution=happens))
        status, _, _ = await client.call("POST", "/users", b'{"email":"new@example.com"}')
        assert status == 502
        assert (await client.users("/users?email=new@example.com"))["total"] == happens


async def test_each_false_total() -> None:
    with SimulatorThread(small(users=250)) as thread:
        client = FaultClient(thread)
        claims: list[Any] = []
        for claim in (TotalFault.MISSING, TotalFault.NEGATIVE, TotalFault.TEXT, TotalFault.TRUE):
            client.faults.total = claim
            claims.append((await client.users()).get("total", "none"))
        assert claims == ["none", -1, "about 250", 250]
        client.faults.clear()
        client.faults.total = TotalFault.SHRINKING
        assert [(await client.users())["total"] for _ in range(4)] == [250, 150, 50, 0]


async def test_pages_repeat_rows_are_replaced_and_the_list_drifts() -> None:
    with SimulatorThread(small(users=250)) as thread:
        client = FaultClient(thread)
        first, second = [(await client.users(f"/users?page={page}&pageSize=10"))["users"] for page in (1, 2)]
        client.faults.repeated_pages = frozenset({2})
        assert (await client.users("/users?page=2&pageSize=10"))["users"] == first
        client.faults.clear()
        client.faults.rows = {12: None, 400: "past the end"}
        assert (await client.users("/users?page=2&pageSize=10"))["users"] == [*second[:2], None, *second[3:]]
        client.faults.clear()
        client.faults.drift = True
        assert (await client.users("/users?page=1&pageSize=10"))["users"] == first
        assert (await client.users("/users?page=1&pageSize=10"))["users"] == [*first[1:], second[0]]


async def test_the_token_answer_can_lack_or_falsify_fields() -> None:
    caller = Caller(small())
    caller.app.faults.token_fields = {"expires_in": ..., "token_type": 7}
    body = (await caller.token()).body
    assert "expires_in" not in body
    assert body["token_type"] == 7
    assert body["access_token"]


@pytest.mark.parametrize("name", sorted(NAMED_FAULTS))
async def test_every_named_fault_shows_within_a_few_calls(name: str) -> None:
    quiet, faulty = (
        SimulatorThread(small()),
        SimulatorThread(SimulatorSettings(users=250, faults=(name,), now_ms=small().now_ms)),
    )
    with quiet, faulty:
        seen: list[list[Any]] = []
        for thread in (quiet, faulty):
            if name == "no-expiry":
                caller = Caller(thread.settings)
                seen.append(["expires_in" in (await caller.token()).body])
            else:
                client = FaultClient(thread)
                if name.startswith("refused-"):
                    body = b'{"email":"new@example.com"}'
                    seen.append([(await client.call("POST", "/users", body))[0] for _ in range(2)])
                    continue
                queries = ["email=a@b.example"] if name == "email-ignored" else [f"page={page}" for page in (1, 2, 3)]
                seen.append([await _outcome(client, f"/users?{query}&pageSize=30") for query in queries])
        assert seen[0] != seen[1]


async def _outcome(client: FaultClient, target: str) -> Any:
    try:
        status, _, body = await asyncio.wait_for(client.call("GET", target), 0.5)
    except (TimeoutError, ConnectionResetError) as error:
        return type(error)
    return status, body


@pytest.mark.parametrize("shape", RefusalShape)
async def test_every_second_write_is_refused_with_reasons_that_the_client_finds(shape: RefusalShape) -> None:
    caller = Caller(small(faults=(f"refused-{shape}",)))
    user = (await caller.get("/users?pageSize=1"))["users"][0]
    for method, target in (("PATCH", f"/users/{user['id']}"), ("PUT", f"/users/{user['id']}"), ("POST", "/users")):
        body = {"email": f"new.{method}@example.com", "lastName": "New"}
        refused = await caller.call(method, target, body)
        assert refused.status in {400, 422}
        fields = field_reasons(json.dumps(refused.body).encode())
        assert list(fields) == (["email"] if shape is RefusalShape.OBJECT else ["email", "last_name"])
        assert all(reason.isprintable() for reason in fields.values())
        assert (await caller.call(method, target, body)).status in {200, 201}
