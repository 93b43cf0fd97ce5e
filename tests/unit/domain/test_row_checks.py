"""What rows of a file say about users, and why some cannot be imported."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.errors import NoEmailColumn
from walkme_tui.domain.groups import Group
from walkme_tui.domain.imports.columns import guessed
from walkme_tui.domain.imports.csv_file import CsvRow, read_csv
from walkme_tui.domain.imports.import_fields import ImportField
from walkme_tui.domain.imports.row_checks import CheckedRow, checked_rows
from walkme_tui.domain.table_cells import groups_cell, safe

SALES = Group("g1", "Sales")
EMEA = Group("g2", "Field; EMEA")
TWINS = (Group("g3", "Twin"), Group("g4", "Twin"))
NAMED_LIKE_AN_ID = Group("g5", "g1")
ACCENTED = Group("g6", "Équipe")
NAMELESS = Group("g7", None)
GROUPS = (SALES, EMEA, *TWINS, NAMED_LIKE_AN_ID, ACCENTED, NAMELESS)


def rows_of(text: str, *extra: Group, surface: Surface = Surface.REST) -> list[CheckedRow]:
    """The checked rows of a file with the guessed mapping."""
    table = read_csv(text.encode(), delimiter=",")
    return checked_rows(table, guessed(table, capabilities(surface)), GROUPS, extra, capabilities(surface))


def errors(text: str, surface: Surface = Surface.REST) -> list[str]:
    """The errors of the rows of a file."""
    return [row.error for row in rows_of(text, surface=surface)]


def unsendable(text: str) -> list[dict[str, str]]:
    """The values of the rows of a file that cannot be sent, each with the reason."""
    return [dict(row.unsendable) for row in rows_of(text)]


def test_a_row_becomes_values_and_groups() -> None:
    text = "email,First name,Last name,role,External id,groups,note\n Ann@Example.com ,Zoë , O'Brien,Editor,,Sales,x\n"
    (row,) = rows_of(text)
    assert row.row == CsvRow(2, (" Ann@Example.com ", "Zoë ", " O'Brien", "Editor", "", "Sales", "x"))
    assert row.email == "Ann@Example.com"
    assert row.values == {"first_name": "Zoë", "last_name": "O'Brien", "role": "Editor"}
    assert row.groups == (SALES,)
    assert not row.error


def test_groups_for_all_rows_are_added_once() -> None:
    rows = rows_of("email,groups\na@x.co,Sales\nb@x.co,\nc@x.co,Équipe|Sales\n", SALES, NAMELESS)
    assert [row.groups for row in rows] == [(SALES, NAMELESS), (SALES, NAMELESS), (ACCENTED, SALES, NAMELESS)]
    assert rows_of("email\na@x.co\n", SALES)[0].groups == (SALES,)


@pytest.mark.parametrize(
    ("cell", "groups"),
    [
        ("Sales", [SALES]),
        ("sales ; equipe", [SALES, ACCENTED]),
        ("g7|g3", [NAMELESS, TWINS[0]]),
        ("g1", [SALES]),
        ("Sales;Sales;sales;g1", [SALES]),
        ('"Field; EMEA";Sales', [EMEA, SALES]),
        (" ; | ", []),
    ],
)
def test_groups_are_found_by_id_and_name(cell: str, groups: list[Group]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([["email", "groups"], ["a@x.co", cell]])
    (row,) = rows_of(stream.getvalue())
    assert list(row.groups) == groups
    assert not row.error


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("Slaes", "there is no group Slaes, did you mean Sales?"),
        ("Quality", "there is no group Quality"),
        ("Twin", "2 groups are called Twin: use one of the ids g3, g4"),
        (
            "Slaes;Twin",
            "there is no group Slaes, did you mean Sales?; 2 groups are called Twin: use one of the ids g3, g4",
        ),
        ("Field; EMEA", 'there is no group Field, did you mean "Field; EMEA"?; there is no group EMEA'),
        ('"""Sales"', "the groups cannot be read: a name of a group begins with a quotation mark"),
        ("x1;x2;x3;x4;x5;x6;x7", "; 2 more groups"),
        ("\x1b[31m", "there is no group ␛[31m"),
    ],
)
def test_a_group_that_cannot_be_found_is_an_error(cell: str, error: str) -> None:
    assert error in errors(f"email,groups\na@x.co,{cell}\n")[0]


def test_near_groups_are_looked_for_a_bounded_number_of_times() -> None:
    rows = "".join(f"a{number}@x.co,Slaes{number}\n" for number in range(60))
    found = errors(f"email,groups\n{rows}")
    assert "did you mean Sales?" in found[0]
    assert found[-1] == "there is no group Slaes59"


@pytest.mark.parametrize(
    ("email", "error"),
    [
        ("", "the email is missing"),
        ("' ", "the email is malformed: it has no “@”"),
        ("ann.example.com", "the email is malformed: it has no “@”"),
        ("ann@bo@example.com", "the email is malformed: it has more than one “@”"),
        ("@example.com", "the email is malformed: it has nothing before the “@”"),
        ("ann@", "the email is malformed: it has nothing after the “@”"),
        ("ann..lee@example.com", "the email is malformed: it has a dot too many"),
        ("ann lee@example.com", "the email is malformed: it has a blank"),
        ("Ann <ann@example.com>", "the email is malformed: it has a blank, “<”, “>”"),
        ("ann@example.com;bo", "the email is malformed: it has “;”"),
        (f"{'a' * 250}@x.co", "the email is malformed: it has more than 254 characters"),
        (
            "ann@example.com\u200b",
            "the email is malformed: it has a hidden character (zero width space, U+200B) at character 16",
        ),
        ("ann\u00a0lee@example.com", "it has an unusual blank"),
        ("a\tb@example.com", "it has a control character (tab, U+0009)"),
        ("zo\ufffd@example.com", "the email is malformed: it has “\ufffd”"),
        ("ann@localhost", ""),
        ("zoë@exämple.com", ""),
        ("o'brien+tag@sub.example.co.uk", ""),
    ],
)
def test_missing_and_malformed_emails_are_errors(email: str, error: str) -> None:
    found = errors(f"email,role\n{email},x\n")[0]
    assert error in found
    assert bool(error) is bool(found)


def test_a_name_without_an_at_sign_will_do_where_users_have_user_names() -> None:
    text = "userName,role\nann,\nDOMAIN\\bo,\nann@,\nan\u200bn,\n"
    assert errors(text, Surface.SCIM) == [
        "",
        "",
        "the email is malformed: it has nothing after the “@”",
        "the email is malformed: it has a hidden character (zero width space, U+200B) at character 3",
    ]


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("x" * 10_001, "the first name cannot be sent: it has 10001 characters; the most that can be sent is 10000"),
        ("a␊b", "the first name cannot be sent: it has a control character (line break, U+000A) at character 2"),
        ('"a\nb"', "the first name cannot be sent: it has a control character (line break, U+000A) at character 2"),
        ("a␛b", "the first name cannot be sent: it has a control character (escape, U+001B) at character 2"),
        ("␐D800", "the first name cannot be sent: it has half a character (U+D800) at character 1"),
        ("a\u200bb", ""),
        ("Ann\t", ""),
    ],
)
def test_values_that_cannot_be_sent_are_named(cell: str, error: str) -> None:
    text = f"email,first name\na@x.co,{cell}\n"
    assert unsendable(text) == [{"first_name": error} if error else {}]
    assert errors(text) == [""]


def test_a_letter_that_was_lost_before_is_not_imported() -> None:
    (found,) = unsendable("email,first name\na@x.co,Zo\ufffd\n")
    assert found == {
        "first_name": "the first name cannot be sent: "
        "it has “\ufffd”, which stands for a letter that was lost when the file was written"
    }


def test_all_reasons_why_a_value_cannot_be_sent_are_named() -> None:
    (found,) = unsendable("email,first name\na@x.co,a␍␊b\n")
    assert found["first_name"].count("cannot be sent") == 1
    assert found["first_name"].split("; ")[1] == "it has a control character (line break, U+000A) at character 3"


def test_a_role_that_users_do_not_have_cannot_be_sent() -> None:
    table = read_csv(b"email,role\na@x.co,Admin\nb@x.co,\n")
    scim = capabilities(Surface.SCIM)
    mapping = guessed(table, scim).with_column(ImportField.ROLE, 1)
    found = [row.unsendable for row in checked_rows(table, mapping, (), (), scim)]
    assert found == [{"role": f"the role cannot be Admin: {scim.roles}"}, {}]


def test_of_rows_with_the_same_email_none_is_imported() -> None:
    found = errors("email,groups\nann@x.co,\nbo@x.co,\nANN@x.co ,\n\n,\nann@X.co,Slaes\nbo@x.co,\n,Sales\n,Sales\n")
    assert found == [
        "the same email is in lines 4, 7, too",
        "the same email is in line 8, too",
        "the same email is in lines 2, 7, too",
        "there is no group Slaes, did you mean Sales?; the same email is in lines 2, 4, too",
        "the same email is in line 3, too",
        "the email is missing",
        "the email is missing",
    ]


def test_composed_and_decomposed_emails_are_the_same() -> None:
    assert errors("email\nzo\u00eb@x.co\nzoe\u0308@x.co\n") == [
        "the same email is in line 3, too",
        "the same email is in line 2, too",
    ]


def test_many_lines_with_the_same_email_are_counted() -> None:
    assert errors("email\n" + "a@x.co\n" * 9)[0] == "the same email is in lines 3, 4, 5, 6, 7 and 3 more, too"


def test_all_errors_of_a_row_are_named() -> None:
    text = "email,first,last,groups\n,a␀b,a␛b,Slaes\n"
    assert errors(text) == ["the email is missing; there is no group Slaes, did you mean Sales?"]
    assert [list(values) for values in unsendable(text)] == [["first_name", "last_name"]]


def test_hostile_cells_are_shown_clean() -> None:
    found = errors("email,groups\n,\x1b]0;x\x07\u202eevil\n")[0]
    assert found.endswith("there is no group ␛]0; there is no group x␇⟨202E⟩evil")


def test_a_file_without_emails_is_refused() -> None:
    with pytest.raises(NoEmailColumn):
        rows_of("name,role\nAnn,Admin\n")


TEXTS = st.text(max_size=12).map(str.strip)


@given(first=TEXTS, external=TEXTS, names=st.lists(st.text(min_size=1, max_size=8), max_size=4, unique=True))
def test_what_an_export_wrote_is_read_exactly(first: str, external: str, names: list[str]) -> None:
    groups = [Group(f"id-{index}", name) for index, name in enumerate(names)]
    stream = io.StringIO(newline="")
    values = ["ann@example.com", first, external, groups_cell(names)]
    csv.writer(stream).writerows([["email", "firstName", "externalId", "groups"], [safe(value) for value in values]])
    table = read_csv(stream.getvalue().encode("utf-8-sig"))
    rest = capabilities(Surface.REST)
    (row,) = checked_rows(table, guessed(table, rest), groups, (), rest)
    assert (row.values.get("first_name", ""), row.values.get("external_id", "")) == (first, external)
    assert list(row.groups) == groups
