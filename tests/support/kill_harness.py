"""Runs jobs that are killed repeatedly on a faulty network, and checks them against the records of the server.

On SCIM the server also ignores some of the changes that it accepts.

outcome = Harness(seed=1).run(kills=50, faults=2000, operations=800)
outcome.violations            # [] for a correct program
"""

import asyncio
import atexit
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from tests.support.fault_proxy import Fault
from tests.support.harness_account import HarnessAccount, harness_account
from tests.support.harness_imports import HarnessFile
from tests.support.harness_plans import JobKind, PlanMaker
from tests.support.import_verdict import judge_rows, judge_second_import
from tests.support.job_verdict import WHOLE_USER, Case, Place, Record, Violation, flat, judge, places
from tests.support.killed_program import POINTS, Order
from tests.support.sessions import NOON_MS
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import RenameGroup
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.imports.results import failed_rows_csv, not_imported, row_results
from walkme_tui.domain.imports.source import OnConflict
from walkme_tui.domain.jobs import StepRecord, created_ids
from walkme_tui.domain.plan_files import plan_to_json
from walkme_tui.domain.plans import Plan, StepState
from walkme_tui.domain.user_json import JSON_NAMES
from walkme_tui.domain.users import UNKNOWN, Status, User
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings

USERS = 60
KINDS = (JobKind.OFFBOARD, JobKind.IMPORT, JobKind.EDIT, JobKind.BULK, JobKind.CREATE, JobKind.DELETE)
GROUP_KINDS = (JobKind.CREATE_GROUP, JobKind.RENAME_GROUP, JobKind.DELETE_GROUP)
ANY_MOMENT = "at any moment"
KILLS_A_JOB = 7
# Once there were enough kills.
LATER_KILLS_A_JOB = 1
MAX_RUNS = 400
ANSWER_SECONDS = 90.0
# Besides, there is no PATCH for users.
REPLACING = (ScimOddity.REMOVE_PATH_REFUSED, ScimOddity.NO_USER_GROUPS, ScimOddity.ACTIVE_AS_TEXT)


@dataclass(slots=True)
class Figures:
    """What a harness did and found.

    ``operations`` are settled steps, ``done`` the kinds of change, ``rows`` the outcomes of imported rows.
    """

    jobs: int = 0
    runs: int = 0
    operations: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    requests: int = 0
    states: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    kinds: Counter[JobKind] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def summary(self) -> str:
        """A summary in one line."""
        kinds = Counter(violation.kind for violation in self.violations)
        found = ", ".join(f"{kinds[kind]} {kind}" for kind in ("lost", "duplicated", "unexplained"))
        states, rows = (
            ", ".join(f"{count} {each}" for each, count in sorted(counts.items()))
            for counts in (self.states, self.rows)
        )
        return (
            f"{self.operations} operations in {self.jobs} jobs ({states}; rows of files: {rows or 'none'}); "
            f"{self.runs} runs, {self.requests} requests, "
            f"{self.kills.total()} kills, {self.faults.total()} faults: {found}"
        )


class ForkServer:
    """The process that forks a process for each run, until this process ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killed_program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._end)

    def _end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(ANSWER_SECONDS)
        self._process.stdout.close()

    def run(self, order: Order, kill_after_seconds: float | None = None) -> dict[str, Any]:
        """Run one order in a forked process; its result."""
        assert self._process.stdin is not None
        self._process.stdin.write(order.to_json_line())
        self._process.stdin.flush()
        pid = self._answer()["pid"]
        if kill_after_seconds is None:
            return self._answer()
        ended = threading.Event()
        killer = threading.Thread(target=_kill_later, args=(pid, kill_after_seconds, ended))
        killer.start()
        # The process stays a zombie until the server has answered, so its id is not reused before.
        answer = self._answer()
        ended.set()
        killer.join()
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the fork server has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


@cache
def fork_server() -> ForkServer:
    """The one of this process: all harnesses share it, since its start takes as long as many runs."""
    return ForkServer()


def _kill_later(pid: int, seconds: float, ended: threading.Event) -> None:
    if not ended.wait(seconds):
        with suppress(ProcessLookupError):  # it may have ended just now
            os.kill(pid, signal.SIGKILL)


class Harness:
    """Makes jobs, kills their processes and checks the outcome; the jobs are the same for the same seed.

    ``mutant`` is installed in every process. ``share`` is the share of requests with a fault. The jobs are of all kinds
    in turn, or of ``kinds``.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        mutant: str = "",
        share: float = 0.35,
        surface: Surface = Surface.REST,
        kinds: Collection[JobKind] = (),
    ) -> None:
        self._surface = surface
        self._kinds = tuple(kinds) or (KINDS if surface is Surface.REST else KINDS + GROUP_KINDS)
        self._chance = random.Random(seed)
        self._plans = PlanMaker(self._chance, surface)
        self._seed = seed
        self._mutant = mutant
        self._share = share
        self._kills = 0
        self._moments: frozenset[str] = frozenset()
        self._points = self._all_points()
        self.figures = Figures()

    def run(
        self,
        *,
        kills: int = 0,
        faults: int = 0,
        operations: int = 0,
        rounds: int = 0,
        moments: Collection[str] = (),
        until: Callable[[Figures], bool] = lambda figures: False,
        tell: Callable[[Figures], None] = lambda figures: None,
    ) -> Figures:
        """Run jobs until there were so many of each, or until ``until``; after ``kills`` kills there are few more.

        ``rounds`` counts the jobs of each kind. Each of ``moments`` must be among the kills, because a busy machine
        reaches other moments more often.
        """
        figures, self._kills, self._moments = self.figures, kills, frozenset(moments)
        with ExitStack() as stack:
            accounts = [
                stack.enter_context(harness_account(self._seed * 10 + index, self._share, settings, self._surface))
                for index, settings in enumerate(
                    (
                        SimulatorSettings(users=USERS, now_ms=NOON_MS, scim_odd=(ScimOddity.PATCH_204,)),
                        SimulatorSettings(users=USERS, now_ms=NOON_MS, patch="405", lean=True, scim_odd=REPLACING),
                    )
                )
            ]
            while (
                figures.kills.total() < kills
                or figures.faults.total() < faults
                or figures.operations < operations
                or any(figures.kinds[kind] < rounds for kind in self._kinds)
                or not figures.kills.keys() >= self._moments
            ) and not until(figures):
                self._one_job(accounts[figures.kinds.total() % len(accounts)])
                figures.faults = sum((each.proxy.faults for each in accounts), Counter[Fault]())
                figures.requests = sum(len(each.proxy.log) for each in accounts)
                tell(figures)
        return figures

    # ------------------------------------------------------------ one job

    def _one_job(self, account: HarnessAccount) -> None:
        """Run a job, and for some jobs the undo, or an import of the rows that were not imported."""
        account.jobs += 1
        kind = self._kinds[account.jobs % len(self._kinds)]
        self.figures.kinds[kind] += 1
        if kind is JobKind.IMPORT:
            self._import(account, self._plans.file(account, self.figures.jobs))
            return
        plan = asyncio.run(self._plans.plan(kind, account, self.figures.jobs))
        if kind is JobKind.BULK and plan.steps and self._chance.random() < 0.3:
            self._change_by_others(account, plan)
        case = self._run_to_end(account, plan)
        # The inverses of deletions and of changes of groups are about others than the job.
        undone = not any(step.change.deletes or step.change.about_group for step in plan.steps)
        if case is not None and undone and self._chance.random() < 0.5:
            self._undo(account, case)

    def _import(self, account: HarnessAccount, file: HarnessFile) -> None:
        """Import a file, plan to import it again, and for some undo it, or import the rows that were left."""
        plan = asyncio.run(self._plans.import_plan(account, file, self.figures.jobs))
        theirs = self._change_before_import(account, plan)
        case = self._run_to_end(account, plan)
        if case is None:
            return
        case = replace(case, others={*case.others, *theirs})
        results = row_results(case.job)
        again = asyncio.run(self._plans.import_plan(account, file, self.figures.jobs))
        self.figures.violations += [*judge_rows(case, file), *judge_second_import(case, file, again)]
        self.figures.rows.update(result.outcome.value for result in results)
        left = {result.row.line for result in not_imported(results)}
        rows = tuple(row for row, result in zip(file.rows, results, strict=True) if result.row.line in left)
        if self._chance.random() < 0.5:
            self._undo(account, case)
        elif not all(row.wrong for row in rows):
            rows = tuple(replace(row, taken=False) for row in rows)
            self._import(account, HarnessFile(failed_rows_csv(case.job), rows, OnConflict.UPDATE, {}))

    def _undo(self, account: HarnessAccount, case: Case) -> None:
        """Undo a job: what it changed is as before, and whom it created is inactive, and still there."""
        plan = asyncio.run(self._plans.undo(account, case.job, self.figures.jobs))
        if any(step.change.deletes for step in plan.steps):
            self.figures.violations.append(Violation("lost", f"the undo of {case.job.id} deletes"))
        undone = self._run_to_end(account, plan)
        if undone is None:
            return
        ids, excluded = created_ids(case.job.steps), {*case.others, *undone.others}
        for record in (*case.job.steps, *undone.job.steps):
            if record.state in DOUBTFUL or _is_left_out(record):
                subject_id = record.step.subject_id
                excluded |= places(record.step.change.for_subject(ids.get(subject_id, subject_id)))
        created = {user_id: case.after[user_id] for user_id in ids.values()}
        unused = {user_id: record | {"status": "inactive", "groups": []} for user_id, record in created.items()}
        self._compare({**case.before, **unused}, undone.after, excluded)

    def _run_to_end(self, account: HarnessAccount, plan: Plan) -> Case | None:
        """Run a plan until its job has ended, and judge it; None without a job."""
        if not plan.steps:
            return None
        figures, first, before = self.figures, len(account.proxy.log), account.records()
        account.server.created.clear()
        others: set[Place] = set()
        order = Order(plan_to_json(plan), account.proxy.url, str(account.folder), self._mutant)
        kills, most = 0, KILLS_A_JOB if figures.kills.total() < self._kills else LATER_KILLS_A_JOB
        for _ in range(MAX_RUNS):
            killed_order, after_seconds = self._next_kill(order) if kills < most else (order, None)
            answer = fork_server().run(killed_order, after_seconds)
            account.proxy.settle()
            figures.runs += 1
            if answer["state"] == "killed":
                kills += 1
                figures.kills[killed_order.point or ANY_MOMENT] += 1
            elif answer["state"] == "broken":
                figures.violations.append(Violation("lost", f"the program broke: {answer['error']}"))
                return None
            elif answer["state"] == "done":
                break
            figures.errors[answer["error"].partition(":")[0]] += 1
            if self._chance.random() < 0.15:
                others |= self._change_by_others(account, plan)
        job = account.job(plan.ticket)
        if job is None:
            figures.violations.append(Violation("lost", "the job is not in the journal"))
            return None
        before |= {str(record["id"]): record for record in account.server.created}
        case = Case(job, before, account.records(), account.proxy.log[first:], others)
        figures.violations += judge(case)
        figures.jobs += 1
        figures.operations += len(job.steps)
        figures.states.update(job.counts)
        figures.done.update(record.step.change.kind for record in job.steps if record.state is StepState.DONE)
        return case

    def _next_kill(self, order: Order) -> tuple[Order, float | None]:
        """The order with its point of the kill, or the seconds after which to kill."""
        point = ANY_MOMENT if self._chance.random() < 0.3 else next(self._points)
        missing = self._moments - self.figures.kills.keys()
        if missing and self.figures.kills.total() >= self._kills:
            point = self._chance.choice(sorted(missing))
        if point == ANY_MOMENT:
            return order, self._chance.uniform(0.005, 0.15)
        rare = any(word in point for word in ("create", "claim", "release", "state"))
        return replace(order, point=point, number=1 if rare else self._chance.randrange(1, 7)), None

    def _all_points(self) -> Iterator[str]:
        while True:
            points = list(POINTS)
            self._chance.shuffle(points)
            yield from points

    # ------------------------------------------------------------ others, and the undo

    def _change_before_import(self, account: HarnessAccount, plan: Plan) -> set[Place]:
        """For some plans, let others create a user of the file, and delete one or change a field; what was changed."""
        chance, server = self._chance, account.simulator.account
        if chance.random() < 0.5:
            for rival in account.server.rivals.values():
                server.create(rival)
            account.server.rivals = {}
        there = account.records().keys() & {subject.id for subject in plan.subjects}
        if not there or chance.random() < 0.4:
            return set()
        user_id, name = chance.choice(sorted(there)), chance.choice(("email", "email", "lastName", WHOLE_USER))
        if name == WHOLE_USER:
            server.delete(user_id)
        else:
            server.change(user_id, {name: f"moved{self.figures.jobs}@example.com"})
        return {(user_id, name)}

    def _change_by_others(self, account: HarnessAccount, plan: Plan) -> set[Place]:
        """Make a change by others while no process runs; what was changed."""
        change = self._chance.choice(plan.steps).change
        server = account.simulator.account
        record = account.records().get(change.subject_id)
        if record is None or change.deletes:
            return set()
        if isinstance(change, SetStatus):
            server.change(change.subject_id, {"status": "active" if record["status"] == "inactive" else "inactive"})
        elif isinstance(change, RenameGroup):
            server.change_group(change.subject_id, f"Theirs {self.figures.runs}", None)
        elif isinstance(change, UpdateUser):
            server.change(change.subject_id, {JSON_NAMES[change.attributes[0]]: f"Theirs {self.figures.runs}"})
        elif change.groups[0].id in record["groups"]:
            server.leave(change.groups[0].id, change.subject_id)
        else:
            server.join(change.groups[0].id, change.subject_id)
        return places(change)

    def _over_surface(self, record: Record) -> Record:
        """A flat record as the surface shows it: over SCIM pending users are active."""
        if self._surface is Surface.SCIM and record.get("status") == Status.PENDING:
            return record | {"status": Status.ACTIVE}
        return record

    def _compare(self, before: Mapping[str, Record], after: Mapping[str, Record], excluded: set[Place]) -> None:
        """Check that a job and its undo restore everything except changes by others and failed steps."""
        for user_id, record in before.items():
            if user_id not in after:
                self.figures.violations.append(Violation("lost", f"{user_id} was deleted by an undo"))
                continue
            was, now = (self._over_surface(flat(each)) for each in (record, after[user_id]))
            self.figures.violations += [
                Violation("lost", f"{user_id} {name}: {was.get(name)} before, {now.get(name)} after the undo")
                for name in {*was, *now}
                if was.get(name) != now.get(name) and excluded.isdisjoint({(user_id, name), (user_id, WHOLE_USER)})
            ]


def _is_left_out(record: StepRecord) -> bool:
    """The user as read before the step lacks what it changed, so that an undo cannot restore it, and says so."""
    before, names = record.before, record.step.change.attributes
    return record.changed and isinstance(before, User) and any(getattr(before, name) is UNKNOWN for name in names)


DOUBTFUL = frozenset({StepState.FAILED, StepState.NEEDS_REVIEW, StepState.SKIPPED})
