"""Editing and creating users from the list: from the key to the verified record, and what can go wrong between."""

import pytest

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.errors import RequestRejected, ServerFault, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.ui.dialogs.user_form import UserForm
from walkme_tui.ui.flows import open_form

SIZES = [(80, 24), (60, 15)]
GROUPS = [Group("g1", "Sales"), Group("g2", "Support")]


def account(count: int = 12) -> FakeDirectory:
    users: list[User] = [user._replace(status="active", groups=("g1",)) for user in map(person, range(count))]
    return FakeDirectory(users, groups=GROUPS)


def ann(api: FakeDirectory) -> User:
    """The first user, as the server has them."""
    user = api.users[0]
    assert isinstance(user, User)
    return user


async def opened(browser: Browser, *keys: str) -> UserForm:
    """Open the form and press keys in it."""
    await browser.loaded()
    await browser.press("e")
    form = browser.app.screen
    assert isinstance(form, UserForm)
    await browser.press(*keys)
    return form


async def saved(browser: Browser) -> None:
    """Press F2, and again where the form first scrolls to what is sent."""
    await browser.press("f2")
    if says(browser, "This will be sent."):
        await browser.press("f2")


def says(browser: Browser, text: str) -> bool:
    return text in " ".join(browser.screen_text.replace("│", " ").split())


async def closed_with(browser: Browser, text: str) -> None:
    await browser.settled(lambda: browser.app.screen is browser.browser)
    await browser.settled(lambda: any(text in toast for toast in browser.toasts))


LAST_NAME = ("down", "down", "ctrl+u", *"Moss")


@pytest.mark.parametrize("size", SIZES)
async def test_an_edit_is_sent_verified_and_can_be_undone(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(Setting(api=api), size) as browser:
        await opened(browser, *LAST_NAME)
        assert not api.writes
        await saved(browser)
        await closed_with(browser, "last name was Çelik, is Moss. Verified. z undoes it.")
        assert [(write.name, write.arguments[1]) for write in api.writes] == [("patch_user", {"lastName": "Moss"})]
        await browser.settled(lambda: browser.cursor_user is not None and browser.cursor_user.last_name == "Moss")
        await browser.press("z")
        await browser.listening("Undo")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert ann(api).last_name == "Çelik"


async def test_keys_typed_behind_the_opening_key_are_for_the_form() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.type_ahead("e", "x", "down", "O", "q")
        form = browser.app.screen
        assert isinstance(form, UserForm)
        typed = {"email": "person00000@example.comx", "first_name": "ZoëOq"}
        await browser.settled(lambda: form.draft.values == typed)  # the form may still be mounted


async def test_the_form_opens_from_the_mirror_while_the_server_does_not_answer() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = api.hold("get_user")
        await opened(browser, "x")
        assert says(browser, "person00000@example.comx")
        api.edit(ann(api).id, role="Editor")
        gate.set()
        await browser.settled(lambda: says(browser, "Changed by others since the list was read: Role."))
        assert says(browser, "Role Editor")
        assert says(browser, "person00000@example.comx")


async def test_a_user_who_cannot_be_read_again_can_be_edited_all_the_same() -> None:
    api = account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        api.fail_next(Unreachable("Cannot reach api.walkme.com."), name="get_user")
        await opened(browser)
        await browser.settled(lambda: says(browser, "Not read again: Cannot reach api.walkme.com."))
        await browser.press(*LAST_NAME)
        await saved(browser)
        await closed_with(browser, "is Moss. Verified.")


async def test_roles_of_the_account_are_offered_with_their_counts() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await opened(browser, "down", "down", "down")
        await browser.settled(lambda: says(browser, "Role Viewer 4 users"))


async def test_leaving_the_question_names_what_else_others_changed() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        api.edit(ann(api).id, last_name="Hall", first_name="Zora")
        await saved(browser)
        await browser.listening("Last name of")
        await browser.press("escape")
        await browser.settled(lambda: says(browser, "Nothing was sent. Changed by others: First name."))


@pytest.mark.parametrize("key", ["m", "t"])
async def test_the_same_field_changed_by_others_is_asked_about_with_theirs_mine_and_before(key: str) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        api.edit(ann(api).id, last_name="Hall", first_name="Zora")
        await saved(browser)
        await browser.listening("Last name of")
        for text in ("theirs Hall", "mine Moss", "before Çelik"):
            assert says(browser, text)
        assert not api.writes
        await browser.press(key)
        if key == "m":
            await closed_with(browser, "is Moss. Verified. Others changed meanwhile, and that stays: First name.")
            assert (ann(api).last_name, ann(api).first_name) == ("Moss", "Zora")
        else:
            await browser.settled(lambda: says(browser, "Nothing is left to save"))
            assert ann(api).last_name == "Hall"
            assert not api.writes


async def test_a_conflict_between_the_plan_and_the_send_is_asked_about_too() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        form = await opened(browser, *LAST_NAME)
        await browser.settled(lambda: not form.saving)
        reads = len(api.asked("get_user"))
        user_id = ann(api).id

        def later() -> None:
            if len(api.asked("get_user")) == reads + 1:
                api.meanwhile("get_user", lambda: api.edit(user_id, last_name="Hall"))

        api.meanwhile("get_user", later)
        await saved(browser)
        await browser.listening("Last name of")
        assert says(browser, "theirs Hall")
        assert not api.writes
        await browser.press("escape")
        assert says(browser, "Others set it to Hall since the form was opened.")
        assert form.draft.values == {"last_name": "Moss"}


async def test_other_fields_that_others_changed_stay_and_are_named() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        await browser.pause()
        api.edit(ann(api).id, first_name="Zora")
        await saved(browser)
        await closed_with(browser, "Others changed meanwhile, and that stays: First name.")
        assert (ann(api).last_name, ann(api).first_name) == ("Moss", "Zora")


async def test_a_refusal_returns_to_the_draft_with_the_reason_at_its_field() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        form = await opened(browser, *LAST_NAME)
        api.fail_next(
            RequestRejected("The account refused the request (422).", status=422, fields={"last_name": "is too short"}),
            name="patch_user",
        )
        await saved(browser)
        await browser.settled(lambda: says(browser, "! The server refused it: is too short"))
        assert browser.app.screen is form
        assert browser.focus == "field-last-name"
        assert form.draft.values == {"last_name": "Moss"}
        await browser.press("y")
        await saved(browser)
        await closed_with(browser, "is Mossy. Verified.")


async def test_what_was_accepted_and_not_applied_is_said_with_both_values() -> None:
    api = account()
    api.inert = True
    async with open_browser(Setting(api=api)) as browser:
        form = await opened(browser, *LAST_NAME)
        await saved(browser)
        await browser.settled(lambda: says(browser, "The server accepted Moss, and it still is Çelik."))
        assert form.draft.values == {"last_name": "Moss"}
        assert ann(api).last_name == "Çelik"


async def test_a_user_who_was_deleted_meanwhile_can_be_created_anew_from_the_draft() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        old = ann(api)
        api.remove(old.id)
        await saved(browser)
        await browser.listening("The user is gone")
        await browser.press("n")
        assert says(browser, "New user")
        assert says(browser, "Last name Moss")
        await saved(browser)
        await closed_with(browser, "created person00000@example.com")
        new = api.users[-1]
        assert isinstance(new, User)
        assert (new.email, new.last_name, new.role) == (old.email, "Moss", old.role)
        assert new.id != old.id


async def created(browser: Browser, email: str) -> None:
    """Fill the form of a new user and save it."""
    await browser.loaded()
    await browser.press("n")
    await browser.type(email)
    await browser.press("down", *"Ann")
    await saved(browser)
    await browser.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_a_new_user_is_created_verified_shown_and_deactivated_by_an_undo(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(Setting(api=api), size) as browser:
        await created(browser, "ann@example.com")
        await closed_with(browser, "created ann@example.com. Verified. z undoes it.")
        new = api.users[-1]
        assert isinstance(new, User)
        assert (new.email, new.first_name, new.status) == ("ann@example.com", "Ann", "pending")
        assert [write.name for write in api.writes] == ["create_user"]
        await browser.settled(lambda: browser.cursor_email == "ann@example.com")
        await browser.press("z")
        await browser.listening("Undo")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert api.now(new.id).status == "inactive"


async def test_an_email_that_exists_opens_the_existing_user() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await created(browser, "person00005@example.com")
        await browser.listening("person00005@example.com exists")
        await browser.press("o")
        await browser.settled(lambda: browser.cursor_email == "person00005@example.com")
        assert not api.writes


@pytest.mark.parametrize("size", SIZES)
async def test_an_email_that_exists_turns_the_draft_into_an_edit(size: tuple[int, int]) -> None:
    api = account()
    async with open_browser(Setting(api=api), size) as browser:
        await created(browser, "person00005@example.com")
        await browser.listening("person00005@example.com exists")
        await browser.press("e")
        assert says(browser, "Edit Elif")
        await saved(browser)
        await closed_with(browser, "first name was Elif, is Ann. Verified.")
        assert [write.name for write in api.writes] == ["patch_user"]


async def test_an_email_that_exists_can_be_corrected() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await created(browser, "person00005@example.com")
        await browser.listening("person00005@example.com exists")
        await browser.press("escape")
        assert browser.focus == "field-email"
        assert says(browser, "! Elif Nowak has it already.")
        await browser.press("ctrl+u", *"ann@example.com")
        await saved(browser)
        await closed_with(browser, "created ann@example.com")


async def test_an_email_that_others_took_after_the_look_up_is_asked_about() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        api.meanwhile("create_user", lambda: api.users.append(person(77)._replace(email="ann@example.com")))
        await created(browser, "ann@example.com")
        await browser.listening("ann@example.com exists")
        assert not api.writes


async def test_a_failure_keeps_the_draft() -> None:
    api = account()
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        form = await opened(browser, *LAST_NAME)
        await browser.pause()
        api.fail_next(ServerFault("The server failed (500)."), name="get_user")
        await saved(browser)
        await browser.settled(lambda: says(browser, "Nothing was sent. The server failed (500)."))
        assert form.draft.values == {"last_name": "Moss"}
        await saved(browser)
        await closed_with(browser, "is Moss. Verified.")


async def test_escape_lets_the_save_go_on_and_a_failure_brings_the_draft_back() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        form = await opened(browser, *LAST_NAME)
        gate = api.hold("patch_user")
        api.fail_next(RequestRejected("The account refused the request (400)."), name="patch_user")
        await saved(browser)
        await browser.settled(lambda: says(browser, "saving…"))
        await browser.press("escape", "down")
        assert not browser.dialog
        gate.set()
        await browser.settled(lambda: any("the form is ready" in toast for toast in browser.toasts))
        await browser.press("W")
        assert browser.app.screen is form
        assert form.draft.values == {"last_name": "Moss"}
        assert says(browser, "The account refused the request (400).")


async def test_escape_while_saving_shows_the_result_in_a_message() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        gate = api.hold("patch_user")
        await saved(browser)
        await browser.press("escape")
        gate.set()
        await closed_with(browser, "is Moss. Verified.")


async def test_consequences_are_shown_before_anything_is_sent() -> None:
    api = account()
    api.edit(ann(api).id, external_id="okta|1", role="Admin")
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, "down", "down", "down", "space", "v", "enter")
        await browser.settled(lambda: says(browser, "okta|1: an identity provider owns this record"))
        assert says(browser, "Admin -> Viewer")
        assert says(browser, "The role decides what the person may do in the WalkMe Console.")
        assert not api.writes


async def test_a_warning_that_only_the_plan_has_is_shown_before_it_is_sent() -> None:
    api = account()
    api.email_ignored = True
    async with open_browser(Setting(api=api)) as browser:
        await created(browser, "ann@example.com")
        await browser.settled(lambda: says(browser, "There is more to know before this is sent."))
        assert says(browser, "This server ignores look-ups by email")
        assert not api.writes


async def test_an_untouched_form_sends_nothing() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, "f2", "escape")
        await browser.press("n", "f2", "escape")
        assert browser.dialog == ""
        assert not api.writes


async def test_a_value_that_the_server_has_already_is_not_sent() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await opened(browser, *LAST_NAME)
        await browser.pause()
        api.edit(ann(api).id, last_name="Moss")
        await saved(browser)
        await closed_with(browser, "is like this already. Nothing was sent.")
        assert not api.writes


async def test_fields_that_the_list_lacks_are_read_for_the_form() -> None:
    api = account()
    api.lean = True
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = api.hold("get_user")
        await browser.press("e")
        assert says(browser, "First name ? unknown")
        gate.set()
        await browser.settled(lambda: says(browser, "First name Zoë"))
        assert ann(api).role is not UNKNOWN


async def test_the_form_is_mounted_before_it_is_needed() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        open_form.mount_form(browser.app, browser.setting.time.monotonic)
        form = open_form.user_form(browser.app, browser.setting.time.monotonic)
        await browser.settled(lambda: form.is_mounted)
        assert not browser.dialog
        assert await opened(browser, "x") is form
        await browser.press("escape")
        await browser.listening("Leave without saving?")
        await browser.press("d", "down")
        await opened(browser)
        assert says(browser, "Edit Amina O'Brien")
        assert form.draft.values == {}


async def test_a_new_user_is_put_into_the_groups_that_were_picked() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("n")
        await browser.type("ann@example.com")
        await browser.press(*["down"] * 5)
        assert browser.focus == "field-groups"
        assert says(browser, "Groups none")
        await browser.press("space")
        await browser.settled(lambda: "Groups of the new user" in browser.dialog)
        await browser.press(*"Supp", "space", "f2")
        assert says(browser, "Groups + Support")
        assert says(browser, "Groups decide which WalkMe content the person sees.")
        await saved(browser)
        await closed_with(browser, "created ann@example.com; joined Support. Verified.")
        new = api.users[-1]
        assert isinstance(new, User)
        assert new.groups == ("g2",)
        assert [write.name for write in api.writes] == ["create_user", "add_member"]


async def test_a_new_user_who_could_not_be_put_into_a_group_is_shown_with_the_receipt() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("n")
        await browser.type("ann@example.com")
        await browser.press(*["down"] * 5, "space")
        await browser.settled(lambda: "Groups of the new user" in browser.dialog)
        await browser.press(*"Supp", "space", "f2")
        api.fail_next(RequestRejected("This group is locked."), name="add_member")
        await saved(browser)
        await browser.settled(lambda: "This group is locked." in browser.dialog)
        assert "Receipt" in browser.dialog
        assert [write.name for write in api.writes] == ["create_user"]
