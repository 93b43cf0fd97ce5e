"""What is remembered about how an account's server takes writes."""

from typing import Protocol


class WriteMemory(Protocol):
    """How a profile's server takes writes, kept across starts; calls raise ``JournalUnavailable``."""

    async def patch_refused(self) -> bool:
        """True if PATCH was refused before, so that GET, merge and PUT are used at once."""
        ...

    async def remember_patch_refused(self) -> None:
        """Store that this server refuses PATCH."""
        ...
