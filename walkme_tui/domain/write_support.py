"""Which write calls the server of an account supports, as far as known."""

from typing import Protocol


class WriteSupport(Protocol):
    """What is known about the write calls of a profile's server, kept across starts.

    Calls raise ``JournalUnavailable``.
    """

    async def patch_refused(self) -> bool:
        """True if PATCH was refused before, so that GET, merge and PUT are used at once."""
        ...

    async def remember_patch_refused(self) -> None:
        """Store that this server refuses PATCH."""
        ...
