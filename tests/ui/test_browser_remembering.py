"""What is saved between starts: per profile, without delaying the screen, and nothing for the demo."""

import threading
from pathlib import Path

from tests.support.browser import Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import until
from walkme_tui.config.state import StateFile
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.views import SavedView, TableLayout, TableName
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.browser_start import ProfileChoice
from walkme_tui.ui.flows.preferences import Preferences

BY_NAME = Sort(SortKey.NAME)
BY_ROLE = Sort(SortKey.ROLE)
PROFILES = [
    ProfileChoice("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com", theme="paper"),
    ProfileChoice("globex", Environment.SANDBOX, Surface.REST, "https://eu-api.walkme.com"),
]


def account(count: int = 100) -> FakeDirectory:
    return FakeDirectory(people(count))


def demo_session(setting: Setting) -> Session:
    demo = Account("demo", Environment.SANDBOX, Surface.REST, "https://demo", demo=True)
    mirror = open_mirror(None, account_key="demo")
    return Session(demo, FakeDirectory(people(20)), mirror, setting.time, setting.time(), "the demo", Events())


class SlowStateFile(StateFile):
    """A state file on a slow disk: nothing is saved until ``released`` is set."""

    def __init__(self) -> None:
        super().__init__(None)
        self.released = threading.Event()
        self.saved: list[TableLayout] = []

    def save_table_layout(self, profile: str, table: TableName, look: TableLayout) -> str:
        self.released.wait(10)
        self.saved.append(look)
        return ""


async def test_saving_does_not_block_the_screen_and_the_last_layout_is_saved() -> None:
    state_file = SlowStateFile()
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        for _ in range(4):
            await browser.press("s")
        await browser.wait_for_sort(Sort(SortKey.STATUS))
        assert not state_file.saved
        state_file.released.set()
        await browser.settled(lambda: TableLayout(Sort(SortKey.STATUS)) in state_file.saved)
        assert len(state_file.saved) == 2  # the first layout and the last one of those chosen meanwhile


async def test_a_layout_chosen_just_before_quitting_is_saved(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.type_ahead("s", "w", "q")
        await browser.settled(
            lambda: state_file.table_layout("acme", TableName.USERS) == TableLayout(Sort(SortKey.EMAIL), wide=True)
        )


class ConcurrentStateFile(StateFile):
    """A state file that saves a layout only while another one is saved concurrently."""

    def __init__(self) -> None:
        super().__init__(None)
        self._both = threading.Barrier(2, timeout=5)
        self.saved: list[TableName] = []

    def save_table_layout(self, profile: str, table: TableName, look: TableLayout) -> str:
        self._both.wait()
        self.saved.append(table)
        return ""


async def test_pending_layouts_are_saved_concurrently_at_the_end() -> None:
    state_file = ConcurrentStateFile()
    preferences = Preferences(state_file, "acme", lambda _: None)
    preferences.save_layout(TableName.USERS, TableLayout(BY_NAME))
    preferences.save_layout(TableName.MEMBERS, TableLayout(BY_ROLE))
    preferences.end()
    await until(lambda: sorted(state_file.saved) == [TableName.MEMBERS, TableName.USERS])


async def test_applying_a_saved_view_does_not_change_the_stored_layout(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    state_file.save_table_layout("acme", TableName.USERS, TableLayout(BY_NAME))
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.wait_for_sort(BY_NAME)
        await browser.press("2")
        await browser.run_in_palette("view recent")
        await browser.wait_for_sort(Sort(SortKey.CREATED, reverse=True))
        assert browser.panes[0] == "users"
        assert browser.filter_text == "created:<30d"
    assert state_file.table_layout("acme", TableName.USERS) == TableLayout(BY_NAME)


async def test_the_members_table_has_a_stored_layout_of_its_own(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    state_file.save_table_layout("acme", TableName.MEMBERS, TableLayout(BY_ROLE, wide=True))
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.press("2")
        await browser.wait_for_sort(BY_ROLE)
        assert "FIRST" in browser.screen_text
        await browser.press("w", "S")
        await browser.wait_for_sort(Sort(SortKey.ROLE, reverse=True))
        assert "FIRST" not in browser.screen_text
        await browser.press("1")
        await browser.wait_for_sort(None)
        saved = TableLayout(Sort(SortKey.ROLE, reverse=True))
        await browser.settled(lambda: state_file.table_layout("acme", TableName.MEMBERS) == saved)


async def test_another_profile_has_its_own_order_and_no_filter_from_the_command_line(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "state.toml")
    state_file.save_table_layout("globex", TableName.USERS, TableLayout(BY_ROLE, wide=True))
    state_file.save_theme("mono")
    other = Setting(api=account(30), profile="globex")
    view = SavedView("pending", "status:pending", BY_NAME)
    setting = Setting(
        api=account(), profiles=PROFILES, state_file=state_file, view=view, query=view.text, theme="paper"
    )
    setting.open_session = lambda *_: other.session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.wait_for_sort(BY_NAME)
        await browser.press("C", "down", "enter")
        await browser.settled(lambda: browser.account_line.startswith("globex"))
        await browser.loaded()
        await browser.wait_for_sort(BY_ROLE)
        assert (browser.filter_text, browser.table.wide, browser.row_count) == ("", True, 30)
        assert browser.app.theme == "mono"


async def test_the_demo_saves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    setting = Setting(problem="There is no profile yet.", state_file=StateFile(file))
    setting.open_demo = lambda _: demo_session(setting)
    async with open_browser(setting) as browser:
        await browser.press("d")
        await browser.settled(lambda: browser.app.session is not None)
        await browser.loaded()
        await browser.press("s", "w")
        await browser.wait_for_sort(Sort(SortKey.EMAIL))
        await browser.run_in_palette("save this view")
        await browser.settled(lambda: any("The demo stores nothing" in toast for toast in browser.toasts))
    assert not file.exists()


class FailsOnce(StateFile):
    """A state file that saves a view at the second attempt only."""

    refused = False

    def save_view(self, view: SavedView) -> str:
        if not self.refused:
            self.refused = True
            return "The disk is full."
        return super().save_view(view)


async def test_a_failed_save_of_a_view_keeps_the_typed_name() -> None:
    state_file = FailsOnce(None)
    async with open_browser(Setting(api=account(), state_file=state_file)) as browser:
        await browser.loaded()
        await browser.filter("role:viewer")
        await browser.press("enter")
        await browser.run_in_palette("save this view")
        await browser.settled(lambda: "Save this view as" in browser.dialog)
        await browser.type("viewers")
        await browser.press("enter")
        await browser.settled(lambda: any("The disk is full." in toast for toast in browser.toasts))
        await browser.settled(lambda: "Save this view as" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: any("@viewers" in toast for toast in browser.toasts))
    assert SavedView("viewers", "role:viewer") in state_file.views()


async def test_a_damaged_state_file_is_reported_once(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    file.write_text("this is = = no toml", encoding="utf-8")
    async with open_browser(Setting(api=account(), state_file=StateFile(file))) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.toasts)
        await browser.press("colon", "escape", "s", "s")
        await browser.wait_for_sort(BY_NAME)
        assert len([toast for toast in browser.toasts if "a new one is used" in toast]) == 1
