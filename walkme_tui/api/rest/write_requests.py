"""The requests that change something; an invalid id raises ``NotFound``, and nothing is sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from walkme_tui.api.answers import ONE_RECORD_SECONDS, ApiRequest
from walkme_tui.api.ids import path_segment
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.users import Json

WRITE: Final = "users:write"
DELETE: Final = "users:delete"


def create_request(fields: Mapping[str, Json]) -> ApiRequest:
    """Create a user with these fields, by their JSON names."""
    return replace(_change("POST", "/users", "the list of users", fields), collection=True)


def delete_request(user_id: str) -> ApiRequest:
    """Delete a user."""
    return replace(_change("DELETE", f"/users/{path_segment(user_id, 'user')}", "this user", None), scope=DELETE)


def patch_request(user_id: str, fields: Mapping[str, Json]) -> ApiRequest:
    """Change some fields of a user, by their JSON names."""
    return _change("PATCH", f"/users/{path_segment(user_id, 'user')}", "this user", fields)


def put_request(user_id: str, whole: Mapping[str, Json]) -> ApiRequest:
    """Replace the whole record of a user."""
    return _change("PUT", f"/users/{path_segment(user_id, 'user')}", "this user", whole)


def add_member_request(group_id: str, user_id: str) -> ApiRequest:
    """Add a user to a group."""
    path_segment(user_id, "user")
    return _change(
        "POST", f"/groups/{path_segment(group_id, 'group')}/users", "this group or user", {"userId": user_id}
    )


def remove_member_request(group_id: str, user_id: str) -> ApiRequest:
    """Remove a user from a group."""
    target = f"/groups/{path_segment(group_id, 'group')}/users/{path_segment(user_id, 'user')}"
    return _change("DELETE", target, "this user in this group", None)


def _change(method: str, target: str, about: str, body: Mapping[str, Json] | None) -> ApiRequest:
    # As ASCII, lone surrogates in a record are sent back as they came; UTF-8 cannot encode them.
    content = b"" if body is None else dumps(dict(body), separators=(",", ":")).encode("ascii")
    return ApiRequest(method, target, WRITE, about, content=content, total_seconds=ONE_RECORD_SECONDS, changes=True)
