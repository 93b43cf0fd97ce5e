"""The fifth layout of the journal: ``jobs.checks`` holds ``Job.checks`` as JSON."""

STATEMENTS = ("ALTER TABLE jobs ADD COLUMN checks TEXT NOT NULL DEFAULT '[]'",)
