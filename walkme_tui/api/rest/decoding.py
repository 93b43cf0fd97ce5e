"""Decodes answers of the REST API; what is wrong with one is tolerated as far as possible, and reported."""

from typing import Any

from walkme_tui.api.answers import ApiAnswer, read_json
from walkme_tui.api.record_answers import (
    LARGEST_TOTAL,
    check_written,
    claimed_total,
    note_repeats,
    requested_user,
    unexpected,
    user_with_email,
)
from walkme_tui.domain.groups import Group
from walkme_tui.domain.text import storable
from walkme_tui.domain.user_json import KNOWN_NAMES, decode_user, unreadable_id
from walkme_tui.domain.users import UNKNOWN, User, UserPage


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
    """The user with this email among the rows of an email look-up; raises like ``user_with_email``."""
    value, _ = read_json(answer)
    rows = [decode_user(raw) for raw in _list_in(value, "users", answer)]
    return user_with_email(rows, claimed_total(value.get("total", UNKNOWN), []), email, answer)


def decode_one(answer: ApiAnswer, user_id: str) -> User:
    """The user of a look-up by id; raises ``UnexpectedAnswer`` if the answer is no user, or another one."""
    value, _ = read_json(answer)
    return requested_user(decode_user(value), user_id, answer, value)


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
    if not isinstance(group_id, str) or unreadable_id(group_id):
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
