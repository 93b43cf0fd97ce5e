"""The ninth layout of the journal: a job is stored in parts, in the state ``creating`` until it is whole.

Earlier versions would list it. What is left of one that was not completed is deleted. Besides, ``jobs.undone`` is
counted again: a user whose steps were undone by two jobs was counted twice.
"""

STATEMENTS = (
    "DROP TRIGGER jobs_are_kept",
    "DROP TRIGGER steps_are_kept",
    """
    CREATE TRIGGER jobs_are_kept BEFORE DELETE ON jobs WHEN OLD.state <> 'creating'
    BEGIN SELECT raise(ABORT, 'jobs are never deleted'); END
    """,
    """
    CREATE TRIGGER steps_are_kept BEFORE DELETE ON steps
    WHEN (SELECT state FROM jobs WHERE id = OLD.job) IS NOT 'creating'
    BEGIN SELECT raise(ABORT, 'steps are never deleted'); END
    """,
    """
    UPDATE jobs SET undone = (SELECT count(DISTINCT subject) FROM steps WHERE steps.job = jobs.id AND steps.undone = 1)
    WHERE undone > 0
    """,
)
