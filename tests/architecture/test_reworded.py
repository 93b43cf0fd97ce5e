"""Every sentence can be reworded without changing what the program does: decisions rest on enums and error types."""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.executor_bench import BOTH, ExecutorBench, account, open_executor
from tests.support.fake_directory import FakeDirectory
from walkme_tui.api.answers import Endpoint
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.api.transport import Deadlines
from walkme_tui.api.transport_errors import failure_of_exception
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_text
from walkme_tui.domain.receipts import receipt
from walkme_tui.services.changes.recheck import rechecked
from walkme_tui.services.changes.undo import UndoPlanner

LAYERS = ("domain", "api", "services")
DEACTIVATE = SetStatus(BOTH.id, "active", "inactive")
LEAVE = RemoveMember(BOTH.id, Group("g1", "Sales"))
# Earlier versions stored decisions as sentences: these are how they are read.
OLD_FORMATS = {"_EARLIER_RECHECK_PREFIX"}

Reword = Callable[[], None]


@pytest.fixture
def reword(monkeypatch: pytest.MonkeyPatch) -> Reword:
    """Give every sentence constant of the layers, and every text of a change, other words."""

    def apply() -> None:
        count = 0
        for name in _modules():
            module = importlib.import_module(name)
            for constant, value in list(vars(module).items()):
                sentence = isinstance(value, str) and (" " in value or constant == "TIME_OUT")
                if constant.isupper() and sentence and constant not in OLD_FORMATS:
                    monkeypatch.setattr(module, constant, f"Reworded: {value.upper()}")
                    count += 1
        assert count > 20
        for kind in CHANGE_KINDS.values():
            for text in [name for name in dir(kind) if name.endswith("_text") and callable(getattr(kind, name))]:
                monkeypatch.setattr(kind, text, lambda *_: "reworded")

    return apply


def _modules() -> list[str]:
    found = ["walkme_tui.store.journal.journal"]
    for layer in LAYERS:
        package = importlib.import_module(f"walkme_tui.{layer}")
        found += [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return found


async def lost(desk: ExecutorBench, api: FakeDirectory) -> Job:
    """A job whose only write got no answer and had no effect yet."""
    api.lose_answer(executed=False, times=3)
    with pytest.raises(Exception, match="lost"):
        await desk.run(desk.plan([DEACTIVATE]))
    job = await desk.only()
    assert [record.may_arrive for record in job.steps] == [True]
    return job


async def test_a_late_change_counts_as_ours_and_can_be_undone(tmp_path: Path, reword: Reword) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await lost(desk, api)
        api.edit(BOTH.id, status="inactive")
        reword()
        job = await desk.resume(job)
        assert job.steps[0].changed
        undo = await UndoPlanner(desk.session).of_job(job)
    assert [step.change for step in undo.steps] == [*DEACTIVATE.inverses()]


async def test_discarding_an_open_step_requires_review(tmp_path: Path, reword: Reword) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await lost(desk, api)
        reword()
        await desk.journal.discard(job.id)
        job = await desk.only()
    assert (job.state, job.steps[0].state.value) == (JobState.DISCARDED, "needs review")


async def test_a_verified_step_stays_as_planned(tmp_path: Path, reword: Reword) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        await desk.run(desk.plan([DEACTIVATE, LEAVE]))
        reword()
        job = await desk.only()
        written = receipt(job, job.plan.subjects[0], desk.session.account, 0, None)
    assert [record.as_planned for record in job.steps] == [True, True]
    steps = written["steps"]
    assert isinstance(steps, list)
    assert [step["as_planned"] for step in steps if isinstance(step, dict)] == [True, True]


async def test_a_second_recheck_replaces_the_first(tmp_path: Path, reword: Reword) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        plan = desk.plan([DEACTIVATE])
        api.edit(BOTH.id, status="pending")
        plan = plan_from_text("".join(plan_file_parts(await rechecked(desk.session, plan))))
        reword()
        plan = await rechecked(desk.session, plan)
    assert len(plan.subjects[0].consequences) == 1


def test_a_time_out_is_recognised_with_reworded_messages(reword: Reword) -> None:
    def attempts(error: Exception) -> int:
        failure = failure_of_exception(error, Endpoint("acme", "host", "a file", ""), Deadlines())
        made = 1
        while RetryPolicy().wait_before_retry(failure, changes=False, attempt=made) is not None:
            made += 1
        return made

    errors = [httpx.ReadTimeout(""), httpx.ConnectTimeout(""), httpx.ReadError("")]
    before = [attempts(error) for error in errors]
    reword()
    assert [attempts(error) for error in errors] == before == [2, 2, 4]
