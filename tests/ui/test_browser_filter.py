"""The filter box: typing, Enter, Esc, completion and look-ups."""

from typing import Any

import pytest
from textual.events import Paste

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.store.mirror.mirror import SqliteMirror


def account(count: int = 100) -> FakeDirectory:
    return FakeDirectory(people(count))


async def test_typing_filters_the_list_and_shows_the_count() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 10)
        assert browser.filter_count == "10 of 100 loaded"
        assert browser.says("Zoë Çelik")
        assert not browser.says("Amina")


async def test_enter_keeps_the_filter_and_goes_to_the_list() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.press("enter")
        assert (browser.focus, browser.filter_text) == ("users", "zoe")
        await browser.press("down")
        assert browser.cursor_email == "person00010@example.com"


async def test_enter_opens_the_only_match() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("person00042")
        await browser.press("enter")
        await browser.settled(lambda: browser.panes == ["detail"])
        await browser.settled(lambda: "person00042@example.com" in browser.detail)


async def test_arrow_keys_move_the_cursor_while_the_filter_box_has_the_focus() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.press("down")
        assert (browser.focus, browser.cursor_email) == ("filter", "person00010@example.com")


async def test_command_keys_are_text_in_the_filter_box() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("q?:12JRt")
        assert browser.filter_text == "q?:12JRt"
        assert browser.running
        assert browser.dialog == ""


async def test_each_escape_undoes_one_step_and_never_quits() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space")
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.press("question_mark")
        await browser.press("escape")
        await browser.press("plus", "question_mark")
        assert "Keys" in browser.dialog
        await browser.press("escape")
        assert (browser.dialog, browser.panes) == ("", ["users"])
        await browser.press("escape")
        assert (browser.panes, browser.filter_text) == (["users", "detail"], "zoe?")
        await browser.press("escape")
        assert (browser.filter_text, len(browser.marked)) == ("", 1)
        await browser.settled(lambda: browser.row_count == 100)
        await browser.press("escape")
        assert (len(browser.marked), browser.panes) == (0, ["users", "detail"])
        await browser.press("escape")
        assert browser.panes == ["users"]
        await browser.press("escape", "escape", "escape")
        assert browser.running


async def test_the_cursor_stays_on_its_user_when_the_filter_is_cleared() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.press("enter", "down", "down", "escape")
        await browser.settled(lambda: browser.row_count == 100)
        await browser.settled(lambda: browser.table.cursor_index == 20)
        assert browser.cursor_email == "person00020@example.com"


async def test_an_empty_result_shows_how_many_users_were_searched_and_what_to_do() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("nosuchname")
        await browser.settled(lambda: browser.row_count == 0)
        assert browser.says("None of the 100 users loaded fits “nosuchname”.")
        assert browser.says("a full email address is looked up there")


async def test_a_full_email_is_looked_up_and_shown() -> None:
    api = account(250)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        gate = api.hold("find_user")
        await browser.filter("person00249@example.com")
        await browser.settled(lambda: browser.says("Looking up person00249@example.com on the server…"))
        gate.set()
        await browser.settled(lambda: browser.row_count == 1)
        assert browser.says("person00249@example.com Ivo")
        assert api.asked("find_user") == [("person00249@example.com",)]


async def test_ignored_look_ups_by_email_are_reported() -> None:
    api = account(250)
    api.email_ignored = True
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("person00249@example.com")
        await browser.settled(lambda: browser.says("This server ignores look-ups by email: only loaded people are"))
        await browser.settled(lambda: browser.says("of the 200 users loaded fits “person00249"))
        assert not browser.says("is not on the server")


async def test_a_full_id_is_looked_up_and_shown() -> None:
    api = account(250)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter(person(249).id)
        await browser.settled(lambda: browser.row_count == 1)
        assert browser.says("person00249@example.com")


async def test_an_unknown_email_is_reported() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.filter("nobody@example.com")
        await browser.settled(lambda: "nobody@example.com is not on the server." in browser.status_line)
        assert browser.says("None of the 100 users loaded fits “nobody@example.com”.")


async def test_a_failed_look_up_shows_its_reason() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.offline = Unreachable("Cannot reach api.walkme.com.")
        await browser.filter("nobody@example.com")
        await browser.settled(lambda: "Looking up nobody@example.com failed" in browser.status_line)


EMAIL = "person00249@example.com"
TABS = {"users": (), "members": ("2", "m")}


async def on_tab(browser: Browser, tab: str) -> None:
    await browser.loaded()
    await browser.press(*TABS[tab])
    await browser.settled(lambda: tab == "users" or browser.focus == "members-table")


@pytest.mark.parametrize("tab", TABS)
async def test_an_email_typed_in_one_burst_is_looked_up(tab: str) -> None:
    api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
    async with open_browser(Setting(api=api)) as browser:
        await on_tab(browser, tab)
        await browser.type_ahead("/", *EMAIL)
        await browser.settled(lambda: api.asked("find_user") == [(EMAIL,)])
        await browser.settled(lambda: browser.status_line == f"{EMAIL} was found on the server.")


@pytest.mark.parametrize("tab", TABS)
async def test_a_pasted_email_is_looked_up(tab: str) -> None:
    api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
    async with open_browser(Setting(api=api)) as browser:
        await on_tab(browser, tab)
        await browser.press("slash")
        browser.app.post_message(Paste(EMAIL))
        await browser.settled(lambda: api.asked("find_user") == [(EMAIL,)])
        await browser.settled(lambda: browser.status_line == f"{EMAIL} was found on the server.")


@pytest.mark.parametrize("tab", TABS)
async def test_a_typed_email_is_looked_up_once(tab: str) -> None:
    api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
    async with open_browser(Setting(api=api)) as browser:
        await on_tab(browser, tab)
        await browser.filter(EMAIL)
        await browser.settled(lambda: browser.status_line == f"{EMAIL} was found on the server.")
        assert api.asked("find_user") == [(EMAIL,)]


@pytest.mark.parametrize("tab", ["2", "4", "5"])
async def test_an_email_is_looked_up_although_another_tab_is_shown_next(tab: str) -> None:
    api = FakeDirectory(people(250), groups=[Group("g1", "Sales")])
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.type_ahead("/", *EMAIL, "enter", tab)
        await browser.settled(lambda: api.asked("find_user") == [(EMAIL,)])


async def test_an_incomplete_email_is_not_looked_up() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.filter("nobody@example")
        await browser.pilot.pause(0.4)
        assert not api.asked("find_user")


async def test_a_query_from_the_command_line_is_in_the_filter_box() -> None:
    async with open_browser(Setting(api=account(), query="zoe")) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.row_count == 10)
        assert (browser.filter_text, browser.focus) == ("zoe", "users")


async def test_text_typed_ahead_goes_into_the_filter_box() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.type_ahead("/", "z", "o", "e")
        await browser.settled(lambda: browser.row_count == 10)
        assert browser.filter_text == "zoe"
        await browser.type_ahead("escape", "escape", "/", "h", "a", "n", "a", "enter", "space")
        await browser.settled(lambda: browser.row_count == 10)
        await browser.settled(lambda: browser.cursor_email == "person00008@example.com")
        assert (browser.filter_text, browser.focus) == ("hana", "users")


async def test_keys_typed_ahead_of_a_dialog_run_no_command() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.type_ahead("?", "G", "5", "m", "t", " ")
        await browser.settled(lambda: browser.focus == "help")
        assert browser.panes == ["users", "detail"]
        assert not browser.marked
        await browser.type_ahead("escape", ":", "m", "a", "r", "k", " ", "a", "l", "l", "enter", "2")
        await browser.settled(lambda: len(browser.browser.area.users.marks) == 100)
        await browser.settled(lambda: browser.panes == ["groups", "members"])


async def test_the_nearest_name_is_suggested_for_an_unknown_name() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("yilmas")
        await browser.settled(lambda: browser.says("None of the 100 users loaded fits “yilmas”. Nearest: Yılmaz."))
        assert browser.status_line == "Nearest: Yılmaz. Tab takes it."
        await browser.press("tab")
        await browser.settled(lambda: browser.row_count == 9)
        assert (browser.filter_text, browser.focus) == ("Yılmaz", "filter")
        assert "Nearest" not in browser.screen_text


async def test_the_nearest_name_follows_loaded_users_and_disappears_with_the_first_match() -> None:
    users = [person(number)._replace(last_name="Okafor") for number in range(1000)]
    users[250] = users[250]._replace(last_name="Y\u0131lmaz")
    users[900] = users[900]._replace(last_name="Yilmas")
    async with open_browser(Setting(api=FakeDirectory(users)), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("yilmas")
        await browser.settled(lambda: browser.says("users loaded fits “yilmas”."))
        assert "Nearest" not in browser.screen_text
        await browser.browser.pages.ensure([3, 4])
        await browser.settled(lambda: browser.says("Nearest: Yılmaz. Tab takes it."))
        await browser.browser.pages.ensure([10])
        await browser.settled(lambda: browser.row_count == 1)
        await browser.settled(lambda: "Nearest" not in browser.screen_text)


async def test_a_group_name_in_the_filter_suggests_the_group() -> None:
    api = FakeDirectory(people(100), groups=[Group("g1", "Sales"), Group("g2", "Sales EMEA")])
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.browser.group_names)
        await browser.filter("sales")
        await browser.settled(lambda: browser.says("group:Sales shows the members of that group. Tab takes it."))
        await browser.press("tab")
        await browser.settled(lambda: browser.row_count == 50)
        assert browser.filter_text == "group:Sales"


async def test_one_letter_of_a_filter_hides_the_other_tabs_where_the_count_takes_their_room() -> None:
    async with open_browser(Setting(api=account()), (55, 24)) as browser:
        await browser.loaded()
        await browser.press("slash")
        await browser.press("z")
        await browser.settled(lambda: browser.says("loaded"))
        assert browser.says("/ z")


async def test_a_long_filter_hides_the_other_tabs_on_a_narrow_screen() -> None:
    async with open_browser(Setting(api=account()), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        assert browser.says("1 Users 2 Groups 4 Jobs 5 Requests / zoe")
        await browser.type(" status:active role:viewer")
        await browser.pause()
        assert browser.says("1 Users / zoe status:active role:viewer")
        assert not browser.says("2 Groups")
        await browser.press("enter")
        assert browser.says("1 Users / zoe status:active role:viewer")
        await browser.press("2")
        await browser.pause()
        assert browser.says("1 Users 2 Groups 4 Jobs 5 Requests / filter groups")
        await browser.press("1", "escape")
        await browser.pause()
        assert browser.says("1 Users 2 Groups 4 Jobs 5 Requests / filter")


async def test_a_long_filter_hides_no_tabs_on_a_wide_screen() -> None:
    async with open_browser(Setting(api=account()), (120, 40)) as browser:
        await browser.loaded()
        await browser.filter("zoe status:active role:viewer")
        assert browser.says("1 Users 2 Groups 4 Jobs 5 Requests / zoe status:active role:viewer")


async def test_an_empty_result_counts_users_that_are_not_loaded_or_have_unknown_groups() -> None:
    api = FakeDirectory([person(at)._replace(groups=UNKNOWN) for at in range(250)])
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.row_count == 250)
        await browser.settled(lambda: browser.account_line.endswith("250 · 80 %"))  # the first page and one read ahead
        await browser.filter("group:sales")
        await browser.settled(lambda: browser.says("None of the 200 users loaded is known to fit “group:sales”."))
        assert browser.says("50 users are not loaded yet.")
        assert browser.says("Of 200 users: groups not known. M reads them one by one.")
        await browser.press("ctrl+u")
        await browser.type("nosuchname")
        await browser.settled(lambda: browser.says("None of the 200 users loaded fits “nosuchname”."))
        assert not browser.says("not known")


async def test_a_filter_says_how_many_more_users_may_match() -> None:
    users = [person(at) if at < 10 else person(at)._replace(role=UNKNOWN, groups=UNKNOWN) for at in range(50)]
    api = FakeDirectory(users)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter(f"role:{users[0].role}")
        await browser.settled(lambda: browser.says("40 more users may match: role not known. M reads them one by one."))
        assert browser.filter_count.startswith("≥ ")
        await browser.press("ctrl+u")
        await browser.type("email:person")
        await browser.settled(lambda: not browser.says("may match"))


async def test_nobody_is_counted_for_a_filter_whose_fields_are_known_of_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    undecided, unknown_fields = SqliteMirror.undecided, SqliteMirror.unknown_fields

    async def counted(mirror: SqliteMirror, query: UserQuery, *arguments: Any, **more: Any) -> Undecided:
        asked.append(query.text)
        return await undecided(mirror, query, *arguments, **more)

    async def read(mirror: SqliteMirror) -> frozenset[str]:
        asked.append("fields")
        return await unknown_fields(mirror)

    monkeypatch.setattr(SqliteMirror, "undecided", counted)
    monkeypatch.setattr(SqliteMirror, "unknown_fields", read)
    api = FakeDirectory([person(at)._replace(created_at_ms=UNKNOWN) for at in range(50)])
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("person role:viewer")
        await browser.settled(lambda: browser.filter_count == "17 of 50 loaded" and asked == ["fields"])
        await browser.press("ctrl+u")
        await browser.type("created:>2020-01-01")
        await browser.settled(lambda: browser.says("50 more users may match"))
    assert all(text.startswith("created:") for text in asked[1:])
