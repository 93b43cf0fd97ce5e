"""One line to type into: shows what was typed literally, and is told of keys at once.

Textual's own input takes keys through a queue. What is typed ahead over a slow line then lands in the wrong place, or
does something, and here letters are commands.
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
from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.ui.widgets.text_style import TextStyle, text_styles

MAX_LENGTH: Final = 1000


class TextInput(Widget, can_focus=True):
    """A text with a caret behind a ``mark``; ``typed`` is called with the text after every change by the person."""

    DEFAULT_CSS = "TextInput { height: 1; }"

    def __init__(self, *, prompt: str = "", mark: str = "", id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.text = ""
        self.typed: Callable[[str], None] = lambda _: None
        self._prompt = prompt
        self._mark = mark
        self._caret = 0
        self._ghost = ""
        self._wrong: Sequence[tuple[int, int]] = ()
        self._deferred_repaint: asyncio.TimerHandle | None = None

    @property
    def caret(self) -> int:
        """Before which character the next one is inserted."""
        return self._caret

    @property
    def wanted_width(self) -> int:
        """Cells that all of it takes, with the caret behind it."""
        return cell_len(self._mark + clean(self.text)) + 1

    def annotate(self, ghost: str, wrong: Sequence[tuple[int, int]]) -> None:
        """Show how the text could go on behind a caret at its end, and which spans of it are wrong."""
        if (ghost, tuple(wrong)) != (self._ghost, self._wrong):
            self._ghost, self._wrong = ghost, tuple(wrong)
            self.refresh()

    def become(self, text: str, caret: int) -> None:
        """Another text, as if the person had typed it."""
        self._become(text, caret)

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

    def takes(self, event: events.Key) -> bool:
        """True if ``take`` would type or edit by this key."""
        return bool(event.is_printable and event.character) or self._edited(event.key) is not None

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
        if changed:
            self.typed(text)
        self.refresh()

    # ------------------------------------------------------------ painting

    def render_line(self, y: int) -> Strip:
        """The text with its caret while it has the keys; the prompt while it is empty."""
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
        wrong = base + styles[TextStyle.BAD] + Style(underline=True)
        if not self.has_focus:
            shown = self._pieces(0, len(self.text), base, wrong)
            return Strip([mark, *shown]).adjust_cell_length(width, base)
        before = self._pieces(0, self._caret, base, wrong)
        under, behind = clean(self.text[self._caret : self._caret + 1]), []
        if under:
            behind = self._pieces(self._caret + 1, len(self.text), base, wrong)
        elif self._ghost:
            under, behind = self._ghost[0], [Segment(self._ghost[1:], dim)]
        room = width - len(self._mark) - cell_len(under or " ")
        segments = [mark, *_last_cells(before, room), Segment(under or " ", caret), *behind]
        return Strip(segments).adjust_cell_length(width, base)

    def _pieces(self, first: int, end: int, right: Style, wrong: Style) -> list[Segment]:
        """A part of the text, what is wrong in it marked."""
        pieces: list[Segment] = []
        for start, stop in self._wrong:
            start, stop = max(first, start), min(end, stop)  # noqa: PLW2901 - as far as it lies in the part
            if start < stop:
                pieces += [Segment(clean(self.text[first:start]), right), Segment(clean(self.text[start:stop]), wrong)]
                first = stop
        return [*pieces, Segment(clean(self.text[first:end]), right)]


def _last_cells(segments: Sequence[Segment], width: int) -> list[Segment]:
    """The end of a line that fits ``width`` cells: what stands before the caret stays in view."""
    kept: list[Segment] = []
    for text, style, _ in reversed(segments):
        while text and cell_len(text) > width:
            text = text[1:]  # noqa: PLW2901 - cut from the left
        width -= cell_len(text)
        kept.insert(0, Segment(text, style))
    return kept
