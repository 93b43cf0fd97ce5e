"""The browser on SCIM: what the surface lacks is absent or explained; switching surfaces; jobs of the other one."""

import json
from pathlib import Path

import pytest

from tests.support.browser import ADDRESSES, Browser, Setting, open_browser
from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.config.state import StateFile
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.commands import COMMANDS, Command
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.users import UNKNOWN, Status, User
from walkme_tui.domain.views import TableLayout, TableName
from walkme_tui.services.ports import Session
from walkme_tui.ui import keys
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.browser_start import ProfileChoice

PROFILES = [ProfileChoice("acme", Environment.SANDBOX, surface, ADDRESSES[surface]) for surface in Surface]


def scim_people(count: int) -> list[User]:
    return [person(number)._replace(role=UNKNOWN, status="active", groups=()) for number in range(count)]


def scim(count: int = 5, **settings: object) -> Setting:
    return Setting(api=FakeDirectory(scim_people(count)), surface=Surface.SCIM, **settings)  # type: ignore[arg-type]


def rest(bench: Bench) -> Setting:
    users = [user._replace(role="Editor") for user in scim_people(5)]
    return Setting(api=FakeDirectory(users), bench=bench)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 40)])
async def test_a_surface_without_roles_shows_none(size: tuple[int, int]) -> None:
    async with open_browser(scim(), size) as browser:
        await browser.loaded()
        assert browser.account_line.startswith("acme  SANDBOX  SCIM")
        for _ in range(4):
            assert "ROLE" not in browser.screen_text
            await browser.press("w", "right")
        await browser.press("enter")
        await browser.settled(lambda: "Status" in browser.detail)
        assert "Role" not in browser.detail


async def test_the_palette_sorts_only_by_what_the_surface_has() -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press("colon")
        await browser.type("sort by")
        assert "Sort by status" in browser.dialog
        assert "Sort by role" not in browser.dialog


async def test_a_filter_by_role_says_that_the_surface_has_none() -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.filter("role:ad ")
        await browser.settled(lambda: browser.says("SCIM has no role: use the REST API, or the WalkMe Console."))
        await browser.press("escape", "escape")
        await browser.filter("status:pen ")
        await browser.settled(lambda: browser.says("No loaded user has the status pen. Known: active, inactive."))


async def test_the_raw_record_is_as_scim_sends_it() -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press("enter", "J")
        await browser.settled(lambda: "userName" in browser.detail)
        raw = json.loads(browser.detail)
        assert raw["userName"] == "person00000@example.com"
        assert raw["active"] is True
        assert "email" not in raw


@pytest.mark.parametrize("key", ["e", "n"])
async def test_the_form_says_why_there_is_no_role_and_skips_it(key: str) -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press(key)
        await browser.settled(lambda: browser.says("SCIM has no role: use the REST API, or the WalkMe Console"))
        passed = []
        for _ in range(8):
            passed.append(browser.focus)
            await browser.press("tab")
        assert "field-role" not in passed
        assert "field-last-name" in passed


async def test_a_new_user_of_scim_is_said_to_be_active() -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press("n")
        await browser.type("ann@example.com")
        await browser.settled(lambda: browser.says("The user is active at once"))
        assert not browser.says("pending")


async def test_the_form_offers_no_status_that_the_surface_lacks() -> None:
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press("e", *["down"] * 3)
        await browser.settled(lambda: browser.focus == "field-status")
        await browser.press("space")
        await browser.settled(lambda: browser.says("inactive"))
        assert not browser.says("pending")


async def test_the_form_of_the_next_surface_has_its_own_fields() -> None:
    bench = Bench()
    setting = scim(profiles=PROFILES, bench=bench)
    setting.open_session = lambda *_: rest(bench).session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("e")
        await browser.settled(lambda: browser.says("SCIM has no role"))
        await browser.press("escape")
        await switch(browser, "up", Surface.REST)
        await browser.press("e")
        await browser.settled(lambda: browser.says("Role Editor"))
        await browser.press(*["down"] * 3)
        assert browser.focus == "field-role"


async def switch(browser: Browser, key: str, surface: Surface) -> None:
    """Switch to the other entry of the list of profiles."""
    await browser.press("C")
    await browser.settled(lambda: browser.dialog)
    await browser.press(key, "enter")
    await browser.settled(lambda: browser.account_line.startswith(f"acme  SANDBOX  {surface.upper()}"))
    await browser.loaded()


async def test_switching_lists_each_surface_of_a_profile_and_of_the_demo() -> None:
    opened: list[tuple[str, Surface]] = []

    def open_session(name: str, surface: Surface) -> Session:
        opened.append((name, surface))
        return scim().session()

    def open_demo(surface: Surface) -> Session:
        opened.append(("demo", surface))
        return scim(profile="demo").session()

    setting = Setting(api=FakeDirectory(scim_people(3)), profiles=PROFILES)
    setting.open_session, setting.open_demo = open_session, open_demo
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("C")
        await browser.settled(lambda: browser.dialog)
        for line in ("acme SANDBOX REST https://api", "acme SANDBOX SCIM https://papi", "demo account SCIM"):
            assert line in browser.dialog
        await browser.press("escape")
        await browser.filter("person00001")
        await browser.press("enter")
        await browser.settled(lambda: browser.row_count == 1)
        await browser.press("2", "C")
        await browser.settled(lambda: browser.dialog)
        await browser.press("down", "enter")
        await browser.settled(lambda: browser.account_line.startswith("acme  SANDBOX  SCIM"))
        await browser.settled(lambda: browser.browser.area.arrangement.tab is Tab.GROUPS)
        await browser.press("1")
        await browser.settled(lambda: browser.row_count == 1)
        assert browser.filter_text == "person00001"
        await browser.press("C")
        await browser.settled(lambda: browser.dialog)
        await browser.press("end", "enter")
        await browser.settled(lambda: browser.account_line.startswith("demo"))
        assert (browser.filter_text, browser.browser.area.arrangement.tab) == ("", Tab.USERS)
    assert opened == [("acme", Surface.SCIM), ("demo", Surface.SCIM)]


async def test_a_job_of_the_other_surface_says_so_and_is_not_undone_here() -> None:
    bench = Bench()
    setting = scim(profiles=PROFILES, bench=bench)
    setting.open_session = lambda *_: rest(bench).session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("x")
        await browser.listening("Deactivate")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await switch(browser, "up", Surface.REST)
        await browser.press("z")
        await browser.settled(
            lambda: any("on the other surface: C switches to it" in toast for toast in browser.toasts)
        )
        await browser.press("4")
        await browser.settled(lambda: browser.says("SCIM: "))
        await browser.settled(lambda: browser.says("This job was made through SCIM. C switches to it"))
        for key in ("P", "z"):
            await browser.press(key)
            await browser.settled(
                lambda: any("The job was made through SCIM. C switches to it" in toast for toast in browser.toasts)
            )
            browser.app.clear_notifications()
        await browser.press("o")
        await browser.settled(lambda: "as client-7, through SCIM" in browser.dialog)


async def test_an_unfinished_job_of_the_other_surface_is_mentioned_at_the_start() -> None:
    bench, setting = Bench(), scim()
    session = setting.session()
    services = bench(session)
    await services.job_runs.submit(await services.planner.set_status(person(0).id, Status.INACTIVE))
    await services.aclose()
    await session.aclose()
    async with open_browser(rest(bench)) as browser:
        await browser.loaded()
        await browser.settled(lambda: any("A job was not finished on SCIM: C switches" in t for t in browser.toasts))
        assert browser.dialog == ""


async def test_an_order_by_role_is_kept_for_rest_and_left_out_on_scim(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    state_file.save_table_layout("acme", TableName.USERS, TableLayout(Sort(SortKey.ROLE), wide=True))
    start = Setting(state_file=state_file).app().start
    for setting, sort in ((Setting(), Sort(SortKey.ROLE)), (scim(), None)):
        session = setting.session()
        assert start.later_query(session.account) == (UserQuery(sort=sort), True)
        await session.aclose()


async def test_a_command_that_the_surface_lacks_is_absent_and_its_key_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Command("group.bless", ("B",), "Bless a group", "Changing the account", needs="group_changes")
    monkeypatch.setattr(keys, "COMMANDS", (*COMMANDS, lacking))
    async with open_browser(Setting(api=FakeDirectory(scim_people(3)))) as browser:
        await browser.loaded()
        await browser.press("B")
        await browser.settled(lambda: any("The REST API has no call that changes groups" in t for t in browser.toasts))
        await browser.press("?")
        await browser.press("colon")
        await browser.type("bless")
        assert "Bless a group" not in browser.dialog
    async with open_browser(scim()) as browser:
        await browser.loaded()
        await browser.press("colon")
        await browser.type("bless")
        assert "Bless a group" in browser.dialog
