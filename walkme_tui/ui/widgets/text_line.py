"""One line to type into: shows what was typed literally, and is told of keys at once.

Textual's own input takes keys through a queue. What is typed ahead over a slow line then lands in the wrong place, or
does something, and here letters are commands.
"""

from collections.abc import Callable  # noqa: TC003 - Textual reads the annotations of widgets
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.ink import Ink, ink_styles

MAX_LENGTH: Final = 1000


class TextLine(Widget, can_focus=True):
    """A text with a caret behind a ``mark``; ``typed`` is called with the text after every change by the person."""

    DEFAULT_CSS = "TextLine { height: 1; }"

    def __init__(self, *, prompt: str = "", mark: str = "", id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.text = ""
        self.typed: Callable[[str], None] = lambda _: None
        self._prompt = prompt
        self._mark = mark
        self._caret = 0

    def put(self, text: str, prompt: str | None = None) -> None:
        """Show another text without telling anyone; ``prompt`` stands there while it is empty."""
        prompt = self._prompt if prompt is None else prompt
        if (text, prompt) != (self.text, self._prompt):
            self.text, self._prompt, self._caret = text, prompt, len(text)
            self.refresh()

    # ------------------------------------------------------------ keys

    def take(self, event: events.Key) -> bool:
        """Type or edit by this key; False if it does neither."""
        if event.is_printable and event.character:
            self._insert(event.character)
            return True
        edited = self._edited(event.key)
        if edited is None:
            return False
        self._become(*edited)
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Insert the first line of what was pasted."""
        event.stop()
        first = next(iter(event.text.splitlines()), "")
        self._insert("".join(character for character in first if character.isprintable()))

    def _insert(self, text: str) -> None:
        before, behind = self.text[: self._caret], self.text[self._caret :]
        text = text[: max(0, MAX_LENGTH - len(self.text))]
        self._become(before + text + behind, self._caret + len(text))

    def _edited(self, key: str) -> tuple[str, int] | None:
        """Text and caret after an editing key; None for another key."""
        before, behind = self.text[: self._caret], self.text[self._caret :]
        match key:
            case "backspace" | "ctrl+h":
                before = before[:-1]
            case "delete" | "ctrl+d":
                behind = behind[1:]
            case "ctrl+w":
                before = before[: before.rstrip().rfind(" ") + 1]
            case "ctrl+u":
                before = ""
            case "ctrl+k":
                behind = ""
            case "left":
                return self.text, max(0, self._caret - 1)
            case "right":
                return self.text, min(len(self.text), self._caret + 1)
            case "home" | "ctrl+a":
                return self.text, 0
            case "end" | "ctrl+e":
                return self.text, len(self.text)
            case _:
                return None
        return before + behind, len(before)

    def _become(self, text: str, caret: int) -> None:
        changed = text != self.text
        self.text, self._caret = text, caret
        self.refresh()
        if changed:
            self.typed(text)

    # ------------------------------------------------------------ painting

    def render_line(self, y: int) -> Strip:
        """The text with its caret while it has the keys; the prompt while it is empty."""
        width, base, inks = self.size.width, self.rich_style, ink_styles(self.app.theme_variables)
        if y > 0 or width < 1:
            return Strip.blank(width, base)
        dim, caret = base + inks[Ink.DIM], base + inks[Ink.CARET]
        mark = Segment(self._mark, base + inks[Ink.ACCENT])
        if not self.has_focus:
            shown = Segment(clean(self.text), base) if self.text else Segment(self._prompt, dim)
            return Strip([mark, shown]).adjust_cell_length(width, base)
        before, under, behind = self._window(width - len(self._mark))
        segments = [mark, Segment(before, base), Segment(under, caret), Segment(behind, base)]
        if not self.text:
            segments.append(Segment(self._prompt[1:], dim))
            segments[2] = Segment(self._prompt[:1] or " ", caret)
        return Strip(segments).adjust_cell_length(width, base)

    def _window(self, width: int) -> tuple[str, str, str]:
        """What is before, under and behind the caret, from where on the caret is inside ``width`` cells."""
        before, under = clean(self.text[: self._caret]), clean(self.text[self._caret : self._caret + 1]) or " "
        while before and cell_len(before) + cell_len(under) > width:
            before = before[1:]
        return before, under, clean(self.text[self._caret + 1 :])
