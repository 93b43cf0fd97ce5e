"""The dialog before a user or a group is deleted."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.containers import Horizontal
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.groups import member_count
from walkme_tui.domain.plans import Gravity, GroupSubject, Subject
from walkme_tui.domain.text import clean, email_key
from walkme_tui.domain.users import Status
from walkme_tui.ui.change_words import MAX_SENTENCE, status_text, subject_name
from walkme_tui.ui.dialogs.confirmation import (
    SHORT_SCREEN,
    ConfirmationDialog,
    account_mark,
    available_lines,
    inner_width,
)
from walkme_tui.ui.dialogs.dialog import movement_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped
from walkme_tui.ui.words import ago

EMAIL_LINES: Final = 3
SHORT_SAVES: Final = 3
"""The blank lines that a frame of class ``short`` lacks."""
MAX_ROLE: Final = 40


class DeleteChoice(StrEnum):
    """What to do with the user or the group."""

    DEACTIVATE = "deactivate"
    DELETE = "delete"
    SAVE = "save"


class DeleteDialog(ConfirmationDialog[DeleteChoice]):
    """Shows what a deletion loses; deletes only after the email or the name, or the id of one without, was typed.

    ``clock`` gives milliseconds since the Unix epoch.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    def __init__(
        self,
        subject: Subject | GroupSubject,
        account: Account,
        *,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        is_group = isinstance(subject, GroupSubject)
        title = f"Delete {'the group ' if is_group else ''}{subject_name(subject)}?"
        super().__init__([(title, TextStyle.STRONG)], account_mark(account), monotonic)
        self._subject = subject
        self._clock = clock
        self._wanted = subject.name if subject.name.strip() else subject.id
        self._key_name = "id" if self._wanted is subject.id else "name" if is_group else "email"
        self._text = ScrollingText(id="delete-text", can_focus=False)
        self._input = TextInput(id="typed-email")

    def body(self) -> Sequence[Widget]:
        """What is lost, and the email to type."""
        return [
            self._text,
            Horizontal(TextBar(id="email-label"), self._input, id="email-line"),
            TextBar(id="email-note"),
        ]

    def fill(self) -> None:
        """Write the texts before the first layout, which would otherwise not have room for them."""
        self.query_one("#email-label", TextBar).write([(self._key_name.capitalize(), TextStyle.DIM)])
        self._note(f"to delete: t, type the {self._key_name}, Enter, then y", TextStyle.DIM)
        self._write()
        super().fill()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap the texts again."""
        self._write()

    def _write(self) -> None:
        height = self.app.size.height
        short = height < SHORT_SCREEN
        self.query("#frame").set_class(short, "short")
        self._text.styles.max_height = available_lines(height, EMAIL_LINES - (SHORT_SAVES if short else 0))
        self._text.set_lines(self._lines(inner_width(self.app.size.width) - 1))

    def _lines(self, width: int) -> list[StyledText]:
        facts = filter(None, (clean(self._wanted, MAX_SENTENCE), *self._facts()))
        lines = list(wrapped("   ".join(facts), width))
        lines.append([])
        for each in self._subject.consequences:
            warns = each.gravity is Gravity.WARNING
            text = clean(each.text, MAX_SENTENCE)
            lines += wrapped(text, width, TextStyle.WARN if warns else TextStyle.PLAIN, "! " if warns else "  ")
        return lines

    def _facts(self) -> Sequence[str]:
        read = f"read {ago(self._clock(), self._subject.read_at_ms)}"
        if isinstance(self._subject, GroupSubject):
            return member_count(self._subject.members), read
        user = self._subject.user
        role = clean(user.role, MAX_ROLE) if isinstance(user.role, str) else ""
        return role, status_text(user.status), read

    def _note(self, text: str, style: TextStyle) -> None:
        self.query_one("#email-note", TextBar).write([(text, style)])

    # ------------------------------------------------------------ keys

    @property
    def _can_deactivate(self) -> bool:
        return isinstance(self._subject, Subject) and self._subject.user.status != Status.INACTIVE

    def hints(self) -> Sequence[tuple[str, str]]:
        """The keys that are useful with the current focus."""
        if self.focused is self._input:
            return [("Enter", "done")]
        deactivate = [("x", "deactivate")] if self._can_deactivate else []
        return [*deactivate, ("t", self._key_name), ("y", "delete"), ("p", "save plan")]

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def update_keys(self) -> None:
        """Show the keys for the new focus."""
        self.write_footer()

    def process_key(self, event: events.Key) -> bool:
        """Esc, Enter and Tab in the input return to the button."""
        if event.key in {"escape", "enter", "tab"} and self.focused is self._input:
            self.set_focus(self._button)
            self.disarm()
            return True
        return super().process_key(event)

    def other_keys(self) -> Mapping[str, Callable[[], object]]:
        """Scroll, type the email, save the plan."""
        edit = partial(self.set_focus, self._input)
        save = partial(self.dismiss, DeleteChoice.SAVE)
        return {
            **movement_keys(self._text),
            "t": partial(self.run_once_armed, edit),
            "tab": edit,
            "p": partial(self.run_once_armed, save),
        }

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """Deactivate or delete."""
        deactivate = {"x": partial(self.dismiss, DeleteChoice.DEACTIVATE)} if self._can_deactivate else {}
        return {**deactivate, "y": self._delete}

    def _delete(self) -> None:
        """Return DELETE if the email or the exact name was typed."""
        typed, is_group = self._input.text.strip(), isinstance(self._subject, GroupSubject)
        # Also as it is shown: the raw name may have characters that no keyboard has.
        accepted = typed in {self._wanted.strip(), clean(self._wanted).strip()}
        if accepted or (not is_group and email_key(typed) == email_key(self._wanted)):
            self.dismiss(DeleteChoice.DELETE)
            return
        self._note(f"nothing was sent: type the {self._key_name} first", TextStyle.WARN)
        self.set_focus(self._input)
