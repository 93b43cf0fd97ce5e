"""The crawl in the browser: progress, pause and news."""

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.users import User
from walkme_tui.services.ports import SyncSettings
from walkme_tui.services.sync.progress import CrawlPhase, CrawlProgress
from walkme_tui.ui.browser.crawl_status import crawl_message
from walkme_tui.ui.widgets.user_table.row_styles import CellStyle

FULLY = SyncSettings(fully=True)


async def fully_loaded(browser: Browser, count: int) -> None:
    await browser.settled(
        lambda: browser.browser.chrome.crawl is not None and browser.browser.chrome.crawl.progress.note
    )
    await browser.tick()
    await browser.settled(lambda: f"{count:,} people · 100 % loaded".replace(",", " ") in browser.account_line)


def changed_text(browser: Browser, index: int) -> str:
    """The text of a row that is drawn as changed."""
    table = browser.table
    strip = table.render_line(index - table.scroll_offset.y + 1)
    state = table._row_state(index, table.listing.row(index))
    style = table._renderers._styles.on(state.background)[CellStyle.CHANGED]
    return "".join(segment.text for segment in strip if segment.style == style).strip()


async def test_the_whole_account_is_read_after_the_first_page() -> None:
    api = FakeDirectory(people(2500))
    gate = api.hold("list_users")
    async with open_browser(Setting(api=api, sync=FULLY)) as browser:
        await browser.settled(lambda: api.asked("list_users") == [(1, 100)])
        gate.set()
        await browser.loaded()
        await fully_loaded(browser, 2500)
        assert (3, 1000) in api.asked("list_users")
        await browser.settled(lambda: browser.status_line == "")


def test_the_message_of_a_second_sweep_shows_its_reason() -> None:
    second = CrawlProgress(CrawlPhase.CRAWLING, 10, 40, pass_number=2)
    unproven, changed = crawl_message(second, 0), crawl_message(second._replace(after_drift=True), 0)
    assert unproven is not None
    assert unproven.text == "Reading the account again, to verify it: 10 of 40. P pauses."
    assert changed is not None
    assert changed.text == "Reading the account again, because it changed meanwhile: 10 of 40. P pauses."


async def test_p_pauses_and_resumes_the_crawl() -> None:
    api = FakeDirectory(people(4000))
    gate = api.hold("list_users")
    async with open_browser(Setting(api=api, sync=SyncSettings(fully=True, pages_at_once=1))) as browser:
        await browser.settled(lambda: len(api.asked("list_users")) == 1)
        gate.set()
        gate = api.hold("list_users")
        await browser.settled(lambda: any(size == 1000 for _, size in api.asked("list_users")))
        await browser.press("P")
        gate.set()
        crawling = browser.browser.chrome.crawl
        await browser.settled(lambda: crawling is not None and crawling.progress.loaded == 1000)
        await browser.tick()
        assert browser.status_line.startswith("Reading the account is paused: 1 000 of 4 000. P resumes.")
        asked = len(api.asked("list_users"))
        await browser.tick(30)
        assert len(api.asked("list_users")) == asked
        await browser.press("P")
        await fully_loaded(browser, 4000)


async def test_an_outage_is_shown_and_the_crawl_continues_after_it() -> None:
    api = FakeDirectory(people(3000))
    async with open_browser(Setting(api=api, sync=SyncSettings(fully=False))) as browser:
        await browser.loaded()
        api.offline = Unreachable("The server does not answer.")
        browser.browser.run_command("crawl.restart")
        await browser.settled(lambda: "The server does not answer." in browser.status_line)
        api.offline = None
        await browser.press("R")
        await fully_loaded(browser, 3000)


async def test_changed_fields_are_marked_until_their_user_was_under_the_cursor() -> None:
    api = FakeDirectory(people(50))
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.edit(person(2).id, role="Owner", updated_at_ms=person(2).updated_at_ms)
        await browser.press("R")
        await browser.settled(lambda: "1 changed. N lists them." in browser.status_line)
        assert changed_text(browser, 2) == "Owner"
        await browser.press("down", "down")
        await browser.settled(lambda: browser.detail.startswith("Bo Tanaka"))
        await browser.press("down")
        await browser.settled(lambda: changed_text(browser, 2) == "")
        assert "1 changed" in browser.status_line


async def test_new_and_missing_users_are_listed_in_the_news() -> None:
    api = FakeDirectory(people(300))
    async with open_browser(Setting(api=api, sync=FULLY)) as browser:
        await browser.loaded()
        await fully_loaded(browser, 300)
        newcomer = person(900)._replace(email="new@example.com")
        api.users.append(newcomer)
        api.remove(person(7).id)
        browser.setting.time.advance(60)
        browser.browser.run_command("crawl.restart")
        await browser.settled(lambda: "1 new, 1 gone" in browser.status_line)
        await browser.filter("person00001@")
        await browser.press("enter", "N")
        await browser.settled(lambda: "gone" in browser.dialog)
        assert "new@example.com new" in browser.dialog
        assert "person00007@example.com gone" in browser.dialog
        await browser.press("enter")
        await browser.settled(lambda: browser.cursor_email == "new@example.com")
        assert browser.filter_text == ""
        assert isinstance(browser.cursor_user, User)
        await browser.press("N")
        await browser.settled(lambda: "Clear this list" in browser.dialog)
        await browser.type("clear this")
        await browser.press("enter")
        await browser.settled(lambda: "N lists them" not in browser.status_line)


async def test_visible_rows_are_refreshed_at_the_interval_of_the_profile() -> None:
    api = FakeDirectory(people(30))
    async with open_browser(Setting(api=api, sync=SyncSettings(fully=False, refresh_ms=50))) as browser:
        await browser.loaded()
        before = len(api.asked("list_users"))
        await browser.settled(lambda: len(api.asked("list_users")) > before + 1)
        assert not browser.toasts
