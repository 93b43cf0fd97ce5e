"""What plans check among all users: the same name, and another active user with a role."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror import plan_checks, tables
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror


@pytest.fixture
async def mirror() -> AsyncIterator[SqliteMirror]:
    opened = open_mirror(None, account_key="account")
    yield opened
    await opened.aclose()


def named(number: int, first: str | None, last: str | None, role: str = "Viewer", status: str = "active") -> User:
    return User(f"u{number}", f"user{number}@example.com", first, last, role, status, groups=())


async def filled(mirror: SqliteMirror, users: Sequence[User]) -> None:
    await mirror.save_page(UserPage(1, len(users) or 1, tuple(users), len(users)), 1000)


async def test_namesakes_are_compared_without_case_and_accents(mirror: SqliteMirror) -> None:
    zoe = named(1, "Zoë", "Çelik")
    twin = named(2, "ZOE", "celik", status="inactive")
    whole = named(3, None, "Zoë Çelik")
    others = [
        named(4, "Zoë", "Çelikoğlu"),
        named(5, "Zoë Çelik", "Weber"),
        named(6, "Mary Zoë", "Çelik"),
        named(7, None, None),
    ]
    await filled(mirror, [zoe, twin, whole, *others])
    await mirror.save_user(named(8, "zoë", "çelik"), 1000)
    found = await mirror.namesakes([search_key("Zoë Çelik"), "nobody here", ""], 10)
    assert {name: [user.id for user in users] for name, users in found.items()} == {
        "zoe celik": ["u1", "u2", "u3", "u8"]
    }


async def test_namesakes_are_limited_for_each_name(mirror: SqliteMirror) -> None:
    await filled(mirror, [named(number, "Test", "A" if number % 2 else "B") for number in range(30)])
    found = await mirror.namesakes(["test a", "test b"], 3)
    assert {name: len(users) for name, users in found.items()} == {"test a": 3, "test b": 3}


async def test_more_names_than_fit_into_one_pass_are_all_found(
    mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_checks, "NAMES_AT_ONCE", 2)
    monkeypatch.setattr(plan_checks, "BATCH", 3)
    await filled(mirror, [named(number, "Test", f"T{number}") for number in range(11)])
    found = await mirror.namesakes([f"test t{number}" for number in range(11)], 5)
    assert {name: [user.id for user in users] for name, users in found.items()} == {
        f"test t{number}": [f"u{number}"] for number in range(11)
    }


NAMES = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["Zoë", "zoe", "Å", "Ａ", "İ", "ß", "O'B", "!"]
)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=8))
async def test_every_user_is_found_by_name(names: list[tuple[str, str]]) -> None:
    mirror = open_mirror(None, account_key="account")
    try:
        users = [named(number, first, last) for number, (first, last) in enumerate(names)]
        await filled(mirror, users)
        keys = {user.id: search_key(user.full_name) for user in users}
        found = await mirror.namesakes(set(keys.values()), 99)
        assert {name: {user.id for user in users} for name, users in found.items()} == {
            wanted: {user_id for user_id, key in keys.items() if key == wanted} for wanted in keys.values() if wanted
        }
    finally:
        await mirror.aclose()


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([named(2, "Bo", "Admin")], False),
        ([named(2, "Bo", "Weber", "Admin", "inactive")], False),
        ([named(2, "Bo", "Weber", "Admin", "pending")], False),
        ([named(2, "Bo", "Weber", "Administrator")], False),
        ([named(2, "Bo", "Weber", "admin")], True),
        ([named(number, "Bo", "Admin") for number in range(2, 9)] + [named(9, "Bo", "Weber", "Admin")], True),
    ],
)
async def test_only_an_active_user_with_the_role_itself_counts(
    mirror: SqliteMirror, monkeypatch: pytest.MonkeyPatch, others: list[User], expected: bool
) -> None:
    monkeypatch.setattr(plan_checks, "BATCH", 3)
    monkeypatch.setattr(tables, "BATCH", 3)
    await filled(mirror, [named(1, "Zoë", "Çelik", "Admin"), *others])
    assert await mirror.has_active("Admin", ["u1"]) is expected
    assert await mirror.has_active("Admin", []) is True


async def test_calls_on_a_closed_mirror_raise(mirror: SqliteMirror) -> None:
    await mirror.aclose()
    with pytest.raises(MirrorUnavailable):
        await mirror.namesakes(["zoe"], 3)
    with pytest.raises(MirrorUnavailable):
        await mirror.has_active("Admin", [])
