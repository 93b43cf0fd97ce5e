"""``jobs``: show, discard, purge and resume the jobs of the journal."""

import asyncio
import csv
import io
import json
import sqlite3
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import TypeVar

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.journals import ACTOR, START_MS, TickingClock, all_jobs, journal_in, plan_for
from walkme_tui.domain.jobs import Job, JobState, Outcome
from walkme_tui.domain.plan_files import plan_from_json
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.table_cells import decoded
from walkme_tui.domain.times import format_time_ms
from walkme_tui.store.journal.journal import SqliteJournal

T = TypeVar("T")
DAY_MS = 86_400_000
LONG_AGO_MS = 1_700_000_000_000  # 14 November 2023
DONE = Outcome(StepState.DONE, "verified", changed=True)
FAILED = Outcome(StepState.FAILED, "The account refused it (400).")
REVIEW = Outcome(StepState.NEEDS_REVIEW, "=1+1\x1b[2J, could not be verified")
FILE = """\
default_profile = "other"
[profiles.acme.rest]
client_id = "id-1"
secret_env = "WALKME_CLIENT_SECRET"
[profiles.other.rest]
client_id = "id-2"
secret_env = "WALKME_CLIENT_SECRET"
"""


@pytest.fixture
def api() -> FakeDirectory:
    return FakeDirectory(people(20))


def with_journal(
    cli: CommandLine, work: Callable[[SqliteJournal], Coroutine[None, None, T]], clock: int = START_MS
) -> T:
    """Do something with the journal of the command line."""

    async def work_and_close() -> T:
        journal = journal_in(cli.paths.data, TickingClock(clock))
        try:
            return await work(journal)
        finally:
            await journal.aclose()

    return asyncio.run(work_and_close())


def stored_job(cli: CommandLine, plan: Plan, outcomes: tuple[Outcome, ...] | None = None, clock: int = START_MS) -> Job:
    """A stored job with these outcomes of its first steps; None leaves it new, outcomes of all steps settle it."""

    async def work(journal: SqliteJournal) -> Job:
        job = await journal.create(plan, ACTOR)
        if outcomes is not None:
            await journal.claim(job.id)
            for number, outcome in enumerate(outcomes, 1):
                await journal.intend(job.id, number, None, START_MS)
                await journal.settle(job.id, number, outcome, START_MS)
            settled = len(outcomes) == len(plan.steps)
            await journal.release(job.id, JobState.DONE if settled else JobState.INTERRUPTED)
        return await journal.job(job.id)

    return with_journal(cli, work, clock)


def test_without_a_journal_there_are_no_jobs(cli: CommandLine, api: FakeDirectory) -> None:
    assert cli("jobs").out == "No jobs.\n"
    assert cli("jobs", "list", "--json").json == []
    assert cli("jobs", "show", "x").code == 1
    assert not cli.paths.data.exists()
    assert api.calls == []


def test_the_receipt_of_one_user_of_a_job_is_printed(cli: CommandLine) -> None:
    cli.configure(FILE)
    job = stored_job(cli, plan_for(1, 2), (DONE,))
    first, second = job.plan.subjects
    answer = cli("jobs", "receipt", job.id, first.name)
    assert (answer.code, answer.out.splitlines()[0].startswith(f"# Offboarding of `{first.name}`")) == (0, True)
    assert second.name not in answer.out
    assert cli("jobs", "receipt", job.id, second.id, "--json").json["person"]["id"] == second.id
    answer = cli("jobs", "receipt", job.id, "nobody@example.com")
    assert answer.code == 1
    assert f"Job {job.id} has no user or group nobody@example.com." in answer.err
    # Of a job of very many, the others are not even read.
    with closing(sqlite3.connect(cli.paths.data / "journal.sqlite3")) as connection, connection:
        connection.execute("UPDATE subjects SET content = 'no JSON' WHERE subject <> ?", (first.id,))
        connection.execute("UPDATE steps SET step = 'no JSON' WHERE subject <> ?", (first.id,))
    assert cli("jobs", "show", job.id).code != 0
    assert cli("jobs", "receipt", job.id, first.name, "--json").json["person"]["id"] == first.id


def test_no_profile_is_needed_to_look_at_jobs(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stored_job(cli, plan_for(1))
    monkeypatch.delenv("WALKME_CLIENT_ID")
    monkeypatch.delenv("WALKME_CLIENT_SECRET")
    assert cli("jobs", "show", job.id).code == 0


def test_the_list_is_newest_first_with_the_documented_fields(cli: CommandLine) -> None:
    first = stored_job(cli, plan_for(1, ticket="HR-1"), (DONE, FAILED, DONE))
    second = stored_job(cli, plan_for(2, 3, ticket="HR-2", profile="other"), (DONE,), START_MS + DAY_MS)
    answer = cli("jobs", "--json").json
    assert [{name: job[name] for name in ("id", "kind", "state", "created", "ticket", "counts")} for job in answer] == [
        {
            "id": second.id,
            "kind": "offboard",
            "state": "interrupted",
            "created": format_time_ms(second.created_at_ms),
            "ticket": "HR-2",
            "counts": {"done": 1, "todo": 5},
        },
        {
            "id": first.id,
            "kind": "offboard",
            "state": "done",
            "created": format_time_ms(first.created_at_ms),
            "ticket": "HR-1",
            "counts": {"done": 2, "failed": 1},
        },
    ]
    assert answer == cli("jobs", "list", "--json").json
    lines = cli("jobs").out.splitlines()
    assert [text.split()[0] for text in lines] == ["ID", second.id, first.id]
    assert lines[1].split()[-6:] == ["2", "people", "1", "done,", "5", "todo"]
    assert "person00001@example.com  2 done, 1 failed" in lines[2]


def test_the_list_can_be_limited_to_a_profile(cli: CommandLine) -> None:
    stored_job(cli, plan_for(1))
    other = stored_job(cli, plan_for(2, profile="other"))
    cli.configure(FILE)
    assert [job["id"] for job in cli("jobs", "--profile", "other", "--json").json] == [other.id]


def test_show_prints_each_step(cli: CommandLine) -> None:
    job = stored_job(cli, plan_for(1), (DONE, FAILED, REVIEW))
    for part in (job.id[:10], job.id.partition("-")[2]):
        assert cli("jobs", "show", part, "--json").json["job"] == job.id
    answer = cli("jobs", "show", job.id, "--json").json
    assert [{name: step[name] for name in ("state", "call", "target", "detail")} for step in answer["steps"]] == [
        {
            "state": "done",
            "call": f"PATCH /users/{person(1).id} status=inactive",
            "target": "person00001@example.com",
            "detail": "verified",
        },
        {
            "state": "failed",
            "call": f"DELETE /groups/g1/users/{person(1).id}",
            "target": "person00001@example.com",
            "detail": FAILED.detail,
        },
        {
            "state": "needs review",
            "call": f"DELETE /groups/g2/users/{person(1).id}",
            "target": "person00001@example.com",
            "detail": REVIEW.detail,
        },
    ]
    assert answer["counts"] == {"done": 1, "failed": 1, "needs review": 1}
    shown = cli("jobs", "show", job.id).out
    assert not {character for character in shown if not character.isprintable()} - {"\n"}
    for words in ("ada@jump-host as client-7", "HR-17", "1 done, 1 failed, 1 needs review.", "leave       Gruppe Ø1"):
        assert words in shown


def test_an_unknown_job_exits_1(cli: CommandLine) -> None:
    stored_job(cli, plan_for(1))
    for words in (("show",), ("resume",), ("resume", "--yes"), ("discard",), ("failed",)):
        answer = cli("jobs", words[0], "zzzz", *words[1:])
        assert (answer.code, answer.out) == (1, "")
        assert "zzzz" in answer.err
    assert cli("undo", "zzzz").code == 1


def test_failed_lists_the_steps_that_need_attention(cli: CommandLine) -> None:
    job = stored_job(cli, plan_for(1), (DONE, FAILED, REVIEW))
    assert [step["number"] for step in cli("jobs", "failed", job.id, "--json").json["steps"]] == [2, 3]
    rows = list(csv.DictReader(io.StringIO(cli("jobs", "failed", job.id, "--csv").out)))
    assert [(row["job"], row["number"], row["state"], row["userId"]) for row in rows] == [
        (job.id, "2", "failed", person(1).id),
        (job.id, "3", "needs review", person(1).id),
    ]
    assert decoded(rows[1]["detail"]) == REVIEW.detail
    assert rows[1]["detail"].startswith("'=1+1␛")
    raw = list(csv.DictReader(io.StringIO(cli("jobs", "failed", job.id, "--csv", "--raw").out)))
    assert raw[1]["detail"] == REVIEW.detail
    shown = cli("jobs", "failed", job.id).out
    assert shown.startswith("person00001@example.com\n")
    assert len(shown.splitlines()) == 3
    clean = stored_job(cli, plan_for(2), (DONE, DONE, DONE))
    assert "Nothing failed" in cli("jobs", "failed", clean.id).out
    assert cli("jobs", "failed", job.id, "--csv", "--json").code == 2


def test_discard_settles_every_step(cli: CommandLine, api: FakeDirectory) -> None:
    job = stored_job(cli, plan_for(1), (DONE,))
    answer = cli("jobs", "discard", job.id, "--json")
    assert answer.code == 0
    assert answer.json["state"] == "discarded"
    assert answer.json["counts"] == {"done": 1, "skipped": 2}
    assert "was discarded before" in cli("jobs", "discard", job.id).out
    assert "no steps are left" in cli("jobs", "resume", job.id, "--yes").out
    assert api.calls == []


def test_the_receipts_of_a_discarded_job_are_written_again(cli: CommandLine, api: FakeDirectory) -> None:
    cli.configure(FILE)
    job = stored_job(cli, plan_for(1), (DONE,))
    answer = cli("jobs", "discard", job.id)
    assert (answer.code, answer.err) == (0, "")
    (written,) = (cli.paths.data / "receipts").glob("*.json")
    assert json.loads(written.read_text())["state"] == "discarded"
    assert api.calls == []


def test_a_job_of_a_profile_that_is_gone_can_be_discarded(cli: CommandLine) -> None:
    answer = cli("jobs", "discard", stored_job(cli, plan_for(1, profile="gone"), (DONE,)).id, "--json")
    assert (answer.code, answer.json["state"]) == (0, "discarded")
    assert "receipts of the job were not updated" in answer.err


def test_purge_deletes_personal_data_of_settled_jobs_before_a_date(cli: CommandLine) -> None:
    old = stored_job(cli, plan_for(1), (DONE, DONE, DONE), LONG_AGO_MS)
    unfinished = stored_job(cli, plan_for(2), (DONE,), LONG_AGO_MS)
    young = stored_job(cli, plan_for(3), (DONE, DONE, DONE), LONG_AGO_MS + 40 * DAY_MS)
    assert cli("jobs", "purge", "--before", "2023-11-01", "--json").json == {"purged": 0}
    answer = cli("jobs", "purge", "--before", "2023-12-01")
    assert answer.code == 0
    assert "of 1 job was deleted" in answer.out
    shown = cli("jobs", "show", old.id).out
    assert "person00001" not in shown
    assert "Purged" in shown
    assert cli("undo", old.id, "--yes").code == 2
    assert "person00002" in cli("jobs", "show", unfinished.id).out
    assert "person00003" in cli("jobs", "show", young.id).out
    assert [job["purged"] for job in cli("jobs", "--json").json] == [False, False, True]


def test_purge_refuses_a_future_or_invalid_date(cli: CommandLine) -> None:
    stored_job(cli, plan_for(1), (DONE, DONE, DONE))
    for day in ("9999-01-01", "yesterday", ""):
        answer = cli("jobs", "purge", "--before", day)
        assert (answer.code, answer.out) == (2, "")
    assert cli("jobs", "purge").code == 2


def test_the_demo_keeps_no_jobs(cli: CommandLine) -> None:
    job = stored_job(cli, plan_for(1))
    assert cli("jobs", "--demo", "--json").json == []
    for words in (("show", job.id), ("resume", job.id, "--yes"), ("purge", "--before", "2020-01-01")):
        answer = cli("jobs", *words, "--demo")
        assert answer.code == 1
        assert "The demo keeps no jobs" in answer.err


# ---------------------------------------------------------------- resuming


def test_resume_without_yes_prints_the_remaining_steps(cli: CommandLine, api: FakeDirectory) -> None:
    job = stored_job(cli, plan_for(1), (DONE,))
    answer = cli("jobs", "resume", job.id)
    assert answer.code == 0
    assert [text.split()[1:4] for text in answer.out.splitlines() if text.startswith("  ")] == [
        ["todo", "leave", "Gruppe"],
        ["todo", "leave", "Gruppe"],
    ]
    assert "Nothing was sent" in answer.err
    printed = cli("jobs", "resume", job.id, "--json").json
    assert [step.number for step in plan_from_json({**printed["plan"], "steps": []}).steps] == []
    assert [step["number"] for step in printed["plan"]["steps"]] == [2, 3]
    assert printed["job"] == job.id
    assert api.calls == []


def test_resume_without_yes_prints_the_first_people_of_a_large_job(cli: CommandLine) -> None:
    job = stored_job(cli, plan_for(*range(1, 1302), groups=0), (DONE,))
    lines = cli("jobs", "resume", job.id).out.splitlines()
    assert lines[-1] == "And 1 100 more people. --json prints all of them."
    assert sum(line.startswith("  ") for line in lines) == 200


def test_on_a_terminal_resume_asks(cli: CommandLine, api: FakeDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    job = stored_job(cli, plan_for(1), (DONE,))
    cli.configure(FILE)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True)
    for reply in ("\n", "n\n", "", "yes please\n"):
        stdin = io.StringIO(reply)
        monkeypatch.setattr(stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", stdin)
        answer = cli("jobs", "resume", job.id)
        assert answer.code == 0
        assert "[y/N]" in answer.err
        assert "Nothing was sent" in answer.err
    assert api.calls == []


def test_a_job_of_another_account_is_refused(cli: CommandLine, api: FakeDirectory) -> None:
    job = stored_job(cli, plan_for(1), (DONE,))
    cli.configure(FILE)
    answer = cli("jobs", "resume", job.id, "--yes", "--profile", "other")
    assert answer.code == 2
    assert "--profile acme" in answer.err
    assert cli("undo", job.id, "--profile", "other").code == 2
    cli.configure(FILE.replace("acme", "acme2"))
    gone = cli("jobs", "resume", job.id, "--yes")
    assert gone.code == 2
    assert '"acme"' in gone.err
    assert api.writes == []


def test_read_only_is_refused_before_any_request(cli: CommandLine, api: FakeDirectory) -> None:
    job = stored_job(cli, plan_for(1), (DONE,))
    cli.configure(FILE)
    for words in (("jobs", "resume", job.id), ("undo", job.id), ("offboard", "person00001@example.com")):
        answer = cli(*words, "--yes", "--read-only")
        assert (answer.code, answer.out) == (5, "")
    assert api.calls == []


@pytest.mark.parametrize("resumed", [False, True])
def test_while_another_process_changes_the_user_a_new_job_is_discarded_and_a_resumed_one_is_kept(
    cli: CommandLine, api: FakeDirectory, resumed: bool
) -> None:
    cli.configure(FILE)
    unfinished = stored_job(cli, plan_for(1, groups=0), ())
    other = stored_job(cli, plan_for(1, groups=0))
    held = journal_in(cli.paths.data)
    asyncio.run(held.claim(other.id))
    try:
        answer = (
            cli("jobs", "resume", unfinished.id, "--yes")
            if resumed
            else cli("--profile", "acme", "offboard", str(person(1).email), "--yes")
        )
    finally:
        asyncio.run(held.aclose())
    assert answer.code == 6
    assert other.id in answer.err
    states = {job.id: job.state for job in with_journal(cli, all_jobs)}
    assert states.pop(unfinished.id) is JobState.INTERRUPTED
    states.pop(other.id)
    assert list(states.values()) == ([] if resumed else [JobState.DISCARDED])
    assert not api.writes


def test_the_thousands_of_a_number_are_set_apart_where_people_read_it(cli: CommandLine) -> None:
    job = stored_job(cli, plan_for(*range(1_200), groups=0))
    assert "1 200 people" in cli("jobs").out
    assert "1 200 todo" in cli("jobs").out
    assert f"1 200 todo.\nResume   walkme-tui jobs resume {job.id}" in cli("jobs", "show", job.id).out
    assert cli("jobs", "--json").json[0]["counts"] == {"todo": 1200}
