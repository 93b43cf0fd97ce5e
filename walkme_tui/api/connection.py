"""Sends the calls of one account: pacing, sign-in, retries, the request log and closing."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from walkme_tui.api.answers import ApiAnswer, ApiRequest, BrokenJson, Endpoint, without_secret
from walkme_tui.api.auth import Credential
from walkme_tui.api.pacing import Pacer, Turn
from walkme_tui.api.proxies import environment_proxy
from walkme_tui.api.request_log import RequestLog, redact, redact_body, redact_headers, with_answer
from walkme_tui.api.retry import Failure, FailureKind, RetryBudget, RetryPolicy, final_error, outcome_unknown
from walkme_tui.api.status_errors import failure_of_answer
from walkme_tui.api.transport import (
    BodyCutShort,
    BodyTooLarge,
    DeadlinePassed,
    Deadlines,
    UnknownEncoding,
    make_client,
    send,
)
from walkme_tui.api.transport_errors import failure_of_exception
from walkme_tui.domain.errors import ConfigurationError, UnexpectedAnswer, Unreachable
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import FORM, Priority, RequestRecord, TrafficStatus

T = TypeVar("T")

# Decoding a larger body would block the event loop.
LARGE_BODY_BYTES: Final = 64 * 1024
CLOSING_SECONDS: Final = 5.0
Judge = Callable[[ApiAnswer], Failure | None]
Explain = Callable[[Failure, ApiRequest, ApiAnswer | None, Endpoint], Failure]


def _secrets(headers: Mapping[str, str], content: bytes) -> tuple[Secret, ...]:
    """The secrets in a request, which a logged answer must not repeat."""
    form = parse_qs(content.decode("utf-8", "replace")) if headers.get("Content-Type") == FORM else {}
    scheme, _, sent = headers.get("Authorization", "").partition(" ")
    basic = base64.b64decode(sent).decode("utf-8", "replace").partition(":")[2] if scheme == "Basic" else ""
    return tuple(Secret(value) for value in (sent, basic, *form.get("client_secret", [])))


def _without_quotation(error: UnexpectedAnswer, answer: ApiAnswer, secrets: Iterable[Secret]) -> UnexpectedAnswer:
    """The error, with a message that does not quote the answer if that repeats one of the secrets."""
    if all(without_secret(answer, secret) is answer for secret in secrets):
        return error
    message = f"{answer.host} answered with something that contains the credential instead of data."
    return type(error)(message, hint=error.hint, status=error.status, request_id=error.request_id)


class CallState:
    """The state of a call; ``outcome_open`` while it has sent a change that was not answered yet."""

    def __init__(self) -> None:
        self.outcome_open = False


class Offload(Protocol):
    """Runs work off the event loop; ``urgent`` work runs first."""

    async def __call__(self, work: Callable[[], T], *, urgent: bool) -> T:
        """The result of ``work``."""
        ...


class WorkerThreads:
    """``Offload`` on worker threads, one at a time: several would only compete for the interpreter's lock."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def __call__(self, work: Callable[[], T], *, urgent: bool) -> T:  # noqa: ARG002 - all have the same turn
        """The result of ``work``."""
        async with self._turn:
            return await asyncio.to_thread(work)


class ConnectionSettings(Protocol):
    """What the settings of every surface have."""

    @property
    def profile(self) -> str: ...
    @property
    def base_url(self) -> str: ...
    @property
    def ca_bundle(self) -> Path | None: ...
    @property
    def max_requests_per_second(self) -> float: ...
    @property
    def max_in_flight(self) -> int: ...
    @property
    def secret_source(self) -> str: ...


def connect(
    settings: ConnectionSettings,
    *,
    transport: httpx.AsyncBaseTransport | None,
    deadlines: Deadlines,
    policy: RetryPolicy,
    pacer: Pacer | None,
    offload: "Offload | None",
    explain: "Explain | None" = None,
) -> "Connection":
    """A connection, not opened yet; ``transport`` replaces the network. Takes 100 ms: call it off the event loop.

    Raises ``ConfigurationError`` for a base URL, ``ca_bundle`` or proxy that cannot be used.
    """
    base_url = settings.base_url.rstrip("/")
    try:
        host = urlsplit(base_url).netloc.rpartition("@")[2]
        proxy = environment_proxy(base_url) if transport is None else None
        client = make_client(
            base_url,
            ca_bundle=settings.ca_bundle,
            max_in_flight=settings.max_in_flight,
            deadlines=deadlines,
            transport=transport,
            proxy=proxy,
        )
    except (ValueError, httpx.InvalidURL):
        raise ConfigurationError(f"The base_url of profile {settings.profile} is no URL.") from None
    return Connection(
        client,
        Endpoint(settings.profile, host, settings.secret_source, proxy.name if proxy else ""),
        pacer=pacer or Pacer(max_per_second=settings.max_requests_per_second, max_in_flight=settings.max_in_flight),
        deadlines=deadlines,
        policy=policy,
        offload=offload,
        explain=explain,
    )


class Connection:
    """The connection to one account. ``call`` attempts a request until it is answered or may not be repeated.

    Every failure is raised as ``domain.errors.ApiError``; ``explain`` may add to it what it means for this API.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        endpoint: Endpoint,
        *,
        pacer: Pacer,
        deadlines: Deadlines,
        policy: RetryPolicy,
        offload: Offload | None = None,
        explain: Explain | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._explain = explain
        self.pacer = pacer
        self.policy = policy
        self._client = client
        self._deadlines = deadlines
        self._log = RequestLog()
        self._budget = RetryBudget()
        self._sending = 0
        self._waits_until: dict[object, float] = {}
        self._calls: set[asyncio.Timeout] = set()
        self._closed = False
        self._all_ended = asyncio.Event()
        self._offload = offload or WorkerThreads()

    # ------------------------------------------------------------ calls

    async def call(
        self, request: ApiRequest, credential: Credential, priority: Priority, decode: Callable[[ApiAnswer], T]
    ) -> T:
        """The result of ``decode`` for the 2xx answer to a request; raises ``ApiError`` for everything else.

        A request that changes something raises ``OutcomeUnknown`` where it may have taken effect.
        """
        async with self.until_closed() as under_way:
            attempt, replayed = 0, False
            while True:
                attempt += 1
                async with self.pacer.turn(priority) as turn:
                    token = await credential.token()
                    headers = {"Content-Type": "application/json"} if request.content else {}
                    headers |= dict(request.headers) | {"Authorization": token.header}
                    judge = partial(self.judge, request=request, secrets=token.secrets)
                    under_way.outcome_open = request.changes
                    outcome = await self.attempt(request, headers=headers, attempt=attempt, judge=judge)
                    under_way.outcome_open = False
                    if isinstance(outcome, Failure):
                        self.slow_down(outcome, turn)
                    else:
                        self.pacer.succeeded()
                if isinstance(outcome, ApiAnswer):
                    try:
                        return await self._decoded(outcome, decode, urgent=priority is Priority.DEMAND)
                    except UnexpectedAnswer as unexpected:
                        error = _without_quotation(unexpected, outcome, token.secrets)
                        broken = isinstance(error, BrokenJson)
                        kind = FailureKind.UNCERTAIN if broken else FailureKind.UNEXPECTED
                        summary = "broken JSON" if broken else "not from this API"
                        outcome = self._explained(Failure(error, kind, summary, outcome.status), request, outcome)
                if outcome.kind is FailureKind.UNAUTHORIZED and not replayed:
                    credential.reject(token, outcome.error)
                    replayed = True
                    continue
                await self.wait_or_give_up(outcome, request, attempt - replayed)

    async def attempt(
        self,
        request: ApiRequest,
        *,
        headers: Mapping[str, str],
        attempt: int,
        judge: Judge,
    ) -> ApiAnswer | Failure:
        """Send once, without waiting for a turn, and log the attempt."""
        started, started_at_ms = time.monotonic(), time.time_ns() // 1_000_000
        answer: ApiAnswer | None = None
        summary = "cancelled"
        total_seconds = min(self._deadlines.total_seconds, request.total_seconds or self._deadlines.total_seconds)
        self._sending += 1
        try:
            answer = await send(
                self._client,
                request.method,
                request.target,
                headers=headers,
                content=request.content,
                limit_bytes=request.limit_bytes,
                total_seconds=total_seconds,
                status_decides=request.changes,
            )
            failure = judge(answer)
            failure = failure and self._explained(failure, request, answer)
            summary = failure.summary if failure is not None else "ok"
            self._budget.note(failure)
        except (
            httpx.HTTPError, httpx.StreamError, httpx.InvalidURL,
            BodyCutShort, BodyTooLarge, DeadlinePassed, UnknownEncoding,
        ) as error:  # fmt: skip
            failure = self._explained(failure_of_exception(error, self.endpoint, self._deadlines), request, None)
            summary = failure.summary
            return failure
        else:
            return failure or answer
        finally:
            self._sending -= 1
            duration_ms = round((time.monotonic() - started) * 1000)
            record = RequestRecord(
                started_at_ms,
                request.method,
                redact(request.target),
                answer.status if answer is not None else None,
                summary,
                duration_ms,
                attempt,
                redact_headers(headers),
                redact_body(request.content, headers.get("Content-Type", "")),
            )
            self._log.add(record if answer is None else with_answer(record, answer, _secrets(headers, request.content)))

    def judge(self, answer: ApiAnswer, request: ApiRequest, secrets: Iterable[Secret]) -> Failure | None:
        """The failure that the status of an answer means; its message never repeats the ``secrets`` that were sent."""
        if 200 <= answer.status < 300:
            return None
        for secret in secrets:
            answer = without_secret(answer, secret)
        return failure_of_answer(answer, request, self.endpoint, datetime.now(UTC))

    def _explained(self, failure: Failure, request: ApiRequest, answer: ApiAnswer | None) -> Failure:
        return failure if self._explain is None else self._explain(failure, request, answer, self.endpoint)

    def slow_down(self, failure: Failure, turn: Turn | None) -> None:
        """Slow down where the server refuses requests for now; before the turn ends, so that no other one starts."""
        if failure.kind is FailureKind.THROTTLED:
            self.pacer.refused(turn, too_many=failure.rate_limited, retry_after_seconds=failure.retry_after_seconds)

    async def wait_or_give_up(self, failure: Failure, request: ApiRequest, attempt: int) -> None:
        """Wait until the next attempt may be made; raises ``ApiError`` if there is none."""
        seconds = self.policy.wait_before_retry(failure, changes=request.changes, attempt=attempt)
        fault = failure.kind is FailureKind.UNCERTAIN and failure.status not in {None, 503}
        enough = fault and attempt > 1 and not request.patient
        if seconds is None or enough or not self._budget.take(failure):
            raise final_error(failure, changes=request.changes)
        key = object()
        self._waits_until[key] = self.pacer.now() + seconds
        try:
            await asyncio.sleep(seconds)
        finally:
            del self._waits_until[key]

    async def _decoded(self, answer: ApiAnswer, decode: Callable[[ApiAnswer], T], *, urgent: bool) -> T:
        """The result of ``decode`` for an answer, off the event loop if the answer is large."""
        if len(answer.body) <= LARGE_BODY_BYTES:
            return decode(answer)
        return await self._offload(partial(decode, answer), urgent=urgent)

    # ------------------------------------------------------------ status

    def traffic(self) -> TrafficStatus:
        """The traffic at this moment."""
        pace, now = self.pacer.pace, self.pacer.now()
        return TrafficStatus(
            in_flight=self._sending,
            permitted_per_second=pace.per_second,
            recent_per_second=pace.recent_per_second(now),
            waiting_seconds=self._waiting_seconds(now),
            latency_ms=self._log.latency_ms,
            throttled=pace.throttled_count,
        )

    def _waiting_seconds(self, now: float) -> float:
        """The delay of all requests: a pause that the server requested, or, while nothing is sent, a back-off."""
        back_off = min(self._waits_until.values()) - now if self._waits_until and not self._sending else 0.0
        return max(0.0, back_off, self.pacer.pause_seconds)

    def request_log(self) -> tuple[RequestRecord, ...]:
        """The latest attempts, oldest first."""
        return tuple(self._log.records())

    # ------------------------------------------------------------ closing

    async def aclose(self, also: Callable[[], Awaitable[None]]) -> None:
        """Make calls under way fail, then run ``also`` and close the sockets."""
        if self._closed:
            return
        self._closed = True
        now = asyncio.get_running_loop().time()
        for call in self._calls:
            call.reschedule(now)
        if self._calls:
            self._all_ended.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_ended.wait(), CLOSING_SECONDS)
        self.pacer.close()
        await also()
        await self._client.aclose()

    @asynccontextmanager
    async def until_closed(self) -> AsyncIterator[CallState]:
        """``aclose`` ends the block with ``Unreachable``, or with ``OutcomeUnknown`` while the outcome is open."""
        closed = Unreachable(f"The connection to {self.endpoint.host} was closed.")
        if self._closed:
            raise closed
        call, under_way = asyncio.timeout(None), CallState()
        try:
            async with call:
                self._calls.add(call)
                try:
                    yield under_way
                finally:
                    self._calls.discard(call)
                    if not self._calls:
                        self._all_ended.set()
        except TimeoutError:
            if call.expired():
                raise outcome_unknown(closed) if under_way.outcome_open else closed from None
            raise
