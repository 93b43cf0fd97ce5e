"""Wrong answers, as a ``Fault`` describes them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

from walkme_tui.domain.user_json import TEXT_FIELDS
from walkme_tui.simulator.answers import error_answer, json_answer
from walkme_tui.simulator.faults import AnswerFault, Fault
from walkme_tui.simulator.refusal_shapes import refusal

Serve = Callable[[Receive, Send], Awaitable[None]]

_PAGE: Final = "<!doctype html><html><head><title>Sign in</title></head><body><h1>Maintenance</h1></body></html>"
_OVERSIZED_BYTES: Final = 64 << 20
_CHUNK: Final = b" " * (1 << 16)
_TRICKLE_BYTES: Final = 20
_FROM_TRUE_ANSWER: Final = frozenset({AnswerFault.TRUNCATED, AnswerFault.CUT, AnswerFault.TRICKLE})


async def answer_with_fault(fault: Fault, scope: Scope, receive: Receive, send: Send, serve: Serve) -> None:
    """Answer a request with a fault; ``serve`` sends the true answer."""
    if fault.kind in _FROM_TRUE_ANSWER:
        await _send_damaged(fault.kind, receive, send, serve)
        return
    if fault.after_execution:
        await serve(receive, _discard)
    if fault.kind is AnswerFault.HANG:
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault.kind is AnswerFault.REFUSED:
        status, value = refusal(fault.shape, await _refused_fields(Request(scope, receive)))
        await json_answer(value, status)(scope, receive, send)
    elif fault.kind is AnswerFault.OVERSIZED:
        await _send_oversized(send)
    else:
        await _wrong_answer(fault, str(scope["walkme.request_id"]))(scope, receive, send)


def _wrong_answer(fault: Fault, request_id: str) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    match fault.kind:
        case AnswerFault.HTML:
            return HTMLResponse(_PAGE, fault.status, headers)
        case AnswerFault.REDIRECT:
            return Response(status_code=302, headers={**headers, "Location": "https://login.example.com/"})
        case AnswerFault.EMPTY:
            return Response(status_code=fault.status, headers=headers)
        case _:
            return error_answer(request_id, fault.status, "simulated", "A simulated fault", headers=headers)


async def _refused_fields(request: Request) -> list[str]:
    """The text fields in a request's body, or in its operations; the email or userName where it has none."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return ["email"]
    operations = body.get("Operations")
    listed = operations if isinstance(operations, list) else []
    paths = [each.get("path") for each in listed if isinstance(each, dict)]
    known = (*TEXT_FIELDS, "userName", "name.givenName", "name.familyName")
    return [name for name in known if name in body or name in paths] or ["userName" if "schemas" in body else "email"]


async def _send_damaged(kind: AnswerFault, receive: Receive, send: Send, serve: Serve) -> None:
    """Send the true answer truncated or slowly."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await serve(receive, keep)
    start = messages[0]
    body = b"".join(message.get("body", b"") for message in messages[1:])
    if kind is AnswerFault.TRUNCATED:
        body = body[: len(body) // 2]
        MutableHeaders(scope=start)["content-length"] = str(len(body))
    await send(start)
    if kind is AnswerFault.TRICKLE:
        for at in range(0, len(body), _TRICKLE_BYTES):
            await send({"type": "http.response.body", "body": body[at : at + _TRICKLE_BYTES], "more_body": True})
            await asyncio.sleep(1)
        body = b""
    if kind is AnswerFault.CUT:
        # Without a last message the server closes the connection in the middle of the body.
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    else:
        await send({"type": "http.response.body", "body": body})


async def _send_oversized(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    for _ in range(_OVERSIZED_BYTES // len(_CHUNK)):
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


async def _discard(message: Message) -> None:
    """Discard a part of the true answer."""
