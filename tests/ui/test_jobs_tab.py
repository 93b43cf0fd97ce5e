"""The Jobs tab, unfinished jobs of an earlier run, and quitting while a job runs."""

import asyncio

import pytest

from tests.support.active_users import account, user_of
from tests.support.browser import Browser, Setting, open_browser
from tests.support.change_services import ACTOR, Bench
from tests.support.fake_directory import FakeDirectory
from tests.support.journals import all_jobs
from walkme_tui.domain.errors import RateLimited
from walkme_tui.domain.jobs import Job, JobState, Outcome
from walkme_tui.domain.plans import StepState
from walkme_tui.store.journal.journal import SqliteJournal, open_journal


async def unfinished_job(setting: Setting, done: int, *, sent: bool = False) -> Job:
    """An offboarding of the first user, of which an earlier run executed the first steps."""
    api = account()
    return await setting.bench.offboarding_left(setting.session_over(api), user_of(api).id, done, sent=sent)


def as_fake(setting: Setting) -> FakeDirectory:
    assert isinstance(setting.api, FakeDirectory)
    return setting.api


async def start_held_job(browser: Browser) -> None:
    """Start an offboarding; the caller has made its first write wait."""
    await browser.loaded()
    await browser.press("O")
    await browser.listening("Ticket")
    await browser.press("y")
    await browser.settled(lambda: "Offboarding" in browser.status_line)


async def test_jobs_are_listed_newest_first_with_their_steps() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        await browser.press("down")
        await browser.deactivate_user()
        await browser.press("L")
        await browser.settled(lambda: len(browser.jobs) == 2)
        assert browser.jobs[0] == "✓ done deactivate Amina O'Brien person00001@example.com 0 s 1/1"
        assert "Deactivation of Amina O'Brien: 1 done" in browser.steps
        await browser.press("down")
        await browser.settled(lambda: "Deactivation of Zoë Çelik" in browser.steps)
        assert "✓ done set status ● active -> ○ inactive" in browser.steps
        await browser.press("enter")
        await browser.listening("Done and verified.")


@pytest.mark.parametrize(
    ("width", "headings"), [(80, "STATE KIND SUBJECT TICKET AGE STEPS"), (60, "STATE KIND SUBJECT AGE STEPS")]
)
async def test_the_columns_have_headings_and_the_number_of_steps_fits(width: int, headings: str) -> None:
    async with open_browser(Setting(api=account()), (width, 24)) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        assert browser.says(headings)
        assert browser.jobs[0].endswith(" 1/1")


async def test_the_job_that_starts_is_selected() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        await browser.press("4")
        await browser.settled(lambda: "Deactivation of Zoë Çelik" in browser.steps)
        await browser.press("1", "down")
        await browser.deactivate_user()
        await browser.press("4")
        await browser.settled(lambda: "Deactivation of Amina O'Brien" in browser.steps)
        await browser.press("down", "z")
        await browser.listening("Undo")
        gate = api.hold("patch_user")
        await browser.press("y")
        await browser.settled(lambda: "Undoing for Zoë Çelik: 0 of 1 step" in browser.steps)
        gate.set()
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_a_job_and_its_undo_refer_to_each_other() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("z")
        await browser.listening("Undo")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: len(browser.jobs) == 2 and browser.jobs[1].startswith("– undone deactivate"))
        undo, undone = (job.id for job in browser.browser.area.jobs_tab.jobs.rows)
        await browser.settled(lambda: f"Undoes Deactivation of Zoë Çelik, just now, job {undone}" in browser.steps)
        await browser.press("down")
        await browser.settled(lambda: f"Undone just now by job {undo}" in browser.steps)


async def test_an_empty_tab_explains_how_to_make_a_job() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.press("4")
        await browser.settled(lambda: browser.says("No jobs yet."))


async def test_a_running_job_shows_its_progress_and_can_be_paused() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        assert browser.jobs[0].startswith("● running offboard")
        await browser.press("P")
        await browser.settled(lambda: "paused, P on the job resumes it" in browser.status_line)
        gate.set()
        await browser.settled(lambda: len(api.writes) == 1)
        await asyncio.sleep(0.05)
        assert len(api.writes) == 1
        await browser.press("P")
        await browser.settled(lambda: any("Done and verified." in toast for toast in [*browser.toasts, browser.dialog]))
        assert len(api.writes) == 4


async def test_the_receipt_of_a_running_job_says_that_it_is_running() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("o")
        await browser.listening("It is still running: 4 steps are left.")
        await browser.press("P")
        assert "P resume" not in browser.dialog
        assert "still running" in browser.dialog
        gate.set()


async def test_a_job_that_the_server_paused_shows_a_countdown() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        api.status = api.status._replace(waiting_seconds=12.0)
        await browser.tick()
        assert "0 of 4 steps · retrying in 12 s · the server requested a pause" in browser.status_line
        api.status = api.status._replace(waiting_seconds=11.0)
        await browser.press("4")
        await browser.tick()
        await browser.settled(lambda: "retrying in 11 s" in browser.steps and "retrying in 11 s" in browser.status_line)
        api.status = api.status._replace(waiting_seconds=0.0)
        gate.set()
        await browser.settled(lambda: "Done and verified." in browser.screen_text)


async def test_a_job_that_waits_for_the_service_shows_a_countdown() -> None:
    api = account()
    api.fail_next(RateLimited("Too many requests.", retry_after_seconds=100.0), name="patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.listening("Ticket")
        await browser.press("y")
        await browser.settled(lambda: "retrying in 100 s · Too many requests." in browser.status_line)
        await browser.tick(30)
        assert "retrying in 70 s · Too many requests." in browser.status_line


@pytest.mark.parametrize("size", [(120, 40), (60, 15)])
async def test_an_unfinished_job_of_an_earlier_run_is_offered_once_and_resumed(size: tuple[int, int]) -> None:
    setting = Setting(api=account())
    await unfinished_job(setting, 1, sent=True)
    async with open_browser(setting, size) as browser:
        await browser.listening("A job was not finished")
        assert "Steps that were sent without an answer are read back first" in " ".join(browser.dialog.split())
        await browser.press("r")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert user_of(as_fake(setting)).groups == ()
        await browser.press("enter")
        assert browser.dialog == ""


async def test_p_on_the_list_asks_before_resuming_a_job() -> None:
    setting = Setting(api=account())
    await unfinished_job(setting, 1)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press("escape", "4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("P")
        await browser.listening("Resume the offboarding of Zoë Çelik?")
        await browser.press("enter")
        assert not as_fake(setting).writes
        await browser.press("P")
        await browser.listening("3 steps are left.")
        await browser.press("r")
        await browser.settled(lambda: "Done and verified." in browser.dialog)


@pytest.mark.parametrize("key", ["enter", "escape"])
async def test_an_unfinished_job_can_be_left_for_later(key: str) -> None:
    setting = Setting(api=account())
    await unfinished_job(setting, 1)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press(key)
        assert browser.dialog == ""
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        assert browser.jobs[0] == "◌ interrupted offboard Zoë Çelik person00000@example.com INC-7 0 s 1/4"
    assert not as_fake(setting).writes


async def test_inspect_shows_the_job_in_the_jobs_tab() -> None:
    setting = Setting(api=account())
    job = await unfinished_job(setting, 1)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press("i")
        await browser.settled(lambda: f"job {job.id}" in browser.steps)
        assert "3 todo" in browser.steps


async def test_abandoning_asks_for_confirmation() -> None:
    setting = Setting(api=account())
    await unfinished_job(setting, 1)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press("d")
        await browser.listening("Discard the offboarding of Zoë Çelik?")
        await browser.press("enter", "4")
        await browser.settled(lambda: browser.jobs)
        assert "interrupted" in browser.jobs[0]
        await browser.press("A")
        await browser.listening("Discard the offboarding")
        await browser.press("d")
        await browser.settled(lambda: "– discarded" in browser.jobs[0])
    assert not as_fake(setting).writes


async def test_a_job_of_another_account_is_not_offered() -> None:
    setting = Setting(api=account(), profile="globex")
    await unfinished_job(setting, 1)
    async with open_browser(Setting(api=account(), bench=setting.bench)) as browser:
        await browser.loaded()
        await asyncio.sleep(1.2)
        assert browser.dialog == ""


# ---------------------------------------------------------------- quitting


async def test_q_while_a_job_runs_asks_and_enter_keeps_the_program_open() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("q")
        await browser.listening("A job is running")
        await browser.press("enter")
        assert browser.running
        gate.set()
        await browser.settled(lambda: "Done and verified." in browser.dialog or browser.toasts)


async def test_keys_that_follow_q_at_once_do_not_reach_the_table() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        cursor = browser.cursor_email
        await browser.type_ahead("q", "down")
        await browser.listening("A job is running")
        assert browser.cursor_email == cursor
        gate.set()


async def test_wait_ends_the_program_after_the_job() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("q")
        await browser.listening("A job is running")
        await browser.press("w")
        assert browser.running
        assert "then the program ends" in browser.status_line
        gate.set()
        await browser.settled(lambda: not browser.running)
    assert len(api.writes) == 4


async def test_the_program_ends_if_the_job_ends_before_the_question_is_answered() -> None:
    api = account()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("q")
        await browser.listening("A job is running")
        gate.set()
        await browser.settled(lambda: not browser.running)
    assert len(api.writes) == 4


async def test_stop_settles_requests_in_flight_and_keeps_the_remaining_steps() -> None:
    api, bench = account(), Bench()
    gate = api.hold("patch_user")
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await start_held_job(browser)
        await browser.press("ctrl+q")
        await browser.listening("A job is running")
        await browser.press("s")
        gate.set()
        await browser.settled(lambda: not browser.running)
        assert browser.app.job_tasks is not None
        (job,) = browser.app.job_tasks.unfinished.values()
        assert len(job.unsettled) == 3
    assert len(api.writes) == 1


async def test_a_signal_settles_requests_in_flight() -> None:
    api, bench = account(), Bench()
    gate = api.hold("patch_user")
    setting = Setting(api=api, bench=bench)
    async with open_browser(setting) as browser:
        await start_held_job(browser)
        assert browser.app.job_tasks is not None
        (running,) = browser.app.job_tasks.running.values()

        async def answer_once_cancelled() -> None:
            await running.control.wait_cancelled()
            gate.set()

        answering = asyncio.create_task(answer_once_cancelled())
        browser.app.exit(return_code=143)
    await answering
    session = setting.session()
    change_services = bench(session)
    (job,) = await all_jobs(change_services.journal)
    assert job.state.value == "interrupted"
    assert job.counts == {"done": 1, "todo": 3}
    await change_services.aclose()
    await session.aclose()


# ---------------------------------------------------------------- permissions


async def test_a_read_only_profile_refuses_to_resume_a_job_with_the_reason() -> None:
    setting = Setting(api=account(), read_only=True)
    await unfinished_job(setting, 1)
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("P")
        await browser.settled(lambda: any("The profile acme is read-only." in toast for toast in browser.toasts))
        await browser.press("question_mark")
        assert browser.dialog.count("Not available: the profile acme is read-only.") == 1
        await browser.press("escape", "colon")
        await browser.type("pause or resume this job")
        assert "the profile acme is read-only" in browser.dialog
        await browser.press("enter")
    assert not as_fake(setting).writes


# ---------------------------------------------------------------- other processes


@pytest.mark.parametrize("done", [0, 1])
async def test_resuming_a_job_that_another_process_claimed_reports_it_and_changes_nothing(done: int) -> None:
    setting = Setting(api=account())
    job = await unfinished_job(setting, done)
    other = open_journal(setting.bench.folder, actor=ACTOR)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await other.claim(job.id)
        await browser.press("r")
        await browser.settled(lambda: any("Offboarding Zoë Çelik failed" in toast for toast in browser.toasts))
        assert browser.running
        assert not as_fake(setting).writes
    assert (await other.job(job.id)).state is JobState.RUNNING
    await other.aclose()


@pytest.mark.parametrize("done", [0, 1])
async def test_a_resumed_job_is_kept_while_another_process_changes_the_same_user(done: int) -> None:
    setting = Setting(api=account())
    job = await unfinished_job(setting, done)
    other = open_journal(setting.bench.folder, actor=ACTOR)
    await other.claim((await other.create(job.plan, ACTOR)).id)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press("r")
        await browser.settled(lambda: any("Offboarding Zoë Çelik failed" in toast for toast in browser.toasts))
        assert browser.running
    assert (await other.job(job.id)).state is JobState.INTERRUPTED
    await other.aclose()


async def test_abandoning_a_job_that_another_process_claimed_reports_it() -> None:
    setting = Setting(api=account())
    job = await unfinished_job(setting, 1)
    other = open_journal(setting.bench.folder, actor=ACTOR)
    async with open_browser(setting) as browser:
        await browser.listening("A job was not finished")
        await browser.press("d")
        await browser.listening("Discard the offboarding")
        await other.claim(job.id)
        await browser.press("d")
        await browser.settled(lambda: any("Discarding the job failed" in toast for toast in browser.toasts))
        assert browser.running
    await other.aclose()


async def test_a_job_that_runs_here_is_not_read_from_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    api = account()
    gate = api.hold("remove_member")
    async with open_browser(Setting(api=api)) as browser:
        await start_held_job(browser)
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        reads = 0
        real = SqliteJournal.job

        async def counted(journal: SqliteJournal, job_id: str) -> Job:
            nonlocal reads
            reads += 1
            return await real(journal, job_id)

        monkeypatch.setattr(SqliteJournal, "job", counted)
        await browser.settled(lambda: api.asked("remove_member"))
        for _ in range(3):
            browser.browser.change_commands.tick()
            await browser.pause()
        await browser.settled(lambda: browser.jobs[0].endswith("1/4"))
        assert "sent" in browser.steps
        assert reads == 0
        gate.set()
        await browser.settled(lambda: browser.jobs[0].startswith("✓ done"))


async def test_a_job_in_another_process_is_shown_without_reading_it_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting(api=account())
    job = await unfinished_job(setting, 1)
    other = open_journal(setting.bench.folder, actor=ACTOR)
    await other.claim(job.id)
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        assert browser.jobs[0].startswith("● running")
        monkeypatch.delattr(SqliteJournal, "job")
        await other.intend(job.id, 2, None, setting.time())
        await other.settle(job.id, 2, Outcome(StepState.DONE, "verified", changed=True), setting.time())
        browser.browser.change_commands.tick()
        await browser.settled(lambda: browser.jobs[0].endswith("2/4"))
    await other.aclose()
