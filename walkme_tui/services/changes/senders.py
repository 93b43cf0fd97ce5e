"""The API call that makes a change, by kind of change."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import GroupRecord
from walkme_tui.domain.users import User
from walkme_tui.services.changes.group_lookups import require_group_api
from walkme_tui.services.ports import Session

Sender = Callable[[Session, Any, Any], Awaitable[str | None]]
"""Makes a change of its kind; the last argument is the record as last read, None for a group to create.

Returns the id of what it created, if the answer had one.
"""


async def _create_user(session: Session, change: CreateUser, _: User) -> str | None:
    return await session.api.create_user({"email": change.email, **dict(change.values)})


async def _update_user(session: Session, change: UpdateUser, base: User) -> None:
    await session.api.update_user(change.subject_id, change.values, base)


async def _delete_user(session: Session, change: DeleteUser, _: User) -> None:
    await session.api.delete_user(change.subject_id)


async def _set_status(session: Session, change: SetStatus, base: User) -> None:
    await session.api.update_user(change.subject_id, {"status": change.after}, base)


async def _add_member(session: Session, change: AddMember, _: User) -> None:
    await session.api.add_member(change.group.id, change.subject_id)


async def _remove_member(session: Session, change: RemoveMember, _: User) -> None:
    await session.api.remove_member(change.group.id, change.subject_id)


async def _create_group(session: Session, change: CreateGroup, _: None) -> str | None:
    return await require_group_api(session).create_group(change.name)


async def _rename_group(session: Session, change: RenameGroup, _: GroupRecord) -> None:
    await require_group_api(session).rename_group(change.subject_id, change.after)


async def _delete_group(session: Session, change: DeleteGroup, _: GroupRecord) -> None:
    await require_group_api(session).delete_group(change.subject_id)


SENDERS: Final[dict[type[Change], Sender]] = {
    CreateUser: _create_user,
    UpdateUser: _update_user,
    DeleteUser: _delete_user,
    SetStatus: _set_status,
    AddMember: _add_member,
    RemoveMember: _remove_member,
    CreateGroup: _create_group,
    RenameGroup: _rename_group,
    DeleteGroup: _delete_group,
}
