"""Why a whole record must not be sent, on servers that refuse PATCH."""

from collections.abc import Mapping, Sequence
from typing import Final

from walkme_tui.domain.errors import ChangedMeanwhile, RequestRejected
from walkme_tui.domain.json_text import is_json
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import MAX_LABEL, Json

CONSOLE_HINT: Final = "Make the change in the WalkMe Console."


def refuse_changed(names: Sequence[str]) -> None:
    """Raise ``ChangedMeanwhile`` where others changed these fields, which an update sets."""
    if names:
        raise ChangedMeanwhile(
            f"The {' and '.join(names)} of this user changed at the same moment, so nothing was sent.",
            hint="Look at the user again, then repeat the change.",
        )


def refuse_incomplete(missing: Sequence[str]) -> None:
    """Raise ``RequestRejected`` where the record lacks fields that a replacement would clear."""
    if missing:
        raise RequestRejected(
            "This server only replaces whole records, and its record of the user lacks "
            f"{' and '.join(missing)}: a replacement could clear that, so nothing was sent.",
            hint=CONSOLE_HINT,
        )


def refuse_not_json(whole: Mapping[str, Json]) -> None:
    """Raise ``RequestRejected`` for a record with NaN or Infinity."""
    if not_json := [clean(name, MAX_LABEL) for name, value in whole.items() if not is_json(value)]:
        raise RequestRejected(
            "This server only replaces whole records, and its record of the user has NaN or Infinity in "
            f"{' and '.join(not_json)}: JSON has no such number to send back, so nothing was sent.",
            hint=CONSOLE_HINT,
        )
