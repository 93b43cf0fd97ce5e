"""The HTTP client, and sending one request within limits of size and time."""

import asyncio
import contextlib
import importlib
import logging
import ssl
import sys
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from walkme_tui import __version__
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.proxies import EnvironmentProxy, proxy_options
from walkme_tui.domain.errors import ConfigurationError

KEEP_ALIVE_SECONDS: Final = 15.0
GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
LARGE_BODY_BYTES: Final = 1024 * 1024
M_MMAP_THRESHOLD: Final = -3
# How long to wait for the body of an answer whose status already decides.
BODY_GRACE_SECONDS: Final = 3.0

# Raised through httpx for an invalid answer of a SOCKS proxy; the package is an extra.
SOCKS_FAULTS: tuple[type[Exception], ...] = ()
with contextlib.suppress(ImportError):
    SOCKS_FAULTS = (importlib.import_module("socksio").SOCKSError,)

# httpcore imports this package several times a request, to learn whether it runs on trio. Where it is not installed,
# each of these searches all folders, a quarter of the time that a request costs this process.
with contextlib.suppress(ImportError):
    importlib.import_module("sniffio")
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # None lets an import fail at once

# httpx logs every URL at INFO, and a look-up's URL holds an email.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Deadlines(NamedTuple):
    """Seconds for a connection, for silence while reading or writing, and for one attempt in total."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    write_seconds: float = 15.0
    total_seconds: float = 60.0


class DeadlinePassed(Exception):
    """One attempt took longer than its total time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class BodyTooLarge(Exception):
    """The body exceeds the limit, as sent or decompressed."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self.limit_bytes = limit_bytes


class BodyCutShort(Exception):
    """The compressed body is incomplete or damaged."""


class UnknownEncoding(Exception):
    """The body has a compression that was not offered."""


def make_client(
    base_url: str,
    *,
    ca_bundle: Path | None,
    max_in_flight: int,
    deadlines: Deadlines,
    transport: httpx.AsyncBaseTransport | None = None,
    proxy: EnvironmentProxy | None = None,
) -> httpx.AsyncClient:
    """The one client of a connection; ``ConfigurationError`` where ``ca_bundle`` cannot be used.

    Takes 100 ms, most of it imports and the trust store: call it off the event loop.
    """
    address = urlsplit(base_url)
    context = trust_context(address.scheme if transport is None else "http", ca_bundle)
    client = httpx.AsyncClient(
        base_url=base_url,
        headers={
            "User-Agent": f"walkme-tui/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        },
        verify=context,
        http1=True,
        http2=False,
        follow_redirects=False,
        # httpx refuses to start for entries of NO_PROXY that it cannot read: see proxies.environment_proxy.
        trust_env=False,
        **proxy_options(proxy, context),
        timeout=httpx.Timeout(
            connect=deadlines.connect_seconds,
            read=deadlines.read_seconds,
            write=deadlines.write_seconds,
            pool=deadlines.total_seconds,
        ),
        limits=httpx.Limits(
            # One more for the token call, which is made while other calls hold theirs.
            max_connections=max_in_flight + 1,
            max_keepalive_connections=max_in_flight + 1,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        ),
        transport=transport,
    )
    if transport is None:
        # httpcore would import it at the first request, 40 ms on the event loop; it is optional.
        with contextlib.suppress(ImportError):
            importlib.import_module("anyio._backends._asyncio")
    return client


def trust_context(scheme: str, ca_bundle: Path | None) -> ssl.SSLContext:
    """Verification against the system's trust store, and ``ca_bundle`` in addition.

    Without TLS the store is not read, which takes 35 ms; that context trusts no certificate.
    """
    context = _system_trust() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle is not None:
        try:
            context.load_verify_locations(cafile=ca_bundle)
        except FileNotFoundError:
            raise ConfigurationError(f"ca_bundle names {ca_bundle}, which does not exist.") from None
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(
                f"ca_bundle {ca_bundle} contains no readable certificates.",
                hint="It must be a text file in PEM format.",
            ) from error
    return context


def _system_trust() -> ssl.SSLContext:
    """The system's trust store.

    On Linux that is OpenSSL's own, if it finds one: truststore reads the file again at every connection, 35 ms on the
    event loop each time. Elsewhere, and for a Python that looks in the wrong place, truststore finds it.
    """
    if sys.platform == "linux":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        if context.cert_store_stats()["x509_ca"]:
            return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def send(
    client: httpx.AsyncClient,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    limit_bytes: int,
    total_seconds: float,
    status_decides: bool = False,
) -> ApiAnswer:
    """Send one request and read its answer; with ``status_decides``, a body that breaks off is dropped (``cut``).

    Raises the errors of httpx, ``DeadlinePassed``, ``BodyTooLarge``, ``BodyCutShort`` and ``UnknownEncoding``.
    """
    request = client.build_request(method, str(client.base_url).rstrip("/") + target, headers=headers, content=content)
    total = asyncio.timeout(total_seconds)
    try:
        async with total:
            response = await client.send(request, stream=True)
            try:
                if status_decides:
                    # The status decides, so the deadline must not discard it any more.
                    total.reschedule(None)
                    body, cut = await _read_soon(response, limit_bytes)
                else:
                    body, cut = await _read_body(response, limit_bytes), False
            finally:
                await response.aclose()
    except TimeoutError:
        if total.expired():
            raise DeadlinePassed(total_seconds) from None
        raise
    except SOCKS_FAULTS as error:
        raise httpx.ProxyError("its answer is not SOCKS 5") from error
    netloc = urlsplit(str(request.url)).netloc.rpartition("@")[2]
    return ApiAnswer(response.status_code, dict(response.headers), body, netloc, cut)


async def _read_soon(response: httpx.Response, limit_bytes: int) -> tuple[bytes, bool]:
    """The body if it arrives complete and soon, else nothing; and whether it broke off."""
    try:
        async with asyncio.timeout(BODY_GRACE_SECONDS):
            return await _read_body(response, limit_bytes), False
    except (TimeoutError, httpx.HTTPError, httpx.StreamError, BodyTooLarge, BodyCutShort, UnknownEncoding):
        return b"", True


@cache
def _return_large_blocks() -> None:
    """Let glibc return blocks of a megabyte and more to the system when they are freed.

    After the first one it would keep up to 32 MB of them, and a large group takes several of 10 MB. Other C libraries
    have no such setting, and need none.
    """
    import ctypes  # rarely needed

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BODY_BYTES)


async def _read_body(response: httpx.Response, limit_bytes: int) -> bytes:
    """The decompressed body, with at most ``limit_bytes`` in memory and little more read.

    httpx would decompress each chunk completely, and a chunk of a gzip bomb grows a thousand times. A stream that
    decompresses to nothing, and data after its end, count with their size as sent.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise UnknownEncoding
    decompressor = zlib.decompressobj(GZIP_WINDOW) if encoding.endswith("gzip") else None
    body = bytearray()
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        if decompressor is None:
            body += chunk
        elif not decompressor.eof:
            try:
                body += decompressor.decompress(chunk, limit_bytes - len(body) + 1)
            except zlib.error:
                raise BodyCutShort from None
        if max(len(body), received) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        if len(body) > LARGE_BODY_BYTES:
            _return_large_blocks()
    if decompressor is not None and not decompressor.eof and body:
        raise BodyCutShort
    return bytes(body)
