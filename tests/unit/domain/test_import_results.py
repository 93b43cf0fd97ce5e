"""What became of each row of an import, and the CSV of the rows that were not imported."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.changes.membership import AddMember
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.csv_file import read_csv
from walkme_tui.domain.imports.csv_format import DELIMITERS
from walkme_tui.domain.imports.results import (
    failed_rows_csv,
    not_imported,
    outcome_counts,
    partly_imported,
    row_results,
)
from walkme_tui.domain.imports.source import ImportRow, ImportSource, OnConflict, RowOutcome
from walkme_tui.domain.jobs import Actor, Job, JobState, OutcomeReason, StepRecord
from walkme_tui.domain.plans import Plan, PlanKind, StepState, Subject, numbered
from walkme_tui.domain.table_cells import decoded
from walkme_tui.domain.users import User

ANN = CreateUser.of("ann@example.com", {"first_name": "Ann"})
JOIN = AddMember(ANN.subject_id, Group("g1", "Sales"))
UPDATE = UpdateUser(ANN.subject_id, (FieldChange("last_name", "A", "B"),))
EXISTS = "a user with the email ann@example.com exists already (id u1): nothing was sent"
COLUMNS = ("email", "Cost centre")


def job_of(
    *rows: ImportRow, columns: tuple[str, ...] = COLUMNS, state: JobState = JobState.DONE, delimiter: str = ","
) -> Job:
    """A job of an import without steps."""
    source = ImportSource("people.csv", columns, rows, delimiter)
    plan = Plan(PlanKind.IMPORT, "test", "https://walkme.test", 0, (), (), source=source)
    return Job("20270115-aaaa", state, plan, Actor("root", "host", "client"), 0, ())


def job_with(
    *steps: tuple[Change, StepState, str, OutcomeReason],
    on_conflict: OnConflict = OnConflict.FAIL,
    state: JobState = JobState.DONE,
) -> Job:
    """A job of one row with these steps; done ones changed something unless their detail says already."""
    row = ImportRow(2, ("ann@example.com", "42"), on_conflict, ANN.subject_id)
    job = job_of(row, state=state)
    planned = numbered(change for change, *_ in steps)
    plan = replace(job.plan, steps=planned, subjects=(Subject(ANN.new_user(), 0),))
    records = []
    for step, (change, step_state, detail, reason) in zip(planned, steps, strict=True):
        changed = step_state is StepState.DONE and "already" not in detail
        after = User("u9", "ann@example.com") if changed and change.creates else None
        records.append(StepRecord(step, step_state, detail, changed, after=after, reason=reason))
    return replace(job, plan=plan, steps=tuple(records))


OTHER, VERIFIED, MAY_ARRIVE = OutcomeReason.OTHER, OutcomeReason.VERIFIED, OutcomeReason.MAY_ARRIVE
DONE, FAILED, TODO, SENT = StepState.DONE, StepState.FAILED, StepState.TODO, StepState.SENT
REVIEW, SKIPPED = StepState.NEEDS_REVIEW, StepState.SKIPPED
CREATE = "create ann@example.com"
CREATED = (ANN, DONE, "created ann@example.com", VERIFIED)
NOT_CREATED = (JOIN, SKIPPED, "the user was not created, so nothing was sent", OTHER)
REFUSED = (JOIN, FAILED, "the group is full", OTHER)


@pytest.mark.parametrize(
    ("steps", "outcome", "detail"),
    [
        ([CREATED], "created", "created ann@example.com"),
        ([CREATED, (JOIN, DONE, "joined Sales", VERIFIED)], "created", "created ann@example.com; joined Sales"),
        ([CREATED, REFUSED], "failed", "created ann@example.com; join Sales: the group is full"),
        ([CREATED, (JOIN, TODO, "", OTHER)], "failed", "created ann@example.com; join Sales: not done"),
        ([(ANN, FAILED, "refused", OTHER), NOT_CREATED], "failed", "create ann@example.com: refused"),
        ([(ANN, StepState.REFUSED, "forbidden", OTHER)], "failed", "create ann@example.com: forbidden"),
        ([(ANN, FAILED, EXISTS, OutcomeReason.EXISTS), NOT_CREATED], "failed", f"create ann@example.com: {EXISTS}"),
        ([(ANN, TODO, "", OTHER), (JOIN, TODO, "", OTHER)], "not attempted", ""),
        ([(ANN, SENT, "", OTHER)], "needs review", f"{CREATE}: sent without an answer, and not read again yet"),
        ([(ANN, TODO, "no answer came", MAY_ARRIVE)], "needs review", f"{CREATE}: no answer came"),
        ([(ANN, REVIEW, "it has other values", OTHER)], "needs review", f"{CREATE}: it has other values"),
        ([CREATED, (JOIN, REVIEW, "?", OTHER)], "needs review", "created ann@example.com; join Sales: ?"),
        ([(UPDATE, DONE, "last name was A, is B", VERIFIED)], "updated", "last name was A, is B"),
        ([(UPDATE, DONE, "last name already B: nothing was sent", OTHER)], "unchanged", ""),
        ([(UPDATE, SKIPPED, "by others", OutcomeReason.CONFLICT)], "failed", "set last name A -> B: by others"),
    ],
)  # fmt: skip
def test_a_row_has_the_outcome_of_its_steps(
    steps: list[tuple[Change, StepState, str, OutcomeReason]], outcome: str, detail: str
) -> None:
    job = job_with(*steps)
    (result,) = row_results(job)
    assert (result.outcome.value, result.detail) == (outcome, detail)
    assert outcome_counts([result]) == {result.outcome: 1}
    assert job.clean is (outcome in {"created", "updated", "unchanged"})


def test_a_user_who_was_created_by_others_since_is_skipped_where_conflicts_are() -> None:
    job = job_with((ANN, FAILED, EXISTS, OutcomeReason.EXISTS), NOT_CREATED, on_conflict=OnConflict.SKIP)
    (result,) = row_results(job)
    assert (result.outcome, result.detail) == (RowOutcome.SKIPPED, EXISTS)
    assert job.clean
    assert failed_rows_csv(job) == ""


def test_a_discarded_row_was_not_attempted() -> None:
    job = job_with((ANN, SKIPPED, "Not done: the job was discarded.", OTHER), state=JobState.DISCARDED)
    assert [result.outcome for result in row_results(job)] == [RowOutcome.NOT_ATTEMPTED]


def test_a_plan_that_was_not_executed_has_the_outcomes_of_rows_without_steps() -> None:
    rows = (
        ImportRow(2, ("a", "b"), subject_id="u1"),
        ImportRow(3, ("", "b"), outcome=RowOutcome.FAILED, detail="the email is missing"),
    )
    plan = job_of(*rows).plan
    assert [result.outcome for result in row_results(plan)] == [RowOutcome.NOT_ATTEMPTED, RowOutcome.FAILED]
    assert failed_rows_csv(plan).splitlines()[1:] == ["a,b,not attempted", ",b,failed: the email is missing"]
    assert row_results(replace(plan, source=None)) == []


def test_a_row_that_failed_before_the_job_makes_it_unclean() -> None:
    assert not job_of(ImportRow(2, ("",), outcome=RowOutcome.FAILED, detail="the email is missing")).clean
    assert job_of(ImportRow(2, outcome=RowOutcome.SKIPPED, detail="the user exists already")).clean


def test_only_an_update_completes_a_user_who_was_created_without_a_group() -> None:
    partly, not_at_all = job_with(CREATED, REFUSED), job_with((ANN, FAILED, "refused", OTHER))
    assert partly_imported(row_results(partly), partly)
    assert not partly_imported(row_results(not_at_all), not_at_all)


# ------------------------------------------------------------ the rows that were not imported, as CSV


def failing(*cells: str, detail: str = "refused") -> ImportRow:
    return ImportRow(2, cells, outcome=RowOutcome.FAILED, detail=detail)


def test_no_cell_is_a_formula_and_raw_cells_are_those_of_the_file() -> None:
    job = job_of(failing("=1+1", "'@x", detail="no group a;=b"))
    assert failed_rows_csv(job) == "email,Cost centre,error\n'=1+1,'@x,failed: no group a;'=b\n"
    assert failed_rows_csv(job, raw=True) == "email,Cost centre,error\n=1+1,'@x,failed: no group a;'=b\n"


@pytest.mark.parametrize("name", ["error", " Error "])
def test_the_errors_of_an_earlier_round_are_replaced(name: str) -> None:
    job = job_of(failing("a", "b", "failed: an old reason"), columns=(*COLUMNS, name))
    assert failed_rows_csv(job) == "email,Cost centre,error\na,b,failed: refused\n"


def test_a_file_of_errors_only_keeps_its_column() -> None:
    job = job_of(failing("ann@example.com"), columns=("error",))
    assert failed_rows_csv(job) == "error,error\nann@example.com,failed: refused\n"


@pytest.mark.parametrize("delimiter", DELIMITERS.values())
def test_the_delimiter_is_that_of_the_file(delimiter: str) -> None:
    job = job_of(failing("a", "b,c", detail="x;y,z|w"), delimiter=delimiter)
    text = failed_rows_csv(job)
    assert text.startswith(delimiter.join([*COLUMNS, "error"]) + "\n")
    assert read_csv(text.encode()).rows[0].cells == ("a", "b,c", "failed: x;y,z|w")


@pytest.mark.parametrize(
    ("columns", "cell", "delimiter"),
    [
        (COLUMNS, "b", "/"),  # an import does not find it
        (("email, name", "id"), "b", ";"),  # nor this one here
        (COLUMNS, "b,=1+1", ";"),  # a spreadsheet that separates cells at commas evaluates it
        (COLUMNS, 'b,"@x', "\t"),
    ],
)
def test_a_comma_stands_for_a_delimiter_that_is_not_found_or_not_safe(
    columns: tuple[str, ...], cell: str, delimiter: str
) -> None:
    text = failed_rows_csv(job_of(failing("ann@example.com", cell), columns=columns, delimiter=delimiter))
    assert next(csv.reader(io.StringIO(text))) == [*columns, "error"]
    (row,) = read_csv(text.encode()).rows
    assert row.cells == ("ann@example.com", cell, "failed: refused")


def test_imported_rows_are_left_out() -> None:
    job = job_with(CREATED)
    assert (failed_rows_csv(job), not_imported(row_results(job))) == ("", [])


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from([*DELIMITERS.values(), "/"]))
def test_every_cell_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    job = job_of(*(failing(*cells) for cells in rows), delimiter=delimiter)
    exact = read_csv(failed_rows_csv(job, raw=True).encode())
    assert exact.columns == (*COLUMNS, "error")
    assert [row.cells for row in exact.rows] == [(*cells, "failed: refused") for cells in rows]
    safe = read_csv(failed_rows_csv(job).encode())
    assert [[decoded(cell) for cell in row.cells[:2]] for row in safe.rows] == [
        [decoded(cell) for cell in cells] for cells in rows
    ]
