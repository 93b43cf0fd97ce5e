"""Checks the rows of an import against the records of the server: each has exactly one outcome, and the true one."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.support.harness_imports import FileRow, HarnessFile
from tests.support.job_verdict import GROUP_NAME, Case, Record, Violation
from tests.support.scim_exchanges import USERS as SCIM_USERS
from walkme_tui.domain.imports.results import RowResult, row_results
from walkme_tui.domain.imports.source import OnConflict, RowOutcome
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import email_key

AS_THE_FILE_SAYS = frozenset({RowOutcome.CREATED, RowOutcome.UPDATED, RowOutcome.UNCHANGED})


def judge_rows(case: Case, file: HarnessFile) -> list[Violation]:
    """All violations of an ended import; ``judge`` checks its steps."""
    found = [Violation("duplicated", about) for about in _second_users(case)]
    lines = [result.row.line for result in row_results(case.job)]
    if lines != [index + 2 for index in range(len(file.rows))]:
        return [*found, Violation("lost", f"{len(file.rows)} rows have the outcomes of the lines {lines}")]
    ignoring = any(exchange.ignored for exchange in case.log)
    for index, row, result, was, now in _untouched(case, file):
        problem = _problem(row, result.outcome, file.conflict(index), was, now, ignoring=ignoring)
        about = f"row {index + 2} ({result.outcome.value}, {result.detail}) of {row.email}"
        found += [Violation("lost", f"{about} {problem}")] if problem else []
    return found


def judge_second_import(case: Case, file: HarnessFile, again: Plan) -> list[Violation]:
    """All violations of the plan to import a file again: rows that are as the file says change nothing."""
    assert again.source is not None
    second = {row.line: row for row in again.source.rows}
    return [
        Violation("duplicated", f"{row.email} was {result.outcome.value}, a second import changes it: {again_row}")
        for _, row, result, _, _ in _untouched(case, file)
        if result.outcome in AS_THE_FILE_SAYS
        and (again_row := second[result.row.line]).outcome not in {RowOutcome.UNCHANGED, RowOutcome.SKIPPED}
    ]


def _untouched(case: Case, file: HarnessFile) -> Iterator[tuple[int, FileRow, RowResult, Record | None, Record | None]]:
    """The rows whose users others did not change, with their results, and the users before and afterwards."""
    before, after = _by_email(case.before), _by_email(case.after)
    touched = {subject for subject, _ in case.others}
    for index, (row, result) in enumerate(zip(file.rows, row_results(case.job), strict=False)):
        was, now = before.get(email_key(row.email)), after.get(email_key(row.email))
        if touched.isdisjoint({result.row.subject_id, *(each["id"] for each in (was, now) if each)}):
            yield index, row, result, was, now


def _problem(
    row: FileRow, outcome: RowOutcome, conflict: OnConflict, was: Record | None, now: Record | None, *, ignoring: bool
) -> str:
    """What is wrong with the outcome of a row; empty where nothing is.

    ``was`` is the user with the email before the import, or whom others created meanwhile, ``now`` the one afterwards.
    ``ignoring``: the server accepted changes and ignored them.
    """
    had, has = (each is not None and row.is_met_by(each) for each in (was, now))
    skips = was is not None and conflict is OnConflict.SKIP
    refuses = was is not None and (row.taken or conflict is OnConflict.FAIL)
    wrong = {
        RowOutcome.CREATED: "" if has and was is None else "was not created, or by others",
        RowOutcome.UPDATED: "" if has and was is not None and not had else "was not updated",
        RowOutcome.UNCHANGED: "" if had else "was not so before",
        RowOutcome.SKIPPED: "" if skips else "was to be imported",
        RowOutcome.FAILED: "is as the file says" if has else "" if refuses or ignoring else "had no reason to fail",
        RowOutcome.NEEDS_REVIEW: "",
        RowOutcome.NOT_ATTEMPTED: "was not attempted by a job that is done",
    }
    if row.wrong:
        return "" if outcome is RowOutcome.FAILED else "cannot be imported"
    return wrong[outcome]


def _second_users(case: Case) -> Iterator[str]:
    """Emails that several users have, or with which the server created several users."""
    users = Counter(email_key(str(each["email"])) for each in case.after.values() if GROUP_NAME not in each)
    yield from (f"{count} users have the email {email}" for email, count in users.items() if count > 1)
    bodies = [
        json.loads(exchange.body)
        for exchange in case.log
        if exchange.executed and (exchange.method, exchange.path) in {("POST", "/users"), ("POST", SCIM_USERS)}
    ]
    created = Counter(email_key(body.get("email") or body["userName"]) for body in bodies)
    yield from (f"{email} was created {count} times" for email, count in created.items() if count > 1)


def _by_email(records: Mapping[str, Record]) -> dict[str, Record]:
    return {email_key(str(each["email"])): each for each in records.values() if GROUP_NAME not in each}
