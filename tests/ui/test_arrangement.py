"""Which panes are shown: an immutable value that does not change with the size of the screen."""

from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.ui.arrangement import LISTS, WIDE, WITHOUT_DETAIL, Arrangement, Pane, Tab

ARRANGEMENTS = st.builds(
    Arrangement,
    tab=st.sampled_from(Tab),
    beside=st.frozensets(st.sampled_from(Tab)),
    opened=st.booleans(),
    zoomed=st.none() | st.sampled_from(Pane),
)
WIDTHS = st.integers(min_value=1, max_value=300)


@given(arrangement=ARRANGEMENTS, width=WIDTHS)
def test_at_least_one_pane_is_always_visible(arrangement: Arrangement, width: int) -> None:
    visible = arrangement.visible(width)
    assert visible
    assert arrangement.tab not in WITHOUT_DETAIL or set(visible) <= set(LISTS[arrangement.tab])


@given(arrangement=ARRANGEMENTS, width=WIDTHS)
def test_two_steps_back_close_every_full_screen_pane(arrangement: Arrangement, width: int) -> None:
    back = arrangement.uncover().uncover()
    assert not back.covers(width)
    assert set(LISTS[back.tab]) <= set(back.visible(width))


@given(arrangement=ARRANGEMENTS)
def test_stepping_through_all_tabs_returns_to_the_first(arrangement: Arrangement) -> None:
    there = arrangement
    for _ in Tab:
        there = there.step(1, list(Tab))
    assert there.tab is arrangement.tab


@given(arrangement=ARRANGEMENTS, width=WIDTHS)
def test_p_shows_and_hides_the_details(arrangement: Arrangement, width: int) -> None:
    if arrangement.tab in WITHOUT_DETAIL:
        assert arrangement.toggle_detail(width) == arrangement
        return
    before = Pane.DETAIL in arrangement.visible(width)
    assert (Pane.DETAIL in arrangement.toggle_detail(width).visible(width)) is not before


def test_details_are_beside_the_users_from_120_columns_on() -> None:
    assert Arrangement().visible(WIDE) == (Pane.USERS, Pane.DETAIL)
    assert Arrangement().visible(WIDE - 1) == (Pane.USERS,)
    assert Arrangement().open().visible(WIDE - 1) == (Pane.DETAIL,)
    assert Arrangement(tab=Tab.GROUPS).visible(WIDE) == (Pane.GROUPS, Pane.MEMBERS)
