"""Writes that are always refused while reads work: every run ends after a number of attempts or at its patience."""

from pathlib import Path

import pytest

from tests.support.executor_bench import account, open_executor, states_of
from tests.support.fake_directory import person
from walkme_tui.domain.errors import Conflict, RateLimited, ServerFault, ServiceUnavailable, Unreachable
from walkme_tui.domain.jobs import JobState
from walkme_tui.services.changes.job_control import PATIENCE_SECONDS, JobControl
from walkme_tui.services.changes.step_runner import MAX_REFUSALS

ERRORS = [
    RateLimited("Too many writes."),
    RateLimited("Too many writes.", retry_after_seconds=2.0),
    RateLimited("Too many writes.", retry_after_seconds=3600.0),
    ServerFault("Writes are closed.", status=503),
    Unreachable("The connection was refused."),
]
WRITES = ("patch_user", "put_user", "add_member", "remove_member")


@pytest.mark.parametrize("numbers", [(7,), tuple(range(40))], ids=["one person", "many people"])
@pytest.mark.parametrize("error", ERRORS, ids=str)
async def test_a_run_ends_within_its_patience_with_the_reason_of_the_server(
    tmp_path: Path, error: ServiceUnavailable, numbers: tuple[int, ...]
) -> None:
    api = account(40)
    for name in WRITES:
        api.fail_next(error, times=10_000, name=name)
    async with open_executor(api, tmp_path) as desk:
        begun = desk.time.seconds
        with pytest.raises(ServiceUnavailable) as caught:
            await desk.run(desk.offboarding(*numbers))
        job = await desk.only()
        assert caught.value.message == error.message
        assert job.state is JobState.INTERRUPTED
        assert set(states_of(job)) <= {"todo", "done"}
        assert desk.time.seconds - begun <= PATIENCE_SECONDS + 2
        # Resumed, it is completed.
        api._failures.clear()
        job = await desk.resume(job)
    assert job.clean


@pytest.mark.parametrize("error", [each for each in ERRORS if each is not ERRORS[2]], ids=str)
async def test_with_unlimited_patience_the_number_of_attempts_is_limited(
    tmp_path: Path, error: ServiceUnavailable
) -> None:
    api = account(40)
    for name in WRITES:
        api.fail_next(error, times=10_000, name=name)
    async with open_executor(api, tmp_path) as desk:
        with pytest.raises(ServiceUnavailable):
            await desk.run(desk.offboarding(*range(40)), JobControl(patience_seconds=None))
    sent = [call for call in api.calls if call.name in WRITES]
    assert len(sent) <= 8 * MAX_REFUSALS


async def test_an_accepted_write_renews_the_patience(tmp_path: Path) -> None:
    api = account(40)
    async with open_executor(api, tmp_path) as desk:
        for number in range(0, 40, 4):
            api.fail_next(RateLimited("Slow down.", retry_after_seconds=3.0), name="patch_user")
            job = await desk.run(desk.offboarding(number))
            assert job.clean, number
    assert not any(isinstance(user, Conflict) for user in api.users)
    assert api.now(person(0).id).status == "inactive"
