"""The REST client against an in-process server."""

import asyncio
import json
import logging
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_sessions import SECRET, Answers, InProcessServer, answer
from walkme_tui.api.connection import LARGE_BODY_BYTES
from walkme_tui.api.request_log import RequestLog, redact, redact_body
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.decoding import decode_page
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import (
    ApiError,
    ConfigurationError,
    LookUpIgnored,
    NotFound,
    PermissionRefused,
    RateLimited,
    ServerFault,
    UnexpectedAnswer,
    Unreachable,
)
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import FORM, Priority, RequestRecord
from walkme_tui.domain.users import User

USER = {"id": "u1", "email": "ann@example.com"}


def sequence(*answers: Answers) -> Any:
    """Answers in order; the last one is repeated."""
    waiting = list(answers)
    return lambda target, headers: waiting.pop(0) if len(waiting) > 1 else waiting[0]


async def test_the_list_is_asked_for_with_page_and_page_size() -> None:
    desk = InProcessServer()
    async with desk.directory() as api:
        await api.list_users(3, 50)
    method, target, headers, body = desk.asked("/users")[0]
    assert (method, target, body) == ("GET", "/users?page=3&pageSize=50", b"")
    assert headers["authorization"] == "Bearer token-1"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("walkme-tui/")


async def test_an_email_is_encoded_and_rows_of_other_emails_are_ignored() -> None:
    desk = InProcessServer()
    desk.on("/users", answer({"users": [USER, {"id": "u2", "email": "a+b&c@example.com"}], "total": 2}))
    async with desk.directory() as api:
        found = await api.find_user("A+B&C@example.com")
        assert found is not None
        assert found.id == "u2"
        for email in ("other@example.com", "third@example.com"):
            with pytest.raises(LookUpIgnored):
                await api.find_user(email)
    assert len(desk.asked("/users")) == 2  # the client stores that the server ignores the email
    assert desk.asked("/users")[0][1] == "/users?email=A%2BB%26C%40example.com"


@pytest.mark.parametrize(
    ("user_id", "path"),
    [
        ("2819c223-7f76-453a-919d-413861904646", "/users/2819c223-7f76-453a-919d-413861904646"),
        ("okta|004211", "/users/okta%7C004211"),
        ("a.b_c~d=", "/users/a.b_c~d="),
        ("...", "/users/..."),
    ],
)
async def test_ids_are_encoded_into_the_path(user_id: str, path: str) -> None:
    desk = InProcessServer()
    desk.on(path, answer({"id": user_id}))
    async with desk.directory() as api:
        assert await api.get_user(user_id) == User(id=user_id)


@pytest.mark.parametrize(
    "user_id", ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2e", "a b", "a\nb", "a\n", "é", "x" * 257, "a;b"]
)
async def test_an_invalid_id_is_not_sent(user_id: str) -> None:
    desk = InProcessServer()
    async with desk.directory() as api:
        with pytest.raises(NotFound):
            await api.get_user(user_id)
    assert desk.requests == []


async def test_a_large_page_is_decoded_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def noted(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        return decode_page(*arguments)

    monkeypatch.setattr("walkme_tui.api.rest.client.decode_page", noted)
    desk = InProcessServer()
    long = {"id": "u1", "note": "x" * LARGE_BODY_BYTES}
    desk.on("/users", sequence(answer({"users": [USER], "total": 1}), answer({"users": [long], "total": 1})))
    async with desk.directory() as api:
        await api.list_users(1, 10)
        page = await api.list_users(1, 10)
    assert len(page.rows) == 1
    assert threads[0] is threading.main_thread()
    assert threads[1] is not threading.main_thread()


async def test_transient_server_faults_are_retried() -> None:
    desk = InProcessServer()
    desk.on("/users", sequence(answer({}, 500), answer({}, 503), answer({}, 502), answer({"users": [], "total": 0})))
    async with desk.directory() as api:
        assert (await api.list_users(1, 10)).total == 0
        assert [(record.status, record.attempt) for record in api.request_log()] == [
            (200, 1), (500, 1), (503, 2), (502, 3), (200, 4),
        ]  # fmt: skip


async def test_permanent_server_faults_are_raised_after_four_attempts() -> None:
    desk = InProcessServer()
    desk.on("/users", answer({"message": "down"}, 500, x_request_id="r7"))
    async with desk.directory() as api:
        with pytest.raises(ServerFault, match="500: down") as caught:
            await api.list_users(1, 10)
    assert caught.value.request_id == "r7"
    assert len(desk.asked("/users")) == 4


async def test_truncated_json_is_requested_again() -> None:
    desk = InProcessServer()
    broken = (200, [(b"content-type", b"application/json")], b'{"users": [')
    desk.on("/users", sequence(broken, answer({"users": [], "total": 0})))
    async with desk.directory() as api:
        assert (await api.list_users(1, 10)).total == 0


async def test_a_web_page_is_not_requested_again() -> None:
    desk = InProcessServer()
    desk.on("/users", (200, [(b"content-type", b"text/html")], b"<html><title>Login</title></html>"))
    async with desk.directory() as api:
        with pytest.raises(UnexpectedAnswer, match=r"desk\.test answered with a web page"):
            await api.list_users(1, 10)
    assert len(desk.asked("/users")) == 1


@pytest.mark.parametrize("refusal", [answer({}, 429, retry_after="40"), answer({}, 403, retry_after="40")])
async def test_a_rate_limit_lowers_the_rate_and_its_wait_is_shown_and_cancellable(refusal: Answers) -> None:
    desk = InProcessServer()
    asked = asyncio.Event()

    def refuse(target: str, headers: dict[str, str]) -> Answers:
        asked.set()
        return refusal

    desk.on("/users", refuse)
    async with desk.directory() as api:
        call = asyncio.create_task(api.list_users(1, 10, Priority.BACKGROUND))
        await asked.wait()
        await asyncio.sleep(0.005)
        other = asyncio.create_task(api.list_groups())
        await asyncio.sleep(0.005)
        traffic = api.traffic()
        assert 35 < traffic.waiting_seconds <= 40
        assert (traffic.throttled, traffic.permitted_per_second, traffic.in_flight) == (1, 2.0, 0)
        assert desk.asked("/groups") == []
        call.cancel()
        other.cancel()
        results = await asyncio.gather(call, other, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2


async def test_a_retry_after_beyond_the_patience_is_raised_at_once() -> None:
    desk = InProcessServer()
    desk.on("/users", answer({}, 429, retry_after="7200"))
    async with desk.directory() as api:
        with pytest.raises(RateLimited) as caught:
            await api.list_users(1, 10)
    assert caught.value.retry_after_seconds == 7200


@pytest.mark.parametrize("path", ["/users/u1", "/accounts/connect/token"])
async def test_a_403_for_a_rate_limit_is_retried(path: str) -> None:
    desk = InProcessServer()
    good = answer({"id": "u1"}) if path == "/users/u1" else answer({"access_token": "token-1"})
    desk.on("/users/u1", answer({"id": "u1"}))
    desk.on(path, sequence(answer({"code": "rate_limit_exceeded"}, 403, retry_after="0"), good))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).id == "u1"
        assert api.traffic().throttled == 1
    assert len(desk.asked(path)) == 2


async def test_a_403_raises_the_missing_scope() -> None:
    desk = InProcessServer()
    desk.on("/users/u1", answer({"message": "forbidden"}, 403))
    async with desk.directory() as api:
        with pytest.raises(PermissionRefused) as caught:
            await api.get_user("u1")
    assert caught.value.scope == "users:read"


async def test_a_401_is_retried_once_with_a_new_token() -> None:
    desk = InProcessServer()
    desk.on("/groups", sequence(answer({}, 401), answer({"groups": [{"id": "g"}]})))
    async with desk.directory() as api:
        assert len(await api.list_groups()) == 1
    assert [headers["authorization"] for _, _, headers, _ in desk.asked("/groups")] == [
        "Bearer token-1", "Bearer token-2",
    ]  # fmt: skip


async def test_unreadable_groups_are_reported_as_oddities() -> None:
    desk = InProcessServer()
    desk.on("/groups", answer({"groups": [{"id": "g"}, 5]}))
    async with desk.directory() as api:
        await api.list_groups()
        assert api.group_warnings == ("1 of 2 groups cannot be read and are left out.",)


async def test_closing_ends_calls_in_flight_waiting_or_signing_in() -> None:
    desk = InProcessServer()
    never = asyncio.Event()

    async def hang(target: str, headers: dict[str, str]) -> Answers:
        await never.wait()
        return answer({})

    desk.on("/users", hang)
    async with desk.directory(max_in_flight=1) as api:
        calls = [asyncio.create_task(api.list_users(1, 10)) for _ in range(3)]
        await asyncio.sleep(0.02)
        await api.aclose()
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [Unreachable] * 3

    desk.on("/accounts/connect/token", hang)
    async with desk.directory() as api:
        call = asyncio.create_task(api.list_groups())
        await asyncio.sleep(0.02)
        await api.aclose()
        with pytest.raises(Unreachable):
            await call
    assert len(asyncio.all_tasks()) == 1


async def test_a_cancelled_call_is_in_the_request_log() -> None:
    desk = InProcessServer()
    never = asyncio.Event()

    async def hang(target: str, headers: dict[str, str]) -> Answers:
        await never.wait()
        return answer({})

    desk.on("/users", hang)
    async with desk.directory() as api:
        call = asyncio.create_task(api.list_users(1, 10))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert api.request_log()[-1].outcome == "cancelled"
        assert api.traffic().in_flight == 0


async def test_neither_log_nor_logging_shows_emails_or_secrets(caplog: pytest.LogCaptureFixture) -> None:
    desk = InProcessServer()
    with caplog.at_level(logging.DEBUG):
        async with desk.directory() as api:
            await api.find_user("ann@example.com")
            shown = f"{api.request_log()} {caplog.text} {api.__dict__}"
    for hidden in ("ann@example.com", "ann%40", "token-1", SECRET):
        assert hidden not in shown


async def test_the_log_has_headers_and_bodies_without_emails_and_secrets() -> None:
    desk = InProcessServer()
    echo = {"message": f"no ann@example.com, you sent token-1 and {SECRET}", "password": "hunter2", "field": "role"}
    desk.on("/users/u-1", answer(echo, 400, x_request_id="r-7", set_cookie="session=abc"))
    async with desk.directory() as api:
        with pytest.raises(ApiError):
            await api.patch_user("u-1", {"status": "inactive", "email": "bob@example.com"})
        sign_in, change = api.request_log()[0], api.request_log()[-1]
    assert sign_in.request_body == "grant_type=client_credentials&client_id=…&client_secret=…"
    assert change.request_body == '{"status": "inactive", "email": "…"}'
    assert dict(change.request_headers) == {"authorization": "…", "content-type": "application/json"}
    assert dict(change.response_headers)["x-request-id"] == "r-7"
    assert dict(change.response_headers)["set-cookie"] == "…"
    assert change.response_body == ""  # it repeats the token


async def test_the_log_keeps_the_body_of_a_refusal() -> None:
    desk = InProcessServer()
    refusal = {"errors": [{"field": "email", "message": "ann@example.com is taken"}], "access_token": "abc"}
    desk.on("/users/u-1", answer(refusal, 422))
    async with desk.directory() as api:
        with pytest.raises(ApiError):
            await api.get_user("u-1")
        record = api.request_log()[-1]
    assert json.loads(record.response_body) == {
        "errors": [{"field": "email", "message": "… is taken"}], "access_token": "…",
    }  # fmt: skip


async def test_the_log_keeps_no_body_of_a_successful_answer() -> None:
    desk = InProcessServer()
    desk.on("/users", answer({"users": [{"id": "1", "firstName": "Zoë"}], "total": 1}))
    async with desk.directory() as api:
        await api.list_users(1, 100)
        assert api.request_log()[-1].response_body == ""


@given(st.binary(max_size=300), st.sampled_from(["application/json", "text/html", FORM, ""]))
def test_any_body_can_be_redacted(body: bytes, kind: str) -> None:
    assert "@example.com" not in redact_body(body + b" ann@example.com " + body, kind)


async def test_the_log_has_status_duration_and_attempt_of_each_request() -> None:
    desk = InProcessServer()
    async with desk.directory() as api:
        await api.list_users(1, 100)
        record = api.request_log()[-1]
        assert (record.method, record.path, record.status, record.outcome, record.attempt) == (
            "GET", "/users?page=1&pageSize=100", 200, "ok", 1,
        )  # fmt: skip
        assert api.traffic().latency_ms is not None


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/users?page=2&pageSize=100", "/users?page=2&pageSize=100"),
        ("/users?email=a%40b.example", "/users?email=…"),
        ("/users?page=a@b.example&flag", "/users?page=…&…"),
        ("/Groups?startIndex=1&excludedAttributes=members", "/Groups?startIndex=1&excludedAttributes=members"),
        ("/users/2819c223-7f76", "/users/2819c223-7f76"),
        ("/users/ann@example.com/x", "/users/…/x"),
        ("/users/ann%40example.com", "/users/…"),
    ],
)
def test_targets_are_redacted(target: str, shown: str) -> None:
    assert redact(target) == shown


def test_the_log_is_bounded_and_knows_the_median() -> None:
    log = RequestLog(capacity=3)
    assert log.latency_ms is None
    for number, status in enumerate((200, None, 200, 500)):
        log.add(RequestRecord(0, "GET", "/", status, "", number * 10, 1))
    assert [record.duration_ms for record in log.records()] == [10, 20, 30]
    assert log.latency_ms == 20


@pytest.mark.parametrize("base_url", ["http://[::1", "http://host:port"])
def test_an_invalid_base_url_is_a_configuration_error(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url of profile acme"):
        RestDirectory(RestSettings("acme", base_url, "client", lambda: Secret("x"), "somewhere"))


async def test_a_base_url_with_a_path_is_kept() -> None:
    desk = InProcessServer()
    token = json.dumps({"access_token": "t"}).encode()
    desk.on("/gate/accounts/connect/token", (200, [], token))
    desk.on("/gate/groups", answer({"groups": []}))
    async with desk.directory(base_url="http://desk.test/gate/") as api:
        assert await api.list_groups() == ()
