"""An httpx transport that calls a function instead of a network; the function may run on another thread."""

from collections.abc import Awaitable, Callable

import httpx

Handle = Callable[
    [str, str, list[tuple[bytes, bytes]], bytes],
    Awaitable[tuple[int, list[tuple[bytes, bytes]], bytes]],
]


class InProcessTransport(httpx.AsyncBaseTransport):
    """Passes each request to ``handle(method, target, headers, body)`` and returns its result as the answer.

    ``target`` is the encoded path with query; an ``OSError`` of ``handle`` is a broken connection.
    Only the total deadline applies.
    """

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        body = await request.aread()
        target = request.url.raw_path.decode("ascii")
        try:
            status, headers, content = await self._handle(request.method, target, list(request.headers.raw), body)
        except OSError as error:
            raise httpx.ReadError(str(error), request=request) from error
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content), request=request)
