"""The receipt of a job of very many people is shown, and that of one of them written, without reading them all."""

import asyncio
import json

import pytest

from tests.support.active_users import account
from tests.support.browser import Setting, open_browser
from tests.support.change_services import ACTOR
from tests.support.clipboard import Clipboard
from tests.support.fake_directory import person
from tests.support.journals import plan_for
from walkme_tui.domain.jobs import Job, JobState, Outcome
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.journal import SqliteJournal, open_journal
from walkme_tui.ui.widgets.job_report import MOST_PEOPLE

PEOPLE = MOST_PEOPLE + 5


async def test_the_receipt_opens_at_once_one_is_written_and_all_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(api=account())
    journal = open_journal(setting.bench.folder, actor=ACTOR)
    job = await journal.create(plan_for(*range(PEOPLE), groups=0), ACTOR)
    await journal.claim(job.id)
    for number in range(1, PEOPLE + 1):
        failed = number == PEOPLE
        outcome = Outcome(StepState.FAILED, "Refused.") if failed else Outcome(StepState.DONE, "", changed=True)
        await journal.settle(job.id, number, outcome, 1)
    await journal.release(job.id, JobState.DONE)
    await journal.aclose()
    clipboard, gate = Clipboard(monkeypatch), asyncio.Event()
    read = SqliteJournal.job

    async def held(self: SqliteJournal, job_id: str) -> Job:
        await gate.wait()
        return await read(self, job_id)

    monkeypatch.setattr(SqliteJournal, "job", held)
    async with open_browser(setting) as browser:
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("o")
        await browser.listening("1 step needs a review; the others are done.")
        assert f"z undo all {PEOPLE - 1} people" in browser.dialog
        assert "And 5 more people" in browser.dialog
        await browser.press("r", *person(2).id, "enter")
        await browser.settled(lambda: browser.toasts)
        (own,) = (text for name, text in setting.bench.receipts.items() if name.endswith(".json"))
        assert json.loads(own)["person"]["id"] == person(2).id
        assert json.loads(own)["undo_people"] == PEOPLE - 1
        await browser.listening("1 step needs a review; the others are done.")
        toasts = len(browser.toasts)
        await browser.press("c")
        await browser.settled(lambda: len(browser.toasts) > toasts)
        assert not clipboard.texts
        gate.set()
        await browser.settled(lambda: clipboard.texts)
        assert f"{PEOPLE - 1} people done, 1 person failed" in clipboard.texts[0]
