"""The API call that makes a change, by kind of change."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.services.changes.user_update import UserUpdater
from walkme_tui.services.ports import DirectoryApi

Sender = Callable[[DirectoryApi, UserUpdater, Any], Awaitable[None]]


async def _set_status(_: DirectoryApi, updater: UserUpdater, change: SetStatus) -> None:
    await updater.edit(change.user_id, {"status": change.after})


async def _add_member(api: DirectoryApi, _: UserUpdater, change: AddMember) -> None:
    await api.add_member(change.group.id, change.user_id)


async def _remove_member(api: DirectoryApi, _: UserUpdater, change: RemoveMember) -> None:
    await api.remove_member(change.group.id, change.user_id)


SENDERS: Final[dict[type[Change], Sender]] = {
    SetStatus: _set_status,
    AddMember: _add_member,
    RemoveMember: _remove_member,
}
