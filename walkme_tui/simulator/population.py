"""The users of a simulated account: user *i* is computed on request, from a hash of the seed and *i*."""

from array import array
from datetime import UTC, datetime
from typing import Final, TypeAlias

from walkme_tui.domain.users import Json
from walkme_tui.simulator.hashing import GOLDEN, MASK64, keyed, mix
from walkme_tui.simulator.hostile import HOSTILE_FIELDS, HOSTILE_GROUP, hostile_name
from walkme_tui.simulator.identity import Addresses, Ids
from walkme_tui.simulator.names import DEPARTMENTS, GROUP_NAMES, LANGUAGES, Name

Record: TypeAlias = dict[str, Json]
"""A user as the JSON object of the REST API."""

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DAY_MS: Final = 86_400_000
# The first user of every account, an example in the README and the help.
EXAMPLE_EMAIL: Final = "zoe.celik@example.com"
_EXAMPLE: Final[Record] = {
    "email": EXAMPLE_EMAIL,
    "firstName": "Zoë",
    "lastName": "Çelik",
    "role": "Editor",
    "status": "active",
    "externalId": "okta|004211",
    "department": "North",
}
_EXAMPLE_GROUPS: Final = ("Sales", "Field-EMEA", "Beta")
_ACCOUNT_AGE_MS: Final = 6 * 365 * DAY_MS
_GROUP_COUNTS: Final = (0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5)
# Each group has a third fewer members than the one three places before it: a few are large, most are small.
_GROUP_WHEEL: Final = tuple(g for g in range(len(GROUP_NAMES)) for _ in range(max(1, round(14 * 0.87**g))))
# Two look-ups take a fifth of the time of formatting the numbers, and every row has two times.
_MINUTES: Final = tuple(f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(24 * 60))
_SECONDS: Final = tuple(f"{second:02d}Z" for second in range(60))


class Population:
    """``users`` computed users of a seed; their times lie before ``now_ms``, milliseconds since the Unix epoch.

    Numbers from ``users`` on have ids too, for users that are created later.
    """

    def __init__(self, users: int, seed: int, now_ms: int, *, hostile: bool = False) -> None:
        self.users = users
        self._now_ms = now_ms
        self._hostile = hostile
        self._key = keyed(seed, 1)
        self._ids = Ids(seed, 2)
        self._addresses = Addresses(seed)
        self._days: dict[int, str] = {}
        names = (*GROUP_NAMES[:-1], HOSTILE_GROUP) if hostile else GROUP_NAMES
        self._all_group_ids = Ids(seed, 4)
        self.groups = {self.group_id_of(g): name for g, name in enumerate(names)}
        self._group_ids = tuple(self.groups)

    def id_of(self, number: int) -> str:
        """The id of user ``number``, who may not be created yet."""
        return self._ids.id_of(number)

    def group_id_of(self, number: int) -> str:
        """The id of group ``number``, which may not be created yet."""
        return self._all_group_ids.id_of(number)

    def number_of_id(self, user_id: str) -> int | None:
        """The number with this id, which may not be created yet; None for any other text."""
        return self._ids.number_of(user_id)

    def number_of_email(self, email: str) -> int | None:
        """The computed user with this email in lower case, or None."""
        number = 0 if email == EXAMPLE_EMAIL else self._addresses.number_of(email) or None
        return number if number is not None and number < self.users else None

    def number_of_external_id(self, external_id: str) -> int | None:
        """The computed user with this external id, or None."""
        prefix, _, digits = external_id.replace("-", "|").rpartition("|")
        if not digits.isascii() or not digits.isdigit():
            return None
        number = int(digits) - (4211 if prefix == "okta" else 0 if prefix else 100_000)
        return number if 0 <= number < self.users and self.record(number)["externalId"] == external_id else None

    def record(self, number: int) -> Record:
        """The computed user, a new object each time."""
        if number == 0:
            return self._example()
        dice = mix((self._key + number * GOLDEN) & MASK64)
        more = mix(dice ^ GOLDEN)
        given, family = self._addresses.name_of(number)
        email = self._addresses.email_of(number, given, family)
        status = _status(dice & 1023)
        first, last = self._names(number, dice, more, given, family)
        created, updated = self._dates(dice, more, status)
        record: Record = {
            "id": self._ids.id_of(number),
            "email": email,
            "firstName": first,
            "lastName": last,
            "role": _role(dice >> 10 & 1023),
            "status": status,
            "createdAt": created,
            "updatedAt": updated,
            "externalId": _external_id(dice >> 44 & 127, number, more),
            "groups": self._groups(dice >> 20 & 15, more),
        }
        if not dice >> 51 & 7:
            record.update(_extra_fields(more))
            if self._hostile and hostile_name(number):
                record.update(HOSTILE_FIELDS)
        return record

    def names_of(self, number: int) -> tuple[str | None, str | None]:
        """First and last name of the computed user, faster than from the record."""
        if number == 0:
            return str(_EXAMPLE["firstName"]), str(_EXAMPLE["lastName"])
        dice = mix((self._key + number * GOLDEN) & MASK64)
        return self._names(number, dice, mix(dice ^ GOLDEN), *self._addresses.name_of(number))

    def scim_attributes(self, number: int) -> Record:
        """What only the SCIM surface shows of the computed user."""
        dice = mix((self._key + number * GOLDEN) & MASK64)
        bits = mix(dice ^ MASK64)
        attributes: Record = {}
        if _status(dice & 1023) != "pending" and bits & 7:
            attributes["lastLogin"] = self._iso(self._now_ms - (bits >> 3 & 0xFFFF) * 60_000)
        if not bits >> 20 & 3:
            enterprise: Record = {"employeeNumber": f"{700_000 + number}"}
            if number:
                manager = number // 9
                enterprise["manager"] = {
                    "value": self.id_of(manager),
                    "displayName": full_name(*self.names_of(manager)),
                }
            attributes[ENTERPRISE] = enterprise
        if not bits >> 22 & 7:
            attributes["allowedSystems"] = [f"system-{1 + (bits >> 25 & 3)}"]
        if self._hostile and hostile_name(number):
            attributes.update(HOSTILE_FIELDS)
        return attributes

    def memberships(self) -> dict[str, "array[int]"]:
        """The numbers of the computed members of each group, in ascending order."""
        members = {group_id: array("I") for group_id in self._group_ids}
        if self.users:
            for group_id in self._example_groups():
                members[str(group_id)].append(0)
        key, groups_of = self._key, self._groups
        for number in range(1, self.users):
            dice = mix((key + number * GOLDEN) & MASK64)
            count_roll = dice >> 20 & 15
            if _GROUP_COUNTS[count_roll]:
                for group_id in groups_of(count_roll, mix(dice ^ GOLDEN)):
                    members[str(group_id)].append(number)
        return members

    def _example(self) -> Record:
        return {
            "id": self._ids.id_of(0),
            **_EXAMPLE,
            "createdAt": self._iso(self._now_ms - 990 * DAY_MS),
            "updatedAt": self._iso(self._now_ms - 2 * DAY_MS),
            "groups": self._example_groups(),
        }

    def _example_groups(self) -> list[Json]:
        return [group_id for name in _EXAMPLE_GROUPS for group_id, label in self.groups.items() if label == name]

    def _names(self, number: int, dice: int, more: int, given: Name, family: Name) -> tuple[str | None, str | None]:
        if self._hostile and (name := hostile_name(number)):
            return name
        if _status(dice & 1023) == "pending" and not dice >> 60 & 3:
            return None, None
        if not dice >> 54 & 63:
            # A new family name, with an email that still has the old one.
            family = self._addresses.name_of(more % self._addresses.block_size)[1]
        return given.text, family.text

    def _groups(self, count_roll: int, bits: int) -> list[Json]:
        wheel = _GROUP_WHEEL
        groups: list[Json] = []
        for _ in range(_GROUP_COUNTS[count_roll]):
            bits, turn = divmod(bits, len(wheel))
            group_id = self._group_ids[wheel[turn]]
            if group_id not in groups:
                groups.append(group_id)
        return groups

    def _dates(self, dice: int, more: int, status: str) -> tuple[str, str]:
        """When the user was created and last changed: recently for most, less than 60 days ago for pending ones."""
        longest = _ACCOUNT_AGE_MS if status != "pending" else 60 * DAY_MS
        roll = (more & 0xFFFFF) + 1
        age = longest * roll * (roll + 0x40000) // (0x100000 * 0x140000)
        share = more >> 20 & 0xFFFF
        since_change = age if status == "pending" or not dice >> 24 & 3 else age * share * share // 0x1_0000_0000
        return self._iso(self._now_ms - age), self._iso(self._now_ms - since_change)

    def _iso(self, at_ms: int) -> str:
        """A time, milliseconds since the Unix epoch, to the second."""
        day, rest = divmod(at_ms // 1000, 86_400)
        text = self._days.get(day)
        if text is None:
            text = self._days[day] = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%dT")
        minute, second = divmod(rest, 60)
        return text + _MINUTES[minute] + _SECONDS[second]


def full_name(first: Json, last: Json) -> str | None:
    """First and last name as one text, None without both."""
    return " ".join(str(part) for part in (first, last) if part) or None


def _status(roll: int) -> str:
    """88 % active, 9 % inactive, 3 % pending; ``roll`` is below 1024."""
    if roll < 901:
        return "active"
    return "inactive" if roll < 993 else "pending"


def _role(roll: int) -> str:
    """A few Admins, some Editors, mostly Viewers, rarely an undocumented role; ``roll`` is below 1024."""
    if roll < 12:
        return "Admin"
    if roll < 120:
        return "Editor"
    return "Viewer" if roll < 1020 else ("Publisher", "Insights Analyst")[roll & 1]


def _external_id(roll: int, number: int, bits: int) -> str | None:
    """An id of an identity provider for two in three, else a personnel number or none; ``roll`` is below 128."""
    if roll < 56:
        return f"okta|{number + 4211:06d}"
    if roll < 86:
        return f"entra|{bits & 0xFFFFFFFF:08x}-{number:06d}"
    return f"{100_000 + number}" if roll < 108 else None


def _extra_fields(bits: int) -> Record:
    """Undocumented fields, some of them nested."""
    extra: Record = {"department": DEPARTMENTS[bits >> 40 & 7]}
    if bits >> 43 & 1:
        extra["costCenter"] = 4000 + (bits >> 44 & 63)
    if not bits >> 50 & 3:
        extra["preferences"] = {
            "language": LANGUAGES[bits >> 52 & 7],
            "digest": {"enabled": bool(bits >> 55 & 1), "days": ["mon", "thu"]},
        }
    return extra
