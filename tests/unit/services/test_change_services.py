"""The change services as a session opens them: offboarding, receipts and undo with real files."""

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.executed_jobs import condition
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import open_session
from walkme_tui.config.paths import Paths
from walkme_tui.config.profiles import Offboarding, Profile, RestConnection
from walkme_tui.config.secrets import VariableSource
from walkme_tui.demo import Demo
from walkme_tui.domain.errors import ConfigurationError, JournalUnavailable
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import Status, User
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.ports import Session
from walkme_tui.session import open_change_services

ZOE = person(1)._replace(status="active", groups=("g1", "g2"))


@asynccontextmanager
async def opened(api: FakeDirectory, paths: Paths, profile: Profile) -> AsyncIterator[tuple[Session, ChangeServices]]:
    """A session with a fake account, and the change services of a profile with these files."""
    async with open_session(api) as session:
        session = session._replace(account=session.account._replace(client_id="client-7"))  # noqa: PLW2901
        change_services = open_change_services(session, profile, paths=paths)
        try:
            yield session, change_services
        finally:
            await change_services.aclose()


async def done(change_services: ChangeServices, plan: Plan) -> Job:
    job = await change_services.job_runs.submit(plan)
    result = await change_services.job_runs.start(job.summary, JobControl(), lambda _: None).task
    assert result.problem is None
    return result.job


def receipts_of(job: Job) -> list[Path]:
    return [Path(path) for path in job.receipts]


def contents(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def profile(offboarding: Offboarding = Offboarding()) -> Profile:  # noqa: B008 - frozen
    return Profile(
        "test",
        RestConnection("https://walkme.test", "client-7", VariableSource("UNUSED")),
        offboarding=offboarding,
    )


async def test_a_user_is_offboarded_and_restored_from_the_receipt(tmp_path: Path) -> None:
    api = FakeDirectory([ZOE])
    async with opened(api, Paths.below(tmp_path), profile()) as (_, change_services):
        plan = await change_services.planner.offboard([str(ZOE.email)])
        job = await done(change_services, plan.with_ticket("INC-42"))
        assert (job.state, job.clean) == (JobState.DONE, True)
        assert condition(api.now(ZOE.id)) == ("inactive", set())
        json_file, markdown_file = receipts_of(job)
        for path in (json_file, markdown_file):
            assert path.parent == tmp_path / "data" / "receipts"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert job.id in markdown_file.read_text()
        receipt = json.loads(json_file.read_text())
        assert (receipt["operator"]["client_id"], receipt["ticket"], receipt["after"]["status"]) == (
            "client-7",
            "INC-42",
            "inactive",
        )
        undone = await done(change_services, await change_services.undo_planner.of_receipt(receipt))
        assert undone.clean
        assert condition(api.now(ZOE.id)) == condition(ZOE)


async def test_the_planner_follows_the_settings_of_the_profile(tmp_path: Path) -> None:
    wanted = profile(Offboarding(keep_groups=("no such group",), require_ticket=True))
    api = FakeDirectory([ZOE])
    async with opened(api, Paths.below(tmp_path), wanted) as (_, change_services):
        plan = await change_services.planner.offboard([ZOE.id])
        assert any("no such group" in each.text for each in plan.consequences)
        with pytest.raises(ConfigurationError):
            change_services.planner.require(plan)


async def test_a_server_that_refuses_patch_is_known_in_the_next_program(tmp_path: Path) -> None:
    for status, patches in ((Status.INACTIVE, 1), (Status.ACTIVE, 0)):
        api = FakeDirectory([ZOE if status is Status.INACTIVE else ZOE._replace(status="inactive")])
        api.patch_refused = True
        async with opened(api, Paths.below(tmp_path), profile()) as (_, change_services):
            job = await done(change_services, await change_services.planner.set_status(ZOE.id, status))
        assert job.clean
        assert len(api.asked("patch_user")) == patches


async def test_the_demo_leaves_no_files() -> None:
    demo = Demo(users=20, latency_ms=0)
    session = demo.open_session()
    change_services = open_change_services(session, None, paths=demo.paths)
    try:
        page = await session.api.list_users(1, 20)
        user = next(user for user in page.rows if isinstance(user, User) and user.status == "active")
        job = await done(change_services, await change_services.planner.set_status(user.id, Status.INACTIVE))
        (json_file,) = [path for path in receipts_of(job) if path.suffix == ".json"]
        assert json.loads(json_file.read_text())["operator"]["client_id"] == "demo"
    finally:
        await change_services.aclose()
        await session.aclose()
    assert not json_file.exists()


async def test_a_receipt_that_cannot_be_written_points_to_the_journal(tmp_path: Path) -> None:
    api = FakeDirectory([ZOE])
    async with opened(api, Paths.below(tmp_path), profile()) as (_, change_services):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "receipts").write_text("in the way")
        job = await change_services.job_runs.submit(await change_services.planner.offboard([ZOE.id]))
        result = await change_services.job_runs.start(job.summary, JobControl(), lambda _: None).task
    assert (result.job.state, result.problem) == (JobState.DONE, None)
    assert isinstance(result.receipt_problem, JournalUnavailable)
    assert "could not be written" in result.receipt_problem.message
    assert "walkme-tui jobs show" in result.receipt_problem.hint
    assert not [name for name in contents(tmp_path / "data") if name.endswith(".tmp")]
