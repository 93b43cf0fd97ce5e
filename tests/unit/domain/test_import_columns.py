"""Which columns of a file are taken for which fields."""

import pytest

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.errors import ConfigurationError, NoEmailColumn
from walkme_tui.domain.imports.columns import (
    ColumnMapping,
    column_index,
    guessed,
    remembered,
    shown_column,
    signature,
)
from walkme_tui.domain.imports.csv_file import CsvTable, read_csv
from walkme_tui.domain.imports.import_fields import ImportField, field_named

REST = capabilities(Surface.REST)


def table(header: str, *rows: str) -> CsvTable:
    """A table of lines; without rows it has one with as many cells as the header."""
    return read_csv("\n".join([header, *(rows or ["x" + ",x" * header.count(",")])]).encode(), delimiter=",")


def mapped(found: CsvTable, surface: Surface = Surface.REST) -> dict[str, int]:
    """The guessed mapping with the JSON names of fields."""
    return {field.value: index for field, index in guessed(found, capabilities(surface)).columns.items()}


@pytest.mark.parametrize(
    ("field", "names"),
    [
        (
            "email",
            "email,EMAIL,E-Mail, e_mail ,Email Address,E-Mail-Adresse,mail,Primary email,Work Email,userName,login",
        ),
        ("email", "userPrincipalName,User name [userPrincipalName] Required,Email Address [Required],user.email"),
        ("firstName", "firstName,First Name,first_name,Given name,name.givenName,Vorname,Prénom,First Name [Required]"),
        ("firstName", "First name [givenName],profile.firstName,FIRSTNAME,Nombre"),
        ("lastName", "lastName,Last name,Surname,Family Name,sn,Nachname,name.familyName,Apellidos,Nom de famille"),
        ("role", "role,Role,User role,WalkMe role,Rolle"),
        ("externalId", "externalId,External ID,external_id,profile.externalId"),
        ("groups", "groups,Group,Group names,GROUP_IDS,Gruppen,Groups (separated by ;)"),
    ],
)
def test_usual_names_of_columns_are_known(field: str, names: str) -> None:
    for name in names.split(","):
        found = field_named(name)
        assert found is not None, name
        assert found[0] == field


@pytest.mark.parametrize(
    "name",
    ["", "name", "id", "status", "title", "Employee number", "Secondary email", "Manager's email", "Full name", "1"],
)
def test_names_that_may_mean_something_else_are_not_guessed(name: str) -> None:
    assert field_named(name) is None


def test_the_best_of_several_names_is_taken_then_the_first_column() -> None:
    assert mapped(table("userName,mail,Email,email,first,First name")) == {"email": 2, "firstName": 5}


def test_the_mapping_of_our_own_export() -> None:
    found = table("id,email,firstName,lastName,role,status,groups,externalId,createdAt,updatedAt")
    mapping = {"email": 1, "firstName": 2, "lastName": 3, "role": 4, "externalId": 7, "groups": 6}
    assert mapped(found) == mapping
    assert list(mapped(found)) == [*ImportField]
    assert guessed(found, REST).not_imported(found) == (0, 5, 8, 9)


def test_the_role_is_not_imported_where_users_have_none() -> None:
    found = table("email,role")
    assert mapped(found, Surface.SCIM) == {"email": 0}
    assert guessed(found, capabilities(Surface.SCIM)).not_imported(found) == (1,)


@pytest.mark.parametrize(
    ("header", "rows", "email"),
    [
        ("who,note", ["ann@example.com,x", "bo@example.com,y"], 0),
        ("ann@example.com,Ann", ["bo@example.com,Bo"], 0),
        ("who,note", ["ann@example.com,x", ",y", "bo@example.com,z"], 0),
        ("who,manager", ["ann@example.com,bo@example.com"], None),
        ("who,note", ["ann,x"], None),
    ],
)
def test_without_a_known_name_the_emails_are_where_most_cells_are_emails(
    header: str, rows: list[str], email: int | None
) -> None:
    assert mapped(table(header, *rows)).get("email") == email


def test_another_column_for_a_field_or_none() -> None:
    found = table("email,first,nick")
    mapping = guessed(found, REST).with_column(ImportField.FIRST_NAME, 2)
    assert dict(mapping.columns) == {ImportField.EMAIL: 0, ImportField.FIRST_NAME: 2}
    assert mapping.with_column(ImportField.FIRST_NAME, None) == ColumnMapping({ImportField.EMAIL: 0})
    assert mapping.with_column(ImportField.EXTERNAL_ID, 0).not_imported(found) == (1,)


def test_a_file_without_emails_names_its_columns() -> None:
    found = table("who,,\x1b[2Jnote")
    with pytest.raises(NoEmailColumn, match=r"The columns are: who, column 2, ␛\[2Jnote\."):
        guessed(found, REST).require_email(found)
    assert ColumnMapping({ImportField.EMAIL: 2}).require_email(found) == 2


def test_files_with_the_same_header_share_a_signature() -> None:
    def of(*lines: str, surface: Surface = Surface.REST) -> str:
        return signature(table(*lines), surface)

    assert of("email,first", "a,b") == of("email,first", "c,d") == of("email,first,error", "a,b,failed")
    assert len({of(header) for header in ("email,first", "first,email", "email", "Email,first")}) == 4
    assert "email" not in of("email")
    assert of("email", surface=Surface.SCIM) not in {"", of("email")}
    assert {of("ann@example.com,x", "bo@example.com,y", surface=surface) for surface in Surface} == {""}


@pytest.mark.parametrize(
    ("columns", "surface", "found"),
    [
        ({"email": 0, "role": 1}, Surface.REST, {ImportField.EMAIL: 0, ImportField.ROLE: 1}),
        ({"email": 0, "role": 1}, Surface.SCIM, {ImportField.EMAIL: 0}),
        ({"email": 0, "phone": 1}, Surface.REST, {ImportField.EMAIL: 0}),
        ({"email": 0, "role": 2}, Surface.REST, None),
        ({"role": 1}, Surface.REST, None),
        (None, Surface.REST, None),
    ],
)
def test_remembered_columns_are_those_that_the_file_and_the_surface_have(
    columns: dict[str, int] | None, surface: Surface, found: dict[ImportField, int] | None
) -> None:
    mapping = remembered(table("Who,What"), columns, capabilities(surface))
    assert (None if mapping is None else dict(mapping.columns)) == found


@pytest.mark.parametrize(("typed", "index"), [("first", 1), (" FIRST ", 1), ("Who", 0), ("3", 2), ("1", 3), ("4", 3)])
def test_a_column_is_found_by_its_name_else_by_its_number(typed: str, index: int) -> None:
    assert column_index(table("who,first,mail,1"), typed) == index


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("frist", "The file has no column frist. Did you mean first?"),
        ("0", "The file has no column 0. The columns are: who, first, Mail, mail."),
        ("5", "no column 5"),
        ("11", "no column 11"),
        ("9" * 5000, "no column 999"),
        ("²", "no column"),
        ("", "no column"),
        ("MAIL", "Several columns are called MAIL. Use a number: 3, 4."),
    ],
)
def test_a_column_that_does_not_exist_is_refused(typed: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace(".", r"\.").replace("?", r"\?")):
        column_index(table("who,first,Mail,mail"), typed)


def test_a_column_in_a_sentence() -> None:
    found = table("\x1b]0;who,  ")
    assert [shown_column(found, index) for index in range(len(found.columns))] == ["␛]0;who", "column 2"]
    unnamed = table("ann@example.com,Ann", "bo@example.com,Bo")
    assert shown_column(unnamed, 1) == "column 2"
