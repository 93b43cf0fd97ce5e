"""Receipt files: two for a job, with safe and unique names that stay the same."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given

from tests.support.executed_jobs import ACTOR, condition, executed_job, job_of
from tests.support.fake_directory import FakeDirectory, person
from tests.support.journals import journal_in, plan_for
from tests.support.plan_strategies import plans
from tests.support.sessions import NOON_MS, open_session
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.errors import JournalUnavailable
from walkme_tui.domain.jobs import Job, JobState, Outcome, StepRecord
from walkme_tui.domain.plans import GroupSubject, Plan, StepState, Subject
from walkme_tui.domain.receipts import receipt_subjects
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.receipts import Receipts, file_name
from walkme_tui.services.changes.undo import UndoPlanner

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")


class FilesInMemory:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.full = False

    def write(self, name: str, pieces: Iterable[str]) -> Path:
        """Store a file; raises if the space is used up."""
        if self.full:
            raise JournalUnavailable("No space left.")
        self.files[name] = "".join(pieces)
        return Path("/data/receipts") / name

    @property
    def json(self) -> str:
        """The only JSON file."""
        (text,) = (text for name, text in self.files.items() if name.endswith(".json"))
        return text


async def test_a_job_of_several_users_gets_one_receipt_with_an_entry_for_each(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    receipts = Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC)
    try:
        job = await journal.create(plan_for(1, 2), ACTOR)
        written = await receipts.write(job)
        name = f"2026-11-23-offboard-2-people-{job.id}"
        assert list(stored.files) == [f"{name}.json", f"{name}.md"]
        content = json.loads(stored.json)
        assert (content["format"], content["by_state"]) == (2, {"todo": 2})
        assert [each["person"]["id"] for each in content["people"]] == [person(1).id, person(2).id]
        markdown = stored.files[f"{name}.md"]
        assert markdown.startswith(receipts.text(job).strip())
        assert markdown.count("\n### ") == 2
        assert (
            written.receipts
            == (await journal.job(job.id)).receipts
            == tuple(f"/data/receipts/{each}" for each in stored.files)
        )
    finally:
        await journal.aclose()


async def test_the_receipt_of_one_of_several_users_is_written_on_request(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    receipts = Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC)
    try:
        job = await journal.create(plan_for(1, 2), ACTOR)
        part, path = await receipts.write_one(await journal.excerpt_about(job.id, person(2).id))
        assert [Path(path).name for path in part.receipts] == list(stored.files)
        content = json.loads(stored.json)
        assert (content["format"], content["person"]["id"]) == (1, person(2).id)
        await receipts.write_one(await journal.excerpt_about(job.id, person(1).id))
        assert await receipts.write_one(part) == (part, path)
    finally:
        await journal.aclose()


async def test_the_receipt_of_many_users_names_those_that_need_attention(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    receipts = Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC)
    try:
        plan = plan_for(*range(1, 31), groups=0)
        job = job_of(plan, [StepRecord(step, StepState.DONE, "was active, is inactive", True) for step in plan.steps])
        failed = replace(job.steps[6], state=StepState.FAILED, detail="Refused.", changed=False)
        job = replace(job, steps=(*job.steps[:6], failed, *job.steps[7:]))
        lines = receipts.text(job).splitlines()
        assert lines[0] == "# Offboarding of 30 people in `acme` (production)"
        assert lines[2] == "- 29 people done, 1 person failed"
        name = plan.subjects[6].name
        assert lines[3] == f"- `{name}`: failed: set status `active` -> `inactive` (`Refused.`)"
        assert "for all 29 people that the job changed" in lines[-1]
        assert "jobs receipt" in lines[-1]
    finally:
        await journal.aclose()


async def test_the_receipt_of_an_interrupted_job_is_replaced_when_it_is_resumed(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    receipts = Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC)
    try:
        job = await journal.create(plan_for(1, groups=0), ACTOR)
        await journal.claim(job.id)
        await journal.intend(job.id, 1, person(1), NOON_MS)
        await journal.release(job.id, JobState.INTERRUPTED)
        await receipts.write(await journal.job(job.id))
        contents = json.loads(stored.json)
        assert (contents["state"], contents["steps"][0]["state"]) == ("interrupted", "sent")
        await journal.claim(job.id)
        await journal.settle(job.id, 1, Outcome(StepState.DONE, "Verified.", True, person(1)), NOON_MS)
        await journal.release(job.id, JobState.DONE)
        await receipts.write(await journal.job(job.id))
        contents = json.loads(stored.json)
        assert (contents["state"], contents["steps"][0]["state"]) == ("done", "done")
        assert len((await journal.job(job.id)).receipts) == 2
        assert len(stored.files) == 2
    finally:
        await journal.aclose()


async def test_a_receipt_that_cannot_be_written_is_an_error_and_not_recorded(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    try:
        job = await journal.create(plan_for(1), ACTOR)
        stored.full = True
        with pytest.raises(JournalUnavailable):
            await Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC).write(job)
        assert (await journal.job(job.id)).receipts == ()
    finally:
        await journal.aclose()


async def test_a_purged_job_has_no_receipts(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    try:
        job = job_of(replace(plan_for(1), subjects=()))
        await Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC).write(job)
        assert stored.files == {}
    finally:
        await journal.aclose()


async def test_a_receipt_alone_is_enough_to_undo(tmp_path: Path) -> None:
    user = person(1)._replace(status="active", groups=("g1", "g2"))
    api, stored = FakeDirectory([user]), FilesInMemory()
    journal = journal_in(tmp_path)
    try:
        async with open_session(api) as session:
            job = await executed_job(api, await Planner(session).offboard([user.id]))
            kept = await journal.create(job.plan, ACTOR)
            receipts = Receipts(session.account, journal, stored.write, session.clock)
            await receipts.write(replace(job, id=kept.id))
            plan = await UndoPlanner(session).of_receipt(json.loads(stored.json))
            assert plan.undoes == kept.id
            await executed_job(api, plan)
    finally:
        await journal.aclose()
    assert condition(api.now(user.id)) == ("active", {"g1", "g2"})


async def test_the_receipt_of_a_job_undoes_all_its_users(tmp_path: Path) -> None:
    users = [person(number)._replace(status="active", groups=("g1", "g2")) for number in (1, 2, 3)]
    api, stored = FakeDirectory(users), FilesInMemory()
    journal = journal_in(tmp_path)
    try:
        async with open_session(api) as session:
            job = await executed_job(api, await Planner(session).offboard([user.id for user in users]))
            kept = await journal.create(job.plan, ACTOR)
            await Receipts(session.account, journal, stored.write, session.clock).write(replace(job, id=kept.id))
            planner = UndoPlanner(session)
            plan = await planner.of_receipt(json.loads(stored.json))
            assert plan == await planner.of_job(replace(job, id=kept.id))
            await executed_job(api, plan)
    finally:
        await journal.aclose()
    assert [condition(api.now(user.id)) for user in users] == [("active", {"g1", "g2"})] * 3


def part_of(job: Job, subject: Subject | GroupSubject) -> Job:
    """The job with one of its users or groups, as ``Journal.excerpt_about`` returns it."""
    steps = tuple(each for each in job.steps if each.step.subject_id == subject.id)
    plan = replace(job.plan, steps=tuple(each.step for each in steps))
    plan = replace(plan, subjects=(subject,)) if isinstance(subject, Subject) else replace(plan, groups=(subject,))
    return replace(job, plan=plan, steps=steps, whole=job.summary)


@given(plans())
def test_file_names_are_safe_and_unique(plan: Plan) -> None:
    job = job_of(plan)
    names = [file_name(job), *(file_name(part_of(job, subject)) for subject in receipt_subjects(plan))]
    assert len(set(map(str.casefold, names))) == max(len(names), 2) - (len(names) <= 2)
    for name in names:
        assert Path(name).name == name
        assert name.isascii()
        assert len(name) < 150
        assert all(character.isalnum() or character in "@._-" for character in name)
        assert not name.startswith((".", "-"))


def test_emails_that_differ_only_in_unsafe_characters_get_different_file_names() -> None:
    plan = plan_for(1, 2)
    first, second = (
        replace(subject, user=subject.user._replace(email=email))
        for subject, email in zip(plan.subjects, ("a/b@example.com", "A?b@example.com"), strict=True)
    )
    job = job_of(replace(plan, subjects=(first, second)))
    one, two = (file_name(part_of(job, subject)) for subject in (first, second))
    assert one.startswith("2026-11-23-offboard-a_b@example.com-")
    assert two.startswith("2026-11-23-offboard-A_b@example.com-")
    assert one.casefold() != two.casefold()
