"""The users and groups that a change on the command line names."""

from collections.abc import Sequence

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.groups import Group
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session


def stripped_emails(words: Sequence[str]) -> list[str]:
    """The emails without the blanks around them; raises ``ConfigurationError`` if one is empty."""
    emails = [word.strip() for word in words]
    if not all(emails):
        raise ConfigurationError("One of the emails is empty.", hint="Check how the shell expanded the arguments.")
    return emails


async def named_groups(session: Session, keys: Sequence[str]) -> list[Group]:
    """The groups with these names and ids, each once, from the server's list as it is now.

    Raises ``NotFound`` with the nearest name, and ``RequestRejected`` for a name of several groups.
    """
    directory = Directory(session)
    if keys:
        await directory.refresh_groups()
    groups = [await directory.group(key) for key in keys]
    return list(dict.fromkeys(groups))
