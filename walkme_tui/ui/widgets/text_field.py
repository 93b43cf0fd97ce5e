"""The base of the widgets to type into: they handle keys and pastes without a queue."""

from textual import events
from textual.widget import Widget


class TextField(Widget):
    """A line of text."""

    def process_key(self, event: events.Key) -> bool:
        """Insert a character or edit; False if the key does neither."""
        raise NotImplementedError

    def insert_pasted(self, text: str) -> None:
        """Insert printable text at the caret."""
        raise NotImplementedError

    def on_paste(self, event: events.Paste) -> None:
        """Insert the first line of what was pasted."""
        event.stop()
        event.prevent_default()
        first = next(iter(event.text.splitlines()), "")
        self.insert_pasted("".join(character for character in first if character.isprintable()))
