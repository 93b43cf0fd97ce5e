"""Columns fit whatever width the table has."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.ui.widgets.user_table.columns import GAP, GUTTER, Field, lay_out


@given(st.integers(1, 500), st.integers(1, 500))
def test_columns_stand_side_by_side_and_inside(width: int, screen: int) -> None:
    columns = lay_out(width, max(screen, width))
    assert columns[0].field is Field.EMAIL
    assert columns[0].start == GUTTER
    for left, right in pairwise(columns):
        assert right.start == left.start + left.width + GAP
    assert all(column.width >= 1 for column in columns)
    if width > GUTTER:
        assert columns[-1].start + columns[-1].width <= width


@pytest.mark.parametrize(
    ("width", "screen", "fields"),
    [
        (80, 80, "EMAIL NAME STATUS GRP"),
        (77, 120, "EMAIL NAME ROLE STATUS GRP UPD"),
        (120, 120, "EMAIL FIRST LAST ROLE STATUS GRP UPD EXTERNAL ID"),
        (200, 200, "EMAIL FIRST LAST ROLE STATUS GRP UPD EXTERNAL ID"),
        (40, 40, "EMAIL STATUS"),
        (12, 40, "EMAIL"),
    ],
)
def test_what_is_shown_at_which_width(width: int, screen: int, fields: str) -> None:
    assert " ".join(column.field.value for column in lay_out(width, screen)) == fields


def test_more_room_goes_to_the_columns_that_can_use_it() -> None:
    narrow, wide = ({column.field: column.width for column in lay_out(width, width)} for width in (120, 160))
    for field in (Field.EMAIL, Field.FIRST, Field.LAST, Field.EXTERNAL_ID):
        assert wide[field] > narrow[field]
    for field in (Field.STATUS, Field.GROUPS, Field.UPDATED):
        assert wide[field] == narrow[field]
