"""The dialog that asks for a role that the account does not have yet."""

from collections.abc import Callable, Collection, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.domain.validation import check
from walkme_tui.ui.dialogs.confirmation import FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped

NOTE = "The role decides what a person may do in the Console. Upper and lower case count."
MAX_ROLE = 80


class RoleDialog(Dialog[str]):
    """Returns a role; one that is not among ``roles`` is asked about first."""

    def __init__(self, roles: Collection[str], monotonic: Callable[[], float]) -> None:
        super().__init__([("Another role", TextStyle.STRONG)], footer_keys(("Enter", "use it"), ("Esc", "cancel")))
        self._roles = roles
        self._monotonic = monotonic
        self._box = TextInput(id="role-name")
        self._box.on_edit = self._write

    def body(self) -> Sequence[Widget]:
        """The input and the notes."""
        return [self._box, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._write("")
        self.set_focus(self._box)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns the role."""
        return {"enter": self._take}

    def _write(self, role: str) -> None:
        notes = self.query_one("#notes", ScrollingText)
        width = inner_width(self.app.size.width, FRAME)
        lines = [*wrapped(NOTE, width, TextStyle.DIM)]
        for finding in check("role", role) if role else ():
            lines += wrapped(clean(finding.text, 400), width, TextStyle.WARN, "! ")
        notes.set_lines(lines)
        notes.refresh(layout=True)

    def _take(self) -> None:
        role = self._box.text.strip()
        if role in self._roles:
            self.dismiss(role)
        elif role:
            shown = clean(role, MAX_ROLE)
            question = QuestionDialog(
                f"Use the role {shown}?",
                [
                    (f"No loaded user has the role {shown}.", TextStyle.WARN),
                    (f"{_similar(role, self._roles)}The server decides whether it knows the role.", TextStyle.PLAIN),
                ],
                [AnswerKey("u", "use it")],
                monotonic=self._monotonic,
            )

            def use(answer: str | None) -> None:
                if answer is not None:
                    self.dismiss(role)

            self.app.push_screen(question, use)


def _similar(role: str, roles: Collection[str]) -> str:
    same = [other for other in roles if other.casefold() == role.casefold()]
    return f"There is {clean(same[0], MAX_ROLE)}. " if same else ""
