"""The calls of a SCIM server: reads, and changes in the content type that it accepts."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from walkme_tui.api.answers import LIST_LIMIT_BYTES, OBJECT_LIMIT_BYTES, ONE_RECORD_SECONDS, ApiAnswer, ApiRequest
from walkme_tui.api.connection import Connection
from walkme_tui.api.ids import opaque_segment
from walkme_tui.api.scim.decoding import decode_written
from walkme_tui.api.scim.sign_in import FixedSignIn
from walkme_tui.domain.errors import RequestRejected
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import Json

T = TypeVar("T")

SCIM_JSON: Final = "application/scim+json"
ACCEPT: Final = (("Accept", f"{SCIM_JSON}, application/json"),)
PATCH_SCHEMA: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BAD_REQUEST: Final = 400
UNSUPPORTED_MEDIA_TYPE: Final = 415

USERS: Final = "/Users"

Operation = Mapping[str, Json]


class ScimCalls:
    """Sends requests over one connection; raises like ``Connection.call``."""

    def __init__(self, connection: Connection, credential: FixedSignIn, base_url: str) -> None:
        self.base_url = base_url
        self._connection = connection
        self._credential = credential
        self._content_type = SCIM_JSON
        self._without_paths = False

    async def read_list(
        self,
        path: str,
        parameters: Mapping[str, str | int],
        about: str,
        decode: Callable[[ApiAnswer], T],
        priority: Priority = Priority.DEMAND,
        limit_bytes: int = LIST_LIMIT_BYTES,
        *,
        patient: bool = True,
    ) -> T:
        """One page of a list; ``patient`` is explained at ``ApiRequest``."""
        request = ApiRequest(
            "GET", path + query(parameters), "", about, limit_bytes,
            collection=path == USERS, headers=ACCEPT, patient=patient,
        )  # fmt: skip
        return await self._connection.call(request, self._credential, priority, decode)

    async def read_one(
        self,
        target: str,
        about: str,
        decode: Callable[[ApiAnswer], T],
        priority: Priority = Priority.DEMAND,
        limit_bytes: int = OBJECT_LIMIT_BYTES,
    ) -> T:
        """One resource."""
        # A group of many members takes longer than one record.
        seconds = ONE_RECORD_SECONDS if limit_bytes == OBJECT_LIMIT_BYTES else None
        request = ApiRequest("GET", target, "", about, limit_bytes, total_seconds=seconds, headers=ACCEPT)
        return await self._connection.call(request, self._credential, priority, decode)

    async def patch(self, target: str, about: str, operations: Iterable[Operation], if_match: str = "") -> None:
        """Apply operations to one resource; without paths where the server refuses them with paths."""
        forms = [list(operations)]
        if (merged := _without_paths(forms[0])) is not None:
            forms.insert(0 if self._without_paths else 1, [merged])
        bodies = [{"schemas": [PATCH_SCHEMA], "Operations": [dict(each) for each in form]} for form in forms]
        place, _ = await first_accepted(
            [partial(self.write, "PATCH", target, about, body, if_match=if_match) for body in bodies]
        )
        if len(forms) > 1:
            self._without_paths = forms[place] == [merged]

    async def write(
        self,
        method: str,
        target: str,
        about: str,
        body: Mapping[str, object] | None,
        decode: Callable[[ApiAnswer], Any] = decode_written,
        *,
        if_match: str = "",
    ) -> Any:
        """A change; the result of ``decode``."""
        # As ASCII, lone surrogates in a record are sent back as they came; UTF-8 cannot encode them.
        content = b"" if body is None else dumps(dict(body), separators=(",", ":")).encode("ascii")
        conditions = (("If-Match", if_match),) if if_match else ()
        request = ApiRequest(
            method, target, "", about, content=content, total_seconds=ONE_RECORD_SECONDS, changes=True
        )  # fmt: skip
        content_type = self._content_type
        while True:
            headers = (*ACCEPT, *((("Content-Type", content_type),) if content else ()), *conditions)
            try:
                sent = replace(request, headers=headers)
                return await self._connection.call(sent, self._credential, Priority.DEMAND, decode)
            except RequestRejected as error:
                if error.status != UNSUPPORTED_MEDIA_TYPE or not content or content_type != SCIM_JSON:
                    raise
                content_type = self._content_type = "application/json"


async def first_accepted(attempts: Sequence[Callable[[], Awaitable[T]]]) -> tuple[int, T]:
    """Make one attempt after the other until one is not answered with 400; its place and its result.

    Raises the first refusal where there is none, and every other error at once.
    """
    refusals: list[RequestRejected] = []
    for place, attempt in enumerate(attempts):
        try:
            return place, await attempt()
        except RequestRejected as error:
            if error.status != BAD_REQUEST:
                raise
            refusals.append(error)
    raise refusals[0]


def _without_paths(operations: Sequence[Operation]) -> Operation | None:
    """Replacements as one without a path; None for others, and for parts of an attribute.

    Of an attribute with parts, such as the name, some servers would then clear the other parts.
    """
    paths = [str(each["path"]) for each in operations]
    if any(each["op"] != "replace" for each in operations) or not all(map(str.isalnum, paths)):
        return None
    return {"op": "replace", "value": {path: each["value"] for path, each in zip(paths, operations, strict=True)}}


def query(parameters: Mapping[str, str | int]) -> str:
    """Parameters as the query of a target; a blank as %20, because some servers do not read + as one."""
    pairs = (f"{name}={quote(str(value), safe='', errors='replace')}" for name, value in parameters.items())
    return "?" + "&".join(pairs) if parameters else ""


def user_target(user_id: str) -> str:
    """The path of a user; raises ``NotFound`` for an id that cannot be one."""
    return f"{USERS}/{opaque_segment(user_id, 'user')}"


def group_target(group_id: str) -> str:
    """The path of a group; raises ``NotFound`` for an id that cannot be one."""
    return f"/Groups/{opaque_segment(group_id, 'group')}"


def equals(attribute: str, value: str) -> str:
    """The filter for an attribute with exactly this text."""
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False)}"
