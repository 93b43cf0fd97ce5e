"""Files for the kill harness to import: their text, and what each row says, independent of how the program reads it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.job_verdict import GROUP_NAME, Record
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.source import OnConflict
from walkme_tui.domain.table_cells import csv_line, groups_cell

NEW_USERS = 5
COLUMNS = ("Cost centre", "E-Mail", "First Name", "lastName", "role", "External ID", "groups")


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a row says: ``values`` by the names of the records, the ids of ``groups``; ``wrong``: it cannot be imported.

    ``taken``: others have the email before the row is sent.
    """

    email: str
    values: Mapping[str, str]
    groups: frozenset[str] = frozenset()
    wrong: bool = False
    taken: bool = False

    def is_met_by(self, record: Record) -> bool:
        """The user has everything that the row says."""
        return self.groups <= {*record["groups"]} and all(
            record.get(name) == each for name, each in self.values.items()
        )


@dataclass(frozen=True, slots=True)
class HarnessFile:
    """A file to import and its rows in their order; ``row_conflicts`` are exceptions by the index of the row."""

    text: str
    rows: tuple[FileRow, ...]
    on_conflict: OnConflict
    row_conflicts: Mapping[int, OnConflict]

    def conflict(self, index: int) -> OnConflict:
        """What to do with a row of which the user exists."""
        return self.row_conflicts.get(index, self.on_conflict)


class FileMaker:
    """Makes files with rows of new users, of users who exist with the same and with other values, and wrong rows."""

    def __init__(self, chance: random.Random, surface: Surface) -> None:
        self._chance = chance
        self._with_role = surface is Surface.REST

    def file(self, number: int, records: Sequence[Record], groups: Sequence[Group]) -> HarnessFile:
        """A file about these users; ``number`` is in the emails of new users, the last of which others create first."""
        chance = self._chance
        people = chance.sample([record for record in records if GROUP_NAME not in record], 5)
        same, moved, *changed = people
        rows = [self._new(f"import{number}.{each}@example.com", number, groups) for each in range(NEW_USERS)]
        rows.append(self._row(str(same["email"]).upper(), dict(self._values(same)), frozenset(same["groups"])))
        rows.append(self._row(str(moved["email"]), {}, self._some(groups)))
        rows += [
            self._row(str(each["email"]), {"lastName": f"Row {number}", "externalId": f"{number}"}, self._some(groups))
            for each in changed
        ]
        taken = self._new(f"taken{number}@example.com", number, groups)
        rows.append(FileRow(taken.email, taken.values, taken.groups, taken=True))
        twice = self._new(f"twice{number}@example.com", number, groups)
        rows += [FileRow(email, twice.values, wrong=True) for email in ("", twice.email, twice.email.upper())]
        chance.shuffle(rows)
        policy, *exceptions = chance.choices(list(OnConflict), (1, 2, 1), k=3)
        row_conflicts = dict(zip(chance.sample(range(len(rows)), len(exceptions)), exceptions, strict=True))
        return HarnessFile(self._text(rows, groups), tuple(rows), policy, row_conflicts)

    def _new(self, email: str, number: int, groups: Sequence[Group]) -> FileRow:
        values = {"firstName": "Ours", "lastName": f"+Row {number}"} | ({"role": "Editor"} if self._with_role else {})
        return self._row(email, values, self._some(groups))

    def _row(self, email: str, values: dict[str, str], groups: frozenset[str]) -> FileRow:
        return FileRow(email, values, groups)

    def _some(self, groups: Sequence[Group]) -> frozenset[str]:
        return frozenset(group.id for group in self._chance.sample(groups, self._chance.randint(0, 2)))

    def _values(self, record: Record) -> dict[str, str]:
        names = ("firstName", "lastName", "externalId", *(["role"] if self._with_role else []))
        return {name: record[name] for name in names if record.get(name)}

    def _text(self, rows: Sequence[FileRow], groups: Sequence[Group]) -> str:
        """The rows as CSV; groups by name or by id."""
        names = {group.id: group.name if self._chance.random() < 0.5 else group.id for group in groups}
        lines = [csv_line(COLUMNS)]
        for row in rows:
            values = [row.values.get(name, "") for name in ("firstName", "lastName", "role", "externalId")]
            lines.append(csv_line(["42", row.email, *values, groups_cell(str(names[each]) for each in row.groups)]))
        return "".join(lines)
