"""Data for the tests of whois, members and export: groups, a hostile user, the columns of CSV."""

import csv
import io

from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User

GROUPS = [Group("g1", "Sales"), Group("g2", "Süd=West"), Group("g3", None)]
COLUMNS = "id,email,firstName,lastName,role,status,groups,externalId,createdAt,updatedAt"
HOSTILE = User(
    id="h-1",
    email="=cmd|'/c calc'!A1@example.com",
    first_name='Zoë "\x1b[31m;,\n',
    last_name="\u202eevil|`*",
    role=None,
    groups=("g1", "gone"),
    extra={"department": "\x9bNorth", "odd": {"a": [1]}},
)


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV text by column."""
    return list(csv.DictReader(io.StringIO(text, newline="")))
