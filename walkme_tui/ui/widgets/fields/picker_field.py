"""The field of a form whose value is picked in a dialog of its own."""

from textual import events
from textual.message import Message

from walkme_tui.ui.widgets.text_bar import TextBar


class PickerField(TextBar, can_focus=True):
    """Shows the value; a click posts ``Pressed``, keys are handled by the form."""

    class Pressed(Message):
        """The value is to be picked."""

    def on_click(self, event: events.Click) -> None:
        """Pick the value."""
        event.stop()
        self.post_message(self.Pressed())
