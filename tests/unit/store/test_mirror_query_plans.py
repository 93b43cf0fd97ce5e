"""SQLite reads the first screen of a query from an index, and never reads all users."""

import re
from collections.abc import Iterable, Iterator

import pytest

from tests.support.odd_mirror import OddMirror
from tests.support.odd_people import NOW_MS
from walkme_tui.domain.groups import Belonging
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.users import User
from walkme_tui.store.mirror import filter_sql, search

PEOPLE = 4_000
SCREEN = 20
# Instructions of SQLite's virtual machine; reading a user takes more than ten.
STEPS_OF_A_SCREEN = 12_000
COUNTED_AT_ONCE = 100

SORTED = tuple(Sort(key, reverse) for key in SortKey if key is not SortKey.LISTED for reverse in (False, True))


def person(number: int) -> User:
    return User(
        id=f"u-{number}",
        email=f"zoe{number * 7919 % PEOPLE}@example.com",
        first_name="Zoë" if number % 2 else "Bo",
        last_name=f"Weber {number * 31 % 97}",
        role=("Viewer", "Editor", "Field admin")[number % 3],
        status=("active", "inactive", "pending")[number % 5 % 3],
        external_id=f"okta|{number}",
        created_at_ms=NOW_MS - number * 3_600_000,
        updated_at_ms=NOW_MS - number * 7919 % PEOPLE * 60_000,
        groups=("sales", "beta", f"team-{number % 4}"),
    )


@pytest.fixture(scope="module")
def mirror() -> OddMirror:
    mirror = OddMirror()
    mirror.save_page(1, [person(number) for number in range(PEOPLE)], PEOPLE)
    mirror.prepare_sorting()
    return mirror


@pytest.fixture(autouse=True)
def _many_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply the limits of large accounts to this small one."""
    monkeypatch.setattr(search, "MANY", 200)
    monkeypatch.setattr(search, "INDEX_ROWS", 200)
    monkeypatch.setattr(filter_sql, "FEW", 40)
    monkeypatch.setattr(filter_sql, "SMALL", 400)


def plan_of(mirror: OddMirror, query: UserQuery) -> str:
    """SQLite's query plans for the statements that select the users of a first screen."""
    connection = mirror.file.read(lambda tables: tables.connection)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert len(mirror.first(query, SCREEN)) == SCREEN
    connection.set_trace_callback(None)
    chosen = choices(statements)
    assert chosen
    return "\n".join(line for each in chosen for line in _explained(mirror, each))


def choices(statements: Iterable[str]) -> list[str]:
    """The statements that select users, without those for exact matches."""
    chosen = [each for each in map(_inner, statements) if each.startswith("SELECT users.row_id FROM")]
    return [each for each in chosen if "has_run(" not in each]


def _inner(statement: str) -> str:
    """The inner statement of one that only concatenates its row ids."""
    return statement.removeprefix("SELECT group_concat(row_id) FROM (").removesuffix(")")


def _explained(mirror: OddMirror, statement: str) -> Iterator[str]:
    connection = mirror.file.read(lambda tables: tables.connection)
    for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
        yield row[3]


def steps_of(mirror: OddMirror, query: UserQuery) -> int:
    connection = mirror.file.read(lambda tables: tables.connection)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += COUNTED_AT_ONCE
        return 0

    connection.set_progress_handler(count, COUNTED_AT_ONCE)
    assert len(mirror.first(query, SCREEN)) == SCREEN
    connection.set_progress_handler(None, 0)
    return steps


@pytest.mark.parametrize(
    ("query", "begins_with"),
    [
        (UserQuery("web"), "SCAN find VIRTUAL TABLE"),
        (UserQuery("zo exam"), "SCAN find VIRTUAL TABLE"),
        (UserQuery("web status:active"), "SCAN find VIRTUAL TABLE"),
        (UserQuery("status:active"), "SEARCH users USING INDEX users_by_status"),
        (UserQuery(belonging=Belonging.STILL_IN_GROUPS), "SEARCH users USING INDEX users_by_status"),
        (UserQuery("role:viewer -bo"), "SEARCH users USING INDEX users_by_role"),
        (UserQuery("group:sales"), "SEARCH memberships USING PRIMARY KEY"),
        (UserQuery(group_id="team-1"), "SEARCH memberships USING PRIMARY KEY"),
        (UserQuery("role:viewer,editor"), "CO-ROUTINE found\nMERGE (UNION)"),
        (UserQuery("group:sales,beta"), "CO-ROUTINE found\nMERGE (UNION)"),
        (UserQuery("active"), "CO-ROUTINE found\nMERGE (UNION)"),  # in texts, or the status, or both
    ],
    ids=lambda value: value.text or value.group_id if isinstance(value, UserQuery) else None,
)
def test_a_query_reads_the_smallest_source(mirror: OddMirror, query: UserQuery, begins_with: str) -> None:
    plan = plan_of(mirror, query)
    assert plan.startswith(begins_with)
    assert "SCAN users" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("sort", SORTED, ids=lambda sort: f"{sort.key} {'down' if sort.reverse else 'up'}")
def test_a_prepared_sort_reads_its_index(mirror: OddMirror, sort: Sort) -> None:
    for text in ("", "zoe", "-zoe12@"):
        plan = plan_of(mirror, UserQuery(text, sort=sort))
        assert re.search(r"SCAN users USING (COVERING )?INDEX (sorted|users)_by_", plan)
        assert "TEMP B-TREE" not in plan
        assert steps_of(mirror, UserQuery(text, sort=sort)) < STEPS_OF_A_SCREEN


@pytest.mark.parametrize(
    "query",
    [
        UserQuery(),
        UserQuery("zo"),
        UserQuery("example -bo"),
        UserQuery("active"),
        UserQuery("a", hide_inactive=True),
        UserQuery("group:sales,beta,team -status:pending"),
        UserQuery("created:<1y has:groups"),
        UserQuery("created:<20h", sort=Sort(SortKey.NAME)),
    ],
    ids=lambda query: f"{query.text} {query.sort and query.sort.key}",
)
def test_a_first_screen_never_reads_all_users(mirror: OddMirror, query: UserQuery) -> None:
    assert steps_of(mirror, query) < STEPS_OF_A_SCREEN


def test_a_query_with_few_matches_reads_few_rows(mirror: OddMirror) -> None:
    mirror.save_user(User("rare", "rare@zoe.org", "Zoë", role="Owner", status="active", groups=("sales", "board")))
    for text in ("role:owner zoe", "zoe status:active role:owner", "group:board zoe", "group:sales role:owner"):
        connection = mirror.file.read(lambda tables: tables.connection)
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        assert [user.user.id for user in mirror.first(UserQuery(text), SCREEN)] == ["rare"]
        connection.set_trace_callback(None)
        (chosen,) = choices(statements)
        begin, _, _ = chosen.partition(" AS found ")
        assert "'Owner'" in begin or "gid = " in begin
