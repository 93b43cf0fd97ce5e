"""A kind of change defined only here works from plan to undo: it needs only its class and registry entries."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.executor_bench import BOTH, account, open_executor, outcomes_of
from walkme_tui.cli.output import calls, plan_text
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change, shown
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.json_fields import Fields, or_null, text
from walkme_tui.domain.plan_files import plan_file_parts, plan_from_text
from walkme_tui.domain.plans import PlanKind
from walkme_tui.domain.receipt_text import receipt_markdown
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.users import UNKNOWN, Json, User
from walkme_tui.services.changes.senders import SENDERS
from walkme_tui.services.changes.undo import UndoPlanner
from walkme_tui.services.ports import Session
from walkme_tui.ui import change_words


@dataclass(frozen=True, slots=True)
class SetLastName(Change):
    """Give a user another last name."""

    kind: ClassVar[str] = "set last name"
    verb: ClassVar[str] = "set last name"
    overwrites: ClassVar[bool] = True

    before: str | None
    after: str | None

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("last_name",)

    def holds(self, user: User) -> bool | None:
        return None if user.last_name is UNKNOWN else user.last_name == self.after

    def as_planned(self, user: User) -> bool | None:
        return None if user.last_name is UNKNOWN else user.last_name == self.before

    def apply(self, user: User) -> User:
        return user._replace(last_name=self.after)

    def inverses(self, before: User | None = None, after: User | None = None) -> "tuple[SetLastName]":
        old = self.before if before is None or before.last_name is UNKNOWN else before.last_name
        return (SetLastName(self.subject_id, self.after, old),)

    def to_json(self) -> dict[str, Json]:
        return {"before": self.before, "after": self.after}

    @classmethod
    def from_json(cls, subject_id: str, fields: Fields) -> "SetLastName":
        return cls(subject_id, fields.take("before", or_null(text)), fields.take("after", or_null(text)))

    def anonymous(self, subject_id: str, group_id: Callable[[str], str]) -> "SetLastName":
        return replace(self, subject_id=subject_id, before=None, after=None)

    def target(self, show: Callable[[str], str]) -> str:
        return f"{show(self.before or 'none')} -> {show(self.after or 'none')}"

    def done_text(self, before: User | None) -> str:
        return f"is called {shown(self.after or 'nothing')}"

    def already_text(self) -> str:
        return f"already called {shown(self.after or 'nothing')}"

    def made_text(self) -> str:
        return f"the last name was set to {shown(self.after or 'nothing')}"


async def send(session: Session, change: SetLastName, base: User) -> None:
    await session.api.update_user(change.subject_id, {"last_name": change.after}, base)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registries: list[tuple[dict[Any, Any], object, object]] = [
        (CHANGE_KINDS, SetLastName.kind, SetLastName),
        (SENDERS, SetLastName, send),
        (change_words.TARGET_WORDS, SetLastName, change_words.value_words),
        (calls.REST_CALLS, SetLastName, lambda change: f"PATCH /users/{change.subject_id} lastName"),
    ]
    for registry, key, entry in registries:
        monkeypatch.setitem(registry, key, entry)


CHANGE = SetLastName(BOTH.id, BOTH.last_name if isinstance(BOTH.last_name, str) else None, "Ünal")


@pytest.mark.parametrize("patch_refused", [False, True])
async def test_a_new_kind_is_planned_executed_and_undone(tmp_path: Path, *, patch_refused: bool) -> None:
    api = account()
    api.patch_refused = patch_refused
    async with open_executor(api, tmp_path) as desk:
        plan = desk.plan([CHANGE], kind=PlanKind.REACTIVATE)
        assert plan_from_text("".join(plan_file_parts(plan))) == plan
        job = await desk.run(plan)
        assert api.now(BOTH.id).last_name == "Ünal"
        assert outcomes_of(job) == [("done", "is called Ünal")]
        assert job.steps[0].as_planned
        assert (await desk.journal.job(job.id)).steps == job.steps

        written = receipt(job, job.plan.subjects[0], desk.session.account, 0, None)
        assert "set last name" in receipt_markdown(written, "receipt.json")

        planner = UndoPlanner(desk.session)
        undo = await planner.of_job(job)
        assert [step.change for step in undo.steps] == [*CHANGE.inverses()]
        assert [step.change for step in (await planner.of_receipt(json.loads(json.dumps(written)))).steps] == [
            *CHANGE.inverses()
        ]
        assert (await desk.run(undo)).clean
    assert api.now(BOTH.id).last_name == CHANGE.before


async def test_an_undo_of_a_new_kind_keeps_changes_by_others(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([CHANGE]))
        undo = await UndoPlanner(desk.session).of_job(job)
        api.edit(BOTH.id, last_name="Theirs")
        assert (await desk.run(undo)).steps[0].state.value == "skipped"
        assert not (await UndoPlanner(desk.session).of_job(job)).steps
    assert api.now(BOTH.id).last_name == "Theirs"


async def test_purging_removes_personal_data_of_a_new_kind(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(desk.plan([CHANGE]))
        await desk.journal.purge(desk.time() + 1)
        step = (await desk.journal.job(job.id)).steps[0].step
    assert step.change == SetLastName("person-1", None, None)


def test_a_new_kind_is_drawn() -> None:
    assert calls.call_of(Surface.REST, CHANGE) == f"PATCH /users/{BOTH.id} lastName"
    assert plan_text.step_text(CHANGE) == ("set last name", f"{CHANGE.before} -> Ünal")
    assert change_words.target_of(CHANGE) == f"{CHANGE.before} -> Ünal"
