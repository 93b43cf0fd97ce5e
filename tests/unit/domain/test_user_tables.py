"""Tables of users: CSV files hold the exact values."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.groups import Group
from walkme_tui.domain.table_cells import decoded, parsed_groups
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.user_tables import TableText, csv_table
from walkme_tui.domain.users import User

TEXT = st.text(
    st.one_of(st.sampled_from("'=+-@\t\r\n;,|\" \x00\x7f\x9b␉␐010A"), st.characters(exclude_categories=["Cs"])),
    max_size=12,
)
GROUP_IDS = ("g1", "g2", "=3", "g;4", "5")
IDS = st.sampled_from(GROUP_IDS)
GROUPS = st.fixed_dictionaries(dict.fromkeys(GROUP_IDS, st.none() | st.just("Sales") | TEXT | IDS))
USERS = st.builds(
    User,
    id=TEXT,
    email=TEXT,
    first_name=TEXT,
    last_name=TEXT,
    role=TEXT,
    status=TEXT,
    external_id=TEXT,
    created_at_ms=st.integers(0, 4_000_000_000_000),
    updated_at_ms=st.just(0),
    groups=st.lists(IDS, unique=True).map(tuple),
)


def text_of(table: TableText, users: list[User]) -> str:
    """The whole table."""
    return table.before + table.between.join(map(table.row, users)) + table.after


def found_by(text: str, names: dict[str, str | None]) -> str:
    """The id of the group with this id, else with exactly this name, as an import finds it."""
    if text in names:
        return text
    (group_id,) = [known for known, name in names.items() if name == text] or [text]
    return group_id


@given(st.lists(USERS, max_size=3), GROUPS, st.booleans())
def test_an_exported_file_has_the_exact_values(users: list[User], names: dict[str, str | None], raw: bool) -> None:
    text = text_of(csv_table([Group(*item) for item in names.items()], raw=raw), users)
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(read) == len(users)
    for row, user in zip(read, users, strict=True):
        cells = row if raw else {name: decoded(cell) for name, cell in row.items()}
        assert (cells["id"], cells["email"], cells["firstName"]) == (user.id, user.email, user.first_name)
        assert (cells["lastName"], cells["role"], cells["status"]) == (user.last_name, user.role, user.status)
        assert cells["externalId"] == user.external_id
        assert isinstance(user.created_at_ms, int)
        assert cells["createdAt"] == format_time_ms(user.created_at_ms)
        assert tuple(found_by(group, names) for group in parsed_groups(cells["groups"])) == user.groups
