"""Imports of any users: our own export comes back, a second import changes nothing, and an undo deletes nobody."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fake_directory import FakeDirectory
from tests.support.imports import plan_of
from tests.support.journals import ACTOR, IN_MEMORY
from tests.support.sessions import open_session
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.results import row_results
from walkme_tui.domain.imports.source import OnConflict, RowOutcome
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.user_tables import csv_table
from walkme_tui.domain.users import UNKNOWN, UnreadableRecord, User
from walkme_tui.domain.validation import Severity, check
from walkme_tui.services.changes.executor import Executor
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.ports import Session
from walkme_tui.store.journal.journal import open_journal

VALUES = ("first_name", "last_name", "role", "external_id")
TEXT = st.text(st.one_of(st.sampled_from("'=+-@\t\r\n;,|\" \x00\x7f\x9b␉␐010Aé"), st.characters()), max_size=12)
PLAIN = st.text(st.sampled_from("'=+-@;,|\" ␐010Aéß李"), max_size=12)
GROUP_IDS = ("g1", "g2", "=3", "g;4", "5")
GROUPS = st.fixed_dictionaries(
    dict.fromkeys(GROUP_IDS, st.none() | st.just("Sales") | TEXT | st.sampled_from(GROUP_IDS))
).map(lambda names: [Group(*item) for item in names.items()])


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[User], list[Group]]:
    """Users with different emails, and groups of any names."""
    locals_ = draw(st.lists(st.text(st.sampled_from("aB'+=-{}!"), max_size=6), min_size=1, max_size=5))
    values = TEXT if draw(st.booleans()) else PLAIN
    known = st.none() | st.just(UNKNOWN) | values
    users = [
        User(
            f"u{number}",
            f"{local}{number}@Example.com",
            first_name=draw(known),
            last_name=draw(known),
            role=draw(known),
            external_id=draw(known),
            status=draw(st.sampled_from(["active", "inactive", "pending"])),
            groups=tuple(draw(st.lists(st.sampled_from(GROUP_IDS), unique=True))),
        )
        for number, local in enumerate(locals_)
    ]
    return users, draw(GROUPS)


def exported(users: Iterable[User], groups: Iterable[Group]) -> str:
    table = csv_table(groups)
    return table.before + "".join(map(table.row, users))


def given_values(user: User) -> dict[str, str]:
    """What a row says about a user: values that are not empty, without blanks around them."""
    texts = {name: getattr(user, name) for name in VALUES}
    return {name: text.strip() for name, text in texts.items() if isinstance(text, str) and text.strip()}


def can_be_sent(user: User) -> bool:
    findings = [finding for name, text in given_values(user).items() for finding in check(name, text)]
    return all(finding.severity is not Severity.ERROR for finding in findings)


def groups_of(user: User) -> set[str]:
    return set(user.groups) if isinstance(user.groups, tuple) else set()


def known_user(row: User | UnreadableRecord) -> User:
    assert isinstance(row, User)
    return row


async def executed(session: Session, plan: Plan, folder: str) -> Job:
    journal = open_journal(Path(folder), actor=ACTOR)
    try:
        executor = Executor(session, journal, ACTOR)
        job = await executor.submit(plan)
        return await executor.run(job, JobControl(), lambda progress: None)
    finally:
        await journal.aclose()


def outcomes(imported: Job | Plan) -> list[RowOutcome]:
    return [result.outcome for result in row_results(imported)]


def expected(users: Iterable[User], outcome: RowOutcome) -> list[RowOutcome]:
    """This outcome for users who can be sent, in the order of the users."""
    return [outcome if can_be_sent(user) else RowOutcome.FAILED for user in users]


@settings(max_examples=30, deadline=None)
@given(accounts(), st.sampled_from(OnConflict))
def test_an_import_of_our_own_export_changes_nothing(
    account: tuple[list[User], list[Group]], on_conflict: OnConflict
) -> None:
    users, groups = account

    async def run() -> None:
        async with open_session(FakeDirectory(users, groups=groups)) as session:
            plan = await plan_of(session, exported(users, groups), on_conflict=on_conflict)
        assert plan.steps == ()
        assert outcomes(plan) == [RowOutcome.UNCHANGED] * len(users)

    asyncio.run(run())


@settings(max_examples=30, deadline=None)
@given(accounts())
def test_an_export_is_imported_into_another_account_once_and_undone_without_a_deletion(
    account: tuple[list[User], list[Group]],
) -> None:
    users, groups = account
    text, wanted = exported(users, groups), {user.email: user for user in users if can_be_sent(user)}

    async def run(folder: str) -> None:
        api = FakeDirectory([], groups=groups)
        async with open_session(api) as session:
            plan = await plan_of(session, text)
            if not wanted:
                assert plan.steps == ()
                return
            job = await executed(session, plan, folder)
        assert job.state is JobState.DONE
        assert outcomes(job) == expected(users, RowOutcome.CREATED)
        created = {found.email: found for found in map(known_user, api.users)}
        assert created.keys() == wanted.keys()
        for email, user in wanted.items():
            assert given_values(created[email]) == {"role": "Viewer"} | given_values(user)
            assert groups_of(created[email]) == groups_of(user)

        for on_conflict in OnConflict:
            async with open_session(FakeDirectory(api.users, groups=groups)) as session:
                again = await plan_of(session, text, on_conflict=on_conflict)
            assert again.steps == ()
            assert outcomes(again) == expected(users, RowOutcome.UNCHANGED)

        api = FakeDirectory(api.users, groups=groups)
        async with open_session(api) as session:
            back = await UndoPlanner(session).of_job(job)
            assert not any(step.change.deletes for step in back.steps)
            assert (await executed(session, back, folder)).clean
        left = [known_user(user) for user in api.users]
        assert {(user.email, user.status, user.groups) for user in left} == {
            (email, "inactive", ()) for email in wanted
        }

    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        asyncio.run(run(folder))
