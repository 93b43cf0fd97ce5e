"""Starting without a profile, the demo, and switching profiles."""

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser_start import ProfileChoice

PROFILES = [
    ProfileChoice("acme", Environment.SANDBOX, Surface.REST, "https://api.walkme.com"),
    ProfileChoice("globex", Environment.PRODUCTION, Surface.REST, "https://eu-api.walkme.com", theme="paper"),
]


def shows_the_browser(browser: Browser) -> bool:
    return isinstance(browser.app.screen, BrowserScreen)


async def test_a_start_without_a_profile_explains_the_three_ways_to_start() -> None:
    async with open_browser(Setting(problem="There is no profile yet."), (80, 24)) as browser:
        for text in ("There is no profile yet.", "WALKME_CLIENT_SECRET", "walkme-tui config init", "d start the demo"):
            assert browser.says(text)
        await browser.press("j", "escape", "enter", "2", "slash", "C")
        assert browser.running
        await browser.press("q")
        assert not browser.running


async def test_d_starts_the_demo() -> None:
    setting = Setting(problem="There is no profile yet.")
    setting.open_demo = lambda _: Setting(api=FakeDirectory(people(3)), profile="demo").session()
    async with open_browser(setting) as browser:
        await browser.press("d")
        await browser.settled(lambda: shows_the_browser(browser))
        await browser.loaded()
        assert browser.account_line.startswith("demo  SANDBOX")


async def test_a_demo_that_cannot_start_shows_the_reason() -> None:
    def fail(_: Surface) -> Session:
        raise ConfigurationError("The demo cannot make a temporary folder.", hint="Set TMPDIR.")

    async with open_browser(Setting(problem="There is no profile yet.", open_demo=fail)) as browser:
        await browser.press("d")
        await browser.settled(lambda: any("cannot make a temporary folder. Set TMPDIR." in t for t in browser.toasts))
        assert browser.says("There are three ways to start:")


async def test_switching_opens_the_chosen_profile_and_closes_the_previous_one() -> None:
    first, second = FakeDirectory(people(5)), FakeDirectory(people(7, start=100))
    setting = Setting(api=first, profiles=PROFILES)
    other = Setting(api=second, profile="globex", environment=Environment.PRODUCTION)
    setting.open_session = lambda *_: other.session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        await browser.press("C")
        await browser.settled(lambda: browser.dialog)
        assert "acme SANDBOX REST https://api.walkme.com" in browser.dialog
        assert "globex PRODUCTION REST https://eu-api.walkme.com" in browser.dialog
        await browser.press("down", "enter")
        await browser.settled(lambda: first.closed)
        await browser.loaded()
        assert browser.cursor_email == "person00100@example.com"
        assert browser.account_line.startswith("globex  PRODUCTION")
        assert browser.app.theme == "paper"
        await browser.press("down", "q")
    assert second.closed


async def test_switching_applies_the_theme_to_every_row_and_clears_messages() -> None:
    first = FakeDirectory(people(25))
    setting = Setting(api=first, profiles=PROFILES)
    other = Setting(api=FakeDirectory(people(25, start=100)), profile="globex", environment=Environment.PRODUCTION)
    setting.open_session = lambda *_: other.session()
    async with open_browser(setting) as browser:
        await browser.loaded()
        before = backgrounds(browser)
        await browser.press("z")
        assert browser.toasts
        await browser.press("C", "down", "enter")
        await browser.settled(lambda: first.closed)
        await browser.loaded()
        assert browser.toasts == []
        assert not backgrounds(browser) & before


def backgrounds(browser: Browser) -> set[str]:
    """Names of all background colours on the screen."""
    strips = browser.strips
    styles = {segment.style for strip in strips for segment in strip if segment.style is not None}
    return {style.bgcolor.name for style in styles if style.bgcolor is not None}


async def test_a_failed_switch_keeps_the_current_profile() -> None:
    def fail(name: str, _: Surface) -> Session:
        raise ConfigurationError(f"The profile {name} has no REST connection.")

    api = FakeDirectory(people(5))
    async with open_browser(Setting(api=api, profiles=PROFILES, open_session=fail)) as browser:
        await browser.loaded()
        await browser.press("C", "down", "enter")
        await browser.settled(lambda: any("globex has no REST connection." in toast for toast in browser.toasts))
        assert not api.closed
        await browser.press("down")
        assert browser.cursor_email == "person00001@example.com"


async def test_closing_the_profile_dialog_changes_nothing() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(5)), profiles=PROFILES)) as browser:
        await browser.loaded()
        await browser.press("C")
        await browser.settled(lambda: browser.dialog)
        await browser.press("escape")
        assert browser.dialog == ""
        assert browser.account_line.startswith("acme")
