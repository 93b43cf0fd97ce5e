"""Updates of users within jobs, on servers that only replace whole records."""

from pathlib import Path

from tests.support.executor_bench import BOTH, KnownWriteSupport, account, group, open_executor, outcomes_of
from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import BrokenMirror
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.jobs import OutcomeReason

DEACTIVATE = SetStatus(BOTH.id, "active", "inactive")


def without_patch() -> FakeDirectory:
    """An account whose server refuses PATCH."""
    api = account()
    api.patch_refused = True
    return api


async def test_a_name_that_only_the_mirror_has_is_not_cleared(tmp_path: Path) -> None:
    api = without_patch()
    api.unread, api.lean = {"first_name"}, True
    async with open_executor(api, tmp_path) as desk:
        await desk.session.mirror.save_user(BOTH, 0)
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert job.steps[0].state.value == "failed"
    assert "lacks firstName" in job.steps[0].detail
    assert not api.writes


async def test_updates_work_without_a_mirror(tmp_path: Path) -> None:
    api, mirror = without_patch(), BrokenMirror()
    mirror.broken = True
    async with open_executor(api, tmp_path, mirror=mirror) as desk:
        assert (await desk.run(desk.plan([DEACTIVATE]))).clean
    assert api.now(BOTH.id).status == "inactive"


async def test_a_refused_patch_is_sent_once_per_job(tmp_path: Path) -> None:
    api, write_support = without_patch(), KnownWriteSupport()
    async with open_executor(api, tmp_path, write_support=write_support) as desk:
        job = await desk.run(desk.offboarding(0, 1, 2, 5, 6, 7))
        assert job.clean
    assert len(api.asked("patch_user")) == 1
    assert write_support.refused


async def test_a_put_that_changed_other_fields_needs_review(tmp_path: Path) -> None:
    api = without_patch()
    api.meanwhile("put_user", lambda: api.meanwhile("get_user", lambda: api.edit(BOTH.id, role="Viewer")))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert outcomes_of(job) == [("needs review", "was active, is inactive; these fields changed with it: role")]
    assert job.steps[0].changed


async def test_a_put_is_skipped_where_others_changed_the_field_after_the_first_read(tmp_path: Path) -> None:
    api = without_patch()
    api.meanwhile("patch_user", lambda: api.edit(BOTH.id, status="pending"))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert not api.writes
    assert outcomes_of(job) == [
        ("skipped", "The status of this user changed at the same moment, so nothing was sent.")
    ]  # fmt: skip
    assert job.steps[0].reason is OutcomeReason.CONFLICT


async def test_a_put_with_a_lost_answer_is_read_back(tmp_path: Path) -> None:
    api = without_patch()
    api.lose_answer(name="put_user")
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE, RemoveMember(BOTH.id, group("g1"))]))
    assert outcomes_of(job)[0] == ("done", "no usable answer came; the change was there when read again")
    assert len(api.asked("put_user")) == 1
    assert api.now(BOTH.id).groups == ("g2",)


async def test_a_status_that_cannot_be_set_safely_fails_with_the_reason(tmp_path: Path) -> None:
    api = without_patch()
    api.unread, api.lean = {"role"}, True
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert job.steps[0].state.value == "failed"
    assert "lacks role" in job.steps[0].detail
    assert not api.writes


async def test_a_failure_between_patch_and_put_leaves_no_open_outcome(tmp_path: Path) -> None:
    api = without_patch()
    api.meanwhile("patch_user", lambda: api.fail_next(Unreachable("Down."), name="get_user"))
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([DEACTIVATE]))
    assert outcomes_of(job) == [("done", "was active, is inactive")]
    assert len(api.writes) == 1
