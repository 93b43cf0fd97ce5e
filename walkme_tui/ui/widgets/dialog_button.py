"""The buttons of a dialog."""

from rich.cells import cell_len
from textual import events
from textual.message import Message

from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle


class DialogButton(TextBar, can_focus=True):
    """``[ Cancel ]``; a click presses it, Enter is handled by the dialog."""

    class Pressed(Message):
        """The button was clicked."""

        def __init__(self, control: "DialogButton") -> None:
            super().__init__()
            self._control = control

        @property
        def control(self) -> "DialogButton":
            """The button."""
            return self._control

    def __init__(self, label: str, *, id: str = "answer") -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._label = f"[ {label} ]"
        self.styles.width = cell_len(self._label)
        self._paint()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show whether it has the focus."""
        super().watch_has_focus(has_focus)
        self._paint()

    def _paint(self) -> None:
        self.write([(self._label, TextStyle.CURSOR if self.has_focus else TextStyle.PLAIN)])

    def on_click(self, event: events.Click) -> None:
        """Press the button."""
        event.stop()
        self.post_message(self.Pressed(self))
