"""Members that a group lists although no other answer described them: some were deleted, and are no users any more."""

from contextlib import suppress
from typing import Final

from walkme_tui.domain.errors import ApiError, ConfigurationError, NotFound, RequestRejected, UnexpectedAnswer
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

MAX_CHECKS: Final = 200


async def check_unlisted(session: Session, directory: Directory, group_id: str, since_ms: int = 0) -> None:
    """Request those members that a complete list of users, read since ``since_ms``, did not contain.

    At most ``MAX_CHECKS``. Nothing where the list is not complete: then they may just not be loaded. Raises
    ``MirrorUnavailable``.
    """
    if not (await session.mirror.coverage()).complete:
        return
    with suppress(ApiError, ConfigurationError):
        for user_id in await session.mirror.undescribed_members(group_id, since_ms, MAX_CHECKS):
            await check_member(directory, user_id, Priority.BACKGROUND)


async def check_member(directory: Directory, user_id: str, priority: Priority = Priority.DEMAND) -> None:
    """Request one member: it is dropped where there is no such user, and stays undecided where the answer is unusable.

    Raises ``WalkmeError`` where other requests would fail too.
    """
    with suppress(NotFound, RequestRejected, UnexpectedAnswer):
        await directory.reread(user_id, priority)
