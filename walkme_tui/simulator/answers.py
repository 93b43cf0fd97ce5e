"""The bodies that the simulator sends."""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from walkme_tui.domain.users import Json

# Rows contain no cycles; checking for them takes a tenth of the time of a page.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def json_answer(
    value: Json, status: int = 200, headers: dict[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A JSON answer in UTF-8."""
    text = _ENCODER.encode(value)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form; JSON can escape it.
        body = json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, headers, media_type=media_type)


def error_answer(
    request_id: str,
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An error in the simulator's own format; WalkMe documents none."""
    error: dict[str, Json] = {"code": code, "message": message, "requestId": request_id}
    if field is not None:
        error["field"] = field
    return json_answer({"error": error}, status, headers)


def request_id(request: Request) -> str:
    """The id that the simulator gave to a request."""
    return str(request.scope["walkme.request_id"])
