"""The roles of an account with their numbers of users."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.support.odd_mirror import OddMirror, result
from walkme_tui.domain.users import UNKNOWN, Known, User, UserPage
from walkme_tui.store.mirror.conditions import MOST_LISTED
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.store.mirror.role_counts import count_roles

ROLES = st.sampled_from([UNKNOWN, None, "", "Viewer", "viewer", "Admin", "Redakteur ü", "\x1b[2J", " ", "'"])


async def counted(roles: Sequence[Known[str | None]]) -> Sequence[tuple[str, int]]:
    """The counts of a mirror with one user for each of these roles."""
    users = tuple(User(f"u{number}", role=role) for number, role in enumerate(roles))
    mirror = open_mirror(None, account_key="account")
    try:
        await mirror.save_page(UserPage(1, len(users) or 1, users, len(users)), 1000)
        return await mirror.roles()
    finally:
        await mirror.aclose()


@given(st.lists(ROLES, max_size=30))
async def test_each_role_is_counted_the_most_frequent_first(roles: list[Known[str | None]]) -> None:
    known = Counter(role for role in roles if isinstance(role, str) and role)
    assert await counted(roles) == sorted(known.items(), key=lambda each: (-each[1], each[0]))


async def test_users_who_changed_or_are_gone_are_counted_as_they_are_now() -> None:
    mirror = open_mirror(None, account_key="account")
    users = tuple(User(f"u{number}", role="Viewer") for number in range(5))
    await mirror.save_page(UserPage(1, 5, users, 5), 1000)
    await mirror.save_user(User("u1", role="Admin"), 2000)
    await mirror.save_user(User("u2", email="without.role@example.com"), 2000)
    await mirror.forget_user("u3")
    assert await mirror.roles() == [("Viewer", 3), ("Admin", 1)]
    await mirror.aclose()


async def test_of_very_many_roles_only_the_first_are_counted() -> None:
    roles = [f"Role {number:04}" for number in range(MOST_LISTED + 5)]
    assert await counted([*roles, roles[7]]) == [
        (roles[7], 2),
        *[(role, 1) for role in roles[:MOST_LISTED] if role != roles[7]],
    ]


def test_the_counts_are_read_from_the_index_by_role() -> None:
    mirror = OddMirror()
    mirror.save_page(1, [User(f"u{number}", role=f"Role {number % 3}") for number in range(60)], 60)
    connection = mirror.file.read(lambda tables: tables.connection)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert mirror.file.read(lambda tables: result(count_roles(tables))) == [
        ("Role 0", 20),
        ("Role 1", 20),
        ("Role 2", 20),
    ]
    connection.set_trace_callback(None)
    assert statements
    for statement in statements:
        plan = [line for *_, line in connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]
        reads = [line for line in plan if "users" in line]
        assert reads
        assert all(line.startswith("SEARCH users USING INDEX users_by_role") for line in reads), plan
