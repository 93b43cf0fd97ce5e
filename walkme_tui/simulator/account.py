"""A simulated account: computed users, and the changes made to them. Knows nothing of HTTP."""

import time
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Final

from walkme_tui.domain.times import now_ms
from walkme_tui.domain.users import Json
from walkme_tui.simulator.fields import cleared, read_fields
from walkme_tui.simulator.groups import SimulatedGroup, SimulatedGroups
from walkme_tui.simulator.population import DAY_MS, Population, Record, full_name
from walkme_tui.simulator.refusals import EmailTaken, NoSuchUser, Refused
from walkme_tui.simulator.settings import SimulatorSettings

DEFAULT_ROLE: Final = "Viewer"
_GROUP_AGE_MS: Final = 5 * 365 * DAY_MS


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
        self._attributes: dict[int, Record] = {}
        self.all_groups = SimulatedGroups(self._population, _iso(now - _GROUP_AGE_MS))

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
        return [{"id": group.id, "name": group.name} for group in self.all_groups.values()]

    def group_names(self) -> dict[str, str]:
        """The name of every group by id."""
        return {group.id: group.name for group in self.all_groups.values()}

    def scim_attributes(self, user_id: str) -> Record:
        """What only the SCIM surface shows of a user; ``NoSuchUser``."""
        number = self._number(user_id)
        stored = self._attributes.get(number)
        if stored is not None:
            return deepcopy(stored)
        return self._population.scim_attributes(number) if number < self._population.users else {}

    def find_by_external_id(self, external_id: str) -> list[Record]:
        """The users with this external id."""
        computed = self._population.number_of_external_id(external_id)
        numbers = {number for number, record in self._changed.items() if record["externalId"] == external_id}
        if computed is not None and computed not in self._changed and self._exists(computed):
            numbers.add(computed)
        return [self._record(number) for number in sorted(numbers)]

    def members(self, group_id: str) -> list[tuple[str, str | None]]:
        """Id and full name of the members of a group, in the order of the list of users; ``NoSuchGroup``."""
        changed, id_of, names_of = self._changed, self._population.id_of, self._population.names_of
        members = [
            (id_of(n), full_name(*names_of(n)))
            if n not in changed
            else (str(changed[n]["id"]), full_name(changed[n]["firstName"], changed[n]["lastName"]))
            for n in self._member_numbers(group_id)
        ]
        return [*members, *((stranger, None) for stranger in self.all_groups[group_id].strangers)]

    def member_count(self, group_id: str) -> int:
        """The number of members; ``NoSuchGroup``."""
        return len(self._member_numbers(group_id)) + len(self.all_groups[group_id].strangers)

    def _member_numbers(self, group_id: str) -> list[int]:
        computed = self.all_groups.computed_members(group_id)
        changed, deleted = self._changed, set(self._deleted)
        numbers = [number for number in computed if number not in changed and number not in deleted]
        numbers += [number for number, record in changed.items() if group_id in _groups_of(record)]
        numbers.sort()
        return numbers

    # ------------------------------------------------------------ writing

    def create(self, body: Mapping[str, Json]) -> Record:
        """Append a user, pending; ``EmailTaken``, ``Refused``."""
        fields = read_fields(body, self.all_groups)
        fields.pop("status", None)
        email = fields.get("email")
        if not isinstance(email, str):
            raise Refused("email", "email is required")
        if self._number_of_email(email) is not None:
            raise EmailTaken(email)
        role = fields.pop("role", None) or DEFAULT_ROLE
        return self._record(self._add({"email": email, **cleared(), **fields, "role": role, "status": "pending"}))

    def save(self, user_id: str | None, fields: Record, attributes: Record, *, only_answer: bool = False) -> Record:
        """Create (None) or change a user with fields that were checked; ``attributes`` are what only SCIM shows.

        Fields that are None and not among those of every user are deleted. With ``only_answer`` nothing is stored.
        ``NoSuchUser``, ``EmailTaken``.
        """
        number = None if user_id is None else self._number(user_id)
        old = cleared() if number is None else self._record(number)
        if fields["email"] != old.get("email") and self._number_of_email(str(fields["email"])) not in {None, number}:
            raise EmailTaken(str(fields["email"]))
        whole = {"email": fields["email"], **old, **fields}
        record = {name: value for name, value in whole.items() if value is not None or name in cleared()}
        if only_answer:
            if number is None:
                number, record = self._new(record)
                self._deleted.append(number)  # so that no other user gets the id
            return record
        if number is None:
            number = self._add(record)
        else:
            self._change(number, old, record)
        self._attributes[number] = deepcopy(attributes)
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
        return self._change(number, old, {**kept, **cleared(), **fields, "role": role})

    def change(self, user_id: str, body: Mapping[str, Json]) -> Record:
        """Set the fields that the body has; ``NoSuchUser``, ``EmailTaken``, ``Refused``."""
        number = self._number(user_id)
        old = self._record(number)
        return self._change(number, old, {**old, **self._writable_fields(number, old, body)})

    def delete(self, user_id: str) -> None:
        """Delete a user; the positions of later users decrease by one. ``NoSuchUser``."""
        number = self._number(user_id)
        record = self._record(number)
        self._groups_changed(_groups_of(record))
        for group_id in _groups_of(record):
            self.all_groups[str(group_id)].former_members.append(str(record["id"]))
        self._forget_email(number)
        self._changed.pop(number, None)
        insort(self._deleted, number)

    def join(self, group_id: str, user_id: str) -> None:
        """Add a user to a group; no change for a member. ``NoSuchGroup``, ``NoSuchUser``."""
        groups, number, record = self._membership(group_id, user_id)
        if group_id not in groups:
            self._change(number, record, {**record, "groups": [*groups, group_id]})

    def leave(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group; ``NoSuchGroup``, or ``NoSuchUser``, also for a user who is no member."""
        groups, number, record = self._membership(group_id, user_id)
        if group_id not in groups:
            raise NoSuchUser("The user is not a member of the group")
        self._change(number, record, {**record, "groups": [other for other in groups if other != group_id]})

    # ------------------------------------------------------------ groups

    def create_group(self, name: str, *, only_answer: bool = False) -> SimulatedGroup:
        """Append a group without members; with ``only_answer`` it is not stored. ``GroupNameTaken``."""
        return self.all_groups.add(name, _iso(self._clock()), only_answer=only_answer)

    def change_group(self, group_id: str, name: str, external_id: str | None) -> None:
        """Set what a group has beside its members; ``NoSuchGroup``, ``GroupNameTaken``."""
        group = self.all_groups.one(group_id)
        self.all_groups.check_name(name, group)
        if (group.name, group.external_id) != (name, external_id):
            group.name, group.external_id = name, external_id
            self._groups_changed([group_id])

    def delete_group(self, group_id: str) -> None:
        """Delete a group; its members stay, without it. ``NoSuchGroup``."""
        self.all_groups.delete(group_id)

    def add_member(self, group_id: str, member_id: str, *, again: bool = False) -> None:
        """Add a member, also one who is no user; with ``again`` also one who is a member already. ``NoSuchGroup``."""
        listed = self.is_member(group_id, member_id)
        if not listed and self.is_user(member_id):
            self.join(group_id, member_id)
        elif again or not listed:
            group = self.all_groups[group_id]
            group.strangers.append(member_id)
            group.former_members = [other for other in group.former_members if other != member_id]
            self._groups_changed([group_id])

    def remove_member(self, group_id: str, member_id: str) -> None:
        """Remove a member; no change for anyone else. ``NoSuchGroup``."""
        group = self.all_groups.one(group_id)
        for listed in (group.strangers, group.former_members):
            if member_id in listed:
                listed[:] = [other for other in listed if other != member_id]
                self._groups_changed([group_id])
        if self._is_user_in(group_id, member_id):
            self.leave(group_id, member_id)

    def is_member(self, group_id: str, member_id: str) -> bool:
        """Whether a group lists a member; ``NoSuchGroup``."""
        return member_id in self.all_groups.one(group_id).strangers or self._is_user_in(group_id, member_id)

    def _is_user_in(self, group_id: str, member_id: str) -> bool:
        return self.is_user(member_id) and group_id in _groups_of(self.user(member_id))

    def is_user(self, user_id: str) -> bool:
        """Whether there is a user with this id."""
        number = self._population.number_of_id(user_id)
        return number is not None and self._exists(number)

    def _groups_changed(self, group_ids: Iterable[Json]) -> None:
        for group_id in group_ids:
            group = self.all_groups[str(group_id)]
            group.updated_at = self._later(group.updated_at)

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
        record = self._population.record(number) if changed is None else deepcopy(changed)
        if self.all_groups.any_deleted:
            record["groups"] = [group_id for group_id in _groups_of(record) if group_id in self.all_groups]
        return record

    def _new(self, fields: Record) -> tuple[int, Record]:
        """The number and the record of the next new user."""
        number, now = self._next_number, _iso(self._clock())
        self._next_number += 1
        return number, {"id": self._population.id_of(number), **fields, "createdAt": now, "updatedAt": now}

    def _add(self, fields: Record) -> int:
        """Append a user with these fields; the number."""
        number, record = self._new(fields)
        self._groups_changed(_groups_of(record))
        self._store(number, record)
        return number

    def _writable_fields(self, number: int, old: Record, body: Mapping[str, Json]) -> Record:
        """The fields of a body to write to an existing user."""
        if body.get("id", old["id"]) != old["id"]:
            raise Refused("id", "id cannot be changed")
        # SCIM writes user names that are no addresses; as they were read, they may be sent back.
        unchanged = {"email"} if body.get("email") == old["email"] else set()
        fields = read_fields({name: body[name] for name in body.keys() - unchanged}, self.all_groups)
        email = fields.get("email")
        if isinstance(email, str) and self._number_of_email(email) not in {None, number}:
            raise EmailTaken(email)
        if fields.get("status") == "pending" and old["status"] != "pending":
            raise Refused("status", "status cannot be set to pending")
        return fields

    def _membership(self, group_id: str, user_id: str) -> tuple[list[Json], int, Record]:
        self.all_groups.one(group_id)
        number = self._number(user_id)
        record = self._record(number)
        return _groups_of(record), number, record

    def _touched(self, record: Record) -> Record:
        """The record with the current time as ``updatedAt``, strictly later than before even within a millisecond."""
        return {**record, "updatedAt": self._later(str(record["updatedAt"]))}

    def _later(self, before: str) -> str:
        at_ms = round(datetime.fromisoformat(before).timestamp() * 1000)
        return _iso(max(self._clock(), at_ms + 1))

    def _change(self, number: int, old: Record, record: Record) -> Record:
        """Store what became of a user, with the current time; the new record."""
        self._groups_changed(set(_groups_of(old)) ^ set(_groups_of(record)))
        self._store(number, self._touched(record))
        return self._record(number)

    def _store(self, number: int, record: Record) -> None:
        self._forget_email(number)
        # A second record with the same email, which only planted differences have, does not hide the first one.
        self._emails.setdefault(str(record["email"]).lower(), number)
        self._changed[number] = deepcopy(record)

    def _forget_email(self, number: int) -> None:
        changed = self._changed.get(number)
        if changed is not None and self._emails.get(email := str(changed["email"]).lower()) == number:
            del self._emails[email]


def _groups_of(record: Record) -> list[Json]:
    groups = record["groups"]
    return groups if isinstance(groups, list) else []


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _running_from(start_ms: int) -> Callable[[], int]:
    started = time.monotonic_ns()
    return lambda: start_ms + (time.monotonic_ns() - started) // 1_000_000
