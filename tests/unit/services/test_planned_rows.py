"""What a plan expects of each row of the file that it imports."""

from tests.support.browser import Setting
from tests.support.fake_directory import FakeDirectory, people
from tests.support.imports import plan_of
from walkme_tui.domain.imports.planned_rows import planned_counts, planned_outcome
from walkme_tui.domain.imports.source import OnConflict, RowOutcome

ROWS = """\
email,firstName
new@example.com,Neu
person00000@example.com,Zora
person00001@example.com,Amina
person00002@example.com,Bea
bad mail,Bad
"""


async def test_rows_with_steps_create_or_update_and_others_have_their_outcome() -> None:
    session = Setting(api=FakeDirectory(people(3))).session()
    plan = await plan_of(session, ROWS, on_conflict=OnConflict.UPDATE, row_conflicts={5: OnConflict.SKIP})
    assert plan.source is not None
    assert [planned_outcome(plan, row) for row in plan.source.rows] == [
        RowOutcome.CREATED,
        RowOutcome.UPDATED,
        RowOutcome.UNCHANGED,
        RowOutcome.SKIPPED,
        RowOutcome.FAILED,
    ]
    assert planned_counts(plan).total() == len(plan.source.rows)
    await session.aclose()
