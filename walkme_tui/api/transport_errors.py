"""Exceptions of httpx as errors of the domain."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from walkme_tui.api.answers import LATER_HINT, WRONG_PLACE_HINT, AnswerTooLarge, Endpoint
from walkme_tui.api.retry import Failure, FailureKind
from walkme_tui.api.transport import BodyCutShort, BodyTooLarge, DeadlinePassed, Deadlines, UnknownEncoding
from walkme_tui.domain.errors import HostUnknown, TlsRefused, UnexpectedAnswer, Unreachable
from walkme_tui.domain.text import clean

NETWORK_HINT: Final = "Check the network, the VPN and base_url."
TLS_HINT: Final = "Check base_url: its port may not speak TLS."
PROXY_HINT: Final = "Check that environment variable, and NO_PROXY, which lists the hosts that need no proxy."
PROXY_SIGN_IN_HINT: Final = (
    "The proxy requires a sign-in: add it to that variable, as in http://NAME:PASSWORD@HOST:PORT."
)
TIME_OUT: Final = "time-out"
NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


def failure_of_exception(error: Exception, endpoint: Endpoint, deadlines: Deadlines) -> Failure:
    """The failure for an exception of ``transport.send``."""
    host = f"{endpoint.host} (through the proxy {endpoint.proxy})" if endpoint.proxy else endpoint.host
    if isinstance(error, DeadlinePassed | httpx.TimeoutException):
        return _out_of_time(error, endpoint, host, deadlines)
    if isinstance(error, BodyTooLarge):
        size = f"{error.limit_bytes // (1024 * 1024)} MiB" if error.limit_bytes >= 1 << 20 else f"{error.limit_bytes} B"
        message = f"The answer of {host} is larger than {size} and was not read."
        return Failure(AnswerTooLarge(message, hint=WRONG_PLACE_HINT), FailureKind.UNEXPECTED, "too large")
    if isinstance(error, UnknownEncoding):
        message = f"The answer of {host} is compressed in a way that was not requested."
        return Failure(UnexpectedAnswer(message, hint=WRONG_PLACE_HINT), FailureKind.UNEXPECTED, "unknown compression")
    if isinstance(error, httpx.ProxyError):
        return _refused_by_proxy(str(error), endpoint)
    if isinstance(error, httpx.ConnectError):
        return _not_connected(error, endpoint, host)
    if isinstance(error, httpx.RemoteProtocolError | BodyCutShort):
        return _protocol_broken(error, host)
    if isinstance(error, httpx.NetworkError):
        message = f"{host} broke the connection before the answer was complete."
        return Failure(Unreachable(message, hint=LATER_HINT), FailureKind.UNCERTAIN, "connection reset")
    message = f"The request to {host} failed ({type(error).__name__})."
    return Failure(Unreachable(message, hint=NETWORK_HINT), FailureKind.UNCERTAIN, type(error).__name__)


def _out_of_time(error: Exception, endpoint: Endpoint, host: str, deadlines: Deadlines) -> Failure:
    kind = FailureKind.UNCERTAIN
    match error:
        case httpx.ConnectTimeout() if endpoint.proxy:
            what = f"No connection through the proxy {endpoint.proxy} was made within {deadlines.connect_seconds:g} s."
            return Failure(Unreachable(what, hint=PROXY_HINT), FailureKind.NOT_SENT, TIME_OUT, timed_out=True)
        case httpx.ConnectTimeout():
            what, kind = (
                f"{host} did not accept a connection within {deadlines.connect_seconds:g} s.",
                FailureKind.NOT_SENT,
            )
        case httpx.PoolTimeout():
            what, kind = (
                f"No connection to {host} became free within {deadlines.total_seconds:g} s.",
                FailureKind.NOT_SENT,
            )
        case httpx.WriteTimeout():
            what = f"{host} accepted no data for {deadlines.write_seconds:g} s."
        case httpx.ReadTimeout():
            what = f"{host} sent nothing for {deadlines.read_seconds:g} s."
        case _:
            seconds = error.seconds if isinstance(error, DeadlinePassed) else deadlines.total_seconds
            what = f"{host} did not complete its answer within {seconds:g} s."
    return Failure(Unreachable(what, hint=NETWORK_HINT), kind, TIME_OUT, timed_out=True)


def _refused_by_proxy(reason: str, endpoint: Endpoint) -> Failure:
    message = f"The proxy {endpoint.proxy} made no connection to {endpoint.host}: {clean(reason, 100).rstrip('. ')}."
    hint = PROXY_SIGN_IN_HINT if reason.startswith("407") else PROXY_HINT
    kind = FailureKind.NOT_SENT if reason.startswith("5") else FailureKind.FINAL
    return Failure(Unreachable(message, hint=hint), kind, "proxy refused")


def _not_connected(error: httpx.ConnectError, endpoint: Endpoint, host: str) -> Failure:
    # With a proxy, the connection that failed is the one to the proxy.
    subject, peer, name = endpoint.host, endpoint.host, endpoint.host.rpartition(":")[0] or endpoint.host
    if endpoint.proxy:
        subject, peer, name = (f"{words} proxy {endpoint.proxy}" for words in ("The", "the", "of the"))
    hint = PROXY_HINT if endpoint.proxy else NETWORK_HINT
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _not_trusted(cause, endpoint, host)
        if isinstance(cause, socket.gaierror):
            message = f"The name {name} cannot be resolved."
            # Other codes mean that no name server answered, and a name server of the proxy is not asked about the host.
            unknown = cause.errno in NO_SUCH_NAME and not endpoint.proxy
            kind = HostUnknown if unknown else Unreachable
            return Failure(kind(message, hint=hint), FailureKind.NOT_SENT, "name not resolved")
        if isinstance(cause, ConnectionRefusedError):
            message = f"{subject} refused the connection."
            return Failure(Unreachable(message, hint=hint), FailureKind.NOT_SENT, "connection refused")
    message = f"No connection to {peer} could be made."
    return Failure(Unreachable(message, hint=hint), FailureKind.NOT_SENT, "no connection")


def _not_trusted(error: ssl.SSLError, endpoint: Endpoint, host: str) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = clean(error.verify_message or "verification failed", 120)
        message = f"The certificate of {host} is not trusted: {why.rstrip('.')}."
        hint = (
            f"If your company inspects TLS, name its CA file in ca_bundle of profile {endpoint.profile}; "
            "otherwise the connection may be intercepted."
        )
        return Failure(TlsRefused(message, hint=hint), FailureKind.FINAL, "certificate not trusted")
    reason = clean((error.reason or "no common protocol").replace("_", " ").lower(), 80)
    message = f"No TLS connection to {host} could be made: {reason}."
    hint = "Check the proxy's address: most are reached by http://, not https://." if endpoint.proxy else TLS_HINT
    return Failure(TlsRefused(message, hint=hint), FailureKind.FINAL, "TLS failed")


def _protocol_broken(error: Exception, host: str) -> Failure:
    text = str(error)
    if isinstance(error, BodyCutShort) or "incomplete" in text or "without sending complete" in text:
        message = f"The answer of {host} was cut short."
        return Failure(UnexpectedAnswer(message, hint=LATER_HINT), FailureKind.UNCERTAIN, "cut short")
    if "disconnected" in text:
        message = f"{host} closed the connection without an answer."
        return Failure(Unreachable(message, hint=LATER_HINT), FailureKind.UNCERTAIN, "closed without answer")
    message = f"The answer of {host} is not HTTP."
    return Failure(UnexpectedAnswer(message, hint=WRONG_PLACE_HINT), FailureKind.UNEXPECTED, "not HTTP")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, its causes, and the members of exception groups among them."""
    waiting: list[BaseException | None] = [error]
    for _ in range(50):
        current = waiting.pop(0) if waiting else None
        if current is None:
            if not waiting:
                return
            continue
        yield current
        waiting.extend((current.__cause__, current.__context__))
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
