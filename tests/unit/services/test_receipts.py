"""Receipt files: two for each user, with safe and unique names that stay the same."""

import json
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
from walkme_tui.domain.jobs import JobState, Outcome
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.receipts import Receipts, file_names
from walkme_tui.services.changes.undo import UndoPlanner

ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")


class FilesInMemory:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.full = False

    def write(self, name: str, text: str) -> Path:
        """Store a file; raises if the space is used up."""
        if self.full:
            raise JournalUnavailable("No space left.")
        self.files[name] = text
        return Path("/data/receipts") / name

    @property
    def json(self) -> str:
        """The only JSON file."""
        (text,) = (text for name, text in self.files.items() if name.endswith(".json"))
        return text


async def test_each_user_of_a_job_gets_two_files_that_the_journal_records(tmp_path: Path) -> None:
    journal, stored = journal_in(tmp_path), FilesInMemory()
    receipts = Receipts(ACCOUNT, journal, stored.write, lambda: NOON_MS, UTC)
    try:
        job = await journal.create(plan_for(1, 2), ACTOR)
        await receipts.write(job)
        day = "2026-11-23"
        assert sorted(stored.files) == [
            f"{day}-offboard-person00001@example.com-{job.id}.json",
            f"{day}-offboard-person00001@example.com-{job.id}.md",
            f"{day}-offboard-person00002@example.com-{job.id}.json",
            f"{day}-offboard-person00002@example.com-{job.id}.md",
        ]
        first, second = (text for name, text in sorted(stored.files.items()) if name.endswith(".json"))
        assert [json.loads(text)["person"]["id"] for text in (first, second)] == [person(1).id, person(2).id]
        for_a_ticket = receipts.text(job).split("\n\n")
        markdown = [text for name, text in sorted(stored.files.items()) if name.endswith(".md")]
        assert [text.startswith(lines.strip()) for text, lines in zip(markdown, for_a_ticket, strict=True)] == [
            True
        ] * 2
        assert (await journal.job(job.id)).receipts == tuple(f"/data/receipts/{name}" for name in sorted(stored.files))
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


@given(plans())
def test_file_names_are_safe_and_unique(plan: Plan) -> None:
    names = file_names(job_of(plan))
    assert len(set(map(str.casefold, names))) == len(plan.all_subjects)
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
    one, two = file_names(job_of(replace(plan, subjects=(first, second))))
    assert one.startswith("2026-11-23-offboard-a_b@example.com-")
    assert two.startswith("2026-11-23-offboard-A_b@example.com-")
    assert one.casefold() != two.casefold()
