"""The dialog that asks for one of the people or groups of a job, whose receipt is written alone."""

from collections.abc import Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import GroupSubject, Subject
from walkme_tui.ui.dialogs.confirmation import FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped


class ReceiptSubjectDialog(Dialog[Subject | GroupSubject]):
    """Returns the user or the group of the job that was typed."""

    def __init__(self, job: Job) -> None:
        title = "Receipt of one group" if job.plan.about_groups else "Receipt of one person"
        super().__init__([(title, TextStyle.STRONG)], footer_keys(("Enter", "write"), ("Esc", "cancel")))
        self._job = job
        self._input = TextInput(id="receipt-subject")

    def body(self) -> Sequence[Widget]:
        """The input, and what to type or why it cannot be used."""
        return [self._input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._note("Name or id" if self._job.plan.about_groups else "Email or id", TextStyle.DIM)
        self.set_focus(self._input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns who is meant."""
        return {"enter": self._take}

    def _note(self, text: str, style: TextStyle) -> None:
        notes = self.query_one("#notes", ScrollingText)
        notes.set_lines(list(wrapped(text, inner_width(self.app.size.width, FRAME) - 1, style)))

    def _take(self) -> None:
        if not self._input.text.strip():
            return
        try:
            self.dismiss(self._job.subject_named(self._input.text.strip()))
        except NotFound as error:
            self._note(str(error), TextStyle.WARN)
