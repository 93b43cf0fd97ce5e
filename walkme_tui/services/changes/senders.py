"""The API call that makes a change, by kind of change."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.users import User
from walkme_tui.services.ports import DirectoryApi

Sender = Callable[[DirectoryApi, Any, User], Awaitable[str | None]]
"""Makes a change of its kind; the last argument is the user as last read.

Returns the id of a user that it created, if the answer had one.
"""


async def _create_user(api: DirectoryApi, change: CreateUser, _: User) -> str | None:
    return await api.create_user({"email": change.email, **dict(change.values)})


async def _update_user(api: DirectoryApi, change: UpdateUser, base: User) -> None:
    await api.update_user(change.subject_id, change.values, base)


async def _delete_user(api: DirectoryApi, change: DeleteUser, _: User) -> None:
    await api.delete_user(change.subject_id)


async def _set_status(api: DirectoryApi, change: SetStatus, base: User) -> None:
    await api.update_user(change.subject_id, {"status": change.after}, base)


async def _add_member(api: DirectoryApi, change: AddMember, _: User) -> None:
    await api.add_member(change.group.id, change.subject_id)


async def _remove_member(api: DirectoryApi, change: RemoveMember, _: User) -> None:
    await api.remove_member(change.group.id, change.subject_id)


SENDERS: Final[dict[type[Change], Sender]] = {
    CreateUser: _create_user,
    UpdateUser: _update_user,
    DeleteUser: _delete_user,
    SetStatus: _set_status,
    AddMember: _add_member,
    RemoveMember: _remove_member,
}
