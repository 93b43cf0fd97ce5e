"""The HTTP/1.1 of the fault proxy: reads complete requests and answers and keeps their bytes."""

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

# A server may close a connection that was idle for longer, which could lose a request.
REUSE_SECONDS = 2.0
HEAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``path`` is without query, header names are in lower case, ``raw`` is all of it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``last`` if the server closes the connection after it."""

    status: int
    raw: bytes
    last: bool


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request with its whole body, None at the end; ``IncompleteReadError`` if it breaks off."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    first, headers = _parse(head)
    method, target, _ = first.split(" ", 2)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target.partition("?")[0], headers, body, head + body)


def simple_answer(status: str, headers: Mapping[str, str]) -> bytes:
    """A whole JSON answer."""
    body = b'{"error":{"message":"injected"}}'
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ok_answer(content_type: str, body: bytes) -> bytes:
    """A whole 200 answer."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection with an RST instead of ending it."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


class Upstream:
    """A connection to the server, made when it is needed and kept while it is in use."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used_at = 0.0

    async def exchange(self, request: Request) -> Reply | None:
        """Send a request and read its whole answer; None if the server broke off."""
        try:
            reader, writer = await self._connected()
            writer.write(request.raw)
            reply = await _read_reply(reader, request.method)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return None
        self._used_at = time.monotonic()
        if reply.last:
            self.close()
        return reply

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None:
            if time.monotonic() - self._used_at < REUSE_SECONDS and not self._streams[0].at_eof():
                return self._streams
            self.close()
        self._streams = await asyncio.open_connection(*self._address, limit=HEAD_LIMIT)
        return self._streams


async def _read_reply(reader: asyncio.StreamReader, method: str) -> Reply:
    head = await reader.readuntil(b"\r\n\r\n")
    first, headers = _parse(head)
    status = int(first.split(" ", 2)[1])
    last = headers.get("connection", "").lower() == "close"
    if method == "HEAD" or status in {204, 304}:
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body, last = await reader.read(), True
    return Reply(status, head + body, last)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body as it is, its end included."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return raw


def _parse(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return first, {name.strip().lower(): value.strip() for name, _, value in pairs}
