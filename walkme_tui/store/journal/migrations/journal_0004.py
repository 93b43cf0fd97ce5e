"""The fourth layout of the journal: steps and claims are about users or groups.

From this layout on, plans name their surface and may create, rename and delete groups, which earlier versions cannot
read. A plan without a surface is one of the REST API.
"""

STATEMENTS = (
    "ALTER TABLE steps RENAME COLUMN user_id TO subject",
    "ALTER TABLE claims RENAME COLUMN user_id TO subject",
)
