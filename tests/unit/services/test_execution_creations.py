"""Executing the creation of a user and the steps that follow it on the new user."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.executor_bench import ExecutorBench, account, group, open_executor, outcomes_of, states_of
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.errors import MethodRefused, RequestRejected, Unreachable
from walkme_tui.domain.jobs import Job, JobState, OutcomeReason
from walkme_tui.domain.plans import Plan, PlanKind, Subject, numbered
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.users import User
from walkme_tui.services.changes.job_control import JobControl
from walkme_tui.services.events import Event, UsersChanged, UserStored

ANN = CreateUser.of("Ann@Example.com", {"first_name": "Ann", "role": "Editor"})
JOIN = AddMember(ANN.subject_id, group("g1"))
JOIN_BETA = AddMember(ANN.subject_id, group("g3"))
EXISTS = f"a user with the email Ann@Example.com exists already (id {person(99).id})"
MAYBE_OTHERS = f"{EXISTS}, and it may not be from this job:"


def fake() -> FakeDirectory:
    """An account whose clock is that of the tests."""
    api = account()
    api.clock = lambda: NOON_MS
    return api


def creation(desk: ExecutorBench, *changes: Change) -> Plan:
    """A plan that creates Ann."""
    ours = desk.session.account
    steps = numbered(changes or (ANN, JOIN, JOIN_BETA))
    return Plan(PlanKind.CREATE, ours.profile, ours.base_url, desk.time(), (Subject(ANN.new_user(), 0),), steps)


def found(api: FakeDirectory) -> list[User]:
    """All users with Ann's email."""
    return [user for user in api.users if isinstance(user, User) and user.email == ANN.email]


def others_create(api: FakeDirectory, **values: Any) -> None:
    """Somebody else creates a user with Ann's email."""
    user = person(99)._replace(email=ANN.email, first_name="Ann", role="Editor", created_at_ms=NOON_MS)
    api.users.append(user._replace(**values))


async def run(api: FakeDirectory, folder: Path, *changes: Change) -> Job:
    """The job of a plan that creates Ann."""
    async with open_executor(api, folder) as desk:
        return await desk.run(creation(desk, *changes))


async def test_a_new_user_joins_groups_by_the_id_of_the_answer(tmp_path: Path) -> None:
    api = fake()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(creation(desk))
        assert job.state is JobState.DONE
        assert outcomes_of(job) == [
            ("done", "created Ann@Example.com"),
            ("done", "joined Sales"),
            ("done", "joined Beta"),
        ]
        assert all(record.as_planned or record.step.change == ANN for record in job.steps)
        (ann,) = found(api)
        assert (ann.first_name, ann.role, ann.status, ann.groups) == ("Ann", "Editor", "pending", ("g1", "g3"))
        assert [record.step.subject_id for record in job.steps] == [ANN.subject_id] * 3
        assert job.steps[0].created is not None
        assert job.steps[0].created.id == ann.id
        assert len(job.records_of(ann.id)) == 3
        mirrored = await desk.session.mirror.user(ann.id)
        assert mirrored is not None
        assert mirrored.user.groups == ("g1", "g3")
        # One look-up before, as typed and in lower case, one read after each write.
        assert api.asked("find_user") == [("Ann@Example.com",), ("ann@example.com",)]
        assert [call.name for call in api.calls][1:] == [
            "find_user",
            "create_user",
            "get_user",
            "add_member",
            "get_user",
            "add_member",
            "get_user",
        ]


@pytest.mark.parametrize("without_id", [True, False])
async def test_a_user_who_appears_late_is_found(tmp_path: Path, *, without_id: bool) -> None:
    api = fake()
    api.created_without_id, api.stale_reads = without_id, 1
    job = await run(api, tmp_path)
    assert job.clean
    assert found(api)[0].groups == ("g1", "g3")


async def test_an_email_in_use_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    api = fake()
    others_create(api)
    job = await run(api, tmp_path)
    assert outcomes_of(job) == [
        ("failed", f"{EXISTS}: nothing was sent"),
        ("skipped", "the user was not created, so nothing was sent"),
        ("skipped", "the user was not created, so nothing was sent"),
    ]
    assert job.steps[0].reason is OutcomeReason.EXISTS
    assert not api.writes


async def test_a_409_is_no_success_though_the_record_is_the_same(tmp_path: Path) -> None:
    api = fake()
    api.meanwhile("create_user", lambda: others_create(api))
    job = await run(api, tmp_path)
    assert states_of(job) == ["failed", "skipped", "skipped"]
    assert (job.steps[0].reason, job.steps[0].changed) == (OutcomeReason.EXISTS, False)
    assert not api.writes


async def test_a_refusal_keeps_the_servers_reasons_by_field(tmp_path: Path) -> None:
    api = fake()
    api.fail_next(RequestRejected("No such role.", status=400, fields={"role": "unknown role"}), name="create_user")
    async with open_executor(api, tmp_path) as desk:
        job = await desk.run(creation(desk))
        assert outcomes_of(job)[0] == ("failed", "No such role.")
        assert job.steps[0].refusals == {"role": "unknown role"}
        assert (await desk.journal.job(job.id)).steps == job.steps


async def test_a_server_without_the_call_fails_the_step(tmp_path: Path) -> None:
    api = fake()
    api.fail_next(MethodRefused("The server does not know this call (405).", status=405), name="create_user")
    assert states_of(await run(api, tmp_path)) == ["failed", "skipped", "skipped"]


async def test_an_accepted_creation_without_a_user_needs_review(tmp_path: Path) -> None:
    api = fake()
    api.inert = True
    job = await run(api, tmp_path)
    assert outcomes_of(job)[0] == (
        "needs review",
        "the server accepted it, and no such user was found when read again",
    )
    assert states_of(job)[1:] == ["skipped", "skipped"]


async def test_a_value_that_was_not_applied_is_said_with_both_values(tmp_path: Path) -> None:
    api = fake()
    api.meanwhile("get_user", lambda: api.edit(found(api)[0].id, role="Viewer"))
    job = await run(api, tmp_path)
    assert outcomes_of(job) == [
        ("needs review", "created, but the role is Viewer, not Editor"),
        ("done", "joined Sales"),
        ("done", "joined Beta"),
    ]


@pytest.mark.parametrize(
    ("email", "said"), [("ann.moreau@example.com", "ann.moreau@example.com"), (None, "none"), ("", "none")]
)
async def test_a_new_user_with_another_email_joins_no_group(tmp_path: Path, email: str | None, said: str) -> None:
    api = fake()
    api.meanwhile("get_user", lambda: api.edit(found(api)[0].id, email=email))
    job = await run(api, tmp_path)
    assert outcomes_of(job) == [
        ("needs review", f"created, but the email is {said}, not Ann@Example.com"),
        ("skipped", "the new user has another email, so nothing was sent"),
        ("skipped", "the new user has another email, so nothing was sent"),
    ]
    assert [write.name for write in api.writes] == ["create_user"]


@pytest.mark.parametrize(
    ("sent", "read"), [("Ann@Example.com", "ann@example.com"), ("zo\u00eb@e.com", "zoe\u0308@E.com")]
)
async def test_an_email_in_another_case_or_unicode_form_is_the_same_one(tmp_path: Path, sent: str, read: str) -> None:
    api = fake()
    create = CreateUser.of(sent, {})
    api.meanwhile("get_user", lambda: api.edit("00000000-0000-4000-9000-000000000001", email=read))
    job = await run(api, tmp_path, create, AddMember(create.subject_id, group("g1")))
    assert states_of(job) == ["done", "done"]


async def test_a_user_who_was_created_here_is_no_news(tmp_path: Path) -> None:
    events: list[Event] = []
    async with open_executor(fake(), tmp_path) as desk:
        read = Sweep(NOON_MS, 1000, 2, 1, first_new_row_id=1, ended_at_ms=NOON_MS, complete=True)
        await desk.session.mirror.save_sweep(read)
        desk.session.events.subscribe(events.append)
        await desk.run(creation(desk))
    assert any(isinstance(event, UserStored) for event in events)
    assert not any(isinstance(event, UsersChanged) for event in events)


# ------------------------------------------------------------ lost answers


async def test_a_lost_answer_is_found_by_email(tmp_path: Path) -> None:
    api = fake()
    api.lose_answer(name="create_user")
    job = await run(api, tmp_path)
    assert outcomes_of(job)[0] == ("done", "no usable answer came; the change was there when read again")
    assert states_of(job) == ["done", "done", "done"]
    assert found(api)[0].groups == ("g1", "g3")


async def test_a_creation_that_did_not_happen_is_sent_again_after_a_look_up(tmp_path: Path) -> None:
    api = fake()
    api.lose_answer(executed=False, name="create_user")
    job = await run(api, tmp_path)
    assert job.clean
    assert job.steps[0].attempts == 2
    calls = [call.name for call in api.calls]
    # Each look-up is two requests: the email as typed, and in lower case.
    assert calls[:9] == [*["find_user"] * 2, "create_user", *["find_user"] * 6]


@pytest.mark.parametrize(
    ("theirs", "doubt"),
    [
        ({"role": "Viewer"}, "it has other values"),
        ({"created_at_ms": NOON_MS - 6 * 60_000}, "it was created earlier"),
        ({"created_at_ms": None}, "its record does not show when it was created"),
    ],
)
async def test_a_lost_answer_and_a_user_of_others_needs_review(
    tmp_path: Path, theirs: dict[str, Any], doubt: str
) -> None:
    api = fake()
    api.lose_answer(executed=False, name="create_user")
    api.meanwhile("create_user", lambda: others_create(api, **theirs))
    job = await run(api, tmp_path)
    assert outcomes_of(job)[0] == ("needs review", f"{MAYBE_OTHERS} {doubt}")
    assert states_of(job)[1:] == ["skipped", "skipped"]
    assert not api.writes


@pytest.mark.parametrize(
    ("stale_reads", "sent"),
    # The look-up before the second attempt finds the user, or only the 409 shows that there is one.
    [(4, 1), (6, 2)],
)
async def test_an_earlier_attempt_that_took_effect_late_is_ours(tmp_path: Path, stale_reads: int, sent: int) -> None:
    api = fake()
    api.stale_reads = stale_reads
    api.lose_answer(name="create_user")
    api.meanwhile("add_member", lambda: setattr(api, "stale_reads", 0))
    job = await run(api, tmp_path)
    assert outcomes_of(job)[0] == ("done", "an earlier attempt took effect; the change was there when read again")
    assert job.steps[0].changed
    assert (len(found(api)), len(api.asked("create_user"))) == (1, sent)
    assert states_of(job) == ["done", "done", "done"]


async def test_without_look_ups_a_lost_answer_needs_review(tmp_path: Path) -> None:
    api = fake()
    api.email_ignored = True
    api.users.extend(person(number) for number in range(200, 320))
    api.lose_answer(name="create_user")
    job = await run(api, tmp_path)
    assert states_of(job) == ["needs review", "skipped", "skipped"]
    assert len(api.asked("create_user")) == 1


# ------------------------------------------------------------ interrupted


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_resumed_job_finds_the_user_whom_it_created(tmp_path: Path, *, arrived: bool) -> None:
    api = fake()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.executor.submit(creation(desk))
        await desk.journal.claim(job.id)
        await desk.journal.intend(job.id, 1, None, desk.time())
        await desk.journal.release(job.id, JobState.INTERRUPTED)
        if arrived:
            await api.create_user({"email": ANN.email, **dict(ANN.values)})
        job = await desk.resume(job)
    assert states_of(job) == ["done", "done", "done"]
    assert found(api)[0].groups == ("g1", "g3")
    assert len(api.asked("create_user")) == 1
    assert job.steps[0].attempts == (1 if arrived else 2)


async def test_nothing_is_settled_while_it_is_unknown_whether_the_user_was_created(tmp_path: Path) -> None:
    api = fake()
    async with open_executor(api, tmp_path) as desk:
        job = await desk.executor.submit(creation(desk))
        await desk.journal.claim(job.id)
        await desk.journal.intend(job.id, 1, None, desk.time())
        await desk.journal.release(job.id, JobState.INTERRUPTED)
        api.fail_next(Unreachable("No route."), times=20, name="find_user")
        with pytest.raises(Unreachable):
            await desk.resume(job)
        assert states_of(await desk.journal.job(job.id)) == ["sent", "todo", "todo"]


async def test_a_job_interrupted_between_the_steps_keeps_the_id(tmp_path: Path) -> None:
    api = fake()
    async with open_executor(api, tmp_path) as desk:
        control = JobControl()
        api.meanwhile("add_member", control.cancel)
        job = await desk.run(creation(desk), control)
        assert states_of(job)[0] == "done"
        assert job.unsettled
        looked_up = len(api.asked("find_user"))
        job = await desk.resume(job)
    assert states_of(job) == ["done", "done", "done"]
    assert len(api.asked("find_user")) == looked_up
    assert found(api)[0].groups == ("g1", "g3")


async def test_an_outage_before_the_creation_is_waited_out(tmp_path: Path) -> None:
    api = fake()
    api.fail_next(Unreachable("No route."), times=2, name="find_user")
    api.fail_next(Unreachable("No route."), name="create_user")
    job = await run(api, tmp_path)
    assert job.clean
    assert not api.asked("list_users")


async def test_the_local_copy_gets_a_user_who_was_found_instead_of_created(tmp_path: Path) -> None:
    api = fake()
    others_create(api)
    async with open_executor(api, tmp_path) as desk:
        await desk.run(creation(desk))
        mirrored = await desk.session.mirror.user_by_email("ann@example.com")
    assert mirrored is not None
    assert mirrored.user.id == person(99).id
