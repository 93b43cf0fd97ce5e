"""What the browser remembers from one start to the next, in ``state.toml``: what the person chose, never what was read.

The file is the program's own and is written anew with every change; what other versions put there is kept.
"""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from walkme_tui.config.file_lock import file_lock
from walkme_tui.config.paths import private_folder
from walkme_tui.config.private_files import write_atomically
from walkme_tui.config.state_entries import (
    Document,
    SavedState,
    read_state,
    with_look,
    with_theme,
    with_view,
    without_view,
)
from walkme_tui.config.toml_files import MAX_BYTES, read_toml
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean
from walkme_tui.domain.views import (
    MAX_FILTER,
    SavedView,
    TableLayout,
    TableName,
    all_views,
    find_view,
    why_name_refused,
)

BROKEN_SUFFIX: Final = ".broken"
PATIENCE_SECONDS: Final = 0.5
HEADING: Final = """\
# What the browser of walkme-tui remembers: saved views, the theme, the order and the width of tables.
# The program writes it anew with every change: entries of your own are kept, comments are lost.

"""


class StateFile:
    """What is remembered, in a file, or without one for as long as this object lives.

    Everything is read when it is asked for, so that what other processes saved is seen. Nothing here raises: what
    writes gives a sentence for the person where that failed, and ``notice`` holds one once a file was found broken.
    Each call may take as long as the disk does; threads may call it.
    """

    def __init__(self, file: Path | None) -> None:
        self.notice = ""
        self._file = file
        self._document: Document = {}

    # ------------------------------------------------------------ views

    def views(self) -> tuple[SavedView, ...]:
        """The saved views, then the built-in ones that no saved one stands in for."""
        return all_views(self._state().views)

    def save_view(self, view: SavedView) -> str:
        """Keep a view, in the place of one of the same name; the sentence says why that was not possible."""
        refusal = why_name_refused(view.name)
        if not refusal and len(view.text) > MAX_FILTER:
            refusal = f"The filter has {len(view.text)} characters; a saved one has at most {MAX_FILTER}."
        return refusal or self._change(lambda document: with_view(document, view))

    def delete_view(self, name: str) -> str:
        """Forget a saved view; the sentence says why that was not possible."""
        if find_view(name, self._state().views) is None:
            built_in = find_view(name, all_views(()))
            shown = clean(name, 60)
            return f"The view {shown} is built in and stays." if built_in else f"There is no view {shown}."
        return self._change(lambda document: without_view(document, name))

    # ------------------------------------------------------------ looks and colours

    def look(self, profile: str, table: TableName) -> TableLayout:
        """How a table of this profile was shown when it was last looked at."""
        return self._state().looks.get((profile, table), TableLayout())

    def remember_look(self, profile: str, table: TableName, look: TableLayout) -> str:
        """Keep how a table of this profile is shown; the sentence says why that was not possible."""
        return self._change(lambda document: with_look(document, profile, table, look))

    def theme(self) -> str | None:
        """The name of the theme that was chosen in the program, None if none was."""
        return self._state().theme

    def remember_theme(self, name: str) -> str:
        """Keep the theme that was chosen; the sentence says why that was not possible."""
        return self._change(lambda document: with_theme(document, name))

    # ------------------------------------------------------------ the file

    def _state(self) -> SavedState:
        return read_state(self._document if self._file is None else self._read(self._file))

    def _read(self, file: Path) -> Document:
        """What the file holds, nothing where there is none."""
        try:
            found = read_toml(file)
        except FileNotFoundError:
            return {}
        if not found.problems:
            return found.values
        try:
            # Another process may be about to put it right: only whoever has the lock moves a file.
            with file_lock(_lock_of(file), PATIENCE_SECONDS):
                return self._read_or_set_aside(file)[0]
        except OSError as error:
            self.notice = f"{clean(str(file))} cannot be read ({error.strerror}), so nothing is remembered."
            return {}

    def _read_or_set_aside(self, file: Path) -> tuple[Document, str]:
        """What the file holds, parsed and as text; one that is no TOML is moved aside. The lock is held; OSError."""
        try:
            found = read_toml(file)
        except FileNotFoundError:
            return {}, ""
        if found.problems:
            aside = _free_name(file)
            file.replace(aside)
            self.notice = (
                f"{clean(str(file))} could not be read: {found.problems[0].message} "
                f"It was moved to {clean(str(aside))} and a new one begins."
            )
        return found.values, found.text

    def _change(self, edit: Callable[[Document], Document]) -> str:
        if self._file is None:
            self._document = edit(self._document)
            return ""
        try:
            private_folder(self._file.parent)
            with file_lock(_lock_of(self._file), PATIENCE_SECONDS):
                return self._rewrite(self._file, edit)
        except ConfigurationError as error:
            return f"{clean(error.message)} So this is not remembered."
        except OSError as error:
            return f"{clean(str(self._file))} cannot be written ({error.strerror}), so this is not remembered."
        except RecursionError:
            return f"{clean(str(self._file))} is nested too deeply to be written, so this is not remembered."

    def _rewrite(self, file: Path, edit: Callable[[Document], Document]) -> str:
        import tomli_w

        document, before = self._read_or_set_aside(file)
        text = HEADING + tomli_w.dumps(edit(document))
        if len(text.encode()) > MAX_BYTES:
            return f"{clean(str(file))} is full, so this is not remembered. Delete a few saved views."
        if text != before:
            write_atomically(file, text)
        return ""


def _lock_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.lock")


def _free_name(file: Path) -> Path:
    """``state.toml.broken``, or with a number behind it where earlier ones were kept."""
    numbers = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
    names = (file.with_name(f"{file.name}{BROKEN_SUFFIX}{number}") for number in numbers)
    return next(name for name in names if not os.path.lexists(name))
