"""Members that a group lists although no other answer described them: some were deleted, and are no users any more."""

from typing import Final

from walkme_tui.domain.errors import NotFound, ServiceUnavailable, WalkmeError
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.backoff import NEEDS_USER_ACTION
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

MAX_CHECKS: Final = 200


async def check_unlisted(session: Session, directory: Directory, group_id: str, since_ms: int = 0) -> None:
    """Request those members whom a complete list of users, read since ``since_ms``, did not contain.

    At most ``MAX_CHECKS``. Nothing where the list is not complete: then they may just not be loaded. Raises
    ``MirrorUnavailable``.
    """
    if not (await session.mirror.coverage()).complete:
        return
    for user_id in await session.mirror.undescribed_members(group_id, since_ms, MAX_CHECKS):
        try:
            await directory.reread(user_id, Priority.BACKGROUND)
        except NotFound:
            continue
        except WalkmeError as error:
            if isinstance(error, (ServiceUnavailable, *NEEDS_USER_ACTION)):
                return  # the other requests would fail too
