"""The letters that the words of a filter matched are highlighted in the visible part of a cell."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.fake_directory import people, person
from tests.support.fake_listing import FakeListing, mirrored
from tests.support.table_driver import TableDriver, table_of
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import User


async def search(table: TableDriver, text: str) -> None:
    table.listing.replace(table.listing.rows, UserQuery(text))
    await table.settle()


def highlighted(table: TableDriver, row: int) -> list[str]:
    """The highlighted parts of a row: the table's own style sheet makes only these bold."""
    strip = table.strips()[row + 1]
    return " ".join(part.text for part in strip if part.style is not None and part.style.bold).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zoe", ["Zoë"]),
        ("celik", ["Çelik"]),
        ("person00", ["person00"]),
        ("zoe celik", ["Zoë", "Çelik"]),
        ("kta|000", ["kta|000"]),
        ("active", ["active"]),
        ("act view", ["View", "act"]),
        ("nobody", []),
        ("-zoe status:active", []),
        ('"person00000@example.com"', ["person00000@example.com"]),
    ],
)
async def test_matches_are_highlighted(text: str, expected: list[str]) -> None:
    async with table_of([person(0)._replace(external_id="okta|000000")]) as table:
        await search(table, text)
        assert highlighted(table, 0) == expected


async def test_nothing_is_highlighted_without_a_filter() -> None:
    async with table_of(people(3)) as table:
        await search(table, "zoe")
        await search(table, "")
        assert highlighted(table, 0) == []


async def test_another_word_changes_the_highlights_of_rows_that_stay() -> None:
    async with table_of(people(3)) as table:
        await search(table, "zo")
        assert highlighted(table, 0) == ["Zo"]
        await search(table, "zoe")
        assert highlighted(table, 0) == ["Zoë"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("somebody", "somebody"),
        ("very", "…"),
        ("address", "…ss"),
        ("indeed", "indeed"),
        ("headquarters", "headquarters"),
        ("somebody.with.a.very.long.address.indeed", "somebody.…ss.indeed"),
    ],
)
async def test_the_ellipsis_is_highlighted_for_a_match_in_the_cut_part_of_an_email(text: str, expected: str) -> None:
    long = person(0)._replace(email="somebody.with.a.very.long.address.indeed@headquarters.example.com")
    async with table_of([long], size=(80, 5)) as table:
        await search(table, text)
        assert highlighted(table, 0) == [expected]


async def test_the_ellipsis_is_highlighted_for_a_match_in_the_cut_part_of_a_name() -> None:
    async with table_of([person(0)._replace(first_name="Zoë" * 20, last_name="Çelik")], size=(80, 5)) as table:
        await search(table, "celik")
        assert highlighted(table, 0) == ["…"]


async def test_a_match_across_the_cut_is_highlighted_as_far_as_it_is_shown() -> None:
    async with table_of([person(0)._replace(email="a" * 20 + "b" * 60)], size=(80, 5)) as table:
        await search(table, "b" * 60)
        (shown,) = highlighted(table, 0)
        assert shown.strip("b") == "…"
        assert len(shown) > 3


async def test_rows_without_highlights_are_not_redrawn() -> None:
    async with table_of(people(5)) as table:
        before = list(table.table.render_lines(table.table.size.region))
        await search(table, "status:active")
        assert [list(strip) for strip in table.table.render_lines(table.table.size.region)] == [
            list(strip) for strip in before
        ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=50), min_size=4, max_size=4), st.text(max_size=4))
async def test_highlights_do_not_move_columns(texts: list[str], sought: str) -> None:
    first, last, email, external = texts
    user = User("1", email, first, last, "Viewer", "active", external, None, 0, ("a",))
    async with table_of([user], size=(120, 4)) as table:
        plain = table.lines
        await search(table, f'"{sought.replace(chr(34), "")}" "{first[:3].replace(chr(34), "")}"')
        assert table.lines == plain
        assert {cell_len(line) for line in table.lines} == {120}


async def test_a_new_filter_writes_only_lines_that_differ() -> None:
    listing = FakeListing(people(60))
    async with table_of(listing, size=(120, 20)) as table:
        listing.replace([mirrored(at, person(at * 10)) for at in range(4)], UserQuery("zoe"))
        await table.settle()
        asked: list[int] = []
        table.table._set_dirty = lambda *regions: asked.extend(  # type: ignore[method-assign]
            y for region in regions for y in region.line_range
        )
        listing.replace([mirrored(at, person(at * 10)) for at in range(4)], UserQuery("zo"))
        assert asked == [1, 2, 3, 4]
