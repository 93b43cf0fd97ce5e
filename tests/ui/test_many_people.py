"""A change of many people: how many they are of what, what it costs to read them, and how far that is."""

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.services.concurrency import AT_ONCE


def account(count: int) -> FakeDirectory:
    return FakeDirectory([user._replace(status="active", groups=()) for user in map(person, range(count))])


async def all_marked(browser: Browser, count: int) -> None:
    """Have everybody loaded, and mark all of the view."""
    await browser.loaded()
    await browser.press("asterisk")
    await browser.settled(lambda: len(browser.marked) == count)


async def test_a_plan_for_everybody_says_so() -> None:
    async with open_browser(Setting(api=account(12))) as browser:
        await all_marked(browser, 12)
        await browser.press("O")
        await browser.listening("Offboard 12 people: the whole account")


async def test_a_plan_for_all_of_a_view_says_so() -> None:
    async with open_browser(Setting(api=account(40))) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.press("enter")
        await browser.settled(lambda: 1 < browser.row_count < 40)
        count = browser.row_count
        await all_marked(browser, count)
        await browser.press("O")
        await browser.listening(f"Offboard {count} people: all {count} in this view")


async def test_some_who_are_marked_are_not_called_everybody() -> None:
    async with open_browser(Setting(api=account(12))) as browser:
        await all_marked(browser, 12)
        await browser.press("space", "O")
        await browser.listening("Offboard 11 people")
        assert "whole" not in browser.dialog
        assert "view" not in browser.dialog


async def test_more_than_200_people_are_read_only_after_a_question() -> None:
    api = account(260)
    setting = Setting(api=api)
    async with open_browser(setting, (80, 24)) as browser:
        await browser.loaded()
        browser.browser.area.users._marks.add_ids([person(number).id for number in range(260)])
        await browser.press("O")
        await browser.listening("Read 260 people for a plan?")
        assert "Offboard 260 marked users" in browser.dialog
        assert "260 requests at up to 4.0/s: about 65 s." in " ".join(browser.dialog.split())
        await browser.press("enter")
        assert browser.dialog == ""
        assert not api.asked("get_user")
        gate = api.hold("get_user")
        await browser.press("O")
        await browser.listening("Read 260 people for a plan?")
        await browser.press("r")
        await browser.settled(lambda: api.in_flight == AT_ONCE)
        assert "Offboard 260 marked users" in browser.status_line
        await browser.press("escape")
        await browser.settled(lambda: api.in_flight == 0)
        assert "Offboard" not in browser.status_line
        gate.set()
        await browser.pause()
        assert browser.dialog == ""
        assert len(api.asked("get_user")) == AT_ONCE


async def test_the_status_line_shows_how_far_the_reading_is() -> None:
    api = account(40)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await all_marked(browser, 40)
        first = api.hold("get_user")
        await browser.press("O")
        await browser.settled(lambda: api.in_flight == AT_ONCE)
        await browser.settled(lambda: "the whole account: asking the server… Esc stops." in browser.status_line)
        api.hold("get_user")  # those who come after the first ones
        browser.setting.time.advance(2)
        first.set()
        reading = "Read 16 of 40, 3 s left, Esc stops. Offboard 40 marked users, the whole account"
        await browser.settled(lambda: reading in browser.status_line)
