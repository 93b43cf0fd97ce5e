"""The Users tab: rows, cursor, details, panes."""

import pytest

from tests.support.browser import Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User

GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]
WIDE, NARROW = (120, 40), (80, 24)


def account(count: int = 250) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


async def test_rows_of_the_first_page_are_shown_and_counted() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        assert browser.row_count == 250
        assert browser.cursor_email == "person00000@example.com"
        assert browser.says("person00001@example.com Amina O'Brien")
        await browser.settled(lambda: "250 people · 80 % loaded" in browser.account_line)
        assert browser.account_line.startswith("acme  SANDBOX  REST")


async def test_the_movement_keys_move_the_cursor() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("down", "j", "up")
        assert browser.cursor_email == "person00001@example.com"
        await browser.press("G")
        await browser.settled(lambda: browser.cursor_email == "person00249@example.com")
        await browser.press("home")
        assert browser.cursor_email == "person00000@example.com"


async def test_details_follow_the_cursor_and_are_read_from_the_server_once() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("down", "down")
        await browser.settled(lambda: api.asked("get_user"))
        await browser.settled(lambda: "read just now" in browser.detail)
        assert api.asked("get_user") == [(person(2).id,)]
        assert "Bo Tanaka" in browser.detail
        assert "person00002@example.com" in browser.detail
        await browser.settled(lambda: "Sales" in browser.detail)
        await browser.tick(5)
        assert "read 5 s ago" in browser.detail


async def test_details_older_than_half_a_minute_are_read_again() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.settled(lambda: len(api.asked("get_user")) == 1)
        await browser.settled(lambda: "read just now" in browser.detail)
        await browser.press("down")
        await browser.settled(lambda: len(api.asked("get_user")) == 2)
        await browser.press("up")
        await browser.settled(lambda: "Zoë Çelik" in browser.detail)
        assert len(api.asked("get_user")) == 2
        await browser.tick(31)
        await browser.press("down")
        await browser.settled(lambda: len(api.asked("get_user")) == 3)


async def test_details_show_the_current_record() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.users[1] = person(1)._replace(role="Owner of all")
        await browser.press("down")
        await browser.settled(lambda: "Owner of all" in browser.detail)


async def test_a_user_deleted_on_the_server_leaves_the_list() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gone = api.users.pop(1)
        assert isinstance(gone, User)
        await browser.press("down")
        await browser.settled(lambda: "1 gone" in browser.status_line)
        await browser.settled(lambda: gone.email not in browser.emails)
        await browser.settled(lambda: browser.cursor_user is not None)


async def test_a_deleted_user_is_reported_in_the_details_while_the_list_cannot_be_read() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.users.pop(1)
        for _ in range(5):
            api.fail_next(Unreachable("Cannot reach api.walkme.com."), name="list_users")
        await browser.press("down")
        await browser.settled(lambda: "This user does not exist on the server any more" in browser.detail)


async def test_details_stay_when_they_cannot_be_read_again() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.fail_next(Unreachable("Cannot reach api.walkme.com."), name="get_user")
        await browser.press("down")
        await browser.settled(lambda: "Not read again: Cannot reach api.walkme.com." in browser.detail)
        assert "Amina O'Brien" in browser.detail


async def test_the_details_show_what_a_job_changed() -> None:
    api = account()
    api.edit(person(0).id, status="active", groups=("g1", "g2"))
    async with open_browser(Setting(api=api), WIDE) as browser:
        await browser.loaded()
        await browser.settled(lambda: "● active" in browser.detail and "Sales" in browser.detail)
        await browser.press("O")
        await browser.listening("Ticket")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: "○ inactive" in browser.detail and "Groups none" in browser.detail)
        assert browser.cursor_user is not None
        assert browser.cursor_user.status == "inactive"


async def test_the_raw_record_shows_what_a_job_changed() -> None:
    api = account()
    api.edit(person(0).id, status="active")
    async with open_browser(Setting(api=api), WIDE) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.detail.endswith("read just now"))
        await browser.press("J")
        await browser.settled(lambda: '"status": "active"' in browser.detail)
        await browser.deactivate_user()
        await browser.settled(lambda: '"status": "inactive"' in browser.detail)


async def test_r_reads_the_user_again_and_updates_row_and_details() -> None:
    api = account()
    async with open_browser(Setting(api=api), WIDE) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.detail.endswith("read just now"))
        api.edit(person(0).id, role="Owner of all")
        await browser.tick(5)
        assert "read 5 s ago" in browser.detail
        await browser.press("r")
        await browser.settled(lambda: "Read person00000@example.com again." in browser.toasts)
        await browser.settled(lambda: "Owner of all" in browser.detail and "read just now" in browser.detail)
        await browser.settled(lambda: browser.cursor_user is not None and browser.cursor_user.role == "Owner of all")


async def test_the_details_show_changes_from_a_page_of_the_list() -> None:
    api = account()
    async with open_browser(Setting(api=api), WIDE) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.detail.endswith("read just now"))
        api.edit(person(0).id, role="Owner of all")
        await browser.tick(5)
        await browser.press("R")
        await browser.settled(lambda: "Owner of all" in browser.detail and "from the list" in browser.detail)


async def test_details_are_beside_the_list_on_a_wide_screen_and_p_hides_them() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        assert browser.panes == ["users", "detail"]
        await browser.press("p")
        assert browser.panes == ["users"]
        await browser.press("p")
        assert browser.panes == ["users", "detail"]


async def test_enter_focuses_the_details_and_escape_the_list() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        await browser.press("enter")
        assert (browser.panes, browser.focus) == (["users", "detail"], "detail")
        await browser.press("escape")
        assert (browser.panes, browser.focus) == (["users", "detail"], "users")


async def test_enter_opens_the_details_full_screen_on_a_narrow_screen() -> None:
    async with open_browser(Setting(api=account()), NARROW) as browser:
        await browser.loaded()
        assert browser.panes == ["users"]
        await browser.press("down", "enter")
        assert (browser.panes, browser.focus) == (["detail"], "detail")
        await browser.settled(lambda: browser.says("Amina O'Brien person00001@example.com"))
        await browser.press("escape")
        assert (browser.panes, browser.focus) == (["users"], "users")
        assert browser.cursor_email == "person00001@example.com"


async def test_tab_moves_the_focus_between_the_panes() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        await browser.press("tab")
        assert browser.focus == "detail"
        await browser.press("tab")
        assert browser.focus == "users"
        await browser.press("shift+tab")
        assert browser.focus == "detail"


async def test_zoom_shows_one_pane_until_it_is_undone() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        await browser.press("tab", "plus")
        assert browser.panes == ["detail"]
        await browser.press("underscore")
        assert browser.panes == ["users", "detail"]
        await browser.press("plus", "escape")
        assert browser.panes == ["users", "detail"]


async def test_the_raw_record_is_json_without_escaped_letters() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        await browser.press("J")
        await browser.settled(lambda: '"lastName": "Çelik"' in browser.detail)
        assert browser.focus == "users"
        await browser.press("escape")
        assert "Zoë Çelik" in browser.detail


async def test_the_raw_record_opens_full_screen_on_a_narrow_screen() -> None:
    async with open_browser(Setting(api=account()), NARROW) as browser:
        await browser.loaded()
        await browser.press("J")
        assert browser.panes == ["detail"]
        assert '"id"' in browser.detail
        await browser.press("escape", "escape")
        assert browser.panes == ["users"]


async def test_a_resize_keeps_cursor_filter_and_panes() -> None:
    async with open_browser(Setting(api=account()), WIDE) as browser:
        await browser.loaded()
        await browser.filter("viewer")
        await browser.press("enter", "down", "down")
        before = browser.cursor_email
        await browser.press("enter")
        await browser.resize(80, 24)
        assert browser.panes == ["detail"]
        await browser.press("escape")
        await browser.resize(120, 40)
        assert browser.panes == ["users", "detail"]
        assert (browser.cursor_email, browser.filter_text) == (before, "viewer")


@pytest.mark.parametrize("size", [(60, 15), (40, 8)])
async def test_a_small_screen_still_shows_users(size: tuple[int, int]) -> None:
    async with open_browser(Setting(api=account()), size) as browser:
        await browser.loaded()
        assert browser.says("person00000@example.com")
        await browser.press("enter")
        assert browser.panes == ["detail"]


async def test_a_notice_is_shown_while_the_screen_is_too_small() -> None:
    async with open_browser(Setting(api=account()), NARROW) as browser:
        await browser.loaded()
        await browser.press("down")
        await browser.resize(30, 5)
        assert browser.screen_text.strip() == "The terminal is too small."
        await browser.resize(80, 24)
        assert browser.cursor_email == "person00001@example.com"
        assert browser.says("person00001@example.com")
        assert not browser.says("too small")


async def test_marks_are_set_counted_and_cleared() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space", "down", "space")
        assert browser.marked == {person(0).id, person(1).id}
        await browser.press("asterisk")
        await browser.settled(lambda: len(browser.marked) >= 100)
        await browser.settled(lambda: any("not loaded" in toast for toast in browser.toasts))
        await browser.press("backslash")
        assert not browser.marked


@pytest.mark.parametrize("size", [(120, 40), (68, 20)])
async def test_inactive_users_are_hidden_and_shown(size: tuple[int, int]) -> None:
    async with open_browser(Setting(api=account(50)), size) as browser:
        await browser.loaded()
        await browser.press("t")
        await browser.settled(lambda: browser.row_count == 40)
        await browser.settled(lambda: browser.says("inactive hidden · 40 of 50 loaded"))
        await browser.press("t")
        await browser.settled(lambda: browser.row_count == 50)
        assert browser.filter_count == ""


async def test_r_reads_a_row_again() -> None:
    api = account()
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.loaded()
        api.users[0] = person(0)._replace(email="new.address@example.com")
        await browser.press("r")
        await browser.settled(lambda: browser.says("new.address@example.com"))
        assert any("Read person00000@example.com again" in toast for toast in browser.toasts)


async def test_a_failed_refresh_of_a_row_shows_its_reason() -> None:
    api = account()
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.loaded()
        api.offline = Unreachable("Cannot reach api.walkme.com.", hint="Is the network up?")
        await browser.press("r")
        await browser.settled(
            lambda: any("Cannot reach api.walkme.com. Is the network up?" in t for t in browser.toasts)
        )


async def test_shift_r_reads_the_list_again() -> None:
    api = account()
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.loaded()
        before = len(api.asked("list_users"))
        api.users[0] = person(0)._replace(first_name="Renamed")
        await browser.press("R")
        await browser.settled(lambda: browser.says("Renamed"))
        assert len(api.asked("list_users")) > before


async def test_the_only_user_of_an_account_is_shown() -> None:
    api = FakeDirectory([User(id="u1", email="one@example.com", status="active")])
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.settled(lambda: "1 person · 100 % loaded" in browser.account_line)
        await browser.press("G", "j", "space", "enter")
        assert browser.cursor_email == "one@example.com"
