"""The third layout of the journal: ``steps.refusals`` holds ``StepRecord.refusals`` as JSON.

From this layout on, plans may create, edit and delete users, which earlier versions cannot read.
"""

STATEMENTS = ("ALTER TABLE steps ADD COLUMN refusals TEXT NOT NULL DEFAULT '{}'",)
