"""Which job ``z`` undoes for a user: the newest that changed this user and was not undone since."""

from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, Job, JobState, StepRecord
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.users import User
from walkme_tui.ui.flows.undo import latest_undoable

CREATE = CreateUser.of("ann@example.com", {})
ANN = CREATE.apply(User("u1"))
ACCOUNT = Account("test", Environment.SANDBOX, Surface.REST, "https://walkme.test")


def job(job_id: str, *changes: Change, undoes: str | None = None, state: StepState = StepState.DONE) -> Job:
    """A job that made these changes."""
    steps = numbered(changes)
    records = tuple(
        StepRecord(step, state, changed=state is StepState.DONE, after=ANN if state is StepState.DONE else None)
        for step in steps
    )
    kind = PlanKind.UNDO if undoes else PlanKind.CREATE
    subject = Subject(User(changes[0].subject_id), 0)
    plan = Plan(kind, "test", ACCOUNT.base_url, 0, (subject,), steps, undoes=undoes)
    return Job(job_id, JobState.DONE, plan, Actor("ada", "host", "client"), 0, records)


CREATION = job("j1", CREATE, AddMember(CREATE.subject_id, Group("g1", None)))


def test_a_created_user_is_found_by_the_new_id() -> None:
    assert latest_undoable((CREATION,), ANN.id, ACCOUNT) is CREATION
    assert latest_undoable((CREATION,), "u2", ACCOUNT) is None


def test_a_job_of_the_other_surface_is_not_undone_on_this_one() -> None:
    assert latest_undoable((CREATION,), ANN.id, ACCOUNT._replace(surface=Surface.SCIM)) is None


def test_a_creation_that_was_undone_is_not_undone_again() -> None:
    undo = job("j2", SetStatus(ANN.id, "pending", "inactive"), undoes="j1")
    assert latest_undoable((undo, CREATION), ANN.id, ACCOUNT) is None
    undone = job("j3", SetStatus(ANN.id, "inactive", "pending"), undoes="j2")
    assert latest_undoable((undone, undo, CREATION), ANN.id, ACCOUNT) is CREATION
    again = job("j4", SetStatus(ANN.id, "pending", "inactive"), undoes="j3")
    assert latest_undoable((again, undone, undo, CREATION), ANN.id, ACCOUNT) is None


def test_a_creation_that_failed_is_no_change_of_the_user() -> None:
    assert latest_undoable((job("j1", CREATE, state=StepState.FAILED),), ANN.id, ACCOUNT) is None
