"""``d``: the records of one user on both surfaces, side by side."""

import pytest

from tests.support.browser import Browser, open_browser
from tests.support.fake_directory import person
from tests.support.two_surfaces import Both
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError, Unreachable
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.ports import Session


def on_rest(number: int = 0) -> User:
    return person(number)._replace(groups=("g1", "g2"), status="active")


def on_scim(number: int = 0) -> User:
    return on_rest(number)._replace(role=UNKNOWN, groups=("s1", "s9"))


async def compared(browser: Browser) -> None:
    await browser.loaded()
    await browser.press("d")
    await browser.settled(lambda: "SCIM, read just now" in browser.dialog or "SCIM: read just now" in browser.dialog)


def lines_with(browser: Browser, word: str) -> list[str]:
    return [" ".join(line.split()) for line in browser.dialog.splitlines() if word in line]


async def test_differences_are_marked_by_a_sign_and_a_word() -> None:
    theirs = on_scim()._replace(id=on_rest().id, status="inactive", last_name="Renamed")
    both = Both([on_rest()], [theirs])
    async with open_browser(both.setting) as browser:
        await compared(browser)
        assert lines_with(browser, "≠") == [
            "≠ Status ● active ○ inactive differs",
            "≠ Last name Çelik Renamed differs",
            "≠ Beta – only REST",
            "≠ – Support only SCIM",
        ]
        assert "Groups Sales Sales same" in lines_with(browser, "same")
        assert browser.says("Status differs. The status was changed on one side by hand")
        assert browser.says("Membership differs.")
        await browser.press("escape")
        assert browser.dialog == ""
    assert not both.apis[Surface.REST].writes
    assert not both.apis[Surface.SCIM].writes


async def test_one_below_the_other_where_the_screen_is_narrow() -> None:
    theirs = on_scim()._replace(email="another.address.of.person@example.com")
    async with open_browser(Both([on_rest()], [theirs]).setting, (80, 24)) as browser:
        await compared(browser)
        assert lines_with(browser, "≠ Email") == ["≠ Email REST person00000@example.com differs"]
        assert "SCIM another.address.of.person@example.com" in lines_with(browser, "SCIM")
        assert "Status ● active same" in lines_with(browser, "same")


async def test_rest_is_left_and_scim_right_on_either_surface() -> None:
    both = Both([on_rest()], [on_scim()._replace(status="inactive")], Surface.SCIM)
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("d")
        await browser.settled(lambda: "read just now" in browser.dialog)
        assert lines_with(browser, "≠ Status") == ["≠ Status ● active ○ inactive differs"]


async def test_a_person_without_a_record_on_the_other_surface() -> None:
    async with open_browser(Both([on_rest()], [on_scim(7)]).setting) as browser:
        await browser.loaded()
        await browser.press("d")
        await browser.settled(lambda: browser.says("SCIM, no record"))
        assert lines_with(browser, "≠") == []
        assert browser.says("Only on REST. The person was created by hand")


async def test_groups_that_an_answer_lacks_are_not_compared() -> None:
    async with open_browser(Both([on_rest()], [on_scim()._replace(groups=UNKNOWN)]).setting) as browser:
        await compared(browser)
        assert lines_with(browser, "≠") == []
        assert "Groups Sales ? unknown" in lines_with(browser, "Sales")


async def test_other_records_of_the_person_are_named_and_nothing_is_adopted() -> None:
    second = on_scim()._replace(id="second-record", email="Person00000@Example.com", external_id=None)
    both = Both([on_rest()], [on_scim(), second])
    async with open_browser(both.setting) as browser:
        await compared(browser)
        assert browser.says("There may be more records of this person: not all users of SCIM are read.")
        await browser.press("escape", "3")
        await browser.settled(lambda: browser.says("SCIM all 2 users"))
        await browser.press("1", "d")
        await browser.settled(lambda: "Duplicate." in browser.dialog)
        named = "SCIM  Person00000@Example.com, active, id second-record"
        assert "Other records with the same email or external id:" in browser.dialog
        assert named in browser.dialog
        assert not browser.says("There may be more records")
        assert "b adopt" not in browser.dialog
        await browser.press("escape", "3", "tab", "d")
        await browser.settled(lambda: "Duplicate." in browser.dialog)
        assert named in browser.dialog


async def test_the_other_session_is_opened_once_and_closed_with_the_program() -> None:
    both = Both([on_rest(), on_rest(1)], [on_scim(), on_scim(1)])
    async with open_browser(both.setting) as browser:
        await compared(browser)
        await browser.press("escape", "down")
        await compared(browser)
        assert "person00001@example.com" in browser.dialog
        assert len(both.opened) == 1
        assert not both.apis[Surface.SCIM].closed
    assert both.apis[Surface.SCIM].closed


async def test_a_surface_that_does_not_answer_is_reported_with_what_to_do() -> None:
    both = Both([on_rest()], [on_scim()])
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        both.apis[Surface.SCIM].offline = Unreachable("SCIM cannot be reached.", hint="Check the network.")
        await browser.press("d")
        await browser.settled(
            lambda: any("SCIM cannot be reached. Check the network." in toast for toast in browser.toasts)
        )
        assert browser.dialog == ""


async def test_a_configuration_that_cannot_be_opened_is_reported() -> None:
    both = Both([on_rest()], [on_scim()])

    def refuse(_name: str, _surface: Surface) -> Session:
        raise ConfigurationError("The file of the token is readable by others.")

    both.setting.open_session = refuse
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("d")
        await browser.settled(lambda: any("readable by others" in toast for toast in browser.toasts))


@pytest.mark.parametrize("other", [True, False])
async def test_the_command_is_absent_where_the_profile_has_one_surface(other: bool) -> None:
    both = Both([on_rest()], [on_scim()])
    if not other:
        both.setting.other_api = None
    async with open_browser(both.setting) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        assert ("Both records of this user" in browser.dialog) is other
        await browser.press("escape", "d")
        if other:
            await browser.settled(lambda: "read just now" in browser.dialog)
        else:
            await browser.settled(
                lambda: any("the profile has one surface" in toast.lower() for toast in browser.toasts)
            )
