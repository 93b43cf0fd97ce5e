"""The dialog that asks for the file to import."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.widget import Widget

from walkme_tui.domain.errors import CsvProblem
from walkme_tui.domain.text import clean
from walkme_tui.services.imports.file_contents import FileContents, file_contents
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.dialogs.confirmation import WIDE_FRAME, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys
from walkme_tui.ui.typed_paths import Completion, completion, typed_path
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped
from walkme_tui.ui.words import count
from walkme_tui.ui.workers import WorkerGroup, start_worker

SUFFIXES: Final = frozenset({".csv", ".tsv", ".txt"})
MAX_NAMES: Final = 6
INPUT_LINES: Final = 2
WHOLE_PATH: Final = ("/", "~", "'", '"', "file:")
"""A path that begins with one of these is a whole one."""
NOTE: Final = "A CSV file with a row for each person. It is read and checked first; nothing is sent."


class ImportFileDialog(Dialog[FileContents]):
    """Returns the file once it was read; ``text`` is there at first.

    What is typed or pasted then replaces it, unless it is a folder and a name follows.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    def __init__(self, text: str) -> None:
        super().__init__(
            [("Import users from a CSV file", TextStyle.STRONG)],
            footer_keys(("Enter", "read the file"), ("Tab", "complete"), ("Esc", "cancel")),
        )
        self._problem = ""
        self._is_reading = False
        self._completion = Completion()
        self._completed_text: str | None = None
        self._input = TextInput(prompt="path of the file", id="file-name")
        self._input.set_text(text)
        self._given = text
        self._input.on_edit = self._edited
        self._notes_text = ScrollingText(id="notes")

    def body(self) -> Sequence[Widget]:
        """The input, and what it can be completed with."""
        return [self._input, self._notes_text]

    def fill(self) -> None:
        """Focus the input, and look for files."""
        self.set_focus(self._input)
        self._write()
        self._look()

    def suggest(self, folder: str) -> None:
        """Begin with this folder unless something was typed."""
        if not self._input.text:
            self._input.set_text(folder)
            self._given = folder
            if self.is_mounted:
                self._look()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the notes again; their height is fixed, so that the input stays where it is."""
        lines = min(MAX_NAMES + 1, available_lines(event.size.height, INPUT_LINES))
        self._notes_text.styles.height = lines
        self._write()

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter reads the file, Tab completes its path."""
        return {"enter": self._take, "tab": self._complete}

    def _take(self) -> None:
        if self._input.text.strip() and not self._is_reading:
            self._is_reading = True
            reading = partial(self._read, self._input.text)
            start_worker(self, WorkerGroup.IMPORT, reading, exclusive=True, name="Reading the file")

    async def _read(self, text: str) -> None:
        """Return the file unless another one was typed meanwhile."""
        try:
            found = await asyncio.to_thread(lambda: file_contents(str(typed_path(text))))
        except CsvProblem as error:
            self._problem = str(error)
        else:
            if self.is_current and text == self._input.text:
                self.dismiss(found)
        finally:
            self._is_reading = False
        if self.is_current:
            self._write()

    def _edited(self, text: str) -> None:
        given, self._given = self._given, ""
        added = text.removeprefix(given)
        if given and added not in {"", text} and (not given.endswith("/") or added.startswith(WHOLE_PATH)):
            self._input.edit(added, len(added))
            return
        self._problem = ""
        self._completion = Completion()
        self._write()
        self._look()

    # ------------------------------------------------------------ completing

    def _look(self) -> None:
        looking = partial(self._find, self._input.text)
        start_worker(self, WorkerGroup.IMPORT, looking, exclusive=True, name="Looking for files")

    async def _find(self, text: str) -> None:
        found = await asyncio.to_thread(completion, text, SUFFIXES)
        if text == self._input.text and self.is_current:
            self._completion, self._completed_text = found, text
            self._write()
            if self._pending_keys is not None:
                self._complete()
                self._release_keys()

    def _complete(self) -> None:
        """Complete the path; where it is not known with what yet, as soon as it is, and then handle the next keys."""
        if self._completed_text != self._input.text:
            self._pending_keys = []
        elif self._completion.rest:
            text = self._input.text + self._completion.rest
            self._input.edit(text, len(text))

    def process_key(self, event: events.Key) -> bool:
        """Esc leaves also while a slow disk is waited for."""
        if event.key == "escape" and self.is_mounted:
            self.leave()
            return True
        return super().process_key(event)

    def _write(self) -> None:
        self._input.annotate(clean(self._completion.rest), ())
        width = inner_width(self.app.size.width, WIDE_FRAME) - 1
        self._notes_text.set_lines(self._notes(width))

    def _notes(self, width: int) -> list[StyledText]:
        if self._problem:
            return [*wrapped(clean(self._problem, MAX_SENTENCE), width, TextStyle.BAD)]
        names = self._completion.names
        if not names:
            return [*wrapped(NOTE, width, TextStyle.DIM)]
        shown: list[StyledText] = [[(clean(name, width), TextStyle.DIM)] for name in names[:MAX_NAMES]]
        if len(names) > MAX_NAMES:
            shown.append([(f"and {count(len(names) - MAX_NAMES, 'other', 'others')}", TextStyle.DIM)])
        return shown
