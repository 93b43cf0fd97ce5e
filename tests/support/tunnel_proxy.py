"""Proxies on 127.0.0.1 for tests: HTTP with CONNECT, and SOCKS 5; every tunnel ends at one port of this machine."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class TunnelProxy:
    """A running proxy; ``tunnels`` are the requested targets, ``sign_ins`` the credentials sent for each.

    ``refusal`` is answered instead of making a tunnel, if it is set.
    """

    port: int = 0
    tunnels: list[str] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    refusal: bytes = b""


@asynccontextmanager
async def http_proxy(upstream_port: int) -> AsyncIterator[TunnelProxy]:
    """A proxy that knows CONNECT only."""
    proxy = TunnelProxy()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.read(65536)).decode("latin-1")
        if not head.startswith("CONNECT "):
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return
        _, target, _ = head.split(" ", 2)
        fields = [line.partition(":") for line in head.split("\r\n")[1:]]
        proxy.tunnels.append(target)
        proxy.sign_ins += [value.strip() for name, _, value in fields if name.lower() == "proxy-authorization"]
        if proxy.refusal:
            writer.write(proxy.refusal)
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _tunnel(reader, writer, upstream_port)

    async with _serving(proxy, handle):
        yield proxy


@asynccontextmanager
async def socks_proxy(upstream_port: int) -> AsyncIterator[TunnelProxy]:
    """A SOCKS 5 proxy without or with a sign-in, for names as targets."""
    proxy = TunnelProxy()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        if proxy.refusal:
            writer.write(proxy.refusal)
            return
        writer.write(b"\x05" + methods[:1])
        if methods[:1] == b"\x02":
            name = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            proxy.sign_ins.append(f"{name.decode()}:{password.decode()}")
            writer.write(b"\x01\x00")
        host = await reader.readexactly((await reader.readexactly(5))[4])
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        proxy.tunnels.append(f"{host.decode()}:{port}")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        await _tunnel(reader, writer, upstream_port)

    async with _serving(proxy, handle):
        yield proxy


@asynccontextmanager
async def _serving(proxy: TunnelProxy, handle: Handle) -> AsyncIterator[None]:
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tuple(tasks))
        await server.wait_closed()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_copy(reader, far_writer))
            both.create_task(_copy(far_reader, writer))
    finally:
        far_writer.close()
        with suppress(ConnectionError):
            await far_writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
