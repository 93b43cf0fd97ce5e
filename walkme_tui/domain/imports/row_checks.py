"""What the rows of a file say about users, checked before the first request."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.group_names import GroupNames
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import ColumnMapping
from walkme_tui.domain.imports.csv_file import CsvRow, CsvTable
from walkme_tui.domain.imports.import_fields import ImportField
from walkme_tui.domain.table_cells import UnreadableGroups, decoded, groups_cell, parsed_groups
from walkme_tui.domain.text import clean, email_key, spaced
from walkme_tui.domain.users import FIELD_LABELS
from walkme_tui.domain.validation import LONGEST, Severity, check, malformed_email

_MAX_SHOWN: Final = 60
_MAX_NAMED: Final = 5
_REPLACED: Final = "\ufffd"
_MOST_NEAREST: Final = 50
"""Unknown groups for which a near name is looked for, which takes up to 15 ms each."""


class CheckedRow(NamedTuple):
    """A row, and what it says about a user.

    ``values`` are attributes of ``User`` besides the email; an empty cell gives none, since an import clears nothing.
    ``groups`` are those of the row and those for all rows. ``error`` is a clean phrase that says why the row cannot be
    imported, empty where it can. ``unsendable`` has such a phrase for each value that cannot be sent: the row can be
    imported only where the user has these values already, as in an export.
    """

    row: CsvRow
    email: str
    values: Mapping[str, str]
    groups: tuple[Group, ...]
    error: str = ""
    unsendable: Mapping[str, str] = MappingProxyType({})


def checked_rows(
    table: CsvTable,
    mapping: ColumnMapping,
    known_groups: Iterable[Group],
    extra_groups: Sequence[Group],
    surface: Capabilities,
) -> list[CheckedRow]:
    """The rows of a table in their order; ``extra_groups`` are added to those of every row.

    Of rows with the same email none can be imported. Raises ``NoEmailColumn``.
    """
    checks = _RowChecks(mapping, mapping.require_email(table), GroupNames(known_groups), extra_groups, surface)
    rows = [checks.check(row) for row in table.rows]
    for same in repeated(email_key(row.email) for row in rows).values():
        lines = [rows[index].row.line for index in same]
        for index in same:
            row = rows[index]
            rows[index] = row._replace(error=_joined([row.error, _duplicate(row.row.line, lines)]))
    return rows


def repeated(keys: Iterable[str]) -> dict[str, list[int]]:
    """The places of the keys that occur more than once, without the empty ones."""
    first: dict[str, int] = {}
    found: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        if key and (earlier := first.setdefault(key, index)) != index:
            found.setdefault(key, [earlier]).append(index)
    return found


def _duplicate(line: int, lines: Sequence[int]) -> str:
    others = [other for other in lines[: _MAX_NAMED + 1] if other != line][:_MAX_NAMED]
    more = len(lines) - 1 - len(others)
    named = f"{', '.join(map(str, others))}{f' and {spaced(more)} more' if more else ''}"
    return f"the same email is in {'line' if len(lines) == 2 else 'lines'} {named}, too"


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(filter(None, reasons))


class _RowChecks:
    """Checks single rows."""

    def __init__(
        self,
        mapping: ColumnMapping,
        email: int,
        groups: GroupNames,
        extra_groups: Sequence[Group],
        surface: Capabilities,
    ) -> None:
        self._email = email
        self._texts = [
            (field.attribute, index)
            for field, index in mapping.columns.items()
            if field not in {ImportField.EMAIL, ImportField.GROUPS}
        ]
        self._groups = mapping.columns.get(ImportField.GROUPS)
        self._group_names = groups
        self._extra_groups = tuple(dict.fromkeys(extra_groups))
        self._surface = surface
        self._absent = surface.absent
        # Many rows have the same groups.
        self._parsed: dict[str, tuple[tuple[Group, ...], str]] = {"": (self._extra_groups, "")}
        self._unknown = 0

    def check(self, row: CsvRow) -> CheckedRow:
        cells = row.cells
        email = decoded(cells[self._email]).strip()
        reasons = [self._email_reason(email)]
        values: dict[str, str] = {}
        unsendable: dict[str, str] = {}
        for attribute, index in self._texts:
            cell = cells[index]
            if cell and (value := decoded(cell).strip()):
                values[attribute] = value
                is_odd = not value.isprintable() or _REPLACED in value or attribute in self._absent
                is_odd = is_odd or len(value) > LONGEST
                if is_odd and (reason := self._value_reason(attribute, value)):
                    unsendable[attribute] = reason
        groups = self._extra_groups
        if self._groups is not None:
            cell = cells[self._groups]
            if cell not in self._parsed:
                self._parsed[cell] = self._groups_in(cell)
            groups, reason = self._parsed[cell]
            reasons.append(reason)
        found = CheckedRow(row, email, values, groups, _joined(reasons))
        return found._replace(unsendable=unsendable) if unsendable else found

    def _email_reason(self, email: str) -> str:
        if not email:
            return "the email is missing"
        reason = malformed_email(email, user_names=not self._surface.user_names)
        return f"the email is malformed: {reason}" if reason else ""

    def _value_reason(self, attribute: str, value: str) -> str:
        """Why a value cannot be sent; empty where it can."""
        label = FIELD_LABELS[attribute]
        if refusal := self._surface.refusal(attribute, value):
            return f"the {label} cannot be {clean(value, _MAX_SHOWN)}: {refusal}"
        errors = [finding.phrase for finding in check(attribute, value) if finding.severity is Severity.ERROR]
        if _REPLACED in value:
            errors.append(f"it has “{_REPLACED}”, which stands for a letter that was lost when the file was written")
        return f"the {label} cannot be sent: {_joined(errors)}" if errors else ""

    # ------------------------------------------------------------ groups

    def _groups_in(self, cell: str) -> tuple[tuple[Group, ...], str]:
        """The groups of a cell and those for all rows, each once, and why it cannot be used."""
        try:
            names = parsed_groups(decoded(cell))
        except UnreadableGroups as error:
            text = str(error)
            return self._extra_groups, f"the groups cannot be read: {text[:1].lower()}{text[1:].removesuffix('.')}"
        found: list[Group] = []
        reasons: list[str] = []
        for name in dict.fromkeys(names):
            matches = self._group_names.matches(name)
            if len(matches) == 1:
                found.append(matches[0])
            else:
                reasons.append(self._ambiguous(name, matches) if matches else self._unknown_group(name))
        more = f"{spaced(len(reasons) - _MAX_NAMED)} more groups" if len(reasons) > _MAX_NAMED else ""
        groups = {group.id: group for group in (*found, *self._extra_groups)}
        return tuple(groups.values()), _joined([*reasons[:_MAX_NAMED], more])

    def _ambiguous(self, name: str, matches: Sequence[Group]) -> str:
        ids = ", ".join(clean(group.id, _MAX_SHOWN) for group in matches[:_MAX_NAMED])
        return f"{len(matches)} groups are called {clean(name, _MAX_SHOWN)}: use one of the ids {ids}"

    def _unknown_group(self, name: str) -> str:
        self._unknown += 1
        close = self._group_names.nearest(name) if self._unknown <= _MOST_NEAREST else ""
        # As it is to be written in the cell.
        did_you_mean = f", did you mean {clean(groups_cell([close]), _MAX_SHOWN)}?" if close else ""
        return f"there is no group {clean(name, _MAX_SHOWN)}{did_you_mean}"
