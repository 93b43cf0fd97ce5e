"""Users by membership: in no group, inactive but still in groups, in one marked group only."""

from tests.support.browser import Browser, Setting, counted, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.groups import Group
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UserPage
from walkme_tui.store.mirror.mirror import open_mirror

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]
NARROW = (80, 24)


def account(count: int = 60) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


async def open_groups_tab(browser: Browser, *lines: str) -> None:
    """Open the Groups tab and wait until its list has these lines."""
    await browser.loaded()
    await browser.press("2")
    await counted(browser, "(in no group) 30", *lines)


async def test_special_rows_are_below_the_groups() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        assert browser.groups == [
            "Engineering 0",
            "Sales 30",
            "Support 15",
            "(in no group) 30",
            "(inactive, still in groups) 6",
        ]


async def test_the_members_pane_shows_the_people_of_a_special_row() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "down", "down")
        await browser.settled(lambda: browser.row_count == 30)
        assert browser.members_heading.startswith("In no group · 30 people, complete as of ")
        assert all(not user.user.groups for user in map(browser.table.listing.row, range(30)))  # type: ignore[union-attr]
        await browser.press("G")
        await browser.settled(lambda: browser.row_count == 6)
        assert browser.members_heading.startswith("Inactive, still in groups · 6 people, complete")
        await browser.press("enter")
        assert browser.focus == "members-table"
        await browser.press("space")
        assert len(browser.marked) == 1


async def test_special_counts_are_lower_bounds_while_the_account_is_not_loaded() -> None:
    api = account(1000)
    api.hold("list_users")
    mirror = open_mirror(None, account_key="acme")
    await mirror.save_page(UserPage(1, 100, tuple(people(100)), 1000), 1)
    async with open_browser(Setting(api=api, mirror=mirror), NARROW) as browser:
        await browser.loaded()
        await browser.press("2")
        await counted(browser, "(in no group) ≥ 50", "(inactive in groups) ≥ 10")
        await browser.press("G", "up")
        await browser.settled(lambda: browser.members_heading == "In no group · ≥ 50 people · 10 % loaded")


async def test_people_are_counted_as_unknown_if_the_list_lacks_groups() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("2")
        await counted(browser, "(in no group) ?", "(inactive, still in groups) ?", "(groups unknown) 60")
        await browser.press("down")
        await browser.settled(lambda: browser.says("after showing how long that takes."))
        await browser.press("G")
        await browser.settled(lambda: browser.row_count == 60)
        assert browser.members_heading.startswith("Groups unknown · 60 of 60 loaded · M reads them")


async def test_the_row_of_inactive_people_shows_them_even_while_inactive_users_are_hidden() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("t", "G")
        await browser.settled(lambda: browser.row_count == 6)
        await browser.press("up")
        await browser.settled(lambda: browser.row_count == 24)


async def test_members_can_be_filtered_by_every_term_and_are_counted() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "m")
        await browser.filter("status:inactive role:admin")
        await browser.settled(lambda: browser.row_count == 2)
        assert browser.filter_count == "2 of 30"
        await browser.press("escape", "escape", "shift+tab", "G")
        await browser.settled(lambda: browser.row_count == 6)
        await browser.press("enter")
        await browser.filter("group:support")
        await browser.settled(lambda: browser.row_count == 3)
        assert browser.filter_count == "3 of 6"
        assert browser.members_heading.startswith("Inactive, still in groups · 6 people")


# ------------------------------------------------------------ two marked groups


async def test_two_marked_groups_are_compared_in_both_directions() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "space", "down", "space")
        await counted(browser, "✓ Sales 30", "✓ Support 15", "Sales, not Support 15", "Support, not Sales 0")
        assert browser.members_heading.startswith("Support · ")  # the cursor is where it was
        await browser.press("c")
        await browser.settled(lambda: browser.row_count == 15)
        assert browser.members_heading.startswith("In Sales, not in Support · 15 people, complete")
        assert browser.table.listing.query == UserQuery(group_id="g1", without_group_id="g2")
        await browser.press("c")
        await browser.settled(lambda: browser.says("No user is in the one group but not in the other."))
        assert browser.members_heading.startswith("In Support, not in Sales · 0 people")
        await browser.press("c", "enter")
        assert browser.focus == "members-table"
        assert browser.members_heading.startswith("In Sales, not in Support")


async def test_the_first_marked_group_comes_first() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "down", "space", "up", "space", "c")
        assert browser.members_heading.startswith("In Support, not in Sales")


async def test_unmarking_removes_the_comparison_and_keeps_the_cursor_nearby() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "space", "down", "space", "c")
        await browser.press("backslash")
        assert [line for line in browser.groups if "not" in line or "✓" in line] == []
        assert browser.members_heading.startswith("In no group")
        await browser.press("c")
        assert any("Mark two groups with Space" in toast for toast in browser.toasts)


async def test_escape_clears_the_marks() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("space", "down", "space")
        assert sum("✓" in line for line in browser.groups) == 2
        await browser.press("escape")
        assert sum("✓" in line for line in browser.groups) == 0


async def test_more_than_two_marks_show_what_to_do() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("space", "down", "space", "down")
        assert not browser.toasts
        await browser.press("space")
        assert any("Two groups can be compared: Space unmarks one" in toast for toast in browser.toasts)
        assert not any(", not " in line for line in browser.groups)
        await browser.press("c")
        assert browser.members_heading.startswith("Support")
        await browser.press("space")
        await counted(browser, "Engineering, not Sales 0", "Sales, not Engineering 30")


async def test_only_groups_are_marked_and_one_by_one() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("G", "space")
        assert browser.toasts == ["Only groups can be marked."]
        await browser.press("asterisk")
        assert "Groups are marked one by one, with Space." in browser.toasts
        assert not browser.marked


async def test_marks_of_groups_and_marks_of_members_are_independent() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "space", "m")
        await browser.settled(lambda: browser.cursor_user is not None)
        await browser.press("space", "down", "space")
        assert len(browser.marked) == 2
        assert sum("✓" in line for line in browser.groups) == 1
        await browser.press("backslash")
        assert not browser.marked
        assert sum("✓" in line for line in browser.groups) == 1


async def test_c_on_another_tab_goes_to_the_comparison() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "space", "down", "space")
        await browser.filter("engin")
        await browser.press("enter", "1", "c")
        assert browser.panes == ["groups", "members"]
        assert browser.focus == "groups"
        assert browser.members_heading.startswith("In Sales, not in Support")


async def test_a_comparison_follows_changed_memberships() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await open_groups_tab(browser)
        await browser.press("down", "space", "down", "space")
        await counted(browser, "Sales, not Support 15")
        await browser.press("c", "m")
        await browser.settled(lambda: browser.row_count == 15)
        user = browser.cursor_user
        assert user is not None
        api.edit(user.id, groups=())
        await browser.press("r")
        await counted(browser, "Sales, not Support 14", "(in no group) 31", "✓ Sales 29")
        await browser.settled(lambda: browser.row_count == 14)


async def test_a_deleted_marked_group_is_no_longer_compared() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await open_groups_tab(browser)
        await browser.press("space", "down", "space")
        assert "Engineering, not Sales 0" in browser.groups or "Engineering, not Sales ·" in browser.groups
        del api.groups[2]
        await browser.press("r")
        await browser.settled(lambda: not any("Engineering" in line for line in browser.groups))
        assert "✓ Sales 30" in browser.groups
