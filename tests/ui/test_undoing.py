"""Deactivate, reactivate, and undo."""

import pytest

from tests.support.active_users import account, user_of
from tests.support.browser import Browser, Setting, open_browser
from tests.support.change_services import Bench
from walkme_tui.domain.accounts import Environment


async def offboard(browser: Browser, *keys: str) -> None:
    """Run an offboarding and close its receipt."""
    await browser.press(*keys, "O")
    await browser.listening("Ticket")
    await browser.press("y")
    await browser.settled(lambda: "Done and verified." in browser.dialog)
    await browser.press("enter")


async def test_z_undoes_a_deactivation() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.deactivate_user()
        assert user_of(api).status == "inactive"
        assert browser.dialog == ""
        await browser.press("z")
        await browser.listening("○ inactive -> ● active")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert user_of(api).status == "active"


async def test_x_acts_on_the_user_under_the_cursor_despite_marks() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("space", "down")
        await browser.deactivate_user()
    assert [user_of(api, index).status for index in range(3)] == ["active", "inactive", "active"]


@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize(
    ("key", "before", "title", "after"),
    [
        ("x", "active", "Deactivate Zoë Çelik", "inactive"),
        ("X", "inactive", "Reactivate Zoë Çelik", "active"),
        ("O", "active", "Offboard Zoë Çelik", "inactive"),
    ],
)
async def test_no_key_changes_anything_before_the_plan_is_confirmed(
    environment: Environment, key: str, before: str, title: str, after: str
) -> None:
    api = account()
    api.edit(user_of(api).id, status=before)
    async with open_browser(Setting(api=api, environment=environment)) as browser:
        await browser.loaded()
        await browser.press(key)
        await browser.listening(title)
        await browser.press(key, "enter")
        assert browser.dialog == ""
        assert not api.writes
        await browser.press(key)
        await browser.listening(title)
        await browser.press("y")
        await browser.settled(lambda: user_of(api).status == after and not browser.browser.job_tasks.running)


async def test_a_status_that_is_already_set_is_reported_without_a_request() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("X")
        await browser.settled(lambda: any("is already active. Nothing was sent." in toast for toast in browser.toasts))
    assert not api.writes


async def test_undo_restores_the_status_and_the_removed_groups() -> None:
    api = account()
    before = user_of(api)
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await offboard(browser)
        await browser.press("z")
        await browser.listening("join Engineering")
        assert "join Sales" in browser.dialog.replace("        ", " ")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    after = user_of(api)
    assert after.status == before.status
    assert isinstance(after.groups, tuple)
    assert set(after.groups) == {"g1", "g2", "g3"}


async def test_undo_skips_and_reports_changes_by_others() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await offboard(browser)
        api.edit(user_of(api).id, groups=("g2",))
        await browser.press("z")
        await browser.listening("Left out")
        assert "the person was put into Support since" in browser.dialog
        assert "join        Support" not in browser.dialog


async def test_a_job_that_was_undone_is_not_offered_again() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await offboard(browser)
        await browser.press("z")
        await browser.listening("join")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter", "z")
        await browser.settled(lambda: any("can be undone" in toast for toast in browser.toasts))


async def test_z_on_a_user_undoes_only_that_user_of_a_job() -> None:
    api, bench = account(), Bench()
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await browser.loaded()
        await offboard(browser, "space", "down", "space")
        await browser.press("z")
        await browser.listening("Undo for Amina O'Brien")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert [user_of(api, index).status for index in range(2)] == ["inactive", "active"]


async def test_z_on_a_job_undoes_all_its_users() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await offboard(browser, "space", "down", "space")
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.press("z")
        await browser.listening("Undo for 2 people")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert [user_of(api, index).status for index in range(2)] == ["active", "active"]


async def test_z_without_changes_reports_nothing_to_undo() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("z")
        await browser.settled(lambda: any("can be undone" in toast for toast in browser.toasts))
