"""The dialog that asks for one of the people or groups of a job, whose receipt is written alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from textual.widget import Widget

from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.jobs import Job
from walkme_tui.ui.dialogs.confirmation import FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped
from walkme_tui.ui.workers import WorkerGroup, start_worker


class ReceiptSubjectDialog(Dialog[Job]):
    """Returns what ``find`` reads of the job for the user or the group that was typed."""

    def __init__(self, find: Callable[[str], Awaitable[Job]], *, about_groups: bool) -> None:
        title = "Receipt of one group" if about_groups else "Receipt of one person"
        super().__init__([(title, TextStyle.STRONG)], footer_keys(("Enter", "write"), ("Esc", "cancel")))
        self._find = find
        self._about_groups = about_groups
        self._input = TextInput(id="receipt-subject")

    def body(self) -> Sequence[Widget]:
        """The input, and what to type or why it cannot be used."""
        return [self._input, ScrollingText(id="notes")]

    def fill(self) -> None:
        """Focus the input."""
        self._note("Name or id" if self._about_groups else "Email or id", TextStyle.DIM)
        self.set_focus(self._input)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter reads who is meant."""
        return {"enter": self._take}

    def _note(self, text: str, style: TextStyle) -> None:
        notes = self.query_one("#notes", ScrollingText)
        notes.set_lines(list(wrapped(text, inner_width(self.app.size.width, FRAME) - 1, style)))

    def _take(self) -> None:
        if self._input.text.strip():
            start_worker(self, WorkerGroup.JOB_STEPS, self._read, name="Reading the job", exclusive=True)

    async def _read(self) -> None:
        try:
            job = await self._find(self._input.text.strip())
        except NotFound as error:
            self._note(str(error), TextStyle.WARN)
        else:
            if self.is_current:
                self.dismiss(job)
