"""Missing rows and other failures: the screen shows the reason, what is still there and what to do."""

import pytest

from tests.support.browser import SOURCE, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import NOON_MS, BrokenMirror
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import PermissionRefused, SecretUnavailable, SignInRefused, Unreachable
from walkme_tui.domain.setup_chain import SetupFinding, SetupLink
from walkme_tui.domain.traffic import RequestRecord, TrafficStatus
from walkme_tui.domain.users import UnreadableRecord, UserPage
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror

HOUR_MS = 3_600_000
NARROW = (80, 24)
ROTATED = (
    "The token was rotated in the Console, or SSO is off. The token comes from the variable WALKME_SCIM_TOKEN; a new "
    "one is made under Settings > Security > SCIM in the WalkMe Console. If it is right, check base_url."
)
DOWN = Unreachable("Cannot reach api.walkme.com: the connection was refused.", hint="Is the network up?")


async def stored_mirror(count: int, read_at_ms: int = NOON_MS - 5 * HOUR_MS) -> SqliteMirror:
    """A mirror from an earlier start."""
    mirror = open_mirror(None, account_key="acme")
    page = UserPage(page=1, page_size=100, rows=tuple(people(count)), total=count)
    await mirror.save_page(page, read_at_ms)
    return mirror


async def test_the_address_of_the_server_is_shown_before_the_first_answer() -> None:
    api = FakeDirectory(people(5))
    gate = api.hold()
    async with open_browser(Setting(api=api)) as browser:
        await browser.settled(lambda: browser.says("Requesting the users of this account from https://api.walkme.com…"))
        assert browser.says("The secret to sign in with comes from")
        gate.set()
        await browser.loaded()


async def test_an_empty_account_shows_what_to_do() -> None:
    async with open_browser(Setting(api=FakeDirectory()), NARROW) as browser:
        await browser.settled(lambda: browser.says("This account has no users."))
        assert browser.says("R reads the list again.")
        await browser.press("j", "G", "space", "enter", "m", "r", "Y", "J", "asterisk", "v")
        assert browser.running


async def test_an_outage_without_rows_shows_its_reason_and_is_retried() -> None:
    api = FakeDirectory(people(5))
    api.offline = DOWN
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.settled(lambda: browser.says("Cannot reach api.walkme.com: the connection was refused."))
        assert browser.says("Is the network up?")
        assert browser.says("there are no rows to show. Trying again in")
        api.offline = None
        await browser.press("R")
        await browser.loaded()
        assert browser.status_line == ""


async def test_scim_that_is_not_set_up_shows_the_links_and_marks_those_that_may_be_missing() -> None:
    api = FakeDirectory(people(5))
    api.offline = SignInRefused("papi.example.com does not accept the sign-in of profile acme.", hint=ROTATED)
    api.offline.setup = SetupFinding(SetupLink.TOKEN, (SetupLink.SSO,))
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.settled(lambda: browser.says("SCIM needs all of:"))
        for line in (
            "R reads the secret again and tries again.   C switches profiles.",
            "· Enterprise plan                         not in the smaller plans",
            "? SSO verified            may be missing  else changes have no effect",
            "· SCIM enabled                            Settings > Security > SCIM",
            "! token made              likely missing  made there; ends the old token",
            "· base URL of the tenant                  shown there; REST has another",
        ):
            assert line in [shown.strip() for shown in browser.screen_text.splitlines()]


async def test_an_outage_with_stored_rows_shows_them_with_their_age() -> None:
    api = FakeDirectory(people(5))
    api.offline = DOWN
    async with open_browser(Setting(api=api, mirror=await stored_mirror(5))) as browser:
        await browser.loaded()
        await browser.settled(lambda: "Rows from 5 h ago are shown. Trying again in" in browser.status_line)
        assert "R: now. Cannot reach api.walkme.com" in browser.status_line
        assert browser.says("person00001@example.com")


async def test_wrong_credentials_show_the_profile_and_the_source_of_the_secret() -> None:
    api = FakeDirectory(people(5))
    api.offline = SignInRefused("The server refused the credentials.", status=401)
    async with open_browser(Setting(api=api, profile="acme-prod"), NARROW) as browser:
        await browser.settled(
            lambda: browser.says(f"Profile acme-prod cannot sign in; its secret comes from {SOURCE}.")
        )
        assert browser.says("R reads the secret again")
        api.offline = None
        await browser.press("R")
        await browser.loaded()
        assert api.sign_ins_forgotten == 1


async def test_a_missing_secret_shows_its_source() -> None:
    api = FakeDirectory(people(5))
    api.fail_next(SecretUnavailable("The command pass failed with exit code 1."), times=99)  # type: ignore[arg-type]
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.settled(lambda: browser.says("The command pass failed with exit code 1."))
        assert browser.says(SOURCE)


async def test_a_missing_permission_is_not_retried() -> None:
    api = FakeDirectory(people(5))
    api.offline = PermissionRefused("The client lacks the scope users:read.", scope="users:read")
    async with open_browser(Setting(api=api), NARROW) as browser:
        await browser.settled(lambda: browser.says("The client lacks the scope users:read."))
        assert browser.says("R tries again.")


async def test_the_cursor_moves_and_q_quits_while_the_server_hangs() -> None:
    api = FakeDirectory(people(60))
    api.hold()
    async with open_browser(Setting(api=api, mirror=await stored_mirror(60))) as browser:
        await browser.loaded()
        await browser.press("down", "down", "enter", "escape", "2", "1")
        assert browser.cursor_email == "person00002@example.com"
        await browser.tick()
        await browser.settled(lambda: "in flight" in browser.status_line)
        await browser.press("q")
        assert not browser.running


async def test_a_pause_requested_by_the_server_is_shown_with_the_remaining_seconds() -> None:
    api = FakeDirectory(people(5))
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.status = TrafficStatus(
            in_flight=2,
            permitted_per_second=1,
            recent_per_second=9.8,
            waiting_seconds=12.0,
            latency_ms=210,
            throttled=1,
        )
        await browser.tick()
        assert "The server requested a pause: resuming in 12 s." in browser.status_line
        assert "API 210 ms" in browser.status_line
        assert "9.8/s" in browser.account_line


async def test_an_unreadable_record_is_shown_with_its_reason() -> None:
    users = people(5)
    users[1] = UnreadableRecord("has no id")
    async with open_browser(Setting(api=FakeDirectory(users))) as browser:
        await browser.loaded()
        await browser.press("down")
        await browser.settled(lambda: "Record 2 of the server's list cannot be read: has no id" in browser.detail)
        await browser.press("enter", "r", "m", "Y", "J", "down")
        assert browser.running


async def test_warnings_about_answers_are_shown_in_the_status_line() -> None:
    api = FakeDirectory(people(5))
    api.warnings = ("The answer claimed a total of -3.",)
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.settled(lambda: "The answer claimed a total of -3." in browser.status_line)


async def test_a_local_copy_that_cannot_be_written_does_not_stop_the_browser() -> None:
    mirror = BrokenMirror()
    mirror.full = True
    async with open_browser(Setting(api=FakeDirectory(people(5)), mirror=mirror)) as browser:
        await browser.loaded()
        assert browser.says("person00001@example.com")
        await browser.press("2", "1", "enter", "escape", "asterisk", "y", "escape")
        assert browser.running


async def test_a_local_copy_that_cannot_be_read_does_not_stop_the_browser() -> None:
    mirror = BrokenMirror()
    mirror.broken = True
    async with open_browser(Setting(api=FakeDirectory(people(5)), mirror=mirror)) as browser:
        await browser.press("j", "2", "j", "1", "asterisk", "slash", "a", "enter", "R")
        await browser.tick()
        assert browser.running


async def test_a_failed_search_keeps_the_rows_and_shows_the_reason() -> None:
    mirror = BrokenMirror()
    async with open_browser(Setting(api=FakeDirectory(people(5)), mirror=mirror)) as browser:
        await browser.loaded()
        mirror.broken = True
        await browser.press("slash", "z", "q")
        await browser.settled(lambda: "The list is not up to date. The local copy cannot be" in browser.status_line)
        assert browser.says("person00001@example.com")


async def test_notices_of_the_local_copy_are_toasts() -> None:
    class MirrorWithNotice(BrokenMirror):
        notices = ("The local copy was damaged and was moved aside.",)

    async with open_browser(Setting(api=FakeDirectory(people(5)), mirror=MirrorWithNotice())) as browser:
        await browser.settled(lambda: browser.toasts == ["The local copy was damaged and was moved aside."])


async def test_production_and_read_only_are_shown_in_the_account_line() -> None:
    async with open_browser(Setting(environment=Environment.PRODUCTION, read_only=True)) as browser:
        assert browser.account_line.startswith("acme  PRODUCTION  REST  read-only")


async def test_requests_are_listed_newest_first() -> None:
    api = FakeDirectory(people(5))
    api.records = [
        RequestRecord(NOON_MS, "GET", "/users?page=1&pageSize=100", 200, "", 38, 1),
        RequestRecord(NOON_MS + 1000, "GET", "/groups", 429, "", 12, 2),
        RequestRecord(NOON_MS + 2000, "GET", "/groups", None, "timed out", 5000, 1),
    ]
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("5")
        assert "timed out" in browser.requests[0]
        assert "GET /groups 429 12 ms attempt 2" in browser.requests[1]
        assert "/users?page=1&pageSize=100 200 38 ms" in browser.requests[2]
        api.records.append(RequestRecord(NOON_MS + 3000, "GET", "/users/x", 404, "", 9, 1))
        await browser.tick()
        assert "/users/x 404" in browser.requests[0]


REFUSED = RequestRecord(
    NOON_MS, "PATCH", "/users/00000000-0000-4000-8000-000000000001?x=…", 422, "unprocessable", 1_234_567, 3,
    (("authorization", "…"), ("content-type", "application/json")), '{"role": "Owner"}',
    (("x-request-id", "r-7"),), '{"message": "role is not known"}',
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 120])
async def test_requests_are_shown_in_full_at_every_width(width: int) -> None:
    api = FakeDirectory(people(5))
    api.records = [REFUSED, RequestRecord(NOON_MS, "DELETE", "/users/x", None, "connection refused", 60_000, 4)]
    async with open_browser(Setting(api=api), (width, 24)) as browser:
        await browser.loaded()
        await browser.press("5")
        assert browser.says("connection refused 60 000 ms attempt 4")
        assert browser.says("422 1 234 567 ms attempt 3")


async def test_enter_opens_a_request_with_headers_and_bodies() -> None:
    api = FakeDirectory(people(5))
    api.records = [REFUSED]
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await browser.loaded()
        await browser.press("5", "enter")
        await browser.settled(lambda: "x-request-id: r-7" in browser.dialog)
        for text in ("authorization: …", '"role": "Owner"', '"message": "role is not known"', "422"):
            assert text in browser.dialog
        await browser.press("y")
        assert browser.says("as a curl command") or any("as a curl command" in each for each in browser.toasts)
        await browser.press("escape")
        assert not browser.dialog
