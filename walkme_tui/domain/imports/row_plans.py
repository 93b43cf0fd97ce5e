"""What an import does for each row of a file: the steps that create or change a user, or why there are none."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.changes.creation import CreateUser, new_user_key
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser, same_value
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.row_checks import CheckedRow, repeated
from walkme_tui.domain.imports.source import ImportRow, OnConflict, RowOutcome
from walkme_tui.domain.plans import MAX_STEPS_PER_USER, Step, Subject
from walkme_tui.domain.text import email_key, first_named, storable
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import UNKNOWN, Status, User

_MAX_NAMED: Final = 5


class Existing(NamedTuple):
    """The user who has the email of a row; ``old``: the record may be out of date."""

    user: User
    read_at_ms: int
    old: bool = False


class RowPlans(NamedTuple):
    """The rows in their order, with the subjects and the numbered steps of those that have any."""

    rows: tuple[ImportRow, ...]
    subjects: tuple[Subject, ...]
    steps: tuple[Step, ...]


def plan_rows(
    checked: Sequence[CheckedRow],
    existing: Mapping[str, Existing],
    on_conflict: OnConflict,
    row_conflicts: Mapping[int, OnConflict],
    groups: Mapping[str, Group],
    now_ms: int,
) -> RowPlans:
    """The plans of rows; ``existing`` are the users by ``email_key``, ``row_conflicts`` the exceptions by line.

    A user who has all the values of a row already is unchanged, whatever is to be done on a conflict. Of rows that name
    the same user none is imported. ``groups`` are the known ones by id.
    """
    plans = _RowPlans(groups, now_ms)
    found = [None if row.error else existing.get(email_key(row.email)) for row in checked]
    subjects = ("" if row.error else _subject_id(row, user) for row, user in zip(checked, found, strict=True))
    shared = {
        index: [checked[other].row.line for other in same if other != index]
        for same in repeated(subjects).values()
        for index in same
    }
    for index, (row, user) in enumerate(zip(checked, found, strict=True)):
        conflict = row_conflicts.get(row.row.line, on_conflict)
        plans.add(row, user, conflict, _same_user(shared[index]) if index in shared else row.error)
    return RowPlans(tuple(plans.rows), tuple(plans.subjects), tuple(plans.steps))


def _subject_id(row: CheckedRow, found: Existing | None) -> str:
    """The id of the user of a row, or the key of the new one."""
    return new_user_key(row.email) if found is None else found.user.id


def unknown_to_compare(row: CheckedRow, user: User) -> bool:
    """The record of the user lacks what shows whether the row changes something."""
    return any(getattr(user, attribute) is UNKNOWN for attribute in row.values) or (
        bool(row.groups) and user.groups is UNKNOWN
    )


class _RowPlans:
    def __init__(self, groups: Mapping[str, Group], now_ms: int) -> None:
        self.rows: list[ImportRow] = []
        self.subjects: list[Subject] = []
        self.steps: list[Step] = []
        self._groups = groups
        self._now_ms = now_ms
        self._numbers = count(1)

    def add(self, row: CheckedRow, found: Existing | None, on_conflict: OnConflict, error: str) -> None:
        """Add one row, whose email ``found`` has; it fails where there is an ``error``."""
        if error:
            self._without_steps(row, None, RowOutcome.FAILED, error)
        elif found is None and row.unsendable:
            self._without_steps(row, None, RowOutcome.FAILED, "; ".join(row.unsendable.values()))
        elif found is None:
            create = CreateUser.of(row.email, row.values)
            joins = [AddMember(create.subject_id, group) for group in row.groups]
            self._with_steps(row, on_conflict, Subject(create.new_user(), self._now_ms, row.groups), [create, *joins])
        else:
            self._add_existing(row, on_conflict, found)

    def _add_existing(self, row: CheckedRow, on_conflict: OnConflict, found: Existing) -> None:
        user = found.user
        fields = tuple(
            FieldChange(attribute, now, value)
            for attribute, value in row.values.items()
            if not _has(now := getattr(user, attribute), value)
        )
        unsendable = [row.unsendable[field.attribute] for field in fields if field.attribute in row.unsendable]
        joins = [join for group in row.groups if not (join := AddMember(user.id, group)).holds(user)]
        update = [UpdateUser(user.id, fields)] if fields else []
        if not fields and not joins:
            detail = f"{_exists(found)} with these values"
            self._without_steps(row, on_conflict, RowOutcome.UNCHANGED, detail)
        elif on_conflict is OnConflict.UPDATE and unsendable:
            self._without_steps(row, on_conflict, RowOutcome.FAILED, "; ".join(unsendable))
        elif on_conflict is OnConflict.UPDATE:
            held = user.groups if isinstance(user.groups, tuple) else ()
            named = tuple(self._groups.get(group_id, Group(group_id, None)) for group_id in dict.fromkeys(held))
            self._with_steps(row, on_conflict, Subject(user, found.read_at_ms, named), [*update, *joins])
        else:
            outcome = RowOutcome.SKIPPED if on_conflict is OnConflict.SKIP else RowOutcome.FAILED
            differs = [*_different_fields(fields), *_missing_groups(user, joins)]
            self._without_steps(row, on_conflict, outcome, "; ".join([_exists(found), *differs]))

    def _with_steps(
        self, row: CheckedRow, on_conflict: OnConflict, subject: Subject, changes: Sequence[Change]
    ) -> None:
        is_new = changes[0].creates
        if len(changes) > MAX_STEPS_PER_USER:
            error = f"the row has more than {MAX_STEPS_PER_USER} groups"
            self._without_steps(row, None if is_new else on_conflict, RowOutcome.FAILED, error)
            return
        # The record may be an old one: a field that others changed since is not overwritten.
        self.steps += [
            Step(next(self._numbers), change, strict=change.overwrites, email=None if is_new else row.email)
            for change in changes
        ]
        self.subjects.append(subject)
        self.rows.append(ImportRow(row.row.line, row.row.cells, on_conflict, subject.id))

    def _without_steps(self, row: CheckedRow, on_conflict: OnConflict | None, outcome: RowOutcome, detail: str) -> None:
        cells = row.row.cells if outcome is RowOutcome.FAILED else ()
        self.rows.append(ImportRow(row.row.line, cells, on_conflict, None, outcome, detail))


def _has(now: object, value: str) -> bool:
    """The user has the value; blanks around it do not count, since an import leaves them out."""
    value = storable(value)  # as values of the account are held
    return same_value(now, value) or (isinstance(now, str) and now.strip() == value)


def _exists(found: Existing) -> str:
    state = " and is inactive" if found.user.status == Status.INACTIVE else ""
    as_of = f" (as read {format_time_ms(found.read_at_ms // 1000 * 1000)})" if found.old else ""
    return f"the user exists already{state}{as_of}"


def _different_fields(fields: Iterable[FieldChange]) -> list[str]:
    known = (field for field in fields if field.before is not UNKNOWN)
    return [f"{field.label} is {_shown(field.before)}, not {_shown(field.after)}" for field in known]


def _missing_groups(user: User, joins: Sequence[AddMember]) -> list[str]:
    if user.groups is UNKNOWN or not joins:
        return []
    return [f"not in {first_named([shown(join.group.label) for join in joins], _MAX_NAMED)}"]


def _same_user(lines: Sequence[int]) -> str:
    named = first_named([*map(str, lines)], _MAX_NAMED)
    return f"it names the same user as line{'s' if len(lines) > 1 else ''} {named}"


def _shown(value: object) -> str:
    return shown(value) if isinstance(value, str) and value else "none"
