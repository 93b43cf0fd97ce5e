"""``b`` on the Reconcile tab: one side is adopted through a reviewed plan that changes the other side."""

import pytest

from tests.support.browser import Browser, open_browser
from tests.support.two_surfaces import Both
from tests.ui.test_reconcile_tab import drifted, opened, people, sets, settled
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.users import User


def record(both: Both, surface: Surface, number: int) -> User:
    email = f"person0000{number}@example.com"
    return next(user for user in both.apis[surface].users if isinstance(user, User) and user.email == email)


async def chosen(browser: Browser, which: str) -> None:
    """Choose the side that is right, and run the plan."""
    await browser.settled(lambda: "Which side is right" in browser.dialog)
    await browser.press(*(["down"] if which == "SCIM" else []), "enter")
    await browser.listening("Reconcile")


async def run(browser: Browser) -> None:
    await browser.press("y")
    await browser.settled(lambda: "Done and verified." in browser.dialog)


@pytest.mark.parametrize("own", Surface)
@pytest.mark.parametrize("source", Surface)
async def test_the_side_that_is_wrong_is_changed_whichever_the_browser_shows(own: Surface, source: Surface) -> None:
    both = drifted(own)
    target = Surface.SCIM if source is Surface.REST else Surface.REST
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "b")
        await chosen(browser, source.upper())
        assert f"{source.upper()} is adopted: each person on {target.upper()} becomes" in " ".join(
            browser.dialog.split()
        )
        assert not both.apis[target].writes
        await run(browser)
        assert not both.apis[source].writes
        assert record(both, target, 1).status == record(both, source, 1).status
        await browser.press("enter")
        await settled(browser, "all differences 4")


async def test_the_marked_are_adopted_together_and_the_job_can_be_undone_from_here() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "asterisk", "b")
        await chosen(browser, "REST")
        await run(browser)
        assert not both.apis[Surface.REST].writes
        scim = both.apis[Surface.SCIM]
        assert [
            user.status for user in scim.users if isinstance(user, User) and user.email == "person00008@example.com"
        ] == ["inactive"]
        assert any(isinstance(user, User) and user.email == "person00006@example.com" for user in scim.users)
        await browser.armed()
        await browser.press("z")
        await browser.listening("Undo")
        await browser.press("y")
        await browser.settled(
            lambda: browser.says("Undo for 5 people") and browser.says("Done, but 2 people are still")
        )
        assert record(both, Surface.SCIM, 2).last_name == "Renamed"
        assert record(both, Surface.SCIM, 8).status == "active"


async def test_adopting_all_leaves_only_the_deactivated_records() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "asterisk", "b")
        await chosen(browser, "REST")
        await run(browser)
        await browser.press("enter", "R")
        # Of whom only SCIM had a record, that record is inactive now: nobody is deleted.
        await settled(browser, "all differences 1")
        assert "only on SCIM 1" in sets(browser)
        assert people(browser) == ["8 › only on SCIM (inactive)"]
        assert not browser.browser.area.reconcile_tab.pairs.pairs.marked
        await browser.press("b")
        await browser.settled(lambda: "Which side is right" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: browser.says("the record that only SCIM has is inactive already"))


@pytest.mark.parametrize("source", ["REST", "SCIM"])
async def test_the_marks_of_all_whom_a_job_handled_go_and_those_of_others_stay(source: str) -> None:
    both = drifted()
    ghost = record(both, Surface.REST, 4)
    scim = both.apis[Surface.SCIM]
    scim.edit(record(both, Surface.SCIM, 4).id, last_name="Ghost")
    scim.users = [*scim.users, record(both, Surface.SCIM, 5)._replace(id="second-record", external_id=None)]
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "duplicate 2")
        pairs = browser.browser.area.reconcile_tab.pairs.pairs
        await browser.press("tab", "asterisk", "b")
        assert ghost.id in pairs.marked_keys
        await chosen(browser, source)
        await browser.press("y")
        await browser.settled(lambda: browser.says("6 marks were cleared; 2 marks stay."))
        assert [PairClass.DUPLICATE in pair.classes for pair in pairs.marked] == [True, True]


async def test_marks_are_counted_when_the_job_ends_although_pairs_agree_before() -> None:
    both = drifted()
    gate = both.apis[Surface.SCIM].hold("create_user")
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "asterisk", "b")
        await chosen(browser, "REST")
        await browser.press("y")
        await settled(browser, "all differences 2")
        gate.set()
        await browser.settled(lambda: browser.says("5 marks were cleared."))
        assert not browser.browser.area.reconcile_tab.pairs.pairs.marked


async def test_both_records_of_one_user_lead_to_the_same_question() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("down", "d")
        await browser.settled(lambda: "b adopt a side" in browser.dialog)
        await browser.press("b")
        await chosen(browser, "SCIM")
        await run(browser)
        assert record(both, Surface.REST, 1).status == "inactive"
        assert not both.apis[Surface.SCIM].writes


async def test_nothing_is_offered_for_records_that_agree() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("d")
        await browser.settled(lambda: "read just now" in browser.dialog)
        assert "adopt" not in browser.dialog
        await browser.press("b")
        assert "Which side" not in browser.dialog


async def test_esc_at_the_question_or_the_plan_changes_nothing() -> None:
    both = drifted()
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "b")
        await browser.settled(lambda: "Which side is right for person00001@example.com?" in browser.dialog)
        await browser.press("escape")
        assert browser.dialog == ""
        await browser.press("b")
        await chosen(browser, "REST")
        await browser.press("escape")
        await browser.settled(lambda: browser.dialog == "")
        assert not both.apis[Surface.REST].writes
        assert not both.apis[Surface.SCIM].writes


async def test_a_job_on_the_other_surface_is_named_before_the_program_ends() -> None:
    both = drifted()
    gate = both.apis[Surface.SCIM].hold("patch_user")
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "b")
        await chosen(browser, "REST")
        await browser.press("y")
        await browser.settled(lambda: "Reconciling" in browser.status_line)
        await browser.press("q")
        await browser.settled(lambda: "A job is running" in browser.dialog)
        await browser.press("escape")
        gate.set()
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_a_read_only_profile_can_only_save_the_plan() -> None:
    both = drifted()
    both.setting.read_only = True
    async with open_browser(both.setting) as browser:
        await opened(browser)
        await browser.press("tab", "b")
        await browser.settled(lambda: "Which side is right" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: "Can only be saved" in browser.dialog)
        assert not both.apis[Surface.SCIM].writes


async def test_nothing_is_asked_where_only_duplicates_are_chosen() -> None:
    both = drifted()
    second = record(both, Surface.SCIM, 0)._replace(id="second-record")
    both.apis[Surface.SCIM].users = [*both.apis[Surface.SCIM].users, second]
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("3")
        await settled(browser, "duplicate 2")
        await browser.press(*["down"] * 6, "tab", "b")
        await browser.settled(lambda: browser.says("Nothing is adopted for duplicates"))
        assert browser.dialog == ""
