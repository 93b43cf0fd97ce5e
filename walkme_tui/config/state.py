"""The saved preferences of the browser, in ``state.toml``: choices of the user, no data of the account.

The program rewrites the file with every change; entries of other versions are kept.
"""

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from walkme_tui.config.file_lock import file_lock
from walkme_tui.config.paths import private_folder
from walkme_tui.config.private_files import write_atomically
from walkme_tui.config.state_entries import (
    Document,
    SavedState,
    one_line,
    read_state,
    with_import_columns,
    with_import_folder,
    with_table_layout,
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
LOCK_TIMEOUT_SECONDS: Final = 0.5
HEADING: Final = """\
# Saved preferences of walkme-tui: saved views, the theme, the order and the width of tables, columns of imports.
# The program rewrites this file with every change: your own entries are kept, comments are lost.

"""


class StateFile:
    """The saved preferences, in a file, or in memory if ``file`` is None.

    Every call reads the file, so that changes of other processes are seen. Nothing here raises: methods that write
    return a message for the user if that failed, and ``notice`` is set once a broken file was found. Calls wait for
    the disk, and are thread-safe.
    """

    def __init__(self, file: Path | None) -> None:
        self.notice = ""
        self._file = file
        self._document: Document = {}

    # ------------------------------------------------------------ views

    def views(self) -> tuple[SavedView, ...]:
        """The saved views, then the built-in ones that no saved one replaces."""
        return all_views(self._state().views)

    def save_view(self, view: SavedView) -> str:
        """Save a view, replacing one of the same name; returns a message if that failed."""
        refusal = why_name_refused(view.name)
        if not refusal and len(view.text) > MAX_FILTER:
            refusal = f"The filter has {len(view.text)} characters; a saved one has at most {MAX_FILTER}."
        return refusal or self._change(lambda document: with_view(document, view))

    def delete_view(self, name: str) -> str:
        """Delete a saved view; returns a message if that failed."""
        if find_view(name, self._state().views) is None:
            built_in = find_view(name, all_views(()))
            shown = clean(name, 60)
            return f"The view {shown} is built in and cannot be deleted." if built_in else f"There is no view {shown}."
        return self._change(lambda document: without_view(document, name))

    # ------------------------------------------------------------ tables and themes

    def table_layout(self, profile: str, table: TableName) -> TableLayout:
        """The saved layout of a table of this profile."""
        return self._state().table_layouts.get((profile, table), TableLayout())

    def save_table_layout(self, profile: str, table: TableName, layout: TableLayout) -> str:
        """Save the layout of a table of this profile; returns a message if that failed."""
        return self._change(lambda document: with_table_layout(document, profile, table, layout))

    def theme(self) -> str | None:
        """The name of the theme chosen in the browser, None if none was."""
        return self._state().theme

    def save_theme(self, name: str) -> str:
        """Save the chosen theme; returns a message if that failed."""
        return self._change(lambda document: with_theme(document, name))

    # ------------------------------------------------------------ imports

    def import_folder(self) -> str:
        """The folder of the file that was imported last; empty if none was."""
        return self._state().import_folder

    def save_import_folder(self, folder: Path) -> str:
        """Save the folder of an imported file; returns a message if that failed."""
        name = str(folder)
        return self._change(lambda document: with_import_folder(document, name)) if one_line(name) == name else ""

    def import_columns(self, signature: str) -> Mapping[str, int] | None:
        """The column of each field that was chosen for files with this header, from 0; None if none was."""
        return self._state().import_columns.get(signature)

    def save_import_columns(self, signature: str, columns: Mapping[str, int]) -> str:
        """Save the column of each field for files with this header; returns a message if that failed.

        Those of a file without a header, whose signature is empty, are not saved.
        """
        return signature and self._change(lambda document: with_import_columns(document, signature, columns))

    # ------------------------------------------------------------ the file

    def _state(self) -> SavedState:
        return read_state(self._document if self._file is None else self._read(self._file))

    def _read(self, file: Path) -> Document:
        """The contents of the file, empty if there is none."""
        try:
            found = read_toml(file)
        except FileNotFoundError:
            return {}
        if not found.problems:
            return found.values
        try:
            # Another process may be repairing the file: it is moved only with the lock held.
            with file_lock(_lock_of(file), LOCK_TIMEOUT_SECONDS):
                return self._read_or_set_aside(file)[0]
        except OSError as error:
            self.notice = (
                f"{clean(str(file))} cannot be read ({error.strerror}), so the saved preferences are not used."
            )
            return {}

    def _read_or_set_aside(self, file: Path) -> tuple[Document, str]:
        """The file, parsed and as text; invalid TOML is moved aside. The lock must be held. Raises ``OSError``."""
        try:
            found = read_toml(file)
        except FileNotFoundError:
            return {}, ""
        if found.problems:
            aside = _free_name(file)
            file.replace(aside)
            self.notice = (
                f"{clean(str(file))} could not be read: {found.problems[0].message} "
                f"It was moved to {clean(str(aside))}, and a new one is used."
            )
        return found.values, found.text

    def _change(self, edit: Callable[[Document], Document]) -> str:
        if self._file is None:
            self._document = edit(self._document)
            return ""
        try:
            private_folder(self._file.parent)
            with file_lock(_lock_of(self._file), LOCK_TIMEOUT_SECONDS):
                return self._rewrite(self._file, edit)
        except ConfigurationError as error:
            return f"{clean(error.message)} So this was not saved."
        except OSError as error:
            return f"{clean(str(self._file))} cannot be written ({error.strerror}), so this was not saved."
        except RecursionError:
            return f"{clean(str(self._file))} is nested too deeply to be written, so this was not saved."

    def _rewrite(self, file: Path, edit: Callable[[Document], Document]) -> str:
        import tomli_w

        document, before = self._read_or_set_aside(file)
        text = HEADING + tomli_w.dumps(edit(document))
        if len(text.encode()) > MAX_BYTES:
            return f"{clean(str(file))} is full, so this was not saved. Delete some saved views."
        if text != before:
            write_atomically(file, text)
        return ""


def _lock_of(file: Path) -> Path:
    return file.with_name(f".{file.name}.lock")


def _free_name(file: Path) -> Path:
    """``state.toml.broken``, with a number appended if that exists."""
    numbers = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
    names = (file.with_name(f"{file.name}{BROKEN_SUFFIX}{number}") for number in numbers)
    return next(name for name in names if not os.path.lexists(name))
