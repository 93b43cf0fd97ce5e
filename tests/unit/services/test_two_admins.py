"""Two admins change the same few users, in any order and with lost answers: no field is lost outside one round trip.

That is the time between the last read of a user and the write, which the README names.
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.journals import IN_MEMORY
from tests.support.two_admins import Admin, Interruption, Lost, SharedAccount
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.changes.edit import same_value
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.domain.errors import AlreadyExists, EditConflict, NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.user_json import JSON_NAMES
from walkme_tui.domain.users import Status, User
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import PatchSupport

if TYPE_CHECKING:
    from walkme_tui.domain.jobs import Job

T = TypeVar("T")

# A longer run is started by hand, with TWO_ADMINS_STEPS=20000.
LEAST_STEPS = int(os.environ.get("TWO_ADMINS_STEPS", "2500"))
CHECKS = list(HealthCheck)
MUST_HAPPEN = {
    "conflict in a form",
    *(f"{kind} done" for kind, change in CHANGE_KINDS.items() if not change.about_group),
    *(f"{kind} failed" for kind in ("create user", "update user")),
    *(f"update user {state}" for state in ("skipped", "needs review")),
}
# Enough for the longest jobs; later interruptions never happen.
MOST_REQUESTS = 9

# What one SCIM surface may do besides.
ODDITIES = (
    (),
    (ScimOddity.PATCH_204, ScimOddity.NO_USER_GROUPS),
    (ScimOddity.REMOVE_PATH_REFUSED, ScimOddity.ACTIVE_AS_TEXT, ScimOddity.NO_DISCOVERY),
)

TEXTS = st.none() | st.sampled_from(["Ada", "Grace", "[b]O'Brien[/]", "e\u0301", "\u202etfel", "  "])
EMAILS = st.sampled_from(["ada@example.com", "Ada@Example.com", "grace@example.com", "no address"])
VALUES = st.dictionaries(
    st.sampled_from(["first_name", "last_name", "external_id"]), TEXTS, min_size=1
) | st.fixed_dictionaries(
    {},
    optional={
        "email": EMAILS,
        "role": st.sampled_from(["Admin", "Reader", None]),
        "status": st.sampled_from(["active", "inactive", "pending"]),
        "last_name": TEXTS,
    },
)
OTHERS = st.sampled_from(["firstName", "lastName", "externalId", "role", "custom", "group"])
INTERRUPTIONS = st.lists(st.tuples(st.integers(0, MOST_REQUESTS), OTHERS, st.integers(0, 9)), max_size=2)
LOST = st.lists(st.sampled_from(Lost), max_size=3)
STATUSES = st.sampled_from([Status.ACTIVE, Status.INACTIVE])
ADMINS = st.integers(0, 1)
INDEXES = st.integers(0, 9)
GROUPS = st.sets(st.integers(0, 2), max_size=2)


class Form(NamedTuple):
    """An open form: the record that an admin saw."""

    admin: int
    base: User


class TwoAdmins(RuleBasedStateMachine):
    """Both admins open forms, save them, create and delete users, change groups and undo what they did."""

    forms: Bundle[Form] = Bundle("forms")
    surfaces: ClassVar[Sequence[Surface]] = (Surface.REST, Surface.REST)
    steps = 0
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._folder = tempfile.TemporaryDirectory(dir=IN_MEMORY)
        self._jobs: list[tuple[int, Job]] = []
        self._values = 0

    @initialize(patch=st.sampled_from(["ok", "405"]), lean=st.booleans(), odd=st.sampled_from(ODDITIES))
    def sign_in(self, patch: PatchSupport, lean: bool, odd: Sequence[ScimOddity]) -> None:
        """Open the account, which may refuse PATCH and answer with a few fields only."""
        self.account = SharedAccount(patch=patch, lean=lean, scim_odd=odd)
        folder = Path(self._folder.name)
        self.admins = [
            self._do(Admin.open(self.account, name, folder, surface))
            for name, surface in zip(("ada", "grace"), self.surfaces, strict=True)
        ]

    def teardown(self) -> None:
        """Close everything."""
        for admin in self.admins:
            self._do(admin.aclose())
        self._loop.close()
        self._folder.cleanup()

    # ------------------------------------------------------------ what admins do

    @rule(target=forms, admin=ADMINS, index=INDEXES, cached=st.booleans())
    def open_form(self, admin: int, index: int, cached: bool) -> Form:
        """Open a form, from the server or from what the admin read last."""
        user_id = self._user_id(index)
        session = self.admins[admin].session
        known = self._do(session.mirror.user(user_id)) if cached else None
        return Form(admin, known.user if known is not None else self._do(session.api.get_user(user_id)))

    @rule(form=forms, values=VALUES, overwrite=st.booleans(), interruptions=INTERRUPTIONS, lost=LOST)
    def save(
        self,
        form: Form,
        values: dict[str, str | None],
        overwrite: bool,
        interruptions: list[tuple[int, str, int]],
        lost: list[Lost],
    ) -> None:
        """Save a form, however old it is; in a conflict either overwrite or keep the other values."""
        planner, base = self.admins[form.admin].edit_planner, form.base
        now, values = self.account.user(base.id, self.surfaces[form.admin]), self._possible(form.admin, values)
        self.account.begin()
        if now is None:
            self._expect(NotFound, planner.edit(base, values))
            return
        conflicts = {
            name: getattr(now, name)
            for name, mine in values.items()
            if not same_value(getattr(base, name), getattr(now, name)) and not same_value(getattr(now, name), mine)
        }
        if conflicts:
            error = self._expect(EditConflict, planner.edit(base, values))
            assert {conflict.attribute: conflict.theirs for conflict in error.conflicts} == conflicts
            self.seen["conflict in a form"] += 1
            if not overwrite:
                values = {name: value for name, value in values.items() if name not in conflicts}
        plan = self._do(planner.edit(base, values, overwrite=conflicts))
        self._run(form.admin, plan, interruptions, lost)

    @rule(first=ADMINS, index=INDEXES, values=st.tuples(VALUES, VALUES), overwrite=st.booleans(),
          interruptions=INTERRUPTIONS, lost=LOST)  # fmt: skip
    def edit_together(
        self,
        first: int,
        index: int,
        values: tuple[dict[str, str | None], dict[str, str | None]],
        overwrite: bool,
        interruptions: list[tuple[int, str, int]],
        lost: list[Lost],
    ) -> None:
        """Both admins open the same user, then both save."""
        forms = [self.open_form(admin, index, cached=False) for admin in (first, 1 - first)]
        for form, mine in zip(forms, values, strict=True):
            self.save(form, mine, overwrite, interruptions, lost)

    @rule(
        admin=ADMINS,
        index=INDEXES,
        status=st.sampled_from([Status.ACTIVE, Status.INACTIVE]),
        interruptions=INTERRUPTIONS,
        lost=LOST,
    )
    def set_status(
        self, admin: int, index: int, status: Status, interruptions: list[tuple[int, str, int]], lost: list[Lost]
    ) -> None:
        """Deactivate or reactivate a user, whatever others did."""
        self.account.begin()
        plan = self._do(self.admins[admin].planner.set_status(self._user_id(index), status))
        self._run(admin, plan, interruptions, lost, strict=False)

    @rule(admin=ADMINS, indexes=st.sets(INDEXES, min_size=1, max_size=2), join=GROUPS, leave=GROUPS,
          interruptions=INTERRUPTIONS, lost=LOST)  # fmt: skip
    def change_groups(
        self,
        admin: int,
        indexes: set[int],
        join: set[int],
        leave: set[int],
        interruptions: list[tuple[int, str, int]],
        lost: list[Lost],
    ) -> None:
        """Put users into groups and take them out of others."""
        user_ids = {self._user_id(index) for index in indexes}
        self.account.begin()
        planner = self.admins[admin].edit_planner
        plan = self._do(planner.change_groups(user_ids, self._groups(join), self._groups(leave - join)))
        self._run(admin, plan, interruptions, lost)

    @rule(admin=ADMINS, email=EMAILS, values=VALUES, groups=GROUPS, interruptions=INTERRUPTIONS, lost=LOST)
    def create(
        self,
        admin: int,
        email: str,
        values: dict[str, str | None],
        groups: set[int],
        interruptions: list[tuple[int, str, int]],
        lost: list[Lost],
    ) -> None:
        """Create a user, unless one has the email."""
        planner = self.admins[admin].edit_planner
        self.account.begin()
        creating = planner.create(email, self._possible(admin, values), self._groups(groups))
        if self.account.server.find(email) is not None:
            self._expect(AlreadyExists, creating)
            return
        self._run(admin, self._do(creating), interruptions, lost)

    @precondition(lambda self: len(self.account.expected) > 1)
    @rule(admin=ADMINS, index=INDEXES, interruptions=INTERRUPTIONS, lost=LOST)
    def delete(self, admin: int, index: int, interruptions: list[tuple[int, str, int]], lost: list[Lost]) -> None:
        """Delete a user; the journal keeps the record that was deleted."""
        user_id = self._user_id(index)
        self.account.begin()
        plan = self._do(self.admins[admin].edit_planner.delete(user_id))
        self._run(admin, plan, interruptions, lost)

    @precondition(lambda self: self._jobs)
    @rule(which=st.integers(0, 3), interruptions=INTERRUPTIONS, lost=LOST)
    def undo(self, which: int, interruptions: list[tuple[int, str, int]], lost: list[Lost]) -> None:
        """Undo one of the last jobs, of either admin."""
        admin, job = self._jobs[-1 - which % len(self._jobs)]
        self.account.begin()
        plan = self._do(self.admins[admin].undo_planner.of_job(job))
        self._run(admin, plan, interruptions, lost)

    # ------------------------------------------------------------ what must hold

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every field is as the last deliberate change left it, unknown ones too."""
        type(self).steps += 1
        self.account.check()
        assert self.account.problems == [], self.account.problems[0]

    # ------------------------------------------------------------ inside

    def _run(
        self,
        admin: int,
        plan: Plan,
        interruptions: list[tuple[int, str, int]],
        lost: list[Lost],
        *,
        strict: bool = True,
    ) -> None:
        """Execute a plan while others interrupt it, and check the outcome of every step."""
        if not plan.steps:
            return
        user_ids = [subject.user.id for subject in plan.subjects if subject.user.id in self.account.expected]
        planned = [
            self._interruption(number, user_ids[index % len(user_ids)], what, index)
            for number, what, index in interruptions
            if user_ids
        ]
        overwriting = [step.change for step in plan.steps if step.change.overwrites and not step.change.deletes]
        edited = {JSON_NAMES[attribute] for change in overwriting for attribute in change.attributes}
        self.account.begin(planned, lost, edited=edited, strict=strict)
        job = self._do(self.admins[admin].run(plan))
        self.account.check_job(job)
        self._jobs.append((admin, job))
        for record in job.steps:
            self.seen[f"{record.step.change.kind} {record.state}"] += 1

    def _interruption(self, number: int, user_id: str, what: str, index: int) -> Interruption:
        """A change by others that no admin makes too, so that it is known whose a value is."""
        if what == "group":
            return Interruption(number, user_id, {}, self.account.group_ids[index % len(self.account.group_ids)])
        self._values += 1
        text = f"theirs {self._values}"
        return Interruption(number, user_id, {what: {"level": [text]} if what == "custom" else text})

    def _possible(self, admin: int, values: dict[str, str | None]) -> dict[str, str | None]:
        """The values that the surface of an admin has."""
        refused = capabilities(self.surfaces[admin]).refusal
        return {name: value for name, value in values.items() if not refused(name, value)}

    def _user_id(self, index: int) -> str:
        user_ids = list(self.account.expected)
        return user_ids[index % len(user_ids)]

    def _groups(self, numbers: set[int]) -> list[Group]:
        return [Group(self.account.group_ids[number], None) for number in sorted(numbers)]

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def _expect(self, kind: type[T], work: Coroutine[Any, Any, Any]) -> T:
        try:
            result = self._do(work)
        except Exception as error:
            if isinstance(error, kind):
                return error
            raise
        raise AssertionError(f"{result} instead of {kind.__name__}")


class TwoSurfaces(TwoAdmins):
    """One admin uses REST, the other one SCIM."""

    surfaces: ClassVar[Sequence[Surface]] = (Surface.REST, Surface.SCIM)
    seen: ClassVar[Counter[str]] = Counter()


@pytest.mark.parametrize(("machine", "share"), [(TwoAdmins, 1.0), (TwoSurfaces, 0.3)])
def test_no_field_is_lost_outside_one_round_trip(machine: type[TwoAdmins], share: float) -> None:
    machine.steps = 0
    machine.seen.clear()
    # An example may end before its last step, so that their number does not tell how many steps there are.
    while machine.steps < LEAST_STEPS * share:
        run_state_machine_as_test(
            machine,
            # To shrink a failure takes minutes.
            settings=settings(max_examples=20, database=None, phases=[Phase.generate], suppress_health_check=CHECKS),
        )
    assert machine.seen.keys() >= (MUST_HAPPEN if share == 1 else {"update user done", "conflict in a form"})
