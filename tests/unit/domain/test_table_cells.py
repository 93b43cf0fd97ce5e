"""Cells of CSV files: safe in a spreadsheet, and read back without loss."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.table_cells import UnreadableGroups, decoded, groups_cell, parsed_groups, safe

TEXT = st.text(
    st.one_of(
        st.sampled_from("'=+-@\t\r\n;|\" \x00\x10\x7f\x85␉␐␡2400ABF＝\ud800"), st.characters(exclude_categories=())
    ),
    max_size=20,
)


@given(TEXT)
@example("\x102400")
@example("'\t=1")
@example("␐000A")
def test_a_safe_cell_is_read_back_as_the_same_text(text: str) -> None:
    cell = safe(text)
    cell.encode()
    assert decoded(cell) == text


@given(TEXT)
def test_a_safe_cell_has_no_control_character_and_begins_no_formula(text: str) -> None:
    cell = safe(text)
    assert not [character for character in cell if unicodedata.category(character) in {"Cc", "Cs"}]
    for part in cell.split(";"):  # as a spreadsheet splits it where the list separator is a semicolon
        assert not part.lstrip('"').startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Zoë O'Brien", "Zoë O'Brien"),
        ("'quoted'", "'quoted'"),
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("\t=1", "'␉=1"),
        ("\r1", "'␍1"),
        ("a\nb\x7f", "a␊b␡"),
        ("\x9b\ud800", "␐009B␐D800"),
        ("␊", "␐240A"),
        ("Sales;-Beta", "Sales;'-Beta"),
        ('x;"=1+1"', 'x;\'"=1+1"'),
    ],
)
def test_a_text_and_its_safe_cell(text: str, cell: str) -> None:
    assert safe(text) == cell
    assert decoded(cell) == text


def test_what_safe_would_not_write_is_kept() -> None:
    assert decoded("␐ and ␐00g0, 'Ann'") == "␐ and ␐00g0, 'Ann'"


@given(st.lists(TEXT, max_size=4))
def test_groups_are_read_back_as_the_same_names(names: list[str]) -> None:
    assert parsed_groups(groups_cell(names)) == tuple(names)
    assert parsed_groups(decoded(safe(groups_cell(names)))) == tuple(names)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", ()),
        (" ; |", ()),
        ("Sales", ("Sales",)),
        (" Sales ; Support|Beta ;", ("Sales", "Support", "Beta")),
        ('Sales; "R;D" |x', ("Sales", "R;D", "x")),
        ('""', ("",)),
        ('"say ""hi"""', ('say "hi"',)),
        ('5" screens', ('5" screens',)),
    ],
)
def test_a_groups_cell_that_somebody_typed_is_read(cell: str, names: tuple[str, ...]) -> None:
    assert parsed_groups(cell) == names


@pytest.mark.parametrize("cell", ['"Sales', 'x;"Sales', '"A" team', '"a""'])
def test_a_groups_cell_with_misplaced_quotation_marks_is_refused(cell: str) -> None:
    with pytest.raises(UnreadableGroups):
        parsed_groups(cell)
