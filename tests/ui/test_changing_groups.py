"""Creating, renaming and deleting groups with n, e and D on the list of groups, and undoing it with z."""

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import RequestRejected, Unreachable
from walkme_tui.domain.groups import Group

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])


def account() -> FakeDirectory:
    return FakeDirectory(people(12), groups=[Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Beta")])


def setting(api: FakeDirectory, surface: Surface = Surface.SCIM) -> Setting:
    return Setting(api=api, surface=surface, environment=Environment.PRODUCTION)


def names(api: FakeDirectory) -> list[str | None]:
    return sorted(str(group.name) for group in api.groups)  # type: ignore[return-value]


async def open_groups(browser: Browser, name: str = "") -> None:
    """Open the Groups tab, with the cursor on this group."""
    await browser.loaded()
    await browser.press("2")
    await browser.settled(lambda: any("Sales" in line for line in browser.groups))
    while name and name not in current(browser):
        await browser.press("down")


def current(browser: Browser) -> str:
    """The name of the group under the cursor."""
    group = browser.browser.area.groups_tab.current_group
    return "" if group is None else group.label


async def run_plan(browser: Browser) -> None:
    """Run the plan that is shown, and close its receipt."""
    await browser.settled(lambda: "Ticket" in browser.dialog)
    await browser.armed()
    await browser.press("y")
    await browser.settled(lambda: "Done and verified." in browser.dialog)
    await browser.press("enter")


@SIZES
async def test_n_creates_a_group_and_z_undoes_it(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(setting(api), size) as browser:
        await open_groups(browser)
        await browser.type_ahead("n", *"EMEA", "enter")
        await browser.settled(lambda: "Create the group EMEA" in browser.dialog)
        assert "The group has no members at first." in browser.dialog
        await run_plan(browser)
        await browser.settled(lambda: current(browser) == "EMEA")
        assert names(api) == ["Beta", "EMEA", "Sales", "Support"]
        await browser.press("z")
        await browser.settled(lambda: "delete" in browser.dialog)
        await run_plan(browser)
        await browser.settled(lambda: not any("EMEA" in line for line in browser.groups))
    assert names(api) == ["Beta", "Sales", "Support"]


@SIZES
async def test_e_renames_the_group_under_the_cursor(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(setting(api), size) as browser:
        await open_groups(browser, "Sales")
        await browser.press("e")
        await browser.settled(lambda: "Rename the group Sales" in browser.dialog)
        await browser.press(*" EMEA", "enter")
        await browser.settled(lambda: "Sales -> Sales EMEA" in browser.dialog)
        await run_plan(browser)
        await browser.settled(lambda: any("Sales EMEA" in line for line in browser.groups))
    assert names(api) == ["Beta", "Sales EMEA", "Support"]


@SIZES
async def test_capital_d_deletes_the_group_once_its_name_is_typed(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(setting(api), size) as browser:
        await open_groups(browser, "Sales")
        await browser.press("D")
        await browser.settled(lambda: "Delete the group Sales?" in browser.dialog)
        assert "6 members" in browser.dialog
        assert "The people stay, and only lose this group." in " ".join(browser.dialog.split())
        await browser.armed()
        await browser.press("t", *"sales", "enter")
        await browser.armed()
        await browser.press("y")
        assert "nothing was sent: type the name first" in browser.dialog
        await browser.press(*["backspace"] * 5, *"Sales", "enter")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: not any("Sales" in line for line in browser.groups))
        await browser.press("z")
        await browser.settled(lambda: "can be undone" in " ".join(browser.toasts))
    assert [write.name for write in api.writes] == ["delete_group"]
    assert len(api.users) == 12


async def test_a_refused_name_returns_to_the_dialog_with_the_reason() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await open_groups(browser)
        await browser.press("n", *"Sales")
        assert "A group has this name already." in browser.dialog
        await browser.press("enter")
        await browser.settled(lambda: "A group with the name Sales exists already: the group g1." in browser.dialog)
        api.offline = Unreachable("The service is away.")
        await browser.press("2", "enter")
        await browser.settled(lambda: "The service is away." in browser.dialog)
        api.offline = None
        api.fail_next(RequestRejected("Too many groups.", status=400), name="create_group")
        await browser.press("enter")
        await browser.settled(lambda: "Create the group Sales2" in browser.dialog)
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "1 step needs a review" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: "Not done: Too many groups." in browser.dialog)
        await browser.press("3", "enter")
        await browser.settled(lambda: "Create the group Sales23" in browser.dialog)
        # Esc goes back to the name, and another one leaves it.
        await browser.press("escape")
        await browser.settled(lambda: "Create a group" in browser.dialog)
        await browser.press("escape")
        await browser.settled(lambda: browser.dialog == "")
    assert api.writes == []


async def test_a_name_that_cannot_be_sent_stays_in_the_dialog() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await open_groups(browser)
        await browser.press("n", "enter", "space", "enter")
        assert "Create a group" in browser.dialog
    assert api.writes == []


async def test_on_the_members_the_keys_are_those_of_users() -> None:
    api = account()
    async with open_browser(setting(api)) as browser:
        await open_groups(browser, "Sales")
        await browser.settled(lambda: browser.row_count == 6)
        await browser.press("tab", "D")
        await browser.settled(lambda: "Delete" in browser.dialog)
        assert "Delete the group" not in browser.dialog


async def test_rest_has_no_commands_for_groups() -> None:
    api = account()
    async with open_browser(setting(api, Surface.REST)) as browser:
        await open_groups(browser, "Sales")
        assert "edit" not in browser.hints
        await browser.press("colon", *"rename this")
        assert "Rename this group" not in browser.dialog
    assert api.writes == []


async def test_the_palette_offers_them_on_scim() -> None:
    async with open_browser(setting(account())) as browser:
        await open_groups(browser, "Sales")
        assert "e edit" in browser.hints
        await browser.run_in_palette("Create a group")
        await browser.settled(lambda: "Create a group" in browser.dialog)


async def test_a_row_without_a_group_is_not_renamed_or_deleted() -> None:
    async with open_browser(setting(account())) as browser:
        await open_groups(browser)
        await browser.press("end")
        assert current(browser) == ""
        for key in ("e", "D"):
            await browser.press(key)
            await browser.settled(lambda: "There is no group under the cursor." in " ".join(browser.toasts))
            assert browser.dialog == ""
        await browser.press("up", "1")
        await browser.run_in_palette("Delete this group")
        assert browser.dialog == ""
