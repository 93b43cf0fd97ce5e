"""Decodes answers of the REST API; what is wrong with one is tolerated as far as possible, and reported."""

from collections.abc import Set
from typing import Any

from walkme_tui.api.answers import ApiAnswer, read_json
from walkme_tui.api.record_answers import LARGEST_TOTAL, claimed_total, note_repeats, unexpected
from walkme_tui.domain.errors import LookUpIgnored
from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import email_key, storable
from walkme_tui.domain.user_json import KNOWN_NAMES, MAX_ID_LENGTH, decode_user
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User, UserPage


def decode_page(answer: ApiAnswer, page: int, page_size: int) -> UserPage:
    """A page of the list, with all rows that were sent; raises ``UnexpectedAnswer`` if the answer has no list."""
    value, tolerated = read_json(answer)
    rows = tuple(decode_user(raw) for raw in _list_in(value, "users", answer))
    warnings = list(tolerated)
    note_repeats(rows, warnings)
    _check_page_number(value.get("page", page), page, warnings)
    return UserPage(
        page=page,
        page_size=page_size,
        rows=rows,
        total=claimed_total(value.get("total", UNKNOWN), warnings),
        warnings=tuple(warnings),
    )


def decode_matches(answer: ApiAnswer, email: str) -> User | None:
    """The one user among an email look-up's rows whose email it is, None if there is none.

    ``LookUpIgnored`` where the user is not among them and the answer is not about this email: it has users whose email
    does not even contain it, or claims more users than it has.
    """
    value, _ = read_json(answer)
    wanted = email_key(email)
    found: User | None = None
    rows = _list_in(value, "users", answer)
    others = False
    for raw in rows:
        user = decode_user(raw)
        its = email_key(user.email) if isinstance(user, User) and isinstance(user.email, str) else ""
        if isinstance(user, User) and its == wanted:
            if user.email == email:
                return user
            found = found or user
        others = others or wanted not in its
    if found is None and (others or (claimed_total(value.get("total", UNKNOWN), []) or 0) > len(rows)):
        raise LookUpIgnored("This server ignores look-ups by email.", status=answer.status)
    return found


def decode_one(answer: ApiAnswer, user_id: str) -> User:
    """The user of a look-up by id; raises ``UnexpectedAnswer`` if the answer is no user, or another one."""
    value, _ = read_json(answer)
    user = decode_user(value)
    if isinstance(user, UnreadableRecord):
        raise unexpected(answer, f"answered with a user that cannot be read ({user.reason})", value)
    if user.id.casefold() != user_id.casefold():
        raise unexpected(answer, "answered with another user than the requested one", None)
    return user


def check_written(answer: ApiAnswer, names: Set[str]) -> dict[str, Any]:
    """The object that a change was answered with, empty for an empty answer.

    Raises ``UnexpectedAnswer`` unless it is empty or has one of ``names``. Its values prove nothing: a change is read
    back.
    """
    if answer.cut:
        raise unexpected(answer, "answered with a body that could not be read to its end", None)
    if answer.status == 204 or not (answer.body.strip() or answer.is_web_page):
        return {}
    value, _ = read_json(answer)
    if not isinstance(value, dict) or (value and not value.keys() & names):
        raise unexpected(answer, "answered the change with data of another shape", value)
    return value


def created_id(answer: ApiAnswer) -> str | None:
    """The id of the new user in the answer to a create, None where it has none; raises like ``check_written``."""
    user = decode_user(check_written(answer, KNOWN_NAMES))
    return user.id if isinstance(user, User) else None


def decode_groups(answer: ApiAnswer) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """All groups, each once, and the warnings about the answer; raises ``UnexpectedAnswer`` if it has no list."""
    value, tolerated = read_json(answer)
    raw_groups = _list_in(value, "groups", answer)
    warnings = list(tolerated)
    groups: dict[str, Group] = {}
    unreadable = repeated = 0
    for raw in raw_groups:
        group = _decode_group(raw)
        if group is None:
            unreadable += 1
        elif group.id in groups:
            repeated += 1
        else:
            groups[group.id] = group
    if unreadable:
        warnings.append(f"{unreadable} of {len(raw_groups)} groups cannot be read and are left out.")
    if repeated:
        warnings.append(f"{repeated} of {len(raw_groups)} groups are repeated in the list.")
    total = value.get("total")
    if isinstance(total, int) and not isinstance(total, bool) and len(raw_groups) < total <= LARGEST_TOTAL:
        warnings.append(f"The server sent {len(raw_groups)} of {total} groups.")
    return tuple(groups.values()), tuple(warnings)


def _decode_group(raw: object) -> Group | None:
    if not isinstance(raw, dict):
        return None
    group_id, name = raw.get("id"), raw.get("name")
    if not isinstance(group_id, str) or not 0 < len(group_id) <= MAX_ID_LENGTH or storable(group_id) != group_id:
        return None
    return Group(group_id, storable(name) if isinstance(name, str) else None)


def _list_in(value: Any, name: str, answer: ApiAnswer) -> list[Any]:
    rows = value.get(name) if isinstance(value, dict) else None
    if not isinstance(rows, list):
        raise unexpected(answer, f'answered without a list of "{name}"', value)
    return rows


def _check_page_number(echo: object, page: int, warnings: list[str]) -> None:
    if isinstance(echo, bool) or not isinstance(echo, int | float) or echo != page:
        named = f"page {echo}" if isinstance(echo, int) and 0 <= echo <= LARGEST_TOTAL else "another page"
        warnings.append(f"The server says that it sent {named} where page {page} was requested.")
