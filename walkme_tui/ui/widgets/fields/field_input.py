"""Textual's input as the field of a form: it handles keys without a queue and replaces hidden characters whole.

Textual passes a key to an input through its message queue. Keys typed ahead over a slow connection would then reach a
widget that lost the focus meanwhile.
"""

from collections.abc import Callable
from typing import Any, Final

from textual import events
from textual.actions import parse
from textual.binding import Binding
from textual.widgets import Input

from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.immediate_paint import paint_now
from walkme_tui.ui.widgets.text_field import TextField

MAX_LENGTH: Final = 1000
_IGNORED: Final = frozenset({"submit", "cut", "paste"})
"""The form handles Enter; the clipboard is the terminal's, which pastes but cannot be read."""
_ACTIONS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    key: (name, parameters)
    for binding in Binding.make_bindings(Input.BINDINGS)
    for _, name, parameters in [parse(binding.action)]
    for key in binding.key.split(",")
    if name not in _IGNORED
} | {"ctrl+h": ("delete_left", ())}


class FieldInput(Input, TextField):
    """One line of text; ``on_edit`` is called with it after every edit by the user.

    A text that is not ``literal`` stands for a value with hidden characters: the first edit replaces all of it.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id, compact=True, select_on_focus=False)
        self.on_edit: Callable[[str], None] = lambda _: None
        self.cursor_blink = False
        self._literal = True

    def put(self, text: str, *, literal: bool, placeholder: str = "") -> None:
        """Show a clean text without calling ``on_edit``."""
        self._literal = literal
        self.set_class(not literal, "hidden")
        self.placeholder = placeholder
        if text != self.value:
            self.value = text
            self.cursor_position = len(text)

    def process_key(self, event: events.Key) -> bool:
        """Insert a character or edit; False if the key does neither."""
        if event.is_printable and event.character:
            self._change(lambda: self._insert(event.character or ""))
            return True
        name, parameters = _ACTIONS.get(event.key, ("", ()))
        if not name or (name == "copy" and self.selection.is_empty):
            return False
        if self._literal:
            self._change(lambda: getattr(self, f"action_{name}")(*parameters))
        elif name.startswith("delete"):
            self._change(self.clear)
        return True

    on_paste = TextField.on_paste  # before the one of Textual's input, which it replaces

    def insert_pasted(self, text: str) -> None:
        """Insert text at the caret, as it is shown."""
        self._change(lambda: self._insert(clean(text)))

    def _insert(self, text: str) -> None:
        if not self._literal:
            self.clear()
        room = max(0, MAX_LENGTH - len(self.value) + len(self.selected_text))
        self.replace(text[:room], *sorted(self.selection))

    def _change(self, edit: Callable[[], object]) -> None:
        before = self.value
        edit()
        if self.value != before:
            self._literal = True
            self.remove_class("hidden")
            paint_now(self)  # the letter first: what it means for the rest of the form is painted with the next frame
            self.on_edit(self.value)
