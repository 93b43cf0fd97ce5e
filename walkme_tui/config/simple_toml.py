"""The little of TOML that theme files use, for the sake of the start: the standard parser takes 8 ms to import."""

import string
from typing import Final

BARE: Final = frozenset(string.ascii_letters + string.digits + "_-")
TRUTHS: Final = {"true": True, "false": False}

Table = dict[str, "str | bool | dict[str, str | bool]"]


def simple_toml(text: str) -> Table | None:
    """What the standard parser would give, or None for a text that has more in it than this knows.

    Known are comments, tables of one level, and bare keys with ``true``, ``false`` or a plain text in double quotes.
    """
    top: Table = {}
    table: dict[str, str | bool] | None = None
    for written_line in text.split("\n"):
        line = written_line.strip(" ")
        if not line.isprintable():
            return None
        if not line or line[0] == "#":
            continue
        if line[0] == "[":
            name = line[1:-1]
            if line[-1] != "]" or not _is_bare(name) or name in top:
                return None
            table = {}
            top[name] = table
            continue
        key, equals, written = line.partition("=")
        key, value = key.rstrip(" "), _value(written.lstrip(" "))
        if not equals or value is None or not _is_bare(key) or key in (top if table is None else table):
            return None
        if table is None:
            top[key] = value
        else:
            table[key] = value
    return top


def _is_bare(key: str) -> bool:
    return bool(key) and BARE.issuperset(key)


def _value(written: str) -> str | bool | None:
    if written in TRUTHS:
        return TRUTHS[written]
    inside = written[1:-1]
    whole = len(written) >= 2 and written[0] == written[-1] == '"' and '"' not in inside and "\\" not in inside
    return inside if whole else None
