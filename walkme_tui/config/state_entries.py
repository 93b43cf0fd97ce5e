"""Converts between the document of ``state.toml`` and saved preferences; reads and writes no files.

::

    theme = "paper"

    [views.leavers]
    filter = "status:inactive has:groups"
    sort = "updated"
    reverse = true

    [profiles.acme.users]
    sort = "email"
    wide = true

    [imports]
    folder = "/home/ada/lists"

    [imports.columns.8b1a9953c4611296]
    email = 0
    firstName = 2

Views, the theme and imports are the same for all profiles, the layout of a table belongs to one. The columns of an
import are counted from 0, under the signature of the file's header (with SCIM that of REST after ``scim-``), the latest
last. An entry of another type counts as absent. Unknown entries are kept.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.views import MAX_FILTER, SavedView, TableLayout, TableName, same_name, why_name_refused

Document = Mapping[str, Any]

MAX_THEME: Final = 100
MAX_FOLDER: Final = 4096
MAX_MAPPINGS: Final = 100
"""So many mappings of columns are kept, the latest ones."""

_THEME: Final = "theme"
_VIEWS: Final = "views"
_PROFILES: Final = "profiles"
_IMPORTS: Final = "imports"
_FOLDER: Final = "folder"
_COLUMNS: Final = "columns"
_LAYOUT_KEYS: Final = frozenset({"sort", "reverse", "wide"})
_VIEW_KEYS: Final = _LAYOUT_KEYS | {"filter", "hide_inactive"}
# A filter is one line; half of a surrogate pair (from a command line that is not UTF-8) cannot be written to a file.
# Compiled when it is first needed.
_NOT_IN_A_LINE: Final = "[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\ud800-\udfff]"


class SavedState(NamedTuple):
    """The preferences in a document; ``table_layouts`` has the tables with a changed layout.

    ``import_folder`` is that of the file that was imported last, empty if none was. ``import_columns`` has the column
    of each field, by the signature of a file's header.
    """

    theme: str | None
    views: tuple[SavedView, ...]
    table_layouts: Mapping[tuple[str, TableName], TableLayout]
    import_folder: str
    import_columns: Mapping[str, Mapping[str, int]]


def one_line(text: str) -> str:
    """A filter without characters that the filter box or the file cannot contain."""
    return re.sub(_NOT_IN_A_LINE, " ", text)


def read_state(document: Document) -> SavedState:
    """The preferences in a document."""
    theme, imports = document.get(_THEME), _table(document.get(_IMPORTS))
    folder = imports.get(_FOLDER)
    return SavedState(
        theme if isinstance(theme, str) and 0 < len(theme) <= MAX_THEME else None,
        _views(_table(document.get(_VIEWS))),
        _table_layouts(_table(document.get(_PROFILES))),
        folder if isinstance(folder, str) and len(folder) <= MAX_FOLDER else "",
        _import_columns(_table(imports.get(_COLUMNS))),
    )


def with_theme(document: Document, name: str) -> Document:
    """The document with this theme."""
    return {**document, _THEME: name}


def with_view(document: Document, view: SavedView) -> Document:
    """The document with a view: it replaces one of the same name, or is added as the last."""
    entries = _table(document.get(_VIEWS))
    same = [name for name in entries if same_name(name, view.name)]
    kept = _unknown(_table(entries[same[0]]), _VIEW_KEYS) if same else {}
    entry = {"filter": one_line(view.text), **_layout_entry(TableLayout(view.sort, view.wide))}
    if view.hide_inactive:
        entry["hide_inactive"] = True
    changed: dict[str, Any] = {}
    for name, found in entries.items():
        if name in same[:1]:
            changed[view.name] = entry | kept
        elif name not in same:
            changed[name] = found
    changed.setdefault(view.name, entry)
    return _with_table(document, _VIEWS, changed)


def without_view(document: Document, name: str) -> Document:
    """The document without a view."""
    entries = _table(document.get(_VIEWS))
    return _with_table(document, _VIEWS, {each: found for each, found in entries.items() if not same_name(each, name)})


def with_table_layout(document: Document, profile: str, table: TableName, layout: TableLayout) -> Document:
    """The document with the layout of one table of a profile; the default layout is not written."""
    profiles = _table(document.get(_PROFILES))
    tables = _table(profiles.get(profile))
    entry = _layout_entry(layout) | _unknown(_table(tables.get(table)), _LAYOUT_KEYS)
    return _with_table(document, _PROFILES, _with_table(profiles, profile, _with_table(tables, table.value, entry)))


def with_import_folder(document: Document, folder: str) -> Document:
    """The document with the folder of the file that was imported last."""
    return {**document, _IMPORTS: {**_table(document.get(_IMPORTS)), _FOLDER: folder}}


def with_import_columns(document: Document, signature: str, columns: Mapping[str, int]) -> Document:
    """The document with the column of each field, for files with this signature; the oldest beyond the limit goes."""
    imports = _table(document.get(_IMPORTS))
    found = {key: entry for key, entry in _table(imports.get(_COLUMNS)).items() if key != signature}
    kept = dict([*found.items(), (signature, dict(columns))][-MAX_MAPPINGS:])
    return {**document, _IMPORTS: {**imports, _COLUMNS: kept}}


# ---------------------------------------------------------------- from the file


def _views(entries: Document) -> tuple[SavedView, ...]:
    found: list[SavedView] = []
    for name, entry in entries.items():
        view = _view(name, _table(entry)) if isinstance(entry, dict) else None
        if view is not None and not any(same_name(view.name, other.name) for other in found):
            found.append(view)
    return tuple(found)


def _view(name: str, entry: Document) -> SavedView | None:
    text = entry.get("filter", "")
    # A view with an invalid filter is ignored: without the filter it would show all users.
    if why_name_refused(name) or not isinstance(text, str) or len(text) > MAX_FILTER:
        return None
    layout = _layout(entry)
    return SavedView(name, one_line(text), layout.sort, entry.get("hide_inactive") is True, layout.wide)


def _table_layouts(profiles: Document) -> Mapping[tuple[str, TableName], TableLayout]:
    table_layouts = {
        (profile, table): _layout(_table(_table(tables).get(table)))
        for profile, tables in profiles.items()
        for table in TableName
    }
    return {place: layout for place, layout in table_layouts.items() if layout != TableLayout()}


def _import_columns(entries: Document) -> Mapping[str, Mapping[str, int]]:
    return {
        signature: {
            field: column
            for field, column in entry.items()
            if isinstance(column, int) and not isinstance(column, bool) and column >= 0
        }
        for signature, entry in entries.items()
        if isinstance(entry, dict)
    }


def _layout(entry: Document) -> TableLayout:
    sort: Sort | None
    try:
        sort = Sort(SortKey(str(entry.get("sort"))), entry.get("reverse") is True)
    except ValueError:
        sort = None
    return TableLayout(sort, entry.get("wide") is True)


# ---------------------------------------------------------------- into the file


def _layout_entry(layout: TableLayout) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if layout.sort is not None:
        entry["sort"] = layout.sort.key.value
        if layout.sort.reverse:
            entry["reverse"] = True
    if layout.wide:
        entry["wide"] = True
    return entry


def _with_table(document: Document, key: str, table: Document) -> dict[str, Any]:
    """The document with this table inside, or without it if it is empty."""
    if table:
        return {**document, key: table}
    return {each: value for each, value in document.items() if each != key}


def _unknown(entry: Document, known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in known}


def _table(value: Any) -> Document:
    return value if isinstance(value, dict) else {}
