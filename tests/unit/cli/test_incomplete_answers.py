"""Answers that depend on fields which the list lacks, and filters with values that do not exist."""

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.lookups import rows
from walkme_tui.domain.errors import PermissionRefused, Unreachable

PEOPLE = [person(number) for number in range(7)]


@pytest.mark.parametrize(
    ("filter_text", "fields"),
    [
        ("group:sales", "groups"),
        ("-group:sales", "groups"),
        ("group:none", "groups"),
        ("role:admin", "role"),
        ("created:<2024", "createdAt"),
        ("updated:<30d", "updatedAt"),
        ("has:name", "firstName, lastName"),
        ("zoe", "firstName, lastName, role, externalId"),
        ("@admins", "role"),
        ("@in-no-group", "groups"),
        ("@inactive-in-groups status:active,inactive", "groups"),
    ],
)
def test_a_filter_over_unknown_fields_is_incomplete(
    cli: CommandLine, api: FakeDirectory, filter_text: str, fields: str
) -> None:
    api.lean = True
    answer = cli("export", "--filter", filter_text, "--json")
    unknown = 7 if "inactive" not in filter_text else sum(user.status == "inactive" for user in PEOPLE)
    assert (answer.code, answer.json["complete"], answer.json["unknown"]) == (1, False, unknown)
    assert f"incomplete: {'1 user' if unknown == 1 else f'{unknown} users'} may match too" in answer.err
    assert f"({fields})" in answer.err
    assert "read such users one by one" in answer.err


def test_a_filter_over_known_fields_is_complete_on_a_lean_account(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    for text in ("", "status:inactive", "example.com", "person00001@example.com status:active -status:active"):
        answer = cli("export", "--filter", text, "--json")
        assert (answer.code, answer.json["complete"], answer.json["unknown"]) == (0, True, 0), text


def test_users_excluded_by_a_known_field_do_not_make_an_answer_incomplete(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    cli("whois", str(person(1).email))  # a look-up tells the groups of one of them
    answer = cli("export", "--filter", "group:sales", "--json")
    assert answer.json["unknown"] == 6
    assert cli("export", "--filter", "group:sales status:gone,active", "--json").json["unknown"] < 6


def test_a_cached_answer_counts_users_with_unknown_fields(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    cli("export")
    answer = cli("export", "--cached", "--filter", "role:admin", "--json")
    assert (answer.code, answer.json["complete"], answer.json["unknown"]) == (1, False, 7)


def test_deleted_users_are_not_counted(cli: CommandLine, api: FakeDirectory) -> None:
    api.lean = True
    cli("export")
    del api.users[3]
    assert cli("export", "--filter", "role:admin", "--json").json["unknown"] == 6


@pytest.mark.parametrize(
    ("filter_text", "reason"),
    [
        ("group:salse", "No group begins with “salse”. Nearest: Sales."),
        ("-group:salse", "No group begins with “salse”. Nearest: Sales."),
        ("role:foo", "No loaded user has the role foo."),
        ("status:inactve", "No loaded user has the status inactve."),
    ],
)
def test_a_value_that_no_user_has_is_refused_with_the_nearest_one(
    cli: CommandLine, filter_text: str, reason: str
) -> None:
    answer = cli("export", "--filter", filter_text)
    assert (answer.code, answer.out) == (2, "")
    assert reason in answer.err


def test_a_documented_role_or_status_that_no_user_has_is_accepted(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = [user._replace(role="Viewer", status="active") for user in PEOPLE]
    for text in ("role:admin", "status:pending", "@admins"):
        assert (cli("export", "--filter", text).code, rows(cli("export", "--filter", text).out)) == (0, []), text


def test_a_group_in_a_filter_may_be_given_by_id(cli: CommandLine) -> None:
    by_name = cli("export", "--filter", "group:sales")
    assert cli("export", "--filter", "group:g1").out == by_name.out
    assert cli("export", "--filter", "group:g").code == 2


def test_a_filter_with_groups_fails_if_groups_cannot_be_read(cli: CommandLine, api: FakeDirectory) -> None:
    async def refused(*_: object) -> object:
        raise PermissionRefused("The token lacks the scope groups:read.")

    api.list_groups = refused  # type: ignore[method-assign, assignment]  # an account that keeps its groups to itself
    answer = cli("export", "--filter", "group:sales")
    assert (answer.code, answer.out) == (3, "")
    assert "groups:read" in answer.err
    assert cli("export", "--filter", "role:viewer").code == 0


def test_an_unknown_role_in_an_incomplete_account_is_an_incomplete_answer(cli: CommandLine, api: FakeDirectory) -> None:
    api.users = people(2500)
    original = api.list_users

    async def two_pages(page: int, page_size: int, *rest: object) -> object:
        if page > 2:
            raise Unreachable("The connection failed.")
        return await original(page, page_size)

    api.list_users = two_pages  # type: ignore[method-assign, assignment]  # fails after two pages
    assert cli("export", "--filter", "role:foo").code == 1


@pytest.mark.parametrize("words", [("export", "--filter", "zo\udcff"), ("browse", "zo\udcff"), ("zo\udcff",)])
def test_a_filter_with_invalid_bytes_is_refused(cli: CommandLine, words: tuple[str, ...]) -> None:
    answer = cli(*words)
    assert (answer.code, answer.out) == (2, "")
    assert "bytes that are not text" in answer.err
    assert cli.opened == []


def test_export_and_members_keep_the_order_of_the_server_after_look_ups(cli: CommandLine, api: FakeDirectory) -> None:
    for number in (5, 3):
        cli("whois", str(person(number).email))
    emails = [user.email for user in PEOPLE]
    assert [row["email"] for row in rows(cli("export").out)] == emails
    assert [row["email"] for row in rows(cli("export", "--filter", "example.com").out)] == emails
    members = [user.email for user in PEOPLE if "g1" in (user.groups or ())]  # type: ignore[operator]  # known
    assert [row["email"] for row in rows(cli("members", "Sales", "--csv").out)] == members
    api.users.append(person(9))
    cli("whois", str(person(9).email))
    assert [row["email"] for row in rows(cli("export", "--cached").out)] == [*emails, person(9).email]
