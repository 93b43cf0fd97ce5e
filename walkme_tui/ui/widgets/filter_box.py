"""The box in the tab line in which typing filters."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterBox(Input):
    """One line of text; every change, Enter and Esc are told to the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    class Typed(Message):
        """The person changed the text."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """Enter: go on with what is left."""

    class Left(Message):
        """Esc: back to the list, the text stays."""

    def __init__(self) -> None:
        super().__init__(id="filter", compact=True, select_on_focus=False)
        self.cursor_blink = False

    def put(self, text: str) -> None:
        """Show another filter's text without telling anyone."""
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what was typed."""
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell that Enter was pressed."""
        event.stop()
        self.post_message(self.Kept())

    def action_leave(self) -> None:
        """Tell that Esc was pressed."""
        self.post_message(self.Left())
