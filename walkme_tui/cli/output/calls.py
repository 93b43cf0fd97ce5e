"""The steps of a plan as API calls."""

from collections.abc import Callable
from typing import Any, Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.scim_json import PATHS
from walkme_tui.domain.user_json import JSON_NAMES
from walkme_tui.domain.users import Status

REST_CALLS: Final[dict[type[Change], Callable[[Any], str]]] = {
    CreateUser: lambda change: f"POST /users email={change.email}",
    UpdateUser: lambda change: f"PATCH /users/{change.subject_id} {_fields(change)}",
    DeleteUser: lambda change: f"DELETE /users/{change.subject_id}",
    SetStatus: lambda change: f"PATCH /users/{change.subject_id} status={change.after}",
    AddMember: lambda change: f"POST /groups/{change.group.id}/users userId={change.subject_id}",
    RemoveMember: lambda change: f"DELETE /groups/{change.group.id}/users/{change.subject_id}",
}
SCIM_CALLS: Final[dict[type[Change], Callable[[Any], str]]] = {
    CreateUser: lambda change: f"POST /Users userName={change.email}",
    UpdateUser: lambda change: f"PATCH /Users/{change.subject_id} {_scim_fields(change)}",
    DeleteUser: lambda change: f"DELETE /Users/{change.subject_id}",
    SetStatus: lambda change: f"PATCH /Users/{change.subject_id} active={_active(change.after)}",
    AddMember: lambda change: f"PATCH /Groups/{change.group.id} add members={change.subject_id}",
    RemoveMember: lambda change: f"PATCH /Groups/{change.group.id} remove members={change.subject_id}",
    CreateGroup: lambda change: f"POST /Groups displayName={change.name}",
    RenameGroup: lambda change: f"PATCH /Groups/{change.subject_id} displayName={change.after}",
    DeleteGroup: lambda change: f"DELETE /Groups/{change.subject_id}",
}
CALLS: Final = {Surface.REST: REST_CALLS, Surface.SCIM: SCIM_CALLS}
"""The API call of a change, by surface and kind of change."""


def call_of(surface: Surface, change: Change) -> str:
    """The call that a step makes, with the ids in it: ``PATCH /users/{id} status=inactive``."""
    return CALLS[surface][type(change)](change)


def _active(status: str | None) -> str:
    return str(status == Status.ACTIVE).lower()


def _scim_fields(change: UpdateUser) -> str:
    return " ".join(
        f"active={_active(value)}" if name == "status" else f"{PATHS.get(name, name)}={value or ''}"
        for name, value in change.values.items()
    )


def _fields(change: UpdateUser) -> str:
    return " ".join(f"{JSON_NAMES[name]}={value or ''}" for name, value in change.values.items())
