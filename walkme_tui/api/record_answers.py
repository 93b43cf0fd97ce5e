"""What the decoders of both surfaces check in answers that contain records."""

from collections.abc import Iterable
from typing import Final

from walkme_tui.api.answers import WRONG_PLACE_HINT, ApiAnswer, error_message
from walkme_tui.domain.errors import UnexpectedAnswer
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User

# No account is larger; a larger number is an error and would not fit into the database.
LARGEST_TOTAL: Final = 10**9


def unexpected(answer: ApiAnswer, what: str, value: object) -> UnexpectedAnswer:
    """The error for an answer that is not one to the call; ``what`` it did, ``value`` is its JSON."""
    words = error_message(answer.body).rstrip(".") if isinstance(value, dict) else ""
    return UnexpectedAnswer(
        f"{answer.host} {what}{f': {words}' if words else ''}.",
        hint=WRONG_PLACE_HINT,
        status=answer.status,
        request_id=answer.request_id,
    )


def note_repeats(rows: Iterable[User | UnreadableRecord], warnings: list[str]) -> None:
    """Add a warning where users stand twice in a page."""
    ids = [row.id for row in rows if isinstance(row, User)]
    repeats = len(ids) - len(set(ids))
    if repeats:
        warnings.append(f"{repeats} {'user is' if repeats == 1 else 'users are'} repeated within a page.")


def claimed_total(total: object, warnings: list[str], noun: str = "users") -> int | None:
    """The number of users, or of what ``noun`` says, that an answer claims if it is valid.

    Only the caller can compare it with other pages.
    """
    if total is UNKNOWN:
        warnings.append(f"The server does not say how many {noun} there are.")
        return None
    if isinstance(total, float) and total.is_integer():
        total = int(total)
    if isinstance(total, bool) or not isinstance(total, int):
        warnings.append(f"The number of {noun} that the server gives is not a number.")
        return None
    if not 0 <= total <= LARGEST_TOTAL:
        warnings.append(f"The number of {noun} that the server gives cannot be true.")
        return None
    return total
