"""The second layout of the journal: ``steps.reason`` holds ``domain.jobs.OutcomeReason``.

Until then decisions rested on the details of steps, so the reasons are derived from the details of that time.
"""

STATEMENTS = (
    "ALTER TABLE steps ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
    """
    UPDATE steps SET reason = 'may arrive' WHERE detail IN (
        'no usable answer came; the change was not there when read again',
        'the answer was lost; the change was not there when read again'
    )
    """,
    """
    UPDATE steps SET reason = 'verified' WHERE state = 'done' AND changed = 1 AND detail NOT IN (
        '',
        'no usable answer came; the change was there when read again',
        'the answer was lost; the change was there when read again',
        'interrupted after it was sent; the change was there when read again',
        'an earlier attempt got through after all; the change was there when read again'
    )
    """,
)
