"""Users whom a whole walk over the list did not meet: the server is asked for each, and forgotten is who is gone."""

from walkme_tui.domain.errors import NotFound, ServiceUnavailable, WalkmeError
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.backoff import UP_TO_A_PERSON
from walkme_tui.services.events import UserForgotten, UserStored
from walkme_tui.services.ports import Session


async def check_absent(session: Session, user_id: str) -> bool:
    """Ask for one user in the background; False where the line fails, so that the others need not be asked for.

    Who is still there is stored, and so is not asked for again after the next walk. Raises ``MirrorUnavailable``.
    """
    asked_at_ms = session.clock()
    try:
        user = await session.api.get_user(user_id, Priority.BACKGROUND)
    except NotFound:
        was = await session.mirror.forget_user(user_id)
        session.events.publish(UserForgotten(user_id, was))
    except WalkmeError as error:
        return not isinstance(error, (ServiceUnavailable, *UP_TO_A_PERSON))
    else:
        await session.mirror.save_user(user, asked_at_ms)
        session.events.publish(UserStored(user_id))
    return True
