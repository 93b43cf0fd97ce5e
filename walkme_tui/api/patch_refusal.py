"""Whether a server refuses PATCH, so that whole records are replaced."""

from contextlib import suppress

from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.write_support import WriteSupport


class PatchRefusal:
    """What is known of PATCH, in this process and, with ``store``, across starts."""

    def __init__(self, store: WriteSupport | None = None) -> None:
        self.store: WriteSupport | None = store
        self._known: bool | None = None

    async def known(self) -> bool:
        """True where PATCH is refused. If the journal cannot be read, one PATCH is refused."""
        if self._known is None:
            self._known = False
            if self.store is not None:
                with suppress(JournalUnavailable):
                    self._known = await self.store.patch_refused()
        return self._known

    def note(self, *, refused: bool) -> None:
        """Know it in this process."""
        self._known = refused

    async def remember(self) -> None:
        """PATCH was refused: know it across starts."""
        self._known = True
        if self.store is not None:
            with suppress(JournalUnavailable):
                await self.store.remember_patch_refused()
