"""The dialog that shows the marked users and asks what to do with all of them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.users import User
from walkme_tui.ui import words
from walkme_tui.ui.change_words import email_of, name_of, status_text
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.confirmation import SHORT_SCREEN, account_mark, available_lines
from walkme_tui.ui.dialogs.dialog import footer_keys
from walkme_tui.ui.widgets.row_list import ScrolledList
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

LEAST_PEOPLE: Final = 3
EMAIL_SHARE: Final = 0.5
STATUS_WIDTH: Final = 12
NO_MARKS: Final = "For the user under the cursor. Space marks several."


class BulkAction(StrEnum):
    """What to do with users; each is the key that chooses it."""

    DEACTIVATE = "x"
    REACTIVATE = "X"
    OFFBOARD = "O"
    ROLE = "r"
    FIRST_NAME = "f"
    LAST_NAME = "l"
    EXTERNAL_ID = "i"
    GROUPS = "a"
    EXPORT = "E"
    DELETE = "D"


LABELS: Final = {
    BulkAction.DEACTIVATE: "Deactivate",
    BulkAction.REACTIVATE: "Reactivate",
    BulkAction.OFFBOARD: "Offboard: deactivate, and leave the groups",
    BulkAction.ROLE: "Set the role…",
    BulkAction.FIRST_NAME: "Set the first name…",
    BulkAction.LAST_NAME: "Set the last name…",
    BulkAction.EXTERNAL_ID: "Set the external id…",
    BulkAction.GROUPS: "Change groups…",
    BulkAction.EXPORT: "Export to a file…",
    BulkAction.DELETE: "Delete permanently…",
}


class BulkDialog(ChoiceDialog):
    """Returns the ``BulkAction`` that was chosen.

    ``users`` are those that the choice is for, the one under the cursor unless they ``are_marked``. What is marked
    afterwards does not change them.
    """

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(
        self,
        title: str,
        users: Sequence[User],
        actions: Sequence[BulkAction],
        account: Account,
        *,
        are_marked: bool,
    ) -> None:
        choices = [Choice(action.value, f"{action.value}  {LABELS[action]}") for action in actions]
        super().__init__(title, choices, right=account_mark(account))
        self._users = users
        self._are_marked = are_marked
        self._people = _People(id="people")
        self._people.can_focus = False

    def body(self) -> Sequence[Widget]:
        """The actions, and the people below."""
        return [self._list, TextBar(id="people-heading"), self._people]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Each action has its key; the keys that move by pages scroll the people."""
        people = self._people
        return {
            **super().keys(),
            **{choice.answer: partial(self.dismiss, choice.answer) for choice in self._choices},
            "pagedown": people.action_page_down,
            "pageup": people.action_page_up,
            "home": people.action_first,
            "end": people.action_last,
        }

    def fill(self) -> None:
        """Fill both lists."""
        super().fill()
        self.show_people(self._users)
        people = f"For {words.count(len(self._users), 'person', 'people')}"
        heading = people if self._are_marked else NO_MARKS
        self.query_one("#people-heading", TextBar).write([(heading, TextStyle.DIM)])

    def show_people(self, users: Sequence[User]) -> None:
        """Show the same users, with what is known of them by now."""
        self._users = users
        self._people.show(users)
        self._people.cursor = -1

    def on_resize(self, event: events.Resize) -> None:
        """Leave lines for the people."""
        short = event.size.height < SHORT_SCREEN
        self.query("#frame").set_class(short, "short")
        lines = available_lines(event.size.height, 1 + LEAST_PEOPLE - (2 if short else 0))
        self._list.styles.height = min(len(self._choices), lines)
        self.call_after_refresh(self._write_keys)

    def _write_keys(self) -> None:
        """Name the keys that scroll the people where some of them are not on the screen."""
        scroll = [("PgUp PgDn", "people")] if self._people.max_scroll_y else []
        self.fill_footer(footer_keys(self.HINTS[0], *scroll, *self.HINTS[1:]))


class _People(ScrolledList[User]):
    """The users, without a cursor: email, name and status."""

    def key(self, row: User) -> Hashable:
        """The id identifies a user."""
        return row.id

    def line(self, row: User, width: int) -> StyledText:
        """Email, name and status."""
        email, name = email_of(row), name_of(row)
        rest = width - STATUS_WIDTH
        email_width = rest if name == email else int(width * EMAIL_SHARE)
        return [
            (words.fit(words.cut_email(email, email_width), email_width), TextStyle.PLAIN),
            (words.fit(f"  {name}", rest - email_width), TextStyle.DIM),
            (words.fit(f"  {status_text(row.status)}", STATUS_WIDTH), TextStyle.DIM),
        ]

    def on_click(self, event: events.Click) -> None:
        """Prevent what other lists do: this one is only shown."""
        event.prevent_default()
