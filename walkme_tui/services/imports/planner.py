"""Makes the plan of an import from the rows of a file and the users who exist; nothing here writes to the account."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from walkme_tui.domain.bulk_consequences import imported
from walkme_tui.domain.consequences import AccountFacts, extent, is_admin, namesakes, warning
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import LookUpIgnored, MirrorUnavailable, NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import ColumnMapping
from walkme_tui.domain.imports.csv_file import CsvTable
from walkme_tui.domain.imports.row_checks import CheckedRow, checked_rows
from walkme_tui.domain.imports.row_plans import Existing, RowPlans, plan_rows, unknown_to_compare
from walkme_tui.domain.imports.source import ImportSource, OnConflict
from walkme_tui.domain.mirrored import MirroredUser, merged
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind
from walkme_tui.domain.text import email_key, spaced
from walkme_tui.services.changes.plan_parts import account_facts, new_plan
from walkme_tui.services.concurrency import ProgressListener, gather_bounded
from walkme_tui.services.directory import Directory, find_by_email, not_proven
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.domain.users import User

T = TypeVar("T")

FRESH_MS: Final = 10 * 60 * 1000
"""What was read within this time is not read again for a plan."""
FEW: Final = 50
"""Up to so many rows are looked up although the mirror, whose record is older, answers them."""
MOST_NAMESAKES: Final = 500
"""For up to so many new users, namesakes are searched for."""
MANY_ROWS: Final = 1_000
"""From so many rows on, they are checked in a thread, so that keys are handled meanwhile."""
MOST_NAMED: Final = 3
NOT_LOOKED_UP: Final = (
    "This server ignores look-ups by email: that no user has the emails of the new users is known from the local copy."
)


@dataclass(frozen=True)
class ImportRequest:
    """A file to import; ``row_conflicts`` are exceptions from ``on_conflict`` by line, ``groups`` those of all rows."""

    file: str
    table: CsvTable
    mapping: ColumnMapping
    on_conflict: OnConflict = OnConflict.SKIP
    row_conflicts: Mapping[int, OnConflict] = field(default_factory=lambda: MappingProxyType({}))
    groups: tuple[Group, ...] = ()
    ticket: str = ""


class _Known(NamedTuple):
    """The rows of a request, and by ``email_key`` the users who are known to have these emails.

    ``missing`` are the rows that must be looked up, ``doubtful`` those of which the mirror may be out of date, of many
    only some.
    """

    rows: Sequence[CheckedRow]
    groups: Mapping[str, Group]
    existing: dict[str, Existing]
    coverage: Coverage | None
    missing: dict[str, CheckedRow]
    doubtful: dict[str, CheckedRow]

    @property
    def to_look_up(self) -> Mapping[str, CheckedRow]:
        """The rows that a plan looks up."""
        few = len(self.missing) + len(self.doubtful) <= FEW
        return {**self.missing, **self.doubtful} if few else self.missing


class ImportPlanner:
    """Makes plans of imports for the account of a session.

    It keeps what it looked up: a later plan of the same planner sends look-ups only for other emails.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._directory = Directory(session)
        self._looked_up: dict[str, Existing | None] = {}
        self._unanswered: frozenset[str] = frozenset()
        self._groups: Mapping[str, Group] | None = None
        self._checked: tuple[object, Sequence[CheckedRow]] = (None, ())
        self._ignored = False

    async def plan(
        self, request: ImportRequest, on_progress: ProgressListener | None = None, *, look_up: bool = True
    ) -> Plan:
        """The plan of a request: rows without steps have their outcome in ``source``.

        A row is a new user only if neither the mirror nor, where that is incomplete, a look-up finds the email; before
        it is sent, the execution looks it up again. ``on_progress`` receives the number of look-ups so far. Without
        ``look_up`` no user is requested, and rows for which ``is_answered`` is false are planned as new users.

        Raises ``NoEmailColumn``, ``ApiError``, and ``LookUpIgnored`` where the server ignores look-ups by email and the
        account is not loaded.
        """
        known = await self._known(request)
        if look_up and known.to_look_up:
            known = await self._completed(request, known, on_progress)
        self._unanswered = frozenset(known.to_look_up)
        groups, now_ms = known.groups, self._session.clock()
        plans = await _computed(
            len(known.rows),
            lambda: plan_rows(known.rows, known.existing, request.on_conflict, request.row_conflicts, groups, now_ms),
        )
        table = request.table
        source = ImportSource(request.file, request.mapping.header(table), plans.rows, table.format.delimiter)
        consequences, plans = await self._judged(plans, known)
        plan = new_plan(self._session, PlanKind.IMPORT, plans.subjects, plans.steps).with_ticket(request.ticket)
        return replace(plan, source=source, consequences=consequences)

    async def unanswered(self, request: ImportRequest) -> int:
        """How many look-ups ``plan`` would send; no user is requested."""
        return len((await self._known(request)).to_look_up)

    def is_answered(self, email: str) -> bool:
        """The last plan did not need to look up this email, or did."""
        return email_key(email) not in self._unanswered

    # ------------------------------------------------------------ what is known

    async def _known(self, request: ImportRequest) -> _Known:
        groups = await self._known_groups()
        rows = await self._checked_rows(request, groups)
        mirrored: Mapping[str, MirroredUser] = {}
        coverage: Coverage | None = None
        with suppress(MirrorUnavailable):
            mirrored = await self._session.mirror.users_by_emails([row.email for row in rows if not row.error])
            coverage = await self._session.mirror.coverage()
        return await _computed(len(rows), lambda: self._answered(request, rows, groups, mirrored, coverage))

    def _answered(
        self,
        request: ImportRequest,
        rows: Sequence[CheckedRow],
        groups: Mapping[str, Group],
        mirrored: Mapping[str, MirroredUser],
        coverage: Coverage | None,
    ) -> _Known:
        """What earlier look-ups and the mirror answer; what answers nothing must be looked up."""
        known = _Known(rows, groups, {}, coverage, {}, {})
        fresh_ms = self._session.clock() - FRESH_MS
        sweep = None if coverage is None else coverage.sweep
        for row in rows:
            key = email_key(row.email)
            if row.error:
                continue
            if key in self._looked_up:
                found = self._looked_up[key]
                if found is not None:
                    known.existing[key] = found
            elif (held := mirrored.get(key)) is not None:
                old = held.fetched_at_ms < fresh_ms
                known.existing[key] = Existing(held.user, held.fetched_at_ms, old)
                conflict = request.row_conflicts.get(row.row.line, request.on_conflict)
                if conflict is not OnConflict.SKIP and unknown_to_compare(row, held.user):
                    known.missing[key] = row
                elif old and len(known.doubtful) <= FEW:
                    known.doubtful[key] = row
            elif coverage is None or not coverage.complete:
                known.missing[key] = row
            elif (sweep is None or sweep.started_at_ms < fresh_ms) and len(known.doubtful) <= FEW:
                known.doubtful[key] = row
        return known

    async def _known_groups(self) -> Mapping[str, Group]:
        """The groups of the account as the server has them now, by id; read once."""
        if self._groups is None:
            self._groups = {size.group.id: size.group for size in await self._directory.refresh_groups()}
        return self._groups

    async def _checked_rows(self, request: ImportRequest, groups: Mapping[str, Group]) -> Sequence[CheckedRow]:
        """The rows, checked once for the same table, columns and groups."""
        key = (request.table, request.mapping, request.groups)
        if self._checked[0] != key:
            table, capabilities = request.table, self._session.capabilities
            rows = await _computed(
                len(table.rows),
                lambda: checked_rows(table, request.mapping, groups.values(), request.groups, capabilities),
            )
            self._checked = (key, rows)
        return self._checked[1]

    # ------------------------------------------------------------ look-ups

    async def _completed(self, request: ImportRequest, known: _Known, on_progress: ProgressListener | None) -> _Known:
        """What is known after the look-ups."""
        wanted = known.to_look_up
        try:
            await gather_bounded((self._look_up(row) for row in wanted.values()), on_progress)
        except LookUpIgnored:
            if known.coverage is None or not known.coverage.complete:
                left = [row.email for key, row in wanted.items() if key not in self._looked_up]
                raise await not_proven(self._session, left[:MOST_NAMED]) from None
            # Nothing knows more than the local copy of the whole account.
            self._ignored = True
            for key in wanted:
                self._looked_up.setdefault(key, known.existing.get(key))
        return await self._known(request)

    async def _look_up(self, row: CheckedRow) -> None:
        requested_at_ms = self._session.clock()
        user = await find_by_email(self._session, row.email)
        if user is not None and unknown_to_compare(row, user):
            try:
                user = merged(user, await self._session.api.get_user(user.id))
            except NotFound:
                user = None
        if user is not None:
            with suppress(MirrorUnavailable):
                await self._directory.store(user, requested_at_ms)
        self._looked_up[email_key(row.email)] = None if user is None else Existing(user, requested_at_ms)

    # ------------------------------------------------------------ consequences

    async def _judged(self, plans: RowPlans, known: _Known) -> tuple[tuple[Consequence, ...], RowPlans]:
        """The consequences of the whole plan, warnings first, and the plans with those of single users."""
        created, updated = await _computed(len(plans.steps), lambda: _before_and_after(plans))
        no_more_admins = [user for user, after in updated if is_admin(user) and not is_admin(after)]
        with_namesakes = 0 < len(created) <= MOST_NAMESAKES
        facts: AccountFacts | None = None
        if with_namesakes or no_more_admins:
            facts = await account_facts(self._session, [*created, *no_more_admins], namesakes=with_namesakes)
        joins = any(step.change.groups for step in plans.steps)
        surface, client_id = self._session.capabilities, self._session.account.client_id
        roles: Collection[str] = ()
        with suppress(MirrorUnavailable):
            _, roles = await self._session.mirror.values()
        found = imported(created, updated, facts, surface, client_id, joins=joins, roles=roles)
        if facts is not None:
            subjects = (replace(each, consequences=tuple(namesakes(each.user, facts))) for each in plans.subjects)
            plans = plans._replace(subjects=tuple(subjects))
            found += extent(facts)
        if self._ignored and created:
            found.append(warning(NOT_LOOKED_UP))
        old = [existing.read_at_ms for existing in known.existing.values() if existing.old]
        if old:
            people = "1 row was" if len(old) == 1 else f"{spaced(len(old))} rows were"
            found.append(Consequence(Gravity.NOTE, f"{people} compared with the local copy of the account.", min(old)))
        return tuple(sorted(found, key=lambda each: each.gravity is not Gravity.WARNING)), plans


def _before_and_after(plans: RowPlans) -> "tuple[list[User], list[tuple[User, User]]]":
    """The users who are created, and the others before and after their steps."""
    created: list[User] = []
    before = {subject.id: subject.user for subject in plans.subjects}
    after = dict(before)
    for step in plans.steps:
        if step.change.creates:
            created.append(before.pop(step.subject_id))
        elif step.subject_id in before:
            after[step.subject_id] = step.change.apply(after[step.subject_id])
    return created, [(user, after[user_id]) for user_id, user in before.items()]


async def _computed(rows: int, work: Callable[[], T]) -> T:
    """The result of work on rows."""
    return await asyncio.to_thread(work) if rows >= MANY_ROWS else work()
