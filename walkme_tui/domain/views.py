"""Saved views: named filters, and the layouts of user tables."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.text import clean, search_key

SIGN: Final = "@"
"""Marks the name of a view where a filter is also possible."""
MAX_NAME: Final = 40
MAX_FILTER: Final = 1000

_BEGINNING: Final = re.compile(r"[^\W_]")
_OTHER_THAN_NAME: Final = re.compile(r"[^\w.-]")


class TableName(StrEnum):
    """The user tables, each with a layout of its own."""

    USERS = "users"
    MEMBERS = "members"


class TableLayout(NamedTuple):
    """The layout of a user table: ``sort`` None is the order of the server's list, ``wide`` means wider columns."""

    sort: Sort | None = None
    wide: bool = False


class SavedView(NamedTuple):
    """A filter with a name; ``text`` is what is typed, the rest as in ``UserQuery`` and ``TableLayout``."""

    name: str
    text: str = ""
    sort: Sort | None = None
    hide_inactive: bool = False
    wide: bool = False


_TITLES: Final[Mapping[SavedView, str]] = MappingProxyType(
    {
        SavedView("in-no-group", "group:none"): "Users in no group",
        SavedView("inactive-in-groups", "status:inactive has:groups"): "Inactive users who still are in groups",
        SavedView("admins", "role:admin"): "Admins",
        SavedView("pending", "status:pending"): "Pending users",
        SavedView("recent", "created:<30d", Sort(SortKey.CREATED, reverse=True)): "Created in the last 30 days",
    }
)
BUILT_IN: Final = tuple(_TITLES)
"""The built-in views; a saved one of the same name replaces them."""


def title(view: SavedView) -> str:
    """The description of a built-in view, else the view's filter, empty if it has none."""
    return _TITLES.get(view, view.text)


def same_name(one: str, other: str) -> bool:
    """True if two names are equal without case and accents."""
    return search_key(one) == search_key(other)


def all_views(saved: Iterable[SavedView]) -> tuple[SavedView, ...]:
    """The saved views in their order, then the built-in ones that none of them replaces."""
    kept = tuple(saved)
    taken = {search_key(view.name) for view in kept}
    return (*kept, *(view for view in BUILT_IN if search_key(view.name) not in taken))


def find_view(name: str, views: Iterable[SavedView]) -> SavedView | None:
    """The view of this name, written with or without ``@``; None if there is none."""
    wanted = name.removeprefix(SIGN)
    return next((view for view in views if same_name(view.name, wanted)), None)


def why_name_refused(name: str) -> str:
    """A sentence on why a name is not possible for a view, empty if it is.

    1 to 40 letters, digits and ``- _ .``, the first a letter or digit: such a name needs no quotes in any shell.
    """
    if not name:
        return "A view needs a name."
    if len(name) > MAX_NAME:
        return f"The name of a view has at most {MAX_NAME} characters; this one has {len(name)}."
    if not _BEGINNING.match(name):
        return "The name of a view begins with a letter or a digit."
    other = _OTHER_THAN_NAME.search(name)
    if other is not None:
        shown = "blanks" if other[0].isspace() else f'"{clean(other[0])}"'
        return f"The name of a view is made of letters, digits and - _ . only, without {shown}."
    # Some letters are invisible, and some are nothing but an accent once they are compared.
    if clean(name) != name or not search_key(name):
        return "The name of a view cannot hold invisible letters."
    return ""
