"""What a table of users tells its screen; handlers know them as ``UserTable.CursorMoved`` and so on."""

from typing import TYPE_CHECKING

from textual.message import Message

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import SortKey

if TYPE_CHECKING:
    from walkme_tui.ui.widgets.user_table.table import UserTable


class TableMessage(Message, namespace="user_table"):
    """Something that a table has to say of itself."""

    def __init__(self, table: "UserTable") -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> "UserTable":
        """The table."""
        return self.table


class CursorMoved(TableMessage, namespace="user_table"):
    """The cursor is on another user, or on a row that is not here yet (``user`` is None); told at once."""

    def __init__(self, table: "UserTable", user: MirroredUser | None, index: int) -> None:
        super().__init__(table)
        self.user = user
        self.index = index


class Opened(TableMessage, namespace="user_table"):
    """Enter or a double click on a user."""

    def __init__(self, table: "UserTable", user: MirroredUser) -> None:
        super().__init__(table)
        self.user = user


class HeadingClicked(TableMessage, namespace="user_table"):
    """A click on the heading of a column that users can be sorted by."""

    def __init__(self, table: "UserTable", key: SortKey) -> None:
        super().__init__(table)
        self.key = key


class MarksChanged(TableMessage, namespace="user_table"):
    """``count`` users are marked now."""

    def __init__(self, table: "UserTable", count: int) -> None:
        super().__init__(table)
        self.count = count


class ViewChanged(TableMessage, namespace="user_table"):
    """Total, order or phase of the listing changed."""


class MarksReported(TableMessage, namespace="user_table"):
    """What a marking did or does, in a sentence that holds no directory text."""

    def __init__(self, table: "UserTable", text: str) -> None:
        super().__init__(table)
        self.text = text


class Failed(TableMessage, namespace="user_table"):
    """What was asked for could not be done, and nothing changed."""

    def __init__(self, table: "UserTable", error: WalkmeError) -> None:
        super().__init__(table)
        self.error = error
