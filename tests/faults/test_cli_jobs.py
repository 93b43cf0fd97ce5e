"""Jobs on the command line, as processes over TCP: executed, undone, interrupted, killed and resumed."""

import json
import os
import signal
import stat
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.held_account import HeldAccount, Program
from walkme_tui.demo import DEMO_USERS

SIGNAL_SECONDS = 0.5  # without a terminal the program does not report that it received the signal
STEP_FIELDS = {"state", "call", "target", "detail"}


@pytest.fixture
def account() -> Iterator[HeldAccount]:
    with HeldAccount.serving(users=300) as served:
        yield served


@pytest.fixture
def program(account: HeldAccount, tmp_path: Path) -> Program:
    return Program(account.url, tmp_path)


def is_offboarded(account: HeldAccount, email: str) -> bool:
    record = account.person(email)
    return (record["status"], record["groups"]) == ("inactive", [])


def state_of(record: dict[str, Any]) -> tuple[str, set[str]]:
    return record["status"], set(record["groups"])


def the_job(program: Program) -> dict[str, Any]:
    (job,) = program("jobs", "list", "--json").json
    assert isinstance(job, dict)
    return job


# ---------------------------------------------------------------- executed and undone


def test_offboard_executes_the_plan_and_writes_receipts(account: HeldAccount, program: Program) -> None:
    emails = account.active_members(2)
    records = [account.person(email) for email in emails]
    calls = [
        call
        for record in records
        for call in (
            f"PATCH /users/{record['id']}",
            *(f"DELETE /groups/{group}/users/{record['id']}" for group in record["groups"]),
        )
    ]
    ended = program("offboard", *emails, "--ticket", "INC-42", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert all(is_offboarded(account, email) for email in emails)
    answer = ended.json
    assert answer["state"] == "done"
    assert answer["counts"] == {"done": len(calls)}
    assert answer["ticket"] == "INC-42"
    assert all(step.keys() >= STEP_FIELDS for step in answer["steps"])
    assert [step["call"].removesuffix(" status=inactive") for step in answer["steps"]] == calls
    assert {step["target"] for step in answer["steps"]} == set(emails)
    assert sorted(account.writes) == sorted(calls)
    receipts = [Path(path) for path in answer["receipts"]]
    assert {path.suffix for path in receipts} == {".json", ".md"}
    for receipt in receipts:
        assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    (written,) = (json.loads(path.read_text()) for path in receipts if path.suffix == ".json")
    assert [each["person"]["email"] for each in written["people"]] == emails


@pytest.mark.parametrize("by", ["job", "part", "receipt", "markdown"])
def test_undo_restores_exactly_the_removed_access(account: HeldAccount, program: Program, by: str) -> None:
    (email,) = account.active_members(1)
    before = state_of(account.person(email))
    done = program("offboard", email, "--yes", "--json").json
    words = {
        "job": done["job"],
        "part": done["job"].partition("-")[2],
        "receipt": next(path for path in done["receipts"] if path.endswith(".json")),
        "markdown": next(path for path in done["receipts"] if path.endswith(".md")),
    }
    shown = program("undo", words[by])
    assert shown.code == 0
    assert is_offboarded(account, email)
    assert "Nothing was sent" in shown.err
    undone = program("undo", words[by], "--yes", "--json")
    assert undone.code == 0, undone.err
    assert undone.json["undoes"] == done["job"]
    assert state_of(account.person(email)) == before


def test_a_plan_without_steps_exits_0(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    program("offboard", email, "--yes")
    writes = list(account.writes)
    again = program("offboard", email, "--yes", "--json")
    assert again.code == 0
    assert (again.json["job"], again.json["state"], again.json["steps"]) == (None, "done", [])
    assert account.writes == writes
    assert "Nothing to do" in program("offboard", email, "--yes").out


def test_a_plan_file_is_executed(account: HeldAccount, program: Program, tmp_path: Path) -> None:
    (email,) = account.active_members(1)
    assert program("offboard", email, "--plan", str(tmp_path / "plan.json")).code == 0
    assert account.writes == []
    done = program("plan", "apply", str(tmp_path / "plan.json"), "--yes", "--json")
    assert done.code == 0, done.err
    assert is_offboarded(account, email)


# ---------------------------------------------------------------- killed and interrupted


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("executed", [False, True])
def test_a_killed_job_is_resumed_at_the_next_step(
    account: HeldAccount, program: Program, number: int, executed: bool
) -> None:
    (email,) = account.active_members(1)
    account.hold(number, executed=executed)
    running = program.start("offboard", email, "--yes")
    account.wait_until_held()
    running.send_signal(signal.SIGKILL)
    assert running.answer().code == -signal.SIGKILL
    account.release()
    job = the_job(program)
    assert job["state"] == "interrupted"
    assert job["counts"]["sent"] == 1
    waiting = program("jobs", "resume", job["id"])
    assert waiting.code == 0
    assert "Nothing was sent" in waiting.err
    ended = program("jobs", "resume", job["id"], "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["job"] == job["id"]
    assert ended.json["state"] == "done"
    assert is_offboarded(account, email)
    assert max(Counter(account.writes).values()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_settles_the_step_in_flight_and_keeps_the_remaining_ones(
    account: HeldAccount, program: Program, number: signal.Signals
) -> None:
    (email,) = account.active_members(1)
    account.hold(1)
    running = program.start("offboard", email, "--yes", "--json")
    account.wait_until_held()
    running.send_signal(number)
    running.wait_for_error("Stopping job")
    account.release()
    ended = running.answer()
    assert ended.code == 130
    assert len(account.writes) == 1
    job = the_job(program)
    assert job["state"] == ended.json["state"] == "interrupted"
    assert job["counts"]["done"] == 1
    assert "sent" not in job["counts"]
    assert f"walkme-tui jobs resume {job['id']} --yes" in ended.err
    assert program("jobs", "resume", job["id"], "--yes").code == 0
    assert is_offboarded(account, email)
    assert max(Counter(account.writes).values()) == 1


@pytest.mark.parametrize("executed", [False, True])
def test_a_second_signal_ends_the_program_at_once_and_the_job_is_resumable(
    account: HeldAccount, program: Program, executed: bool
) -> None:
    (email,) = account.active_members(1)
    account.hold(1, executed=executed)
    running = program.start("offboard", email, "--yes")
    account.wait_until_held()
    running.send_signal(signal.SIGINT)
    running.wait_for_error("Stopping job")
    running.send_signal(signal.SIGINT)
    ended = running.answer(5)
    account.release()
    assert ended.code == 130
    assert "jobs resume" in ended.err
    job = the_job(program)
    assert job["state"] == "interrupted"
    assert program("jobs", "resume", job["id"], "--yes").code == 0
    assert is_offboarded(account, email)
    assert max(Counter(account.writes).values()) == 1


def test_a_write_without_an_answer_is_read_back_on_resume(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    account.hold(1, executed=True)
    running = program.start("offboard", email, "--yes", "--json")
    account.wait_until_held()
    running.send_signal(signal.SIGTERM)
    ended = running.answer(20)
    account.release()
    assert ended.code == 130
    assert ended.json["counts"]["sent"] == 1
    assert program("jobs", "resume", ended.json["job"], "--yes").code == 0
    assert is_offboarded(account, email)
    assert max(Counter(account.writes).values()) == 1


def test_a_lost_terminal_stops_the_job_without_a_crash_report(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    account.hold(1)
    running = program.start_in_terminal("offboard", email, "--yes")
    account.wait_until_held()
    running.hang_up()
    time.sleep(SIGNAL_SECONDS)
    account.release()
    assert running.end() == 130
    assert list((program.folder / "state").glob("crash*")) == []
    job = the_job(program)
    assert job["state"] == "interrupted"
    assert job["counts"]["done"] == 1


def test_a_closed_pipe_does_not_stop_a_job(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    account.hold(1)
    with program.start("offboard", email, "--yes").process as process:
        account.wait_until_held()
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        account.release()
        said = process.stderr.read()
        assert process.wait(20) == 141
    assert f"Job {the_job(program)['id']} is done: " in said
    assert the_job(program)["state"] == "done"
    assert is_offboarded(account, email)


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_full_standard_output_is_reported_with_the_executed_job(
    account: HeldAccount, program: Program, form: tuple[str, ...]
) -> None:
    emails = account.active_members(2)
    with Path("/dev/full").open("w") as full:
        ended = program.start("offboard", *emails, "--yes", *form, stdout=full).answer()
    assert ended.code == 74
    assert all(is_offboarded(account, email) for email in emails)
    job = the_job(program)
    assert f"Job {job['id']} is done: {len(account.writes)} done.\nSee it with: " in ended.err
    assert "Standard output could not be written: No space left on device." in ended.err
    with Path("/dev/full").open("w") as full:
        undone = program.start("undo", job["id"], "--yes", *form, stdout=full).answer()
    assert undone.code == 74
    undo, _ = program("jobs", "list", "--json").json
    assert f"Job {undo['id']} is done: " in undone.err
    assert not list((program.folder / "state").glob("crash*"))


def test_a_full_standard_error_does_not_stop_a_job(account: HeldAccount, program: Program) -> None:
    emails = account.active_members(2)
    with Path("/dev/full").open("w") as full:
        ended = program.start("offboard", *emails, "--yes", "--json", stderr=full).answer()
    assert ended.code == 0
    assert ended.json["state"] == "done"
    assert all(is_offboarded(account, email) for email in emails)


def test_on_a_terminal_a_progress_bar_is_shown_and_removed(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    account.hold(2)
    running = program.start_in_terminal("offboard", email, "--yes")
    account.wait_until_held()
    steps = 1 + len(account.person(email)["groups"])
    running.wait_for(f"1 of {steps} steps")
    account.release()
    running.wait_for(f"{steps} done.")
    before, after = running.output.split("Job ", 1)
    assert running.end() == 0
    assert "[####" in before
    assert before.endswith("\r")
    assert "[" not in after


def test_ctrl_c_on_a_terminal_stops_the_job_and_resume_asks(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    steps = 1 + len(account.person(email)["groups"])
    account.hold(1)
    running = program.start_in_terminal("offboard", email, "--yes")
    account.wait_until_held()
    running.type("\x03")
    running.wait_for("Stopping job")
    account.release()
    running.wait_for("jobs resume")
    assert running.end() == 130
    for reply, writes in (("n", 1), ("y", steps)):
        resumed = program.start_in_terminal("jobs", "resume", the_job(program)["id"])
        resumed.wait_for("[y/N]")
        resumed.type(f"{reply}\n")
        assert resumed.end() == 0
        assert len(account.writes) == writes
    assert is_offboarded(account, email)


# ---------------------------------------------------------------- refused, unreachable, busy


def test_an_outage_during_a_job_exits_4_and_the_job_is_resumable(account: HeldAccount, tmp_path: Path) -> None:
    (email,) = account.active_members(1)
    seen = Counter[str]()

    def after_the_first_write(_number: int, method: str, path: str) -> Fault | None:
        seen["outage"] += bool(account.writes)
        return Fault.RESET if seen["outage"] and seen["over"] == 0 else None

    with FaultProxy(account.url, after_the_first_write) as proxy:
        program = Program(proxy.url, tmp_path)
        ended = program.start("offboard", email, "--yes", "--json").answer(60)
        assert ended.code == 4, ended.err
        assert ended.json["state"] == "interrupted"
        assert f"jobs resume {ended.json['job']} --yes" in ended.err
        seen["over"] = 1
        again = program("jobs", "resume", ended.json["job"], "--yes")
        assert again.code == 0, again.err
    assert is_offboarded(account, email)
    assert max(Counter(account.writes).values()) == 1


def test_an_unreachable_account_creates_no_job(account: HeldAccount, tmp_path: Path) -> None:
    program = Program("http://127.0.0.1:1", tmp_path)
    ended = program("offboard", "a@example.com", "--yes")
    assert (ended.code, ended.out) == (4, "")
    assert program("jobs", "list", "--json").json == []


def test_a_wrong_secret_exits_3(account: HeldAccount, tmp_path: Path) -> None:
    program = Program(account.url, tmp_path, {"WALKME_CLIENT_SECRET": "hunter2"})
    for words in ((), ("--yes",)):
        ended = program("offboard", account.active_members(1)[0], *words)
        assert (ended.code, ended.out) == (3, "")
        assert "WALKME_CLIENT_SECRET" in ended.err
        assert "hunter2" not in ended.err


def test_a_token_without_the_write_scope_exits_3_without_a_write(tmp_path: Path) -> None:
    with HeldAccount.serving(users=100, scopes=("users:read",)) as account:
        (email,) = account.active_members(1)
        ended = Program(account.url, tmp_path)("offboard", email, "--yes")
        assert ended.code == 3
        assert "users:write" in ended.err
        assert account.writes == []


def test_read_only_exits_5_for_commands_that_write(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    assert program("--read-only", "offboard", email).code == 0
    ended = program("offboard", email, "--yes", "--read-only")
    assert (ended.code, ended.out) == (5, "")
    assert account.writes == []
    done = program("offboard", email, "--yes", "--json").json
    writes = list(account.writes)
    assert program("undo", done["job"], "--yes", "--read-only").code == 5
    assert account.writes == writes


def test_a_second_process_on_the_same_user_reports_the_first(account: HeldAccount, program: Program) -> None:
    one, other = account.active_members(2)
    account.hold(1)
    running = program.start("offboard", one, "--yes")
    account.wait_until_held()
    second = program("offboard", other, one, "--yes", "--json")
    assert second.code == 6
    first = [job for job in program("jobs", "--json").json if job["state"] == "running"]
    assert len(first) == 1
    assert first[0]["id"] in second.err
    assert str(running.process.pid) in second.err
    assert program("jobs", "discard", first[0]["id"]).code == 6
    assert program("jobs", "resume", first[0]["id"], "--yes").code == 6
    account.release()
    assert running.answer().code == 0
    assert not is_offboarded(account, other)
    assert {job["state"] for job in program("jobs", "--json").json} == {"done", "discarded"}
    assert program("offboard", other, one, "--yes").code == 0
    assert is_offboarded(account, other)


def test_failed_steps_exit_1_and_are_listed(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    gone = account.person(email)["groups"][0]

    def refuse(_number: int, method: str, path: str) -> Fault | None:
        return Fault.REJECTED if method == "DELETE" and f"/groups/{gone}/" in path else None

    with FaultProxy(account.url, refuse) as proxy:
        program = Program(proxy.url, program.folder)
        ended = program("offboard", email, "--yes", "--json")
        failed = program("jobs", "failed", ended.json["job"], "--csv")
    assert ended.code == 1, ended.err
    (step,) = [step for step in ended.json["steps"] if step["state"] != "done"]
    assert gone in step["call"]
    assert step["detail"]
    assert failed.out.splitlines()[0] == "job,number,state,call,target,detail,userId"
    assert len(failed.out.splitlines()) == 2


def test_an_unwritable_data_folder_prevents_all_writes(account: HeldAccount, program: Program) -> None:
    (email,) = account.active_members(1)
    (program.folder / "data").write_text("a file stands here")
    ended = program("offboard", email, "--yes")
    assert (ended.code, ended.out) == (2, "")
    assert account.writes == []
    assert os.listdir(program.folder / "cache") != []  # noqa: PTH208 - it was read all the same


# ---------------------------------------------------------------- the demo


def test_offboarding_in_the_demo_works_and_mentions_that_nothing_is_stored(program: Program) -> None:
    with HeldAccount.serving(users=DEMO_USERS) as likeness:
        (email,) = likeness.active_members(1)
    ended = program("offboard", email, "--demo", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["counts"] == {"done": len(ended.json["steps"])}
    assert "nothing real was changed" in ended.err
    assert not (program.folder / "data").exists()
    assert program("jobs", "--demo", "--json").json == []
    gone = program("undo", ended.json["job"], "--demo")
    assert gone.code == 1
    assert "The demo keeps no jobs" in gone.err
