"""An account whose REST and SCIM records differ for a few people, as those of real accounts do."""

from bisect import insort
from typing import Final

from walkme_tui.domain.users import Json
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.population import Record
from walkme_tui.simulator.settings import SimulatorSettings

# Of so many people, the first few differ, one in each way.
_EVERY: Final = 1000
_FEW: Final = 20


class AccountSide(SimulatedAccount):
    """What one surface shows; a change is made on the ``other`` side too.

    ``own`` is the field that each side has for itself, by the number of the user.
    """

    def __init__(self, settings: SimulatorSettings) -> None:
        super().__init__(settings)
        self.other = self
        self.own: dict[int, str] = {}

    # ------------------------------------------------------------ planting differences

    def lack(self, number: int) -> None:
        """Have no record of a user."""
        insort(self._deleted, number)

    def differ(self, number: int, field: str, value: Json) -> None:
        """Have a value of one's own."""
        self.own[number] = field
        self._store(number, {**self._record(number), field: value})

    def add_second_record(self, number: int, first: int) -> None:
        """Make one user a second record of another, who has the same email in another case."""
        record = self._record(first)
        self._store(first, record)
        told_apart: Record = {"id": self._record(number)["id"], "email": str(record["email"]).title()}
        self._store(number, {**record, **told_apart, "externalId": None, "groups": []})

    def value(self, number: int, field: str) -> Json:
        """What a user has in a field."""
        return self._record(number)[field]

    # ------------------------------------------------------------ changes of this side

    def delete(self, user_id: str) -> None:
        super().delete(user_id)
        self.other.follow_deletion(user_id)

    def _add(self, fields: Record) -> int:
        number = super()._add(fields)
        self.other.follow_addition(self._record(number))
        return number

    def _change(self, number: int, old: Record, record: Record) -> Record:
        changed = super()._change(number, old, record)
        self.other.follow_change(number, changed)
        return changed

    # ------------------------------------------------------------ changes of the other side

    def follow_deletion(self, user_id: str) -> None:
        """Delete a user whom the other side deleted."""
        if self.is_user(user_id):
            super().delete(user_id)

    def follow_addition(self, record: Record) -> None:
        """Have a user whom the other side created, unless this side has the person already."""
        number = self._next_number
        self._next_number += 1
        if self._number_of_email(str(record["email"])) is None:
            self._store(number, record)
        else:
            self._deleted.append(number)

    def follow_change(self, number: int, record: Record) -> None:
        """Change a user as the other side did."""
        if not self._exists(number):
            return
        old = self._record(number)
        kept = {"updatedAt", self.own.get(number, "updatedAt")}
        if self._number_of_email(str(record["email"])) not in {None, number}:
            kept.add("email")
        new = {**record, **{name: old[name] for name in kept}}
        if new != old:
            super()._change(number, old, new)


def two_sides(settings: SimulatorSettings) -> tuple[AccountSide, AccountSide]:
    """The account as REST and as SCIM show it; up to 19 people all agree."""
    rest, scim = AccountSide(settings), AccountSide(settings)
    rest.other, scim.other = scim, rest
    scim.all_groups, scim.own = rest.all_groups, rest.own
    for start in range(0, settings.users - _FEW + 1, _EVERY):
        renamed, only_rest, only_scim, status, left, second = range(start, start + 18, 3)
        last_name = scim.value(renamed, "lastName")
        scim.differ(renamed, "lastName", f"{last_name}-Kaya" if last_name else "Kaya")
        scim.lack(only_rest)
        rest.lack(only_scim)
        rest.differ(status, "status", "inactive")
        scim.differ(status, "status", "active")
        groups = rest.value(left, "groups") or [next(iter(rest.all_groups))]
        rest.differ(left, "groups", groups)
        scim.differ(left, "groups", groups[1:] if isinstance(groups, list) else [])
        rest.lack(second)
        scim.add_second_record(second, second - 1)
    return rest, scim
