"""The pane with all fields of one user, beside the list or in its place."""

from collections.abc import Mapping
from typing import TypeAlias

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.mirrored import MirroredUser, UnreadableRow
from walkme_tui.services.ports import Clock
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

Subject: TypeAlias = MirroredUser | UnreadableRow | None


class DetailPane(ScrollingText):
    """Shows all fields that users of a surface have, or the record as JSON as it is sent there."""

    def __init__(self, surface: Surface, clock: Clock, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._surface = surface
        self._clock = clock
        self._subject: Subject = None
        self._group_names: Mapping[str, str] = {}
        self._problem = ""
        self._raw = False

    @property
    def subject(self) -> Subject:
        """The record that is shown."""
        return self._subject

    @property
    def raw(self) -> bool:
        """True while the record is shown as JSON."""
        return self._raw

    def show(self, subject: Subject, problem: str = "") -> None:
        """Show this record; ``problem`` is a clean sentence on why it could not be read again."""
        if _identity(subject) != _identity(self._subject):
            self.scroll_to(y=0, animate=False)
        self._subject, self._problem = subject, problem
        self.write()

    def set_raw(self, raw: bool) -> None:
        """Show the record as JSON, or as fields."""
        self._raw = raw
        self.scroll_to(y=0, animate=False)
        self.write()

    def name_groups(self, names: Mapping[str, str]) -> None:
        """Set the names of the groups by id."""
        self._group_names = names
        self.write()

    def write(self) -> None:
        """Write the record again with current ages and width."""
        if self.size.width > 0:
            self.set_lines(self._written(max(4, self.size.width - 2)))

    def on_resize(self) -> None:
        """Wrap the record again."""
        self.write()

    def _written(self, width: int) -> list[StyledText]:
        subject = self._subject
        if subject is None:
            lines: list[StyledText] = [(), [("No user is under the cursor.", TextStyle.DIM)]]
        else:
            lines = self._lines_of(subject, width)
        if self._problem:
            lines += wrapped(self._problem, width, TextStyle.WARN)
        return [[(" ", TextStyle.PLAIN), *line] for line in lines]

    def _lines_of(self, subject: MirroredUser | UnreadableRow, width: int) -> list[StyledText]:
        from walkme_tui.ui.widgets.detail.record import raw_lines, record_lines, unreadable_lines

        if isinstance(subject, UnreadableRow):
            return unreadable_lines(subject, width)
        if self._raw:
            return raw_lines(subject, self._surface, width)
        return record_lines(subject, self._surface, self._group_names, self._clock(), width)


def _identity(subject: Subject) -> object:
    return subject.user.id if isinstance(subject, MirroredUser) else subject
