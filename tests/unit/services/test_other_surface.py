"""Offboardings of a profile with two surfaces: what plans show of the other one, and the checks after the jobs."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.change_services import Bench
from tests.support.executor_bench import GROUPS, SkippingTime, account
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import open_session, until
from walkme_tui.domain.errors import (
    ApiError,
    RequestRejected,
    SecretUnavailable,
    ServerFault,
    SignInRefused,
    Unreachable,
)
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import UNKNOWN, Status, User
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.changes.job_runs import JobResult
from walkme_tui.services.concurrency import MAX_CONCURRENT

WRITES = {"update_user", "patch_user", "put_user", "create_user", "delete_user", "add_member", "remove_member"}
EXTERNAL = "okta|7"


def other_account(*numbers: int, status: str = "inactive", prefix: str = "") -> FakeDirectory:
    """The other surface with these users, inactive there; ``prefix`` gives them ids of their own."""
    users = [person(number)._replace(status=status, external_id=None) for number in numbers]
    return FakeDirectory([user._replace(id=prefix + user.id) for user in users], groups=GROUPS)


@asynccontextmanager
async def opened(
    folder: Path, other: FakeDirectory | None, api: FakeDirectory | None = None, time: SkippingTime | None = None
) -> AsyncIterator[tuple[ChangeServices, Bench, SkippingTime]]:
    """Change services of a profile whose other surface is ``other``; writes to that fail the test."""
    time = time or SkippingTime()
    bench = Bench(folder=folder, sleep=time.sleep)
    async with open_session(api or account()) as session:
        services = bench(session._replace(other_api=other))
        try:
            yield services, bench, time
        finally:
            await services.aclose()
    assert other is None or not WRITES.intersection(call.name for call in other.calls)


async def run(services: ChangeServices, plan: Plan) -> JobResult:
    job = await services.job_runs.submit(plan)
    return await services.job_runs.start(job.summary, JobControl(), lambda _: None).task


def texts_of(plan: Plan) -> list[str]:
    return [consequence.text for subject in plan.subjects for consequence in subject.consequences]


async def test_the_plan_shows_the_record_of_the_other_surface(tmp_path: Path) -> None:
    other = other_account(7, status="active")
    async with opened(tmp_path, other) as (services, _, _):
        plan = await services.planner.offboard([person(7).id])
        assert "SCIM: active." in texts_of(plan)
        plan = await services.planner.set_status(person(7).id, Status.INACTIVE)
        assert "SCIM: active." in texts_of(plan)
        plan = await services.planner.set_status(person(3).id, Status.ACTIVE)
        assert "SCIM has no record of this person." in texts_of(plan)


async def test_an_edit_of_the_status_and_its_undo_are_checked_too(tmp_path: Path) -> None:
    api, other = account(), other_account(7)
    async with opened(tmp_path, other, api) as (services, _, _):
        plan = await services.edit_planner.edit(api.now(person(7).id), {"status": "inactive", "first_name": "Zoe"})
        assert "SCIM: inactive." in texts_of(plan)
        result = await run(services, plan)
        assert [(check.active, check.wrong) for check in result.job.checks] == [(False, False)]
        undo = await run(services, await services.undo_planner.of_job(result.job))
        assert [(check.active, check.wrong) for check in undo.job.checks] == [(False, True)]
        named = await services.edit_planner.edit(api.now(person(7).id), {"first_name": "Zoë"})
        assert not any(text.startswith("SCIM") for text in texts_of(named))
        assert (await run(services, named)).job.checks == ()


async def test_with_one_surface_a_plan_and_a_job_are_as_before(tmp_path: Path) -> None:
    async with opened(tmp_path, None) as (services, bench, _):
        plan = await services.planner.offboard([person(7).id])
        assert not any("SCIM" in text for text in texts_of(plan))
        result = await run(services, plan)
        assert result.job.checks == ()
        assert "Check:" not in "".join(bench.receipts.values())


@pytest.mark.parametrize(
    ("key", "users", "calls"),
    [
        ("id", [person(7)._replace(email="new@example.com")], ["get_user"]),
        (
            "external id",
            [person(7)._replace(id="s7", email="new@example.com", external_id=EXTERNAL)],
            ["get_user", "find_by_external_id"],
        ),
        (
            "email",
            [person(7)._replace(id="s7", email="Person00007@Example.com")],
            ["get_user", "find_by_external_id", "find_user"],
        ),
        ("nothing", [], ["get_user", "find_by_external_id", "find_user"]),
    ],
)
async def test_a_user_is_looked_up_by_id_then_external_id_then_email(
    tmp_path: Path, key: str, users: list[User], calls: list[str]
) -> None:
    here, other = FakeDirectory([person(7)._replace(external_id=EXTERNAL)], groups=GROUPS), FakeDirectory(users)
    async with opened(tmp_path, other, here) as (services, _, _):
        plan = await services.planner.offboard([person(7).id])
        assert any(text.startswith("SCIM has no record") for text in texts_of(plan)) is (key == "nothing")
        assert [call.name for call in other.calls] == calls


async def test_a_short_id_may_be_that_of_another_user(tmp_path: Path) -> None:
    here = FakeDirectory([person(7)._replace(id="7", email="seven@example.com")], groups=GROUPS)
    other = FakeDirectory([person(8)._replace(id="7"), person(9)._replace(id="9", email="seven@example.com")])
    async with opened(tmp_path, other, here) as (services, _, _):
        await services.planner.offboard(["7"])
        assert [call.name for call in other.calls] == ["get_user", "find_by_external_id", "find_user"]


async def test_a_list_that_lacks_the_external_id_is_completed_by_the_record(tmp_path: Path) -> None:
    other = other_account(7, prefix="s-")
    listed = other.users[0]
    assert isinstance(listed, User)
    other.users[0] = listed._replace(external_id=UNKNOWN)
    async with opened(tmp_path, other) as (services, _, _):
        await services.planner.offboard([person(7).id])
        assert other.asked("get_user") == [(person(7).id,), (listed.id,)]


async def test_where_ids_differ_the_next_users_are_not_requested_by_id(tmp_path: Path) -> None:
    other = other_account(*range(1, 5), prefix="s-")
    async with opened(tmp_path, other) as (services, _, _):
        plan = await services.planner.offboard([person(1).id])
        job = (await run(services, plan)).job
        requested = [call.name for call in other.calls]
        assert [check.active for check in job.checks] == [False]
        result = await run(services, await services.planner.offboard([person(2).id]))
        assert [check.active for check in result.job.checks] == [False]
        # The plans ask by id, the second job does not any more.
        assert [call.name for call in other.calls][len(requested) :] == ["get_user", "find_user", "find_user"]


async def test_the_check_is_in_the_result_the_journal_and_the_receipts(tmp_path: Path) -> None:
    async with opened(tmp_path, other_account(7)) as (services, bench, time):
        result = await run(services, await services.planner.offboard([person(7).id]))
        (check,) = result.job.checks
        assert (check.email, check.surface.value, check.active, check.text, check.wrong) == (
            "person00007@example.com", "scim", False, "SCIM: inactive too.", False,
        )  # fmt: skip
        assert (await services.journal.job(result.job.id)).checks == result.job.checks
        (written,) = [json.loads(text) for name, text in bench.receipts.items() if name.endswith(".json")]
        assert written["checks"] == [
            {"email": check.email, "surface": "scim", "active": False, "text": "SCIM: inactive too."}
        ]
        (markdown,) = [text for name, text in bench.receipts.items() if name.endswith(".md")]
        assert "- Check: `SCIM: inactive too.`" in markdown
        assert time.pauses == []
        assert await services.journal.purge(result.job.created_at_ms + 1) == 1
        assert (await services.journal.job(result.job.id)).checks == ()


async def test_a_user_who_stays_active_is_read_again_a_few_times(tmp_path: Path) -> None:
    other = other_account(7, status="active")
    async with opened(tmp_path, other) as (services, _, time):
        result = await run(services, await services.planner.offboard([person(7).id]))
        (check,) = result.job.checks
        assert (check.active, check.wrong) == (True, True)
        assert check.text.startswith("SCIM: still active. Deactivate the person there too")
        assert time.pauses == [1.0, 2.0]
        assert (result.job.state, result.job.clean) == (JobState.DONE, False)


async def test_a_change_that_the_other_surface_shows_later_is_seen(tmp_path: Path) -> None:
    other = other_account(7, status="active")

    class Time(SkippingTime):
        def advance(self, seconds: float) -> None:
            other.users[0] = person(7)._replace(status="inactive")
            super().advance(seconds)

    async with opened(tmp_path, other, time=Time()) as (services, _, time):
        result = await run(services, await services.planner.offboard([person(7).id]))
        assert [check.active for check in result.job.checks] == [False]
        assert time.pauses == [1.0]


@pytest.mark.parametrize(
    "error",
    [Unreachable("No route."), ServerFault("Failed."), SignInRefused("Rotated."), SecretUnavailable("No secret.")],
)
async def test_a_surface_that_cannot_be_reached_never_fails_the_offboarding(
    tmp_path: Path, error: ApiError | SecretUnavailable
) -> None:
    other = other_account(3, 7)
    other.fail_next(error, times=1000)  # type: ignore[arg-type]
    async with opened(tmp_path, other) as (services, _, time):
        plan = await services.planner.offboard([person(3).id, person(7).id])
        text = f"SCIM could not be checked: {error.message}"
        assert texts_of(plan).count(text) == 2
        result = await run(services, plan)
        assert (result.job.state, result.problem, result.receipt_problem) == (JobState.DONE, None, None)
        assert [(check.active, check.text) for check in result.job.checks] == [(None, text)] * 2
        assert time.pauses == []


async def test_a_refusal_about_one_user_is_reported_for_that_user_only(tmp_path: Path) -> None:
    other = other_account(3, 7)
    async with opened(tmp_path, other) as (services, _, _):
        other.email_ignored = True
        plan = await services.planner.offboard([person(3).id, person(6).id])
        found = [text for text in texts_of(plan) if text.startswith("SCIM")]
        assert found == ["SCIM: inactive.", "SCIM could not be checked: This server ignores look-ups by email."]


async def test_users_whose_status_step_failed_and_jobs_of_other_kinds_are_not_checked(tmp_path: Path) -> None:
    api, other = account(), other_account(7, status="active")
    api.fail_next(RequestRejected("No.", status=400), name="patch_user")
    async with opened(tmp_path, other, api) as (services, _, _):
        result = await run(services, await services.planner.offboard([person(7).id]))
        assert (result.job.clean, result.job.checks) == (False, ())
        deletion = await services.edit_planner.delete(person(3).id)
        assert (await run(services, deletion)).job.checks == ()


async def test_a_stopped_job_waits_for_no_check_and_keeps_its_receipts(tmp_path: Path) -> None:
    other = other_account(7)
    async with opened(tmp_path, other) as (services, bench, _):
        plan = await services.planner.offboard([person(7).id])
        gate = other.hold("get_user")
        job = await services.job_runs.submit(plan)
        control = JobControl()
        running = services.job_runs.start(job.summary, control, lambda _: None)
        await until(lambda: running.checking)
        control.cancel()
        result = await asyncio.wait_for(running.task, 5)
        gate.set()
        assert (result.job.state, result.job.checks) == (JobState.DONE, ())
        assert len(bench.receipts) == 2


async def test_a_surface_that_cannot_be_reached_is_not_asked_about_everyone(tmp_path: Path) -> None:
    other, many = other_account(), range(3 * MAX_CONCURRENT)
    other.offline = Unreachable("No route.")
    async with opened(tmp_path, other, account(len(many))) as (services, _, _):
        plan = await services.planner.offboard([person(number).id for number in many])
        assert texts_of(plan).count("SCIM could not be checked: No route.") == len(many)
        assert len(other.calls) <= MAX_CONCURRENT


async def test_a_bulk_plan_says_what_several_have_on_the_other_surface_once(tmp_path: Path) -> None:
    api = account()
    numbers = range(7, 12)
    for number in numbers:
        user = person(number)._replace(external_id=None, status="inactive" if number == 11 else "active", groups=())
        api.users[:] = [other for other in api.users if isinstance(other, User) and other.id != user.id] + [user]
    other = other_account(7, 8, 10, 11, status="active")
    other.edit(person(10).id, status="inactive")
    async with opened(tmp_path, other, api) as (services, _, _):
        plan = await services.bulk_planner.set_status([person(number).id for number in numbers], Status.INACTIVE)
    assert len(plan.steps) == 4
    assert "2 people: SCIM: active." in [consequence.text for consequence in plan.consequences]
    (still_active,) = texts_of(plan)
    assert still_active.startswith("SCIM: active. Deactivate the person there too")
    assert [subject.id for subject in plan.unchanged_subjects if subject.consequences] == [person(11).id]
