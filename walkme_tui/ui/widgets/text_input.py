"""An input of one line that shows its text literally and handles keys without a queue.

Textual's own input receives keys through a queue. Keys typed ahead over a slow connection would then reach the wrong
widget, and here letters are commands.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Self

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.text_field import TextField
from walkme_tui.ui.widgets.text_style import TextStyle, text_styles

MAX_LENGTH: Final = 1000


class TextInput(TextField, can_focus=True):
    """A text with a caret after a ``mark``; ``on_edit`` is called with the text after every change by the user."""

    DEFAULT_CSS = "TextInput { height: 1; }"

    def __init__(self, *, prompt: str = "", mark: str = "", id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.text = ""
        self.on_edit: Callable[[str], None] = lambda _: None
        self._prompt = prompt
        self._mark = mark
        self._caret = 0
        self._completion = ""
        self._invalid: Sequence[tuple[int, int]] = ()
        self._deferred_repaint: asyncio.TimerHandle | None = None

    @property
    def caret(self) -> int:
        """The index at which the next character is inserted."""
        return self._caret

    @property
    def full_width(self) -> int:
        """The width of the whole text with the caret after it."""
        return cell_len(self._mark + clean(self.text)) + 1

    def annotate(self, completion: str, invalid: Sequence[tuple[int, int]]) -> None:
        """Show a completion after the text and mark the spans of it that are invalid."""
        if (completion, tuple(invalid)) != (self._completion, self._invalid):
            self._completion, self._invalid = completion, tuple(invalid)
            self.refresh()

    def defer_repaint(self, seconds: float) -> None:
        """Paint nothing for ``seconds`` or until ``repaint_now``, so that related changes share a frame."""
        if self._deferred_repaint is None:
            self._deferred_repaint = asyncio.get_running_loop().call_later(seconds, self.repaint_now)

    def repaint_now(self) -> None:
        """Paint what ``defer_repaint`` deferred."""
        if self._deferred_repaint is not None:
            self._deferred_repaint.cancel()
            self._deferred_repaint = None
            self.refresh()

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint, unless that is deferred."""
        if self._deferred_repaint is not None and not layout and not recompose:
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def set_text(self, text: str, prompt: str | None = None) -> None:
        """Replace the text without calling ``on_edit``; ``prompt`` is shown while it is empty."""
        prompt = self._prompt if prompt is None else prompt
        if (text, prompt) != (self.text, self._prompt):
            self.text, self._prompt, self._caret = text, prompt, len(text)
            self.refresh()

    # ------------------------------------------------------------ keys

    def process_key(self, event: events.Key) -> bool:
        """Insert a character or edit; False if the key does neither."""
        if event.is_printable and event.character:
            self.insert_pasted(event.character)
            return True
        edited = self._edited(event.key)
        if edited is None:
            return False
        self.edit(*edited)
        return True

    def handles(self, event: events.Key) -> bool:
        """True if ``process_key`` would handle this key."""
        return bool(event.is_printable and event.character) or self._edited(event.key) is not None

    def insert_pasted(self, text: str) -> None:
        """Insert text at the caret."""
        before, after = self.text[: self._caret], self.text[self._caret :]
        text = text[: max(0, MAX_LENGTH - len(self.text))]
        self.edit(before + text + after, self._caret + len(text))

    def _edited(self, key: str) -> tuple[str, int] | None:
        """Text and caret after an editing key; None for another key."""
        before, after = self.text[: self._caret], self.text[self._caret :]
        match key:
            case "backspace" | "ctrl+h":
                before = before[:-1]
            case "delete" | "ctrl+d":
                after = after[1:]
            case "ctrl+w":
                before = before[: before.rstrip().rfind(" ") + 1]
            case "ctrl+u":
                before = ""
            case "ctrl+k":
                after = ""
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
        return before + after, len(before)

    def edit(self, text: str, caret: int) -> None:
        """Replace the text as if the user had typed it."""
        changed = text != self.text
        self.text, self._caret = text, caret
        if changed:
            self.on_edit(text)
        self.refresh()

    # ------------------------------------------------------------ painting

    def render_line(self, y: int) -> Strip:
        """The text, with its caret while focused; the prompt while it is empty."""
        width, base, styles = self.size.width, self.rich_style, text_styles(self.app.theme_variables)
        if y > 0 or width < 1:
            return Strip.blank(width, base)
        dim, caret = base + styles[TextStyle.DIM], base + styles[TextStyle.CARET]
        mark = Segment(self._mark, base + styles[TextStyle.ACCENT])
        if not self.text:
            prompt = [Segment(self._prompt, dim)]
            if self.has_focus:
                prompt = [Segment(self._prompt[:1] or " ", caret), Segment(self._prompt[1:], dim)]
            return Strip([mark, *prompt]).adjust_cell_length(width, base)
        invalid = base + styles[TextStyle.BAD] + Style(underline=True)
        if not self.has_focus:
            shown = self._pieces(0, len(self.text), base, invalid)
            return Strip([mark, *shown]).adjust_cell_length(width, base)
        before = self._pieces(0, self._caret, base, invalid)
        under, after = clean(self.text[self._caret : self._caret + 1]), []
        if under:
            after = self._pieces(self._caret + 1, len(self.text), base, invalid)
        elif self._completion:
            under, after = self._completion[0], [Segment(self._completion[1:], dim)]
        room = width - len(self._mark) - cell_len(under or " ")
        segments = [mark, *_last_cells(before, room), Segment(under or " ", caret), *after]
        return Strip(segments).adjust_cell_length(width, base)

    def _pieces(self, first: int, end: int, right: Style, invalid: Style) -> list[Segment]:
        """A part of the text with the invalid spans marked."""
        pieces: list[Segment] = []
        for start, stop in self._invalid:
            start, stop = max(first, start), min(end, stop)  # noqa: PLW2901 - as far as it lies in the part
            if start < stop:
                pieces += [
                    Segment(clean(self.text[first:start]), right),
                    Segment(clean(self.text[start:stop]), invalid),
                ]
                first = stop
        return [*pieces, Segment(clean(self.text[first:end]), right)]


def _last_cells(segments: Sequence[Segment], width: int) -> list[Segment]:
    """The last ``width`` cells of a line, so that the text before the caret stays in view."""
    kept: list[Segment] = []
    for text, style, _ in reversed(segments):
        while text and cell_len(text) > width:
            text = text[1:]  # noqa: PLW2901 - cut from the left
        width -= cell_len(text)
        kept.insert(0, Segment(text, style))
    return kept
