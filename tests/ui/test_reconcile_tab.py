"""The Reconcile tab: sets of differences with their sizes, the people of each, and both records of one."""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.browser import Browser, open_browser
from tests.support.fake_directory import person
from tests.support.two_surfaces import Both
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError, MirrorUnavailable, SignInRefused, Unreachable
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.ui.browser import reconcile_tab


def on_rest(number: int) -> User:
    return person(number)._replace(groups=("g1", "g2"), status="active", external_id=None)


def on_scim(number: int) -> User:
    return on_rest(number)._replace(role=UNKNOWN, groups=("s1", "s2"))


def drifted(surface: Surface = Surface.REST) -> Both:
    """Six people on both sides, of whom two agree; one only on each side; one inactive on both and still in groups."""
    rest = [on_rest(number) for number in range(7)]
    scim = [on_scim(number) for number in (*range(6), 8)]
    scim[1] = scim[1]._replace(status="inactive", groups=None)
    scim[2] = scim[2]._replace(last_name="Renamed")
    scim[3] = scim[3]._replace(groups=("s1",), last_name="Renamed")
    rest[4] = rest[4]._replace(status="inactive")
    scim[4] = scim[4]._replace(status="inactive")
    return Both(rest, scim, surface)


async def opened(browser: Browser) -> None:
    await browser.loaded()
    await browser.press("3")
    await settled(browser, "all differences 5")


async def settled(browser: Browser, line: str) -> None:
    """Advance the clock until this is a line of the sets."""
    for _ in range(200):
        if line in sets(browser):
            return
        await browser.tick()
        await browser.pilot.pause(0.02)
    assert line in sets(browser)


def sets(browser: Browser) -> list[str]:
    return browser._list_lines(browser.browser.area.reconcile_tab.classes.sets)


def people(browser: Browser) -> list[str]:
    """Who is listed, by number, with how they differ."""
    lines = browser._list_lines(browser.browser.area.reconcile_tab.pairs.pairs)
    return [line.replace("person0000", "").replace("@example.com", "") for line in lines]


async def test_the_sets_have_their_sizes_and_the_pairs_say_how_they_differ() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        assert sets(browser) == [
            "all differences 5",
            "only on REST 1",
            "only on SCIM 1",
            "status differs 1",
            "field differs 2",
            "membership differs 2",
            "duplicate 0",
            "ghosts 1",
        ]
        assert people(browser)[0].startswith("1 ≠ status: active on REST, inactive on SCIM")
        assert "6 ‹ only on REST" in people(browser)
        assert "8 › only on SCIM" in people(browser)
        assert browser.says("REST all 7 users, as of")
        assert browser.says("SCIM all 7 users, as of")


async def test_a_set_shows_its_people_its_meaning_and_who_has_to_act() -> None:
    async with open_browser(drifted().setting, (80, 24)) as browser:
        await opened(browser)
        await browser.press("down")
        await browser.settled(lambda: [line.split(" ", 1)[1] for line in people(browser)] == ["‹ only on REST"])
        assert browser.says("Assign the person in the")
        assert browser.says("the record here.")
        await browser.press("G")
        await browser.settled(lambda: [line.split(" ", 1)[1] for line in people(browser)] == ["○ inactive, in groups"])
        await browser.press("up")
        await browser.settled(lambda: browser.says("None."))


async def test_the_filter_matches_either_record() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.filter("renamed")
        await browser.settled(lambda: [line[0] for line in people(browser)] == ["2", "3"])
        assert browser.says("2 of 5")
        await browser.press("enter", "escape")
        await browser.settled(lambda: len(people(browser)) == 5)
        await browser.filter("status:inactive")
        await browser.settled(lambda: [line[0] for line in people(browser)] == ["1"])
        await browser.press(*["backspace"] * 20)
        await browser.type("nobody")
        await browser.settled(lambda: browser.says("None of the 5 people matches. Esc clears the filter."))
        await browser.press(*["backspace"] * 20)
        await browser.type("created:soon")
        await browser.settled(lambda: browser.says("A word of the filter is not valid, so nobody matches."))


async def test_sorting_keeps_the_cursor_and_the_marks() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.press("tab", "down", "space")
        await browser.settled(lambda: browser.says("1 marked"))
        await browser.press("s", "S")
        await browser.settled(
            lambda: [line.removeprefix("✓ ")[0] for line in people(browser)] == ["8", "6", "3", "2", "1"]
        )
        assert [line[:3] for line in people(browser) if "✓" in line] == ["✓ 2"]
        tab = browser.browser.area.reconcile_tab
        assert tab.current is not None
        assert tab.current.rest is not None
        assert tab.current.rest.email == "person00002@example.com"
        await browser.press("asterisk")
        assert len(tab.pairs.pairs.marked) == 5
        await browser.press("escape")
        assert not tab.pairs.pairs.marked


async def test_enter_shows_both_records_and_at_120_columns_they_stand_below_the_pairs() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.settled(lambda: browser.says("≠ Status ● active ○ inactive differs"))
        await browser.press("tab", "p")
        assert not browser.says("≠ Status ● active ○ inactive differs")
        await browser.press("enter")
        await browser.settled(lambda: "≠ Status" in browser.dialog)
        await browser.press("escape", "d")
        await browser.settled(lambda: "≠ Status" in browser.dialog)


async def test_a_change_on_either_side_is_compared_again() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "down")
        both.apis[Surface.SCIM].edit(on_scim(1).id, status="active", groups=("s1", "s2"))
        await browser.press("R")
        await settled(browser, "all differences 4")
        tab = browser.browser.area.reconcile_tab
        assert tab.current is not None
        assert tab.current.rest is not None
        assert tab.current.rest.email == "person00002@example.com"
        both.apis[Surface.REST].edit(on_rest(2).id, last_name="Renamed")
        await browser.press("r")
        await settled(browser, "all differences 3")


async def test_who_is_only_on_one_side_is_not_known_before_the_other_is_read() -> None:
    both = drifted()
    gate = both.apis[Surface.SCIM].hold("list_users")
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "only on REST ?")
        assert browser.says("SCIM reading: 0 users")
        gate.set()
        # At once, whenever the next comparison is due.
        for _ in range(100):
            if "only on REST 1" not in sets(browser):
                await browser.tick(0)
                await browser.pilot.pause(0.02)
        assert "only on REST 1" in sets(browser)


@pytest.mark.parametrize("unread", [(Surface.REST,), (Surface.SCIM,), (Surface.REST, Surface.SCIM)])
@pytest.mark.parametrize("own", Surface)
async def test_while_no_user_of_a_side_is_read_nothing_is_said_to_agree(
    unread: tuple[Surface, ...], own: Surface
) -> None:
    both = drifted(own)
    for surface in unread:
        both.apis[surface].offline = Unreachable(f"{surface.upper()} cannot be reached.")
    async with open_browser(both.setting) as browser:
        await browser.press("3")
        names = " or ".join(surface.upper() for surface in unread)
        why = f"No user of {names} is read yet, so nothing is compared."
        lines = [
            f"{surface.upper()} {'Trying again in' if surface is own else 'Reading the account continues in'}"
            for surface in unread
        ]
        for _ in range(200):
            if not all(map(browser.says, [why, *lines])):
                await browser.tick(0.1)
                await browser.pilot.pause(0.02)
        assert browser.says(why)
        assert all(map(browser.says, lines))
        assert not browser.says("being read")
        assert not browser.says("reading: 0 users")
        assert not browser.says("Nothing differs")
        assert all(line.endswith(" ?") for line in sets(browser))


async def test_while_no_user_of_a_side_has_arrived_yet_the_list_says_that_they_are_being_read() -> None:
    both = drifted()
    gate = both.apis[Surface.SCIM].hold("list_users")
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "all differences ?")
        assert browser.says("No user of SCIM is read yet, so nothing is compared. They are being read.")
        gate.set()


async def test_who_is_only_on_one_side_is_known_once_all_of_the_other_side_are_read() -> None:
    both = drifted()
    both.apis[Surface.SCIM].total = 99
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "all differences ≥ 4")
        await browser.press("down")
        await browser.settled(lambda: browser.says("Who is only on REST is known once all users of SCIM are read."))


async def test_a_list_that_became_longer_after_it_was_read_is_not_shown_as_being_read() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        both.apis[Surface.REST].total = 9
        await browser.press("1", "R")
        await browser.settled(lambda: "9 people" in browser.account_line)
        await browser.press("3")
        await settled(browser, "all differences ≥ 4")
        assert browser.says("REST 7 of 9 users, as of")
        assert browser.says("R reads again")


async def test_a_profile_that_reads_only_what_is_shown_reads_both_sides_for_the_tab() -> None:
    both = drifted()
    both.setting.sync = SyncSettings(fully=False)
    async with open_browser(both.setting) as browser:
        await opened(browser)
        assert both.apis[Surface.SCIM].asked("list_users")


async def test_on_scim_the_sides_are_the_same() -> None:
    async with open_browser(drifted(Surface.SCIM).setting) as browser:
        await opened(browser)
        assert people(browser)[0].startswith("1 ≠ status: active on REST, inactive on SCIM")


async def test_a_surface_that_does_not_answer_is_named_on_its_line_and_read_again_later() -> None:
    both = drifted()
    both.apis[Surface.SCIM].offline = Unreachable("SCIM cannot be reached.")
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        for _ in range(100):
            if browser.says("SCIM Reading the account continues in"):
                break
            await browser.tick(0.1)
            await browser.pilot.pause(0.02)
        assert browser.says("SCIM Reading the account continues in")
        both.apis[Surface.SCIM].offline = None
        await browser.press("R")
        await settled(browser, "all differences 5")


async def test_a_surface_that_cannot_be_opened_is_opened_again_with_r() -> None:
    both = drifted()
    opens = both.setting.open_session
    assert opens is not None
    refusals = [ConfigurationError("The token cannot be read.")]

    def open_session(name: str, surface: Surface) -> Session:
        if refusals:
            raise refusals.pop()
        return opens(name, surface)

    both.setting.open_session = open_session
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await browser.settled(
            lambda: browser.says("SCIM could not be opened. The token cannot be read. R tries again.")
        )
        await browser.press("R")
        await settled(browser, "all differences 5")


async def test_the_tab_is_absent_where_the_profile_has_one_surface() -> None:
    both = drifted()
    both.setting.other_api = None
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        assert "Reconcile" not in browser.screen_text
        await browser.press("3")
        await browser.settled(lambda: any("profile has one surface" in toast for toast in browser.toasts))
        await browser.press("2", "right_square_bracket")
        assert browser.panes == ["jobs", "steps"]


async def test_the_listed_differences_are_exported_as_csv(tmp_path: Path) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.filter("renamed")
        await browser.settled(lambda: len(people(browser)) == 2)
        await browser.press("enter", "E")
        await browser.settled(lambda: "Export 2 differences" in browser.dialog)
        assert "The list: all differences, filter renamed." in browser.dialog
        await browser.press("ctrl+u")
        await browser.type(f"'{tmp_path / 'out.csv'}'")
        await browser.press("enter")
        await browser.settled(lambda: any("2 differences were written to" in toast for toast in browser.toasts))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [(row["classes"], row["rest.lastName"], row["scim.lastName"]) for row in rows] == [
        ("field", "Tanaka", "Renamed"),
        ("field membership", "Weber", "Renamed"),
    ]
    assert rows[1]["rest.groups"] == "Sales;Beta"


async def test_the_marked_differences_are_exported_as_the_json_of_the_command_line(tmp_path: Path) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.press("tab", "space", "E")
        await browser.settled(lambda: "Export 1 difference" in browser.dialog)
        assert "The marked people: 1." in browser.dialog
        await browser.press("down", "down", "down", "ctrl+u")
        await browser.type(str(tmp_path / "out.json"))
        await browser.press("enter")
        await browser.settled(lambda: any("1 difference was written to" in toast for toast in browser.toasts))
    found = json.loads((tmp_path / "out.json").read_text())
    assert [(row["classes"], row["rest"]["status"], row["scim"]["active"]) for row in found["rows"]] == [
        (["status", "membership"], "active", False)
    ]
    assert found["counts"]["matched"] == 3
    assert found["complete"] is True


async def test_the_tab_stays_when_the_browser_switches_to_the_other_surface() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        first = both.opened[0]
        await browser.press("C")
        await browser.settled(lambda: "Open a profile" in browser.dialog)
        await browser.press("down", "enter")
        await browser.settled(lambda: "SCIM" in browser.account_line)
        await settled(browser, "all differences 5")
        assert browser.panes == ["classes", "pairs"]
        # The session that was the other one is closed; the browser's own is a new one, and REST is opened again for it.
        assert [session.account.surface for session in both.opened] == [Surface.SCIM, Surface.SCIM, Surface.REST]
        assert browser.browser.session is not first


async def test_the_keys_of_a_user_act_on_the_record_of_the_browsers_surface() -> None:
    both = drifted()
    async with open_browser(both.setting, (80, 24)) as browser:
        await opened(browser)
        await browser.press("tab", "down", "x")
        await browser.listening("Deactivate")
        assert "person00002@example.com" in browser.dialog
        assert "SCIM" not in browser.dialog.splitlines()[0]
        await browser.press("escape", "space", "down", "space", "O")
        await browser.listening("Offboard 2 people")
        assert not both.apis[Surface.REST].writes


@pytest.mark.parametrize("key", ["x", "e", "D", "a", "O", "y", "Y", "m", "z"])
async def test_whom_only_the_other_side_has_is_not_acted_on_and_a_message_says_why(key: str) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.press("tab", "G", key)
        await browser.settled(
            lambda: browser.says("This person has no record on REST: switch to SCIM (C), or adopt a side (b).")
        )
        assert browser.dialog == ""


@pytest.mark.parametrize("key", ["O", "a", "y"])
async def test_nobody_else_is_acted_on_instead_of_a_marked_person_without_a_record(key: str) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.press("tab", "G", "space", "g", key)
        await browser.settled(
            lambda: browser.says("1 marked person has no record on REST: unmark them, or switch to SCIM (C).")
        )
        assert browser.dialog == ""


async def test_the_other_record_is_read_again_although_one_is_gone() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "down")
        both.apis[Surface.REST].users = [
            user for user in both.apis[Surface.REST].users if isinstance(user, User) and user.id != on_rest(2).id
        ]
        both.apis[Surface.SCIM].edit(on_scim(2).id, last_name="Again")
        await browser.press("r")
        await settled(browser, "only on SCIM 2")
        await browser.press("G", "up")
        await browser.settled(lambda: browser.says("Last name – Again"))


async def test_no_key_acts_on_a_record_that_another_one_replaced_in_the_same_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = drifted(Surface.SCIM)
    async with open_browser(both.setting) as browser:
        await opened(browser)
        tab = browser.browser.area.reconcile_tab
        await browser.press("tab", "down")
        await browser.settled(lambda: tab.user is not None and tab.user.user.last_name == "Renamed")
        monkeypatch.setattr(reconcile_tab, "REST_SECONDS", 3600.0)
        scim = both.apis[Surface.SCIM]
        anew = on_scim(2)._replace(id="made-anew", last_name="Renamed")
        scim.users = [anew if isinstance(user, User) and user.id == on_scim(2).id else user for user in scim.users]
        await browser.press("R")
        for _ in range(200):
            if tab.current is None or tab.current.scim is None or tab.current.scim.id != anew.id:
                await browser.tick()
                await browser.pilot.pause(0.02)
        assert tab.current is not None
        assert tab.current.scim is not None
        assert tab.current.scim.id == anew.id
        assert tab.user is None
        assert tab.reads_user


async def test_why_a_side_cannot_be_read_stays_on_the_screen() -> None:
    both = drifted()
    both.apis[Surface.SCIM].offline = SignInRefused("The token is refused.")
    async with open_browser(both.setting, (80, 24)) as browser:
        await browser.loaded()
        await browser.press("3")
        await browser.settled(lambda: browser.says("SCIM Reading the account stopped: The token is"))
        assert browser.says("The token is refused. R tries again.")


async def test_the_age_of_both_sides_is_shown_on_the_smallest_screen() -> None:
    async with open_browser(drifted().setting, (60, 15)) as browser:
        await opened(browser)
        for _ in range(100):
            if not (browser.says("REST all 7, 1 min ago") and browser.says("SCIM all 7, 1 min ago")):
                await browser.tick()
                await browser.pilot.pause(0.02)
        assert browser.says("REST all 7, 1 min ago")
        assert browser.says("SCIM all 7, 1 min ago")


async def test_users_whose_groups_are_unknown_are_counted() -> None:
    both = drifted()
    scim = both.apis[Surface.SCIM]
    scim.users = [user._replace(groups=UNKNOWN) for user in scim.users if isinstance(user, User)]
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "only on SCIM ≥ 1")
        await browser.settled(lambda: browser.says("groups of 7 unknown"))


async def test_keys_that_act_on_the_list_wait_for_the_filter_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        pairs = browser.browser.area.reconcile_tab.pairs.pairs
        mirror, gate = browser.browser.session.mirror, asyncio.Event()
        matching = mirror.matching

        async def held(query: UserQuery) -> Sequence[int]:
            await gate.wait()
            return await matching(query)

        monkeypatch.setattr(mirror, "matching", held)
        await browser.press("slash", *"renamed", "enter", "down", "asterisk")
        assert (pairs.cursor, pairs.marked) == (0, ())
        gate.set()
        await browser.settled(lambda: len(pairs.marked) == 2)
        assert pairs.cursor == 1


async def test_the_list_is_empty_while_the_local_copy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        mirror = browser.browser.session.mirror

        async def fails(query: UserQuery) -> Sequence[int]:
            raise MirrorUnavailable("The local copy cannot be read.")

        with monkeypatch.context() as broken:
            broken.setattr(mirror, "matching", fails)
            await browser.filter("renamed")
            await browser.settled(lambda: browser.says("The local copy cannot be read."))
            assert people(browser) == []
        for _ in range(100):
            if not people(browser):
                await browser.tick()
                await browser.pilot.pause(0.02)
        assert len(people(browser)) == 2


async def test_keys_of_a_list_of_users_change_nothing_on_the_other_tabs() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.press("t", "J", "4", "t", "1")
        await browser.settled(lambda: browser.panes == ["users", "detail"])
        assert not browser.browser.filtering.hide_inactive
        assert not browser.browser.area.detail.raw


async def test_a_side_that_was_read_whole_and_cannot_be_read_again_says_so() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        both.apis[Surface.SCIM].offline = Unreachable("SCIM cannot be reached.")
        await browser.press("R")
        for _ in range(100):
            if not browser.says("reading again fails"):
                await browser.tick(0.1)
                await browser.pilot.pause(0.02)
        assert browser.says("SCIM all 7 users, as of")
        assert browser.says("ago, reading again fails") or browser.says("just now, reading again fails")


async def test_a_key_after_another_set_was_chosen_acts_on_the_people_of_that_set() -> None:
    async with open_browser(drifted().setting) as browser:
        await opened(browser)
        await browser.type_ahead("down", "space", "down", "space", "down", "space")
        await browser.settled(lambda: len(browser.browser.area.reconcile_tab.pairs.pairs.marked) == 3)
        marked = browser.browser.area.reconcile_tab.pairs.pairs.marked
        assert {pair.records[0].id[-1] for pair in marked} == {"6", "8", "1"}
