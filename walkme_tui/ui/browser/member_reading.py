"""The members of the group under the cursor are read from the group itself once the cursor rests on it."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.groups import GroupSize
from walkme_tui.services.sync.member_checks import check_unlisted
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widget import Widget

    from walkme_tui.services.directory import Directory
    from walkme_tui.services.events import MembersStored
    from walkme_tui.services.ports import Session

REST_SECONDS: Final = 0.15
FRESH_MS: Final = 30_000


class MembersState(NamedTuple):
    """The last reading of the members of a group: under way, failed, or with ``unreadable`` entries.

    Of ``listed`` members ``stored`` are in the mirror; None before the answer.
    """

    running: bool = False
    stored: int = 0
    listed: int | None = None
    failure: WalkmeError | None = None
    unreadable: int = 0


class MemberReading:
    """Reads the members of one group at a time, while the list of ``groups`` is shown; ``changed`` is awaited then."""

    def __init__(
        self,
        session: "Session",
        directory: "Directory",
        groups: "Widget",
        changed: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._session, self._directory, self._groups, self._changed = session, directory, groups, changed
        self._states: dict[str, MembersState] = {}
        self._group: GroupSize | None = None
        self._timer: Timer | None = None

    @property
    def possible(self) -> bool:
        """True on a surface whose groups list their members."""
        return self._session.group_api is not None

    def state(self, group_id: str) -> MembersState:
        """The state of a group."""
        return self._states.get(group_id, MembersState())

    def leave(self) -> None:
        """Treat the cursor as just moved to its group, which is then read unless it was read just before."""
        self._group = None

    def follow(self, size: GroupSize | None) -> None:
        """Read the members of this group once the cursor rests on it, unless that was done just before."""
        if not self.possible or not (self._groups.is_attached and self._groups.display):
            return
        same = size is not None and self._group is not None and size.group.id == self._group.group.id
        self._group = size
        if same or size is None:
            return
        if self._timer is None:
            self._timer = self._groups.set_timer(REST_SECONDS, self._rested)
        else:
            self._timer.reset()
            self._timer.resume()

    def read_again(self) -> None:
        """Read the members of the group under the cursor now."""
        if self._group is not None and self._groups.display:
            reading = partial(self._read, self._group.group.id)
            start_worker(self._groups, WorkerGroup.MEMBERS, reading, name="Reading the members", exclusive=True)

    def on_stored(self, event: "MembersStored") -> None:
        """Note how many members are stored."""
        self._states[event.group_id] = self.state(event.group_id)._replace(stored=event.stored, listed=event.listed)

    def _rested(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        group = self._group
        if group is not None and not (group.read_at_ms and 0 <= self._session.clock() - group.read_at_ms <= FRESH_MS):
            self.read_again()

    async def _read(self, group_id: str) -> None:
        self._states[group_id] = MembersState(running=True)
        end = MembersState()
        try:
            await self._changed()
            found = await self._directory.read_members(group_id)
            end = MembersState(unreadable=found.unreadable)
        except WalkmeError as error:
            end = MembersState(failure=error)
        finally:
            self._states[group_id] = end
        await self._changed()
        if end.failure is None:
            try:
                await check_unlisted(self._session, self._directory, group_id)
            except MirrorUnavailable:
                return  # the table of members reports it
            await self._changed()
