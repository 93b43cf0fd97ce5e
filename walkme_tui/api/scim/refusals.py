"""Refusals that mean more than their HTTP status, by the ``scimType`` in their body (RFC 7644, 3.12)."""

from typing import Final

from walkme_tui.api.answers import ApiAnswer, ApiRequest, read_json
from walkme_tui.api.retry import Failure
from walkme_tui.domain.errors import MethodRefused, RequestRejected, UnexpectedAnswer
from walkme_tui.domain.scim_json import member

UNKNOWN_PATH: Final = frozenset({"invalidpath", "notarget"})


def judged(failure: Failure, request: ApiRequest, answer: ApiAnswer | None) -> Failure:
    """The failure; where the server does not know a path in a PATCH, as of a call that it does not know."""
    error = failure.error
    if request.method != "PATCH" or answer is None or answer.status != 400 or not isinstance(error, RequestRejected):
        return failure
    if _scim_type(answer) not in UNKNOWN_PATH:
        return failure
    refused = MethodRefused(error.message, hint=error.hint, status=error.status, request_id=error.request_id)
    return failure._replace(error=refused)


def _scim_type(answer: ApiAnswer) -> str:
    try:
        return str(member(read_json(answer)[0], "scimType")).lower()
    except UnexpectedAnswer:
        return ""
