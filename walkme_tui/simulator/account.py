"""A simulated account: computed users, and the changes made to them. Knows nothing of HTTP."""

import time
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Final

from walkme_tui.domain.times import now_ms
from walkme_tui.domain.users import Json
from walkme_tui.simulator.fields import cleared, read_fields
from walkme_tui.simulator.population import DAY_MS, Population, Record
from walkme_tui.simulator.refusals import EmailTaken, NoSuchGroup, NoSuchUser, Refused
from walkme_tui.simulator.settings import SimulatorSettings

DEFAULT_ROLE: Final = "Viewer"


class SimulatedAccount:
    """The users and groups of one account.

    Users have numbers: first those computed from the seed, then the created ones. The list is in the order of numbers,
    without deleted users. ``clock`` gives milliseconds since the Unix epoch, for the times of writes. Records are
    returned as copies.
    """

    def __init__(self, settings: SimulatorSettings, clock: Callable[[], int] | None = None) -> None:
        now = settings.now_ms
        if now is None:
            now = now_ms() // DAY_MS * DAY_MS
        elif clock is None:
            clock = _running_from(now)
        self._clock = clock or now_ms
        self._population = Population(settings.users, settings.seed, now, hostile=settings.hostile)
        self._next_number = settings.users
        self._changed: dict[int, Record] = {}
        self._deleted: list[int] = []
        self._emails: dict[str, int] = {}

    # ------------------------------------------------------------ reading

    @property
    def total(self) -> int:
        """The number of users."""
        return self._next_number - len(self._deleted)

    def users(self, first: int, count: int) -> list[Record]:
        """At most ``count`` users from position ``first`` of the list, counted from 0."""
        last = min(first + count, self.total)
        if last <= first:
            return []
        number = self._number_at(first)
        # The index of the next deleted number, so that it is skipped without a search for each number.
        next_deleted = bisect_left(self._deleted, number)
        deleted = self._deleted
        records: list[Record] = []
        while len(records) < last - first:
            if next_deleted < len(deleted) and deleted[next_deleted] == number:
                next_deleted += 1
            else:
                records.append(self._record(number))
            number += 1
        return records

    def user(self, user_id: str) -> Record:
        """One user; ``NoSuchUser``."""
        return self._record(self._number(user_id))

    def find(self, email: str) -> Record | None:
        """The user with this email, compared without case, or None."""
        number = self._number_of_email(email)
        return None if number is None else self._record(number)

    def groups(self) -> list[Record]:
        """Id and name of every group."""
        return [{"id": group_id, "name": name} for group_id, name in self._population.groups.items()]

    # ------------------------------------------------------------ writing

    def create(self, body: Mapping[str, Json]) -> Record:
        """Append a user, pending; ``EmailTaken``, ``Refused``."""
        fields = read_fields(body, self._population.groups)
        fields.pop("status", None)
        email = fields.get("email")
        if not isinstance(email, str):
            raise Refused("email", "email is required")
        if self._number_of_email(email) is not None:
            raise EmailTaken(email)
        number = self._next_number
        now = _iso(self._clock())
        role = fields.pop("role", None) or DEFAULT_ROLE
        identity: Record = {"id": self._population.id_of(number), "email": email}
        record = {**identity, **cleared(), **fields, "role": role, "status": "pending", "createdAt": now}
        self._next_number += 1
        self._store(number, {**record, "updatedAt": now})
        return self._record(number)

    def replace(self, user_id: str, body: Mapping[str, Json]) -> Record:
        """Replace a user with the body.

        Names, external id and groups that the body lacks are cleared, unknown fields deleted, and the role becomes
        Viewer; email and status are kept. ``NoSuchUser``, ``EmailTaken``, ``Refused``.
        """
        number = self._number(user_id)
        old = self._record(number)
        fields = self._writable_fields(number, old, body)
        role = fields.pop("role", None) or DEFAULT_ROLE
        kept: Record = {name: old[name] for name in ("id", "email", "status", "createdAt", "updatedAt")}
        self._store(number, self._touched({**kept, **cleared(), **fields, "role": role}))
        return self._record(number)

    def change(self, user_id: str, body: Mapping[str, Json]) -> Record:
        """Set the fields that the body has; ``NoSuchUser``, ``EmailTaken``, ``Refused``."""
        number = self._number(user_id)
        old = self._record(number)
        self._store(number, self._touched({**old, **self._writable_fields(number, old, body)}))
        return self._record(number)

    def delete(self, user_id: str) -> None:
        """Delete a user; the positions of later users decrease by one. ``NoSuchUser``."""
        number = self._number(user_id)
        self._forget_email(number)
        self._changed.pop(number, None)
        insort(self._deleted, number)

    def join(self, group_id: str, user_id: str) -> None:
        """Add a user to a group; no change for a member. ``NoSuchGroup``, ``NoSuchUser``."""
        groups, number, record = self._membership(group_id, user_id)
        if group_id not in groups:
            self._store(number, self._touched({**record, "groups": [*groups, group_id]}))

    def leave(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group; ``NoSuchGroup``, or ``NoSuchUser``, also for a user who is no member."""
        groups, number, record = self._membership(group_id, user_id)
        if group_id not in groups:
            raise NoSuchUser("The user is not a member of the group")
        self._store(number, self._touched({**record, "groups": [other for other in groups if other != group_id]}))

    # ------------------------------------------------------------ records and numbers

    def _number(self, user_id: str) -> int:
        number = self._population.number_of_id(user_id)
        if number is None or not self._exists(number):
            raise NoSuchUser("There is no such user")
        return number

    def _exists(self, number: int) -> bool:
        place = bisect_left(self._deleted, number)
        deleted = place < len(self._deleted) and self._deleted[place] == number
        return number < self._next_number and not deleted

    def _number_at(self, position: int) -> int:
        """The number at a position: the position plus the count of deleted numbers below the result."""
        low, high = 0, len(self._deleted)
        while low < high:
            middle = (low + high) // 2
            if self._deleted[middle] - middle <= position:
                low = middle + 1
            else:
                high = middle
        return position + low

    def _number_of_email(self, email: str) -> int | None:
        email = email.lower()
        number = self._emails.get(email)
        if number is not None:
            return number
        number = self._population.number_of_email(email)
        # A changed email is found in the table above; the computed one is no longer valid then.
        if number is None or number in self._changed or not self._exists(number):
            return None
        return number

    def _record(self, number: int) -> Record:
        changed = self._changed.get(number)
        return self._population.record(number) if changed is None else deepcopy(changed)

    def _writable_fields(self, number: int, old: Record, body: Mapping[str, Json]) -> Record:
        """The fields of a body to write to an existing user."""
        if body.get("id", old["id"]) != old["id"]:
            raise Refused("id", "id cannot be changed")
        fields = read_fields(body, self._population.groups)
        email = fields.get("email")
        if isinstance(email, str) and self._number_of_email(email) not in {None, number}:
            raise EmailTaken(email)
        if fields.get("status") == "pending" and old["status"] != "pending":
            raise Refused("status", "status cannot be set to pending")
        return fields

    def _membership(self, group_id: str, user_id: str) -> tuple[list[Json], int, Record]:
        if group_id not in self._population.groups:
            raise NoSuchGroup("There is no such group")
        number = self._number(user_id)
        record = self._record(number)
        groups = record["groups"]
        return groups if isinstance(groups, list) else [], number, record

    def _touched(self, record: Record) -> Record:
        """The record with the current time as ``updatedAt``, strictly later than before even within a millisecond."""
        before = datetime.fromisoformat(str(record["updatedAt"])).timestamp()
        return {**record, "updatedAt": _iso(max(self._clock(), round(before * 1000) + 1))}

    def _store(self, number: int, record: Record) -> None:
        self._forget_email(number)
        self._emails[str(record["email"]).lower()] = number
        self._changed[number] = deepcopy(record)

    def _forget_email(self, number: int) -> None:
        changed = self._changed.get(number)
        if changed is not None:
            self._emails.pop(str(changed["email"]).lower(), None)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _running_from(start_ms: int) -> Callable[[], int]:
    started = time.monotonic_ns()
    return lambda: start_ms + (time.monotonic_ns() - started) // 1_000_000
