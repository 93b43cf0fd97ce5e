"""Ids as segments of a path."""

import re
from typing import Final
from urllib.parse import quote

from walkme_tui.domain.errors import NotFound

# UUIDs and ids of identity systems; no character that has a meaning in a path.
_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._:@|=+~-]{1,256}\Z")


def path_segment(record_id: str, kind: str) -> str:
    """An id as a segment of a path; raises ``NotFound`` for an invalid id of a ``kind``."""
    if not _ID.match(record_id):
        raise NotFound(f"There is no such {kind}: this cannot be the id of one.")
    return quote(record_id, safe=":@=+")
