"""The actions for the marked users, with ``b``."""

import asyncio
from collections.abc import Collection

import pytest

from tests.support.active_users import account, user_of
from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import User
from walkme_tui.ui.dialogs.bulk import BulkDialog
from walkme_tui.ui.dialogs.choice import ChoiceList
from walkme_tui.ui.dialogs.plan import PlanDialog

EVERYONE = 12


async def show_actions(browser: Browser, *keys: str) -> None:
    """Wait for the rows, press keys, and open the actions."""
    await browser.loaded()
    await browser.press(*keys, "b")
    await browser.settled(lambda: isinstance(browser.app.screen, BulkDialog))


async def reviewed(browser: Browser) -> None:
    await browser.settled(lambda: isinstance(browser.app.screen, PlanDialog))
    await browser.armed()


async def run(browser: Browser) -> None:
    """Run the plan that is shown."""
    await browser.press("y")
    await browser.settled(lambda: "Done and verified." in browser.dialog)


def people(api: FakeDirectory) -> list[User]:
    return [user for user in api.users if isinstance(user, User)]


def written(api: FakeDirectory) -> list[tuple[str, ...]]:
    return [(write.name, *map(str, write.arguments)) for write in api.writes]


async def test_the_dialog_lists_the_marked_users_and_esc_does_nothing() -> None:
    api = account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await show_actions(browser, "space", "down", "down", "space")
        assert "Actions for 2 marked users" in browser.dialog
        for number in (0, 2):
            assert str(user_of(api, number).email) in browser.dialog
        assert str(user_of(api, 1).email) not in browser.dialog
        await browser.press("escape")
        assert browser.dialog == ""
        assert len(browser.marked) == 2
    assert not api.writes


async def test_without_marks_the_actions_are_for_the_user_under_the_cursor() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "down")
        assert "marked" not in browser.dialog
        assert "For the user under the cursor. Space marks several." in browser.dialog
        assert str(user_of(api, 1).email) in browser.dialog
        await browser.press("x")
        await reviewed(browser)
        await run(browser)
    assert [user.status for user in people(api)[:3]] == ["active", "inactive", "active"]


async def test_an_export_without_marks_is_of_the_user_under_the_cursor() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await show_actions(browser, "down")
        await browser.press("E")
        await browser.settled(lambda: "Export 1 user " in browser.dialog)


async def test_keys_that_are_typed_at_once_are_for_the_marked_users() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.type_ahead("space", "down", "space", "b", "x")
        await browser.listening("Deactivate 2 people")
    assert not api.writes


async def test_an_action_is_chosen_while_the_names_are_still_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys behind it go to its dialog, not to the list of users below."""
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        read = asyncio.Event()

        async def users(ids: Collection[str]) -> dict[str, MirroredUser]:
            await read.wait()
            return {}

        session = browser.app.session
        assert session is not None
        monkeypatch.setattr(session.mirror, "users", users)
        await show_actions(browser, "space", "down", "space")
        await browser.type_ahead("f", "N", "e", "o")
        await browser.settled(lambda: "The first name of 2 marked users" in browser.dialog)
        await browser.press("enter")
        await reviewed(browser)
        assert "-> Neo" in browser.dialog
    assert not api.writes


async def test_without_a_user_a_message_says_how_to_mark() -> None:
    async with open_browser(Setting(api=FakeDirectory([]))) as browser:
        await browser.pause()
        await browser.press("b")
        await browser.settled(lambda: any("Space marks one" in toast for toast in browser.toasts))


async def test_marked_users_are_deactivated_and_those_who_are_inactive_are_counted_apart() -> None:
    api = account()
    api.users[1] = user_of(api, 1)._replace(status="inactive")
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space", "down", "space")
        await browser.press("x")
        await reviewed(browser)
        assert "Deactivate 2 people" in browser.dialog
        assert "2 people change. 1 is already as requested, listed last." in browser.dialog
        assert "Nothing to do for 1 person" in browser.dialog
        assert "● active -> ○ inactive" in browser.dialog
        await run(browser)
        assert "Deactivation of 2 people" in browser.dialog
        assert len(browser.marked) == 0
    assert len(api.writes) == 2
    assert [user.status for user in people(api)[:4]] == ["inactive", "inactive", "inactive", "active"]


async def test_where_everyone_is_as_requested_nothing_is_reviewed() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("X")
        await browser.settled(lambda: any("everyone already is as requested" in toast for toast in browser.toasts))
        assert browser.dialog == ""
    assert not api.writes


async def test_the_role_is_chosen_among_those_of_the_account() -> None:
    api = account()
    for number, role in enumerate(("Viewer", "Editor", "Auditor")):
        api.users[number] = user_of(api, number)._replace(role=role)
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("r")
        await browser.settled(lambda: "The role of 2 marked users" in browser.dialog)
        assert "Auditor" in browser.dialog
        browser.app.screen.query_one(ChoiceList).select("=Auditor")
        await browser.press("enter")
        await reviewed(browser)
        assert "role Viewer -> Auditor" in browser.dialog
        assert "role Editor -> Auditor" in browser.dialog
        await run(browser)
    assert [user.role for user in people(api)[:2]] == ["Auditor", "Auditor"]


async def test_a_text_field_is_set_and_an_empty_value_clears_it() -> None:
    api = account()
    async with open_browser(Setting(api=api), (60, 15)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("l")
        await browser.settled(lambda: "The last name of 2 marked users" in browser.dialog)
        assert "an empty one clears the field" in " ".join(browser.dialog.split())
        await browser.type("Weber")
        await browser.press("enter")
        await reviewed(browser)
        await run(browser)
        assert {user.last_name for user in people(api)[:2]} == {"Weber"}
        await browser.press("escape")
        await browser.press("space", "b")
        await browser.settled(lambda: isinstance(browser.app.screen, BulkDialog))
        await browser.press("f")
        await browser.settled(lambda: "The first name" in browser.dialog)
        await browser.press("enter")
        await reviewed(browser)
        assert "-> none" in browser.dialog
        await run(browser)
    assert [not user.first_name for user in people(api)[:2]] == [False, True]


async def test_groups_and_offboarding_act_on_the_listed_users() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("a")
        await browser.settled(lambda: "Groups of 2 marked users" in browser.dialog)
        await browser.press("escape", "b")
        await browser.settled(lambda: isinstance(browser.app.screen, BulkDialog))
        await browser.press("O")
        await browser.listening("Offboard 2 people")
    assert not api.writes


@pytest.mark.parametrize("environment", list(Environment))
async def test_a_deletion_of_several_offers_to_deactivate_and_asks_for_their_number(environment: Environment) -> None:
    api = account()
    ids = {user_of(api, number).id for number in (0, 1)}
    async with open_browser(Setting(api=api, environment=environment), (80, 24)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("D")
        await browser.settled(lambda: "Delete 2 marked users permanently?" in browser.dialog)
        assert "x deactivate instead" in browser.dialog
        await browser.armed()
        await browser.press("d")
        await reviewed(browser)
        assert "Delete 2 people" in browser.dialog
        await browser.press("y")
        assert "type the number of people first" in browser.dialog
        await browser.press("3", "enter")
        await browser.armed()
        await browser.press("y")
        assert "the plan is about 2 people" in browser.dialog
        assert not api.writes
        await browser.press("backspace", "2", "enter")
        await browser.armed()
        await run(browser)
    assert {write[1] for write in written(api)} == ids
    assert not ids & {user.id for user in people(api)}


async def test_instead_of_deleting_several_they_are_deactivated() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("D")
        await browser.settled(lambda: "permanently?" in browser.dialog)
        await browser.armed()
        await browser.press("x")
        await reviewed(browser)
        assert "Deactivate 2 people" in browser.dialog
        await run(browser)
    assert len(api.users) == EVERYONE


async def test_the_deletion_of_a_single_user_asks_for_the_email() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space")
        await browser.press("D")
        await browser.settled(lambda: "type the email" in browser.dialog)
    assert not api.writes


async def test_the_users_stay_those_that_the_dialog_listed() -> None:
    """Marks that are made while the users are read, and a filter, change nothing of the plan."""
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "space", "down", "space")
        gate = api.hold("get_user")
        await browser.press("x")
        # Besides the two, the details may read the user under the cursor.
        await browser.settled(lambda: api.in_flight >= 2)
        await browser.press("asterisk")
        await browser.settled(lambda: len(browser.marked) == EVERYONE)
        gate.set()
        await browser.listening("Deactivate 2 people")
        assert "in this view" not in browser.dialog


async def test_esc_while_the_job_runs_leaves_it_running_and_the_status_line_shows_it() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_actions(browser, "asterisk")
        await browser.press("x")
        await reviewed(browser)
        gate = api.hold("patch_user")
        await browser.press("y")
        await browser.settled(lambda: "Deactivating 12 people: 0 of 12 steps" in browser.status_line)
        await browser.press("escape", "escape", "escape")
        assert "Deactivating 12 people" in browser.status_line
        gate.set()
        await browser.settled(lambda: all(user.status == "inactive" for user in people(api)))


async def test_scim_has_no_role_to_set() -> None:
    async with open_browser(Setting(api=account(), surface=Surface.SCIM)) as browser:
        await show_actions(browser, "space")
        assert "Set the role" not in browser.dialog
        assert "Deactivate" in browser.dialog
        await browser.press("r")
        assert isinstance(browser.app.screen, BulkDialog)


async def test_a_read_only_profile_plans_and_can_only_save() -> None:
    api = account()
    async with open_browser(Setting(api=api, read_only=True)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("x")
        await reviewed(browser)
        assert "Can only be saved (p)" in browser.dialog
        await browser.press("y")
        assert isinstance(browser.app.screen, PlanDialog)
    assert not api.writes


async def test_the_marked_users_are_exported_by_a_read_only_profile_too() -> None:
    api = account()
    async with open_browser(Setting(api=api, read_only=True)) as browser:
        await show_actions(browser, "space", "down", "space")
        await browser.press("E")
        await browser.settled(lambda: "Export 2 marked users" in browser.dialog)


async def test_ten_thousand_marks_open_the_dialog_and_keys_scroll_it() -> None:
    api = account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        browser.browser.area.users._marks.add_ids([person(number).id for number in range(10_000)])
        await browser.press("b")
        await browser.settled(lambda: "Actions for 10 000 marked users" in browser.dialog)
        await browser.press("end")
        assert person(9_999).id in browser.dialog
