"""What is compared of the users of one surface."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, Known, User


class ComparedUser(NamedTuple):
    """The compared attributes of a user, as ``User`` has them; ``row_id`` is that of the mirror.

    A tuple of few fields, because two whole accounts are in memory at once.
    """

    row_id: int
    id: str
    email: Known[str | None] = UNKNOWN
    first_name: Known[str | None] = UNKNOWN
    last_name: Known[str | None] = UNKNOWN
    external_id: Known[str | None] = UNKNOWN
    status: Known[str | None] = UNKNOWN
    groups: Known[tuple[str, ...] | None] = UNKNOWN

    @classmethod
    def of(cls, user: User, row_id: int = 0) -> "ComparedUser":
        """The compared attributes of a whole record."""
        return cls(
            row_id,
            user.id,
            user.email,
            user.first_name,
            user.last_name,
            user.external_id,
            user.status,
            user.groups,
        )


def same_groups(rest: Iterable[Group], scim: Iterable[Group]) -> Mapping[str, str]:
    """The ids of groups on REST by their ids on SCIM: of the same id, else of the only two with one name."""
    rest, scim = list(rest), list(scim)
    rest_ids = {group.id for group in rest}
    found = {group.id: group.id for group in scim if group.id in rest_ids}
    taken = set(found.values())
    rest_names = _only_ones(group for group in rest if group.id not in taken)
    scim_names = _only_ones(group for group in scim if group.id not in found)
    return found | {group_id: rest_names[name] for name, group_id in scim_names.items() if name in rest_names}


def _only_ones(groups: Iterable[Group]) -> dict[str, str]:
    """Ids by name, of the names that one group has."""
    ids: dict[str, list[str]] = {}
    for group in groups:
        if group.name:
            ids.setdefault(group.name, []).append(group.id)
    return {name: found[0] for name, found in ids.items() if len(found) == 1}
