"""The list of groups: counts, marks, and which parts are repainted when a count changes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from walkme_tui.config.themes import read_theme, shipped_folder
from walkme_tui.domain.groups import Belonging, Difference, Group, GroupSize
from walkme_tui.ui.theming.textual_theme import textual_theme
from walkme_tui.ui.widgets.group_list import GroupList, Special

SALES, BETA, ALPHA = Group("g1", "Sales"), Group("g2", "Beta"), Group("g3", "Alpha")
NOBODY = Special(Belonging.NONE, "≥ 41")
LEFT = Special(Belonging.STILL_IN_GROUPS, "≥ 7")


class RecordingGroupList(GroupList):
    """Records the regions that are repainted; an empty region stands for the whole list."""

    regions: list[Region]

    def refresh(self, *regions: Region, **options: Any) -> "RecordingGroupList":
        """Record the regions."""
        if hasattr(self, "regions"):
            self.regions.extend(regions or (Region(),))
        return super().refresh(*regions, **options)


class ListApp(App[None]):
    """An app with only the list."""

    def __init__(self) -> None:
        super().__init__()
        self.groups = RecordingGroupList(id="groups")
        theme, _ = read_theme(shipped_folder() / "dusk.toml")
        assert theme is not None
        self.register_theme(textual_theme(theme))
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        yield self.groups


def group_sizes(*numbers: int) -> Sequence[GroupSize]:
    return [GroupSize(group, number) for group, number in zip((ALPHA, BETA, SALES), numbers, strict=True)]


@asynccontextmanager
async def shown_list(
    width: int = 24, *, exact: bool = False, known: bool = True
) -> AsyncIterator[tuple[RecordingGroupList, Pilot[None]]]:
    app = ListApp()
    async with app.run_test(size=(width, 10)) as pilot:
        app.groups.fill(group_sizes(870, 312, 1204), [NOBODY, LEFT], exact=exact, known=known)
        app.groups.focus()
        await pilot.pause()
        app.groups.regions = []
        yield app.groups, pilot


def screen(groups: GroupList) -> list[str]:
    """The lines below the heading."""
    return [groups.render_line(y).text.rstrip() for y in range(1, groups.size.height)]


# ------------------------------------------------------------ counts


async def test_counts_are_right_aligned_with_a_sign_for_lower_bounds() -> None:
    async with shown_list(30) as (groups, _):
        assert screen(groups)[:6] == [
            "▌  Alpha                ≥ 870",
            "   Beta                 ≥ 312",
            "   Sales              ≥ 1 204",
            "─" * 30,
            "   (in no group)         ≥ 41",
            "   (still in groups)      ≥ 7",
        ]


@pytest.mark.parametrize("width", [29, 30, 34, 40])
async def test_a_narrow_list_keeps_in_groups_in_the_label_of_inactive_people(width: int) -> None:
    async with shown_list(width) as (groups, _):
        assert "in groups)" in screen(groups)[5]


async def test_exact_numbers_have_no_sign_and_unknown_ones_are_question_marks() -> None:
    async with shown_list(exact=True) as (groups, _):
        assert screen(groups)[2] == "   Sales          1 204"
    async with shown_list(known=False) as (groups, _):
        assert screen(groups)[2] == "   Sales              ?"


async def test_only_rows_with_changed_counts_are_repainted() -> None:
    async with shown_list() as (groups, _):
        groups.fill(group_sizes(870, 313, 1206), [NOBODY, LEFT._replace(number="≥ 8")], exact=False, known=True)
        assert groups.regions == [Region(0, line, 24, 1) for line in (2, 3, 6)]
        assert screen(groups)[2].endswith("≥ 1 206")


async def test_unchanged_counts_are_not_repainted() -> None:
    async with shown_list() as (groups, _):
        groups.fill(group_sizes(870, 312, 1204), [NOBODY, LEFT], exact=False, known=True)
        assert groups.regions == []


@pytest.mark.parametrize(("exact", "numbers"), [(False, (870, 312, 12_040)), (True, (870, 312, 1204))])
async def test_wider_or_exact_numbers_repaint_all_rows(exact: bool, numbers: tuple[int, int, int]) -> None:
    async with shown_list() as (groups, _):
        groups.fill(group_sizes(*numbers), [NOBODY, LEFT], exact=exact, known=True)
        assert Region() in groups.regions
        assert len({cell_len(line) for line in screen(groups)[:3]}) == 1


async def test_headings_are_above_the_names_and_the_numbers() -> None:
    async with shown_list() as (groups, _):
        assert groups.render_line(0).text.rstrip() == "   GROUP        MEMBERS"
        groups.fill([], [], exact=False, known=True)
        assert "GROUP" not in groups.render_line(0).text


async def test_the_cursor_stays_on_the_first_group_until_it_is_moved() -> None:
    async with shown_list() as (groups, _):
        ids = [GroupSize(Group(group_id, None), 1) for group_id in ("g1", "g2", "g3")]
        groups.fill(ids, [], exact=False, known=True)
        assert groups.cursor == 0
        groups.fill(group_sizes(870, 312, 1204), [], exact=False, known=True)
        assert (groups.cursor, groups.key(groups.rows[0])) == (0, "g3")
        groups.action_cursor_down()
        groups.fill([GroupSize(Group("g0", "Aardvark"), 1), *group_sizes(870, 312, 1204)], [], exact=False, known=True)
        assert groups.cursor == 2


# ------------------------------------------------------------ marks


async def test_marks_are_in_the_gutter_and_the_separator_shows_their_command() -> None:
    async with shown_list(40) as (groups, _):
        notes = []
        for _ in range(3):
            groups.toggle_mark()
            groups.action_cursor_down()
            notes.append(screen(groups)[3].strip("─ "))
        assert [line[1] for line in screen(groups)[:3]] == ["✓", "✓", "✓"]
        assert notes == ["mark one more to compare", "c shows who is in one only", "unmark all but two to compare"]
        groups.clear_marks()
        assert screen(groups)[3] == "─" * 40
        assert [line[1] for line in screen(groups)[:3]] == [" ", " ", " "]


async def test_a_mark_repaints_its_row_and_the_separator() -> None:
    async with shown_list() as (groups, _):
        groups.toggle_mark()
        assert sorted(region.y for region in groups.regions) == [1, 4]


async def test_marks_follow_their_groups() -> None:
    async with shown_list() as (groups, _):
        groups.toggle_mark()
        groups.action_cursor_down()
        groups.toggle_mark()
        renamed = [GroupSize(ALPHA._replace(name="Omega"), 1), GroupSize(SALES, 2)]
        groups.fill(renamed, [], exact=True, known=True)
        assert groups.marked == (Group("g3", "Omega"),)


async def test_only_groups_can_be_marked() -> None:
    async with shown_list() as (groups, _):
        groups.action_last()
        groups.toggle_mark()
        assert groups.marked == ()


async def test_a_group_with_the_id_of_a_special_row_is_a_group() -> None:
    async with shown_list() as (groups, _):
        odd = [GroupSize(Group("none", "Odd"), 1), GroupSize(Group("still in groups", "Even"), 1)]
        groups.fill(odd, [NOBODY, LEFT], exact=True, known=True)
        assert len({groups.key(row) for row in groups.rows}) == 4


# ------------------------------------------------------------ names


async def test_two_long_names_share_the_width() -> None:
    long = Difference(Group("a", "Engineering and Research"), Group("b", "Marketing Communications"))
    async with shown_list(40) as (groups, _):
        groups.fill(group_sizes(1, 1, 1), [Special(long, "5")], exact=True, known=True)
        assert screen(groups)[4] == "   Engineering …, not Marketing Co…   5"
        groups.fill(group_sizes(1, 1, 1), [Special(long._replace(other=BETA), "5")], exact=True, known=True)
        assert screen(groups)[4] == "   Engineering and Resea…, not Beta   5"


@pytest.mark.parametrize("width", [8, 12, 24, 40, 80])
async def test_hostile_names_do_not_exceed_their_width(width: int) -> None:
    texts = [
        "[@click=app.quit]x[/]",
        "\x1b[31mred\x1b]52;c;ZXZpbA==\x07",
        "one\ntwo",
        "\u202edlrow",
        "東京都渋谷区神宮前" * 9,
    ]
    names = [Group(f"g{number}", text) for number, text in enumerate(texts)]
    rows = [GroupSize(name, 1) for name in names]
    special = [Special(Difference(name, names[-1]), "1") for name in names]
    async with shown_list(width) as (groups, _):
        groups.fill(rows, special[:3], exact=True, known=True)
        for row in groups.rows:
            text = "".join(piece for piece, _ in groups.line(row, width - 2))
            assert cell_len(text) == max(width - 2, 2 + 4) + 1  # and the margin
            assert text.isprintable()


async def test_a_filter_matches_special_rows_by_their_label_only() -> None:
    async with shown_list() as (groups, _):
        compared = Special(Difference(SALES, BETA), "3")
        groups.fill(group_sizes(1, 2, 3), [compared, NOBODY, LEFT], exact=True, known=True)
        kept = {}
        for text in ("sales", "inactive", "group", "g1", ""):
            groups.filter(text)
            kept[text] = [groups.key(row) for row in groups.rows]
        sales, left, nobody = groups.key(compared), groups.key(LEFT), groups.key(NOBODY)
        assert kept == {
            "sales": ["g1", sales],
            "inactive": [left],
            "group": [nobody, left],
            "g1": ["g1"],
            "": ["g3", "g2", "g1", sales, nobody, left],
        }
        assert (groups.kept, groups.total) == (3, 3)
