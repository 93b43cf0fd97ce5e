"""Ids as segments of a path."""

import re
from typing import Final
from urllib.parse import quote

from walkme_tui.domain.errors import NotFound

# UUIDs and ids of identity systems; no character that has a meaning in a path.
_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._:@|=+~-]{1,256}\Z")
# What no server can route back, or climbs in the path when a server decodes it early.
_OPAQUE_ID: Final = re.compile(r"(?!\.{1,2}\Z)[^\x00-\x1f\x7f/\\%?#\ud800-\udfff]{1,256}\Z")


def opaque_segment(record_id: str, kind: str) -> str:
    """An id that may be any text, as in SCIM, as a segment of a path; raises like ``path_segment``."""
    return _segment(_OPAQUE_ID, record_id, kind)


def path_segment(record_id: str, kind: str) -> str:
    """An id as a segment of a path; raises ``NotFound`` for an invalid id of a ``kind``."""
    return _segment(_ID, record_id, kind)


def _segment(pattern: re.Pattern[str], record_id: str, kind: str) -> str:
    if not pattern.match(record_id):
        raise NotFound(f"There is no such {kind}: this cannot be the id of one.")
    return quote(record_id, safe=":@=+")
