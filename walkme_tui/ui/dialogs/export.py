"""The dialog that asks for the format and the file of an export."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from textual import events, on
from textual.widget import Widget

from walkme_tui.ui.dialogs.choice import Choice, ChoiceList
from walkme_tui.ui.dialogs.confirmation import SHORT_SCREEN, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle, wrapped

FRAME: Final = 70
INPUT_LINES: Final = 3
SHORT_SAVES: Final = 4


class ExportFormat(StrEnum):
    """The formats of an export."""

    CSV = "csv"
    EXCEL = "excel"
    RAW = "raw"
    JSON = "json"
    MARKDOWN = "markdown"

    @property
    def suffix(self) -> str:
        """The end of its file names."""
        return _SUFFIXES.get(self, ".csv")


_SUFFIXES: Final = {ExportFormat.JSON: ".json", ExportFormat.MARKDOWN: ".md"}
USER_FORMS: Final = (
    Choice(ExportFormat.CSV, "CSV", "can be imported"),
    Choice(ExportFormat.EXCEL, "CSV for Excel", "marked as UTF-8"),
    Choice(ExportFormat.RAW, "CSV with exact values", "for programs"),
    Choice(ExportFormat.JSON, "JSON", "with all fields"),
    Choice(ExportFormat.MARKDOWN, "Markdown", "a table for a ticket"),
)


class ExportRequest(NamedTuple):
    """A format, and the name of the file as it was typed."""

    form: ExportFormat
    file_name: str


class ExportDialog(Dialog[ExportRequest]):
    """Returns what was chosen and typed; ``request`` is shown at first, ``forms`` are its formats, ``notes`` clean.

    ``problem`` is why no file with the name of ``request`` was written; it is shown until the name is edited.
    """

    def __init__(
        self,
        title: StyledText,
        right: StyledText,
        request: ExportRequest,
        notes: Sequence[StyledSpan],
        forms: Sequence[Choice],
        problem: str = "",
    ) -> None:
        super().__init__(title, footer_keys(("Enter", "export"), ("↑↓", "format"), ("Esc", "cancel")), right)
        self._request = request
        self._notes = notes
        self._problem = problem
        self._choices = forms
        self._list = ChoiceList(id="choices")
        self._list.cursor_always_active = True
        self._input = TextInput(mark="File ", id="export-file")
        self._text = ScrollingText(id="notes")
        self._form_before = request.form

    def body(self) -> Sequence[Widget]:
        """The formats, the input and the notes."""
        return [self._list, self._input, self._text]

    def fill(self) -> None:
        """Text goes to the input, arrow keys to the formats."""
        self._list.show(self._choices)
        self._list.select(self._request.form)
        self._input.set_text(self._request.file_name)
        self._input.on_edit = lambda _: self._show_problem("")
        self.set_focus(self._input)
        self._write()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap the notes again."""
        self._write()

    def _write(self) -> None:
        width, height = inner_width(self.app.size.width, FRAME) - 1, self.app.size.height
        short = height < SHORT_SCREEN
        self.query("#frame").set_class(short, "short")
        self._text.styles.max_height = available_lines(height, len(self._choices) + (INPUT_LINES - SHORT_SAVES * short))
        spans = [(self._problem, TextStyle.BAD), *self._notes] if self._problem else self._notes
        self._text.set_lines([line for text, style in spans for line in wrapped(text, width, style)])

    def _show_problem(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._write()

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter returns the request."""
        return {
            "enter": self.take,
            "down": self._list.action_cursor_down,
            "up": self._list.action_cursor_up,
        }

    @property
    def _form(self) -> ExportFormat:
        return ExportFormat(self._choices[self._list.cursor].answer)

    @on(RowList.Moved)
    def change_suffix(self) -> None:
        """Give the file name the suffix of the format, unless it has an unusual one."""
        if self._form is self._form_before:
            return
        self._form_before, name = self._form, self._input.text
        suffix = next((each.suffix for each in ExportFormat if name.endswith(each.suffix)), None)
        if suffix is not None:
            self._input.set_text(name.removesuffix(suffix) + self._form.suffix)

    @on(RowList.Opened)
    def take(self) -> None:
        """Return the format and the file name."""
        name = self._input.text.strip()
        if not name:
            self._show_problem("The file needs a name.")
        elif self.is_current:
            self.dismiss(ExportRequest(self._form, name))
