"""Groups as the server has them now."""

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.errors import ConfigurationError, NotFound
from walkme_tui.domain.groups import Group, GroupRecord
from walkme_tui.domain.plans import GroupSubject
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.directory_api import GroupApi


def group_changes_refused(surface: Capabilities) -> ConfigurationError:
    """The error for a surface without calls that change groups."""
    return ConfigurationError(
        f"Nothing was sent: {surface.group_changes}.", hint="Where the profile has it: --surface scim."
    )


def require_group_api(session: Session) -> GroupApi:
    """The calls that change groups; raises ``ConfigurationError`` where the surface has none."""
    if session.group_api is None:
        raise group_changes_refused(session.capabilities)
    return session.group_api


async def read_group(session: Session, group_id: str, *, members: bool) -> GroupRecord:
    """A group, with its ``members`` or without; raises ``NotFound``."""
    api = require_group_api(session)
    try:
        if not members:
            return GroupRecord(await api.get_group(group_id))
        found = await api.group_members(group_id)
    except NotFound:
        # Some servers list groups that they cannot return one by one.
        listed = [group for group in await session.api.list_groups() if group.id == group_id]
        if not listed:
            raise
        return GroupRecord(listed[0])
    ids = tuple(user.id for user in found.members)
    return GroupRecord(found.group, UNKNOWN if found.unreadable and not ids else ids)


def group_subject(group: GroupRecord, read_at_ms: int) -> GroupSubject:
    """A group as a plan shows it."""
    return GroupSubject(group.group, None if group.members is UNKNOWN else len(group.members), read_at_ms)


async def named_groups(session: Session, name: str) -> list[Group]:
    """The groups with exactly this name, from the server's list."""
    return [group for group in await session.api.list_groups() if group.name == name]
