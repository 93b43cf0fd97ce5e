"""Columns fit the table at every width."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.ui.widgets.user_table.columns import (
    GAP,
    GUTTER,
    MEASURED,
    SORTED_BY,
    Column,
    Field,
    full_width,
    layout_columns,
    next_sort,
)


@given(st.integers(1, 500), st.integers(1, 500))
def test_columns_do_not_overlap_and_fit_the_table(width: int, screen: int) -> None:
    assert_adjacent_and_inside(layout_columns(width, max(screen, width)).columns, width)


NEEDS = st.dictionaries(st.sampled_from(MEASURED), st.integers(0, 500))


@given(st.integers(1, 300), st.integers(1, 300), NEEDS)
def test_columns_fit_the_table_for_all_text_widths(width: int, screen: int, text_widths: dict[Field, int]) -> None:
    assert_adjacent_and_inside(layout_columns(width, max(screen, width), text_widths=text_widths).columns, width)


@given(st.integers(30, 200), NEEDS)
def test_other_columns_are_left_out_before_an_email_is_cut(width: int, text_widths: dict[Field, int]) -> None:
    columns = layout_columns(width, width, text_widths=text_widths).columns
    needed = min(text_widths.get(Field.EMAIL, 0), 44)
    if columns[0].width < needed:
        assert [column.field for column in columns] in ([Field.EMAIL, Field.STATUS], [Field.EMAIL])
        assert needed + GUTTER + GAP + 10 + 1 > width


def test_a_text_that_fits_does_not_change_the_columns() -> None:
    assert layout_columns(80, 80, text_widths={Field.EMAIL: 30, Field.NAME: 20}) == layout_columns(80, 80)


def test_names_are_shown_in_full_if_the_email_leaves_room() -> None:
    widths = {
        each.field: each.width
        for each in layout_columns(88, 120, text_widths={Field.EMAIL: 30, Field.NAME: 18}).columns
    }
    assert widths[Field.EMAIL] >= 30
    assert widths[Field.NAME] >= 18
    assert Field.ROLE in widths


def test_the_full_width_fits_all_texts() -> None:
    text_widths = {Field.EMAIL: 33, Field.NAME: 20, Field.ROLE: 9}
    for column in layout_columns(full_width(text_widths), 120, text_widths=text_widths).columns:
        assert column.width >= text_widths.get(column.field, 0)


@given(st.integers(1, 500), st.integers(-1, 20))
def test_wide_columns_fit_the_table_on_every_page(width: int, page: int) -> None:
    layout = layout_columns(width, width, wide=True, page=page)
    assert 0 <= layout.page < layout.pages
    assert_adjacent_and_inside(layout.columns, width if width > 40 else 500)


def assert_adjacent_and_inside(columns: Sequence[Column], width: int) -> None:
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
def test_the_columns_at_each_width(width: int, screen: int, fields: str) -> None:
    assert " ".join(column.field.value for column in layout_columns(width, screen).columns) == fields


def test_wider_tables_widen_the_columns_with_cut_texts() -> None:
    narrow, wide = (
        {column.field: column.width for column in layout_columns(width, width).columns} for width in (120, 160)
    )
    for field in (Field.EMAIL, Field.FIRST, Field.LAST, Field.EXTERNAL_ID):
        assert wide[field] > narrow[field]
    for field in (Field.STATUS, Field.GROUPS, Field.UPDATED):
        assert wide[field] == narrow[field]


@pytest.mark.parametrize("width", [20, 40, 77, 80, 120, 160, 206, 300])
def test_wide_pages_have_every_column_and_the_email_always_in_its_place(width: int) -> None:
    pages = [
        layout_columns(width, width, wide=True, page=page)
        for page in range(layout_columns(width, width, wide=True).pages)
    ]
    assert {column.field for page in pages for column in page.columns} == set(Field) - {Field.NAME}
    assert len({page.columns[0] for page in pages}) == 1


def test_wide_columns_show_a_full_id_from_eighty_cells_on() -> None:
    for width in (80, 120, 200):
        for page in range(layout_columns(width, width, wide=True).pages):
            for column in layout_columns(width, width, wide=True, page=page).columns:
                if column.field in {Field.ID, Field.EXTERNAL_ID}:
                    assert column.width >= 36


def test_the_next_order_is_by_the_next_column_and_finally_that_of_the_server() -> None:
    keys = layout_columns(77, 120).sort_keys
    sort, stops = next_sort(None, keys), []
    while sort is not None:
        stops.append(sort)
        sort = next_sort(sort, keys)
    assert stops == [
        Sort(SortKey.EMAIL),
        Sort(SortKey.NAME),
        Sort(SortKey.ROLE),
        Sort(SortKey.STATUS),
        Sort(SortKey.GROUPS, reverse=True),
        Sort(SortKey.UPDATED, reverse=True),
    ]


def test_after_an_order_by_a_hidden_column_the_first_column_is_next() -> None:
    assert next_sort(Sort(SortKey.CREATED), layout_columns(80, 80).sort_keys) == Sort(SortKey.EMAIL)


def test_every_sort_key_has_a_column() -> None:
    assert set(SORTED_BY.values()) == set(SortKey) - {SortKey.LISTED}


def test_a_heading_includes_the_gap_after_it() -> None:
    layout = layout_columns(77, 120)
    email, name = layout.columns[:2]
    assert layout.field_at(GUTTER - 1) is None
    assert layout.field_at(email.start) is layout.field_at(name.start - 1) is Field.EMAIL
    assert layout.field_at(name.start) is Field.NAME
    assert layout.field_at(80) is None


@given(width=st.integers(40, 260), screen=st.integers(1, 260), wide=st.booleans(), page=st.integers(0, 9))
def test_an_absent_field_has_no_column_at_any_width(width: int, screen: int, wide: bool, page: int) -> None:
    layout = layout_columns(width, max(screen, width), wide=wide, page=page, without={Field.ROLE})
    assert Field.ROLE not in {column.field for column in layout.columns}
    assert SortKey.ROLE not in layout.sort_keys
    assert_adjacent_and_inside(layout.columns, width)
