"""What the decoders of both surfaces check in answers that contain records."""

from collections.abc import Iterable, Sequence, Set
from typing import Any, Final

from walkme_tui.api.answers import WRONG_PLACE_HINT, ApiAnswer, error_message, read_json
from walkme_tui.domain.errors import LookUpIgnored, UnexpectedAnswer
from walkme_tui.domain.text import email_key
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
    """The number of users, or of what ``noun`` names, that an answer claims if it is valid.

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


def requested_user(found: User | UnreadableRecord, user_id: str, answer: ApiAnswer, value: object) -> User:
    """The user in the answer to a look-up by id, ``value`` as JSON; raises ``UnexpectedAnswer`` for another one."""
    if isinstance(found, UnreadableRecord):
        raise unexpected(answer, f"answered with a user that cannot be read ({found.reason})", value)
    if found.id.casefold() != user_id.casefold():
        raise unexpected(answer, "answered with another user than the requested one", None)
    return found


def user_with_email(
    rows: Sequence[User | UnreadableRecord], total: int | None, email: str, answer: ApiAnswer
) -> User | None:
    """The one user among the rows of an email look-up whose email it is, compared without case; None if there is none.

    ``LookUpIgnored`` where the user is not among them, and the answer is not about this email: it has users whose email
    does not even contain it, or claims a larger ``total`` than it has rows.
    """
    wanted = email_key(email)
    keys = [email_key(row.email) if isinstance(row, User) and isinstance(row.email, str) else "" for row in rows]
    same = [row for row, key in zip(rows, keys, strict=True) if isinstance(row, User) and key == wanted]
    if same:
        return next((user for user in same if user.email == email), same[0])
    # A server that takes ß for ss has answered about this email, too.
    if any(wanted.casefold() not in key.casefold() for key in keys) or (total or 0) > len(rows):
        raise LookUpIgnored("This server ignores look-ups by email.", status=answer.status)
    return None


def check_written(answer: ApiAnswer, names: Set[str]) -> dict[str, Any]:
    """The object that a change was answered with, empty for an empty answer.

    Raises ``UnexpectedAnswer`` unless it is empty or has one of ``names``, compared without case. Its values prove
    nothing: a change is read back.
    """
    if answer.cut:
        raise unexpected(answer, "answered with a body that could not be read to its end", None)
    if answer.status == 204 or not (answer.body.strip() or answer.is_web_page):
        return {}
    value, _ = read_json(answer)
    known = frozenset(map(str.lower, names))
    if not isinstance(value, dict) or (value and known.isdisjoint(map(str.lower, value))):
        raise unexpected(answer, "answered the change with data of another shape", value)
    return value
