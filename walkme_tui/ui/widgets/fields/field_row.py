"""One field of a form: its label, its widget, and below what is to say about its value."""

from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, text_styles
from walkme_tui.ui.words import fit

LABEL_CELLS: Final = 14
EDITED: Final = "*"


class FieldRow(Widget):
    """Draws the label and the notes; the ``control`` is the only child."""

    DEFAULT_CSS = f"""
    FieldRow {{ height: 1; layout: vertical; }}
    FieldRow > * {{ margin-left: {LABEL_CELLS}; width: 1fr; height: 1; }}
    """

    def __init__(self, label: str, control: Widget) -> None:
        super().__init__()
        self.control = control
        self._label = label
        self._edited = False
        self._notes: tuple[StyledText, ...] = ()

    @property
    def text(self) -> str:
        """Label and notes as plain text."""
        notes = ("".join(text for text, _ in line) for line in self._notes)
        return "\n".join((f"{EDITED if self._edited else ''}{self._label}", *notes))

    def compose(self) -> ComposeResult:
        """The field's widget."""
        yield self.control

    def note(self, notes: tuple[StyledText, ...], *, edited: bool) -> None:
        """Show these lines below the field, and whether a save would send it."""
        if (notes, edited) == (self._notes, self._edited):
            return
        if len(notes) != len(self._notes):
            self.styles.height = 1 + len(notes)
        self._notes, self._edited = notes, edited
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The label beside the field, a note below it."""
        width, base, styles = self.size.width, self.rich_style, text_styles(self.app.theme_variables)
        if y == 0:
            label = fit(self._label, LABEL_CELLS - 2)
            edited = EDITED if self._edited else " "
            line: StyledText = [(edited, TextStyle.ACCENT), (label, TextStyle.DIM)]
        else:
            note = self._notes[y - 1] if y <= len(self._notes) else ()
            line = [(" " * LABEL_CELLS, TextStyle.PLAIN), *note]
        cells = sum(cell_len(text) for text, _ in line)
        segments = [Segment(text, base + styles[style]) for text, style in line]
        return Strip(segments, cells).adjust_cell_length(width, base)
