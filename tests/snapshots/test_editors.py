"""Snapshots of the editors of a user, each for one visual property."""

from collections.abc import Sequence

from tests.snapshots.conftest import Drive, SnapshotCheck
from tests.snapshots.test_changing import NARROW, WIDE, account, showing, zoe
from tests.snapshots.test_screens import quiet
from tests.support.browser import Browser, Setting
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import RequestRejected
from walkme_tui.domain.users import UNKNOWN

SMALL = (60, 15)


def editing(key: str, *keys: str, texts: Sequence[str] = ()) -> Drive:
    """Wait for rows, open the form, press keys in it, and wait for these texts."""

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press(key)
        ready = ("user ", "users ", "SCIM has no role")
        await browser.settled(lambda: key == "n" or any(map(browser.says, ready)))
        await browser.press(*keys)
        for text in texts:
            await browser.settled(lambda text=text: browser.says(text))  # type: ignore[misc]  # the text of this turn
        await browser.pause()

    return drive


def test_the_form_of_a_user(matches_snapshot: SnapshotCheck) -> None:
    user = zoe(external_id="okta|004211", extra={"department": "North", "seats": [3, 4]})
    keys = ("down", "down", "ctrl+u", *"Kaya", "down", "space", "a", "enter")
    setting = Setting(api=account(user), environment=Environment.PRODUCTION)
    assert matches_snapshot(setting, editing("e", *keys, texts=["identity provider"]), NARROW)


def test_the_list_of_roles(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), editing("e", "down", "down", "down", "space"), NARROW)


def test_hidden_characters_and_reasons_at_the_fields(matches_snapshot: SnapshotCheck) -> None:
    user = zoe(last_name="Çe\u200blik", role="a\x1bb")
    keys = ("ctrl+u", *"zoe@x", "down", "down", "down", "down")
    assert matches_snapshot(Setting(api=account(user)), editing("e", *keys), WIDE)


def test_the_form_of_a_user_on_scim(matches_snapshot: SnapshotCheck) -> None:
    user = zoe(role=UNKNOWN, extra={"accessRole": "2", "emails": [{"value": "zoe.celik@example.com"}]})
    setting = Setting(api=account(user), surface=Surface.SCIM)
    assert matches_snapshot(setting, editing("e", texts=["SCIM has no role"]), NARROW)


def test_the_form_of_a_new_user_on_a_small_screen(matches_snapshot: SnapshotCheck) -> None:
    keys = (*"ann@example.com", "down", *"Ann", "f2")
    assert matches_snapshot(Setting(api=account()), editing("n", *keys), SMALL)


def test_a_refused_edit(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    fields = {"last_name": "must not contain digits"}
    api.fail_next(RequestRejected("The account refused the edit (422).", status=422, fields=fields), name="patch_user")
    keys = ("down", "down", *"77", "f2")
    assert matches_snapshot(Setting(api=api), editing("e", *keys, texts=["The server refused it"]), NARROW)


def test_another_role(matches_snapshot: SnapshotCheck) -> None:
    keys = ("down", "down", "down", "space", "end", "enter", *"Publisher")
    assert matches_snapshot(Setting(api=account()), editing("e", *keys), NARROW)


def test_leaving_an_edited_form(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), editing("e", "x", "escape"), NARROW)


def test_an_edit_that_others_made_too(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def drive(browser: Browser) -> None:
        await editing("e", "down", "down", "ctrl+u", *"Kaya")(browser)
        api.edit(zoe().id, last_name="Yılmaz")
        await browser.press("f2")
        await browser.listening("Last name of")
        await browser.settled(lambda: browser.says("Zoë Yılmaz"))  # the row below, read by the save

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_an_email_that_exists(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await editing("n", *"zoe.celik@example.com", "f2")(browser)
        await browser.listening("exists")

    assert matches_snapshot(Setting(api=account()), drive, NARROW)


def test_groups_to_join_and_to_leave(matches_snapshot: SnapshotCheck) -> None:
    async def choose(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("a")
        await browser.settled(lambda: "Groups of" in browser.dialog)
        await browser.press("space", "down", "space")
        await browser.settled(lambda: "Groups decide" in browser.dialog)

    setting = Setting(api=account(zoe(groups=("g2",))), environment=Environment.PRODUCTION)
    assert matches_snapshot(setting, choose, NARROW)


def test_the_question_before_a_deletion(matches_snapshot: SnapshotCheck) -> None:
    setting = Setting(api=account(), environment=Environment.PRODUCTION)
    assert matches_snapshot(setting, showing("D", until="permanent"), SMALL)
