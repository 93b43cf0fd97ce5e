"""A user as lines of styled text."""

from collections.abc import Iterator, Mapping
from typing import Final

from rich.cells import cell_len

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.domain.mirrored import MirroredUser, UnreadableRow
from walkme_tui.domain.other_fields import other_fields
from walkme_tui.domain.raw_record import raw_record
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.domain.users import UNKNOWN, Json, Known, Status, User
from walkme_tui.ui import words
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

LABEL_WIDTH: Final = 9
MAX_TEXT: Final = 4000
MAX_RAW_LINES: Final = 5000
_STATUS_STYLES: Final[dict[str, TextStyle]] = {
    Status.ACTIVE: TextStyle.GOOD,
    Status.INACTIVE: TextStyle.DIM,
    Status.PENDING: TextStyle.WARN,
}
UNKNOWN_TEXT: Final = "? unknown"
EMPTY: StyledText = ()


def record_lines(
    mirrored: MirroredUser, surface: Surface, group_names: Mapping[str, str], now_ms: int, width: int
) -> list[StyledText]:
    """Every field that users of a surface have, in lines of at most ``width`` cells."""
    return list(_record(mirrored, capabilities(surface), group_names, now_ms, width))


def raw_lines(mirrored: MirroredUser, surface: Surface, width: int) -> list[StyledText]:
    """The record as the surface sends it, as JSON; invisible characters are escaped."""
    text = printable_json(raw_record(mirrored.user, surface), indent=2)
    pieces = (piece for line in text.split("\n") for piece in words.chop(line, width))
    return [[(piece, TextStyle.PLAIN)] for _, piece in zip(range(MAX_RAW_LINES), pieces, strict=False)]


def unreadable_lines(row: UnreadableRow, width: int) -> list[StyledText]:
    """Why a record could not be read."""
    text = (
        f"Record {words.number(row.position + 1)} of the server's list cannot be read: "
        f"{clean(row.reason, 300)}. The other records are not affected."
    )
    return list(wrapped(text, width, TextStyle.WARN))


def read_when(mirrored: MirroredUser, now_ms: int) -> str:
    """When the record was read: ``read 3 s ago``."""
    if mirrored.detailed_at_ms is not None and mirrored.detailed_at_ms >= mirrored.fetched_at_ms:
        return f"read {words.ago(now_ms, mirrored.detailed_at_ms)}"
    source = "a list of members" if mirrored.is_only_listed else "the list"
    return f"read {words.ago(now_ms, mirrored.fetched_at_ms)}, from {source}"


def _record(
    mirrored: MirroredUser, surface: Capabilities, group_names: Mapping[str, str], now_ms: int, width: int
) -> Iterator[StyledText]:
    user = mirrored.user
    email = clean(user.email, MAX_TEXT) if isinstance(user.email, str) else ""
    name = clean(user.full_name, MAX_TEXT)
    yield from wrapped(name or email or user.id, width, TextStyle.STRONG)
    if name and email:
        yield from wrapped(email, width, TextStyle.PLAIN)
    yield EMPTY
    yield from _status(user.status, width)
    yield from _labelled("First", _shown(user.first_name), width, _style(user.first_name))
    yield from _labelled("Last", _shown(user.last_name), width, _style(user.last_name))
    if not surface.roles:
        yield from _labelled("Role", _shown(user.role), width, _style(user.role))
    yield from _groups(mirrored, group_names, width)
    yield EMPTY
    yield from _time("Created", user.created_at_ms, now_ms, width)
    yield from _time("Updated", user.updated_at_ms, now_ms, width)
    yield from _labelled("External", _shown(user.external_id), width, _style(user.external_id))
    if user.identity_provider is not None:
        note = f"owned by an identity provider ({clean(user.identity_provider, 60)}), which may overwrite changes"
        yield from _labelled("", note, width, TextStyle.WARN)
    if not isinstance(user.email, str):
        yield from _labelled("Email", _shown(user.email), width, TextStyle.DIM)
    yield from _labelled("id", clean(user.id), width, TextStyle.DIM)
    yield from other_lines(user, width)
    yield EMPTY
    yield [(words.fit(read_when(mirrored, now_ms), width).rstrip(), TextStyle.DIM)]


def _status(status: Known[str | None], width: int) -> Iterator[StyledText]:
    if not isinstance(status, str):
        yield from _labelled("Status", _shown(status), width, TextStyle.DIM)
        return
    sign, style = words.STATUS_SIGNS.get(status.lower(), "·"), _STATUS_STYLES.get(status.lower(), TextStyle.PLAIN)
    yield from _labelled("Status", f"{sign} {clean(status, 80)}", width, style)


def _groups(mirrored: MirroredUser, names: Mapping[str, str], width: int) -> Iterator[StyledText]:
    unknown, label = mirrored.user.groups is UNKNOWN, "Groups"
    for group_id in mirrored.held_groups:
        yield from _labelled(label, clean(names.get(group_id, group_id), 300), width)
        label = ""
    if not mirrored.held_groups:
        yield from _labelled(label, UNKNOWN_TEXT if unknown else "none", width, TextStyle.DIM)
    elif unknown:
        yield from _labelled("", "others unknown", width, TextStyle.DIM)


def _time(label: str, value: Known[int | None], now_ms: int, width: int) -> Iterator[StyledText]:
    if isinstance(value, int):
        yield from _labelled(label, words.ago_and_date(now_ms, value), width)
    else:
        yield from _labelled(label, _shown(value), width, TextStyle.DIM)


def other_lines(user: User, width: int, heading: str = "Other") -> Iterator[StyledText]:
    """Fields that the program has no name for."""
    extra = other_fields(user)
    if not extra:
        return
    yield EMPTY
    yield [(heading, TextStyle.DIM)]
    labels = {name: clean(name, 80) for name in extra}
    short = [cell_len(label) + 1 for label in labels.values() if cell_len(label) < width * 2 // 5]
    label_width = max(LABEL_WIDTH, *short, 0)
    for name, value in extra.items():
        label = labels[name]
        if cell_len(label) >= label_width:
            yield from wrapped(label, width, TextStyle.DIM)
            label = ""
        yield from _labelled(label, _json(value), width, label_width=label_width)


def _json(value: Json) -> str:
    if isinstance(value, str):
        return clean(value, MAX_TEXT) or '""'
    return clean(printable_json(value), MAX_TEXT)


def _shown(value: object) -> str:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    return clean(value, MAX_TEXT) if isinstance(value, str) and value else "none"


def _style(value: object) -> TextStyle:
    return TextStyle.PLAIN if isinstance(value, str) and value else TextStyle.DIM


def _labelled(
    label: str, text: str, width: int, style: TextStyle = TextStyle.PLAIN, label_width: int = LABEL_WIDTH
) -> Iterator[StyledText]:
    label = words.cut(label, label_width - 1)
    if width - label_width < cell_len(text) <= width and " " not in text:
        # An id that fits into one line is not broken.
        yield from ([(label, TextStyle.DIM)], [(text, style)])
        return
    for line in words.wrap(text, width - label_width):
        yield [(words.fit(label, label_width), TextStyle.DIM), (line, style)]
        label = ""
