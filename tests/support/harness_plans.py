"""Plans for the kill harness: by hand, with outdated and useless changes, or by the planners of the program."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from enum import StrEnum

import httpx

from tests.support.harness_account import HarnessAccount
from tests.support.harness_imports import FileMaker, HarnessFile
from tests.support.killed_program import PROFILE, client, harness_session
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup, new_group_key
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import guessed
from walkme_tui.domain.imports.csv_file import read_csv
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import GroupSubject, Plan, PlanKind, Subject, numbered
from walkme_tui.domain.users import Status, User
from walkme_tui.services.changes.bulk_planner import BulkPlanner
from walkme_tui.services.changes.edit_planner import EditPlanner
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.imports.planner import ImportPlanner, ImportRequest
from walkme_tui.services.ports import Session

BASE_URL = "http://walkme.test"
PEOPLE = (4, 12)
CREATIONS = 8
DELETIONS = 6
NEW_GROUPS = 4


class JobKind(StrEnum):
    """The kinds of jobs: those of one dialog each, bulk changes by their planners, and files."""

    OFFBOARD = "offboard"
    EDIT = "edit"
    BULK = "bulk"
    CREATE = "create"
    IMPORT = "import"
    DELETE = "delete"
    CREATE_GROUP = "create group"
    RENAME_GROUP = "rename group"
    DELETE_GROUP = "delete group"


class PlanMaker:
    """Makes plans for an account on a surface; ``number`` is that of the job."""

    def __init__(self, chance: random.Random, surface: Surface) -> None:
        self._chance = chance
        self._surface = surface
        self._files = FileMaker(chance, surface)

    async def plan(self, kind: JobKind, account: HarnessAccount, number: int) -> Plan:
        """A plan of a kind other than ``IMPORT``, for some users; some changes are outdated."""
        users, groups = account.users(), account.groups()
        if kind in {JobKind.CREATE_GROUP, JobKind.RENAME_GROUP, JobKind.DELETE_GROUP}:
            return self._group_changes(PlanKind(kind), groups, number)
        if kind is JobKind.CREATE:
            return self._creations(account, users, groups, number)
        if kind is JobKind.BULK:
            async with self._session(account) as session:
                return self._adopted(await self._bulk(session, users, groups, number), number)
        if kind is JobKind.DELETE:
            users = self._chance.sample(users, DELETIONS)
            return self._made(PlanKind.DELETE, users, [DeleteUser.of(user) for user in users], number)
        users = self._chance.sample(users, self._chance.randint(*PEOPLE))
        if kind is JobKind.EDIT:
            edits = [change for user in users for change in self._edits(user, groups, number)]
            return self._made(PlanKind.EDIT, users, edits, number, strict=True)
        changes = [change for user in users for change in self._changes(user, groups)]
        return self._made(PlanKind.OFFBOARD, users, changes, number, strict=self._chance.random() < 0.3)

    def file(self, account: HarnessAccount, number: int) -> HarnessFile:
        """A file to import; others create one of its new users first."""
        file = self._files.file(number, list(account.records().values()), account.groups())
        rivals = [row.email for row in file.rows if row.taken]
        account.server.rivals = {email: {"email": email, "firstName": "Theirs"} for email in rivals}
        return file

    async def import_plan(self, account: HarnessAccount, file: HarnessFile, number: int) -> Plan:
        """The plan to import a file, with the list of users in the mirror for some."""
        async with self._session(account) as session:
            if self._chance.random() < 0.5:
                page = await session.api.list_users(1, 1000)
                await session.mirror.save_page(page, session.clock())
            table = read_csv(file.text.encode())
            by_line = {table.rows[index].line: each for index, each in file.row_conflicts.items()}
            mapping = guessed(table, session.capabilities)
            request = ImportRequest("people.csv", table, mapping, file.on_conflict, by_line)
            return self._adopted(await ImportPlanner(session).plan(request), number)

    async def undo(self, account: HarnessAccount, job: Job, number: int) -> Plan:
        """The undo of a job."""
        async with self._session(account) as session:
            return self._adopted(await UndoPlanner(session).of_job(job), number)

    # ------------------------------------------------------------ by the planners

    @asynccontextmanager
    async def _session(self, account: HarnessAccount) -> AsyncIterator[Session]:
        """A session on the account without faults."""
        transport = httpx.AsyncHTTPTransport(verify=False)
        api = client(self._surface, account.url, transport)
        async with harness_session(api, self._surface, BASE_URL) as session:
            yield session

    async def _bulk(self, session: Session, users: list[User], groups: list[Group], number: int) -> Plan:
        """The same change of many users, some of whom are so already."""
        chance, planner = self._chance, BulkPlanner(session)
        ids = [user.id for user in chance.sample(users, chance.randint(*PEOPLE) + PEOPLE[0])]
        fields = [
            ("last_name", f"Bulk {number}"),
            ("external_id", None),
            ("first_name", chance.choice(users).first_name),
        ]
        if self._surface is Surface.REST:
            fields += [("role", "Editor"), ("role", None)]
        attribute, value = chance.choice(fields)
        join, leave = chance.sample(groups, 2)
        makers: list[Callable[[], Awaitable[Plan]]] = [
            lambda: planner.set_status(ids, chance.choice((Status.ACTIVE, Status.INACTIVE))),
            lambda: planner.set_field(ids, attribute, value if isinstance(value, str) else None),
            lambda: EditPlanner(session).change_groups(ids, [join], [leave]),
            lambda: planner.delete(ids[:DELETIONS]),
        ]
        return await chance.choices(makers, (3, 4, 3, 1))[0]()

    def _adopted(self, plan: Plan, number: int) -> Plan:
        return replace(plan, ticket=f"T{number}-{plan.kind.value}")

    # ------------------------------------------------------------ by hand

    def _creations(self, account: HarnessAccount, users: list[User], groups: list[Group], number: int) -> Plan:
        """New users in groups; others create one of them first, and the email of another one is in use."""
        in_use = str(self._chance.choice(users).email)
        emails = [in_use, *(f"new{number}.{each}@example.com" for each in range(CREATIONS))]
        values = {"first_name": "Ours"} | ({"role": "Editor"} if self._surface is Surface.REST else {})
        creations = [CreateUser.of(email, values) for email in emails]
        account.server.rivals = {emails[-1]: {"email": emails[-1], "firstName": "Theirs"}}
        changes = [
            change
            for create in creations
            for change in (create, *(AddMember(create.subject_id, group) for group in self._chance.sample(groups, 2)))
        ]
        return self._made(PlanKind.CREATE, [create.new_user() for create in creations], changes, number)

    def _group_changes(self, kind: PlanKind, groups: list[Group], number: int) -> Plan:
        """New groups; later other names for them, and deletions of some; the name of one new group is in use."""
        ours = [group for group in groups if str(group.name).startswith("Ours")]
        changes: list[Change]
        if kind is PlanKind.CREATE_GROUP:
            names = [str(groups[0].name), *(f"Ours {number}.{each}" for each in range(NEW_GROUPS))]
            ours = [Group(new_group_key(name), name) for name in names]
            changes = [CreateGroup.of(name) for name in names]
        elif kind is PlanKind.RENAME_GROUP:
            names = [f"{group.name}, again" for group in ours]
            changes = [RenameGroup(group.id, group.name, name) for group, name in zip(ours, names, strict=True)]
        else:
            ours = self._chance.sample(ours, min(len(ours), NEW_GROUPS - 1))
            changes = [DeleteGroup(group.id, group.name) for group in ours]
        subjects = tuple(GroupSubject(group, None, 0) for group in ours)
        return replace(self._made(kind, [], changes, number), groups=subjects)

    def _edits(self, user: User, groups: list[Group], number: int) -> list[Change]:
        """Two edits with a change of groups in between, so that the second one finds another record."""
        first, last = f"First {number}", f"Last {number}"
        names = (FieldChange("first_name", user.first_name, first), FieldChange("last_name", user.last_name, last))
        other = FieldChange("role", user.role, "Editor" if user.role == "Admin" else "Admin")
        if self._surface is Surface.SCIM:
            other = FieldChange("external_id", user.external_id, f"X{number}")
        group = self._chance.choice(groups)
        member = isinstance(user.groups, tuple) and group.id in user.groups
        move = (RemoveMember if member else AddMember)(user.id, group)
        return [UpdateUser(user.id, names), move, UpdateUser(user.id, (other,))]

    def _changes(self, user: User, groups: list[Group]) -> list[Change]:
        changes: list[Change] = []
        mine = user.groups if isinstance(user.groups, tuple) else ()
        chance = self._chance
        if chance.random() < 0.8:
            after = "inactive" if user.status != "inactive" or chance.random() < 0.1 else "active"
            before = user.status if chance.random() < 0.9 else "odd"
            changes.append(SetStatus(user.id, before, after))
        for group in chance.sample(groups, min(len(groups), 4)):
            if (group.id in mine) == (chance.random() < 0.85):
                changes.append(RemoveMember(user.id, group))
            else:
                changes.append(AddMember(user.id, group))
        return changes

    def _made(
        self, kind: PlanKind, users: list[User], changes: list[Change], number: int, *, strict: bool = False
    ) -> Plan:
        subjects = tuple(Subject(user, 0) for user in users)
        steps = numbered(changes, strict=strict)
        plan = Plan(kind, PROFILE, BASE_URL, 0, subjects, steps, surface=self._surface)
        return self._adopted(plan, number)
