"""Snapshots of the browser, each for one visual property."""

import asyncio

from tests.snapshots.conftest import Drive, SnapshotCheck
from tests.support.browser import Browser, Setting
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import NOON_MS
from walkme_tui.domain.accounts import Environment, Surface
from walkme_tui.domain.errors import SignInRefused, Unreachable
from walkme_tui.domain.groups import Group
from walkme_tui.domain.traffic import RequestRecord, TrafficStatus
from walkme_tui.domain.users import Json, UnreadableRecord, User, UserPage
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror
from walkme_tui.ui.browser_start import ProfileChoice

WIDE, NARROW = (120, 40), (80, 24)
HOUR_MS = 3_600_000
GROUPS = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]
DOWN = Unreachable("Cannot reach api.walkme.com: the connection was refused.", hint="Check the network, or wait.")


def account(count: int = 60) -> FakeDirectory:
    return FakeDirectory(people(count), groups=GROUPS)


def stored_mirror(count: int) -> SqliteMirror:
    """A mirror whose rows were fetched five hours ago."""
    mirror = open_mirror(None, account_key="acme")
    page = UserPage(page=1, page_size=100, rows=tuple(people(count)), total=count)
    asyncio.run(mirror.save_page(page, NOON_MS - 5 * HOUR_MS))
    return mirror


def pressing(*keys: str) -> Drive:
    """Wait for rows, press keys, and wait for their effect."""

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press(*keys)
        await quiet(browser)

    return drive


async def quiet(browser: Browser) -> None:
    """Wait until rows, groups and details are loaded and the status shows it."""
    await browser.loaded()
    area = browser.browser.area
    await browser.settled(lambda: browser.browser.group_names)
    if area.detail.display and not area.detail.raw and browser.table.cursor_user is not None:
        await browser.settled(lambda: "read just now" in browser.detail and "from the list" not in browser.detail)
    await browser.tick(0)


def test_users_wide(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), quiet, WIDE)


def test_users_narrow(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), quiet, NARROW)


def test_production_is_filled(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account(), environment=Environment.PRODUCTION, read_only=True), quiet, NARROW)


def test_marks(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("space", "down", "down", "space", "down"), NARROW)


def test_detail_narrow(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("down", "down", "down", "enter"), NARROW)


def test_detail_of_a_rich_record(matches_snapshot: SnapshotCheck) -> None:
    extra: dict[str, Json] = {
        "department": "North",
        "managerEmailAddress": "bo.tanaka@example.com",
        "tags": ["vip", "beta"],
    }
    user = User("2819c223-7f76-453a-919d-413861904646", email="zoe.celik@example.com", status="pending", extra=extra)
    assert matches_snapshot(Setting(api=FakeDirectory([user], groups=GROUPS)), quiet, WIDE)


def test_raw_record(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("down", "J"), WIDE)


def test_zoomed_detail(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("enter", "plus"), WIDE)


def test_filter(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.filter("zoe")
        await browser.settled(lambda: browser.row_count == 6)
        await quiet(browser)

    assert matches_snapshot(Setting(api=account()), drive, WIDE)


def test_filter_without_match(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.filter("nosuchname")
        await browser.settled(lambda: browser.row_count == 0)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=account()), drive, NARROW)


def test_an_email_unknown_to_the_server(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.filter("nobody@example.com")
        await browser.settled(lambda: browser.says("is not on the server."))
        await browser.tick(0)

    assert matches_snapshot(Setting(api=account()), drive, NARROW)


def test_loading(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.hold()

    async def drive(browser: Browser) -> None:
        await browser.settled(lambda: browser.says("Requesting"))
        await browser.settled(lambda: api.in_flight == 1)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_rows_that_are_not_loaded(matches_snapshot: SnapshotCheck) -> None:
    api = account(1000)

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        api.hold()
        await browser.press("G")
        await browser.settled(lambda: browser.table.cursor_index == 999)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_empty_account(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await browser.settled(lambda: browser.says("This account has no users."))
        await browser.tick(0)

    assert matches_snapshot(Setting(api=FakeDirectory()), drive, WIDE)


def test_offline_with_rows(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.offline = DOWN

    async def drive(browser: Browser) -> None:
        await browser.loaded()
        await browser.settled(lambda: "Rows from 5 h ago" in browser.status_line)
        await browser.settled(lambda: "Not read again" in browser.detail)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api, mirror=stored_mirror(60)), drive, WIDE)


def test_offline_without_rows(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.offline = DOWN

    async def drive(browser: Browser) -> None:
        await browser.settled(lambda: browser.says("R: now."))
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_wrong_credentials(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.offline = SignInRefused("The server refused the credentials.", hint="Check them in the Console.", status=401)

    async def drive(browser: Browser) -> None:
        await browser.settled(lambda: browser.says("cannot sign in"))
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api, environment=Environment.PRODUCTION), drive, NARROW)


def test_rows_of_an_earlier_start_are_dim(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.hold()

    async def drive(browser: Browser) -> None:
        await browser.loaded()
        await browser.settled(lambda: api.in_flight)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api, mirror=stored_mirror(60)), drive, NARROW)


def test_a_pause_requested_by_the_server(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        api.status = TrafficStatus(
            in_flight=2,
            permitted_per_second=1.0,
            recent_per_second=9.8,
            waiting_seconds=12.0,
            latency_ms=210,
            throttled=3,
        )
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, WIDE)


def test_unreadable_record(matches_snapshot: SnapshotCheck) -> None:
    users = people(20)
    users[2] = UnreadableRecord("has no id")

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("down", "down")
        await browser.settled(lambda: "cannot be read" in browser.detail)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=FakeDirectory(users, groups=GROUPS)), drive, WIDE)


async def open_groups_tab(browser: Browser) -> None:
    await quiet(browser)
    await browser.press("2")
    await browser.settled(lambda: browser.groups)
    await browser.press("down", "m")
    await browser.settled(lambda: browser.cursor_user is not None)
    await browser.tick(0)
    await browser.pilot.pause(0.1)
    await browser.tick(0)


def test_groups_wide(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), open_groups_tab, WIDE)


def test_groups_narrow(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), open_groups_tab, NARROW)


def test_member_opened(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await open_groups_tab(browser)
        await browser.press("enter")
        await quiet(browser)

    assert matches_snapshot(Setting(api=account()), drive, WIDE)


def test_unknown_memberships(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.lean = True

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("2", "down")
        await browser.settled(lambda: "not known yet" in browser.members_heading)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_requests(matches_snapshot: SnapshotCheck) -> None:
    api = account()
    api.records = [
        RequestRecord(NOON_MS, "POST", "/accounts/connect/token", 200, "", 95, 1),
        RequestRecord(NOON_MS + 200, "GET", "/users?page=1&pageSize=100", 200, "", 1038, 1),
        RequestRecord(NOON_MS + 1_000, "GET", "/groups", 429, "", 12, 1),
        RequestRecord(NOON_MS + 2_000, "GET", "/groups", 503, "", 12, 2),
        RequestRecord(NOON_MS + 3_000, "GET", "/users?email=…", None, "timed out", 5_000, 3),
    ]

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("5")
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api), drive, NARROW)


def test_help(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("question_mark"), WIDE)


def test_palette(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("colon", "m", "a", "r", "k"), NARROW)


def test_copy_menu(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), pressing("space", "down", "space", "y"), NARROW)


def test_answer_card_menu(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await pressing("y")(browser)
        await browser.press("down", "down", "down", "enter")
        await browser.settled(lambda: "Answer card for a ticket" in browser.dialog)

    assert matches_snapshot(Setting(api=account()), drive, NARROW)


def test_profiles(matches_snapshot: SnapshotCheck) -> None:
    profiles = [
        ProfileChoice("acme", Environment.SANDBOX, Surface.REST, "https://api.walkme.com"),
        ProfileChoice("globex", Environment.PRODUCTION, Surface.REST, "https://eu-api.walkme.com"),
    ]
    assert matches_snapshot(Setting(api=account(), profiles=profiles), pressing("C"), NARROW)


def test_no_profile(matches_snapshot: SnapshotCheck) -> None:
    async def drive(browser: Browser) -> None:
        await browser.settled(lambda: browser.says("three ways to start"))

    problem = "There is no profile yet: no WALKME_* variables are set and there is no config.toml."
    assert matches_snapshot(Setting(problem=problem), drive, NARROW)


def test_hostile_names(matches_snapshot: SnapshotCheck) -> None:
    texts = [
        "[@click=app.quit]press me[/]",
        "\x1b[31mred\x1b[0m\x1b]52;c;ZXZpbA==\x07",
        "one\ntwo\tthree",
        "\u202edlrow olleh",
        "Z\u0351\u0363\u0359\u033calgo",
        "東京都渋谷区神宮前",
        "ياسمين الخطيب",
        "👩\u200d👩\u200d👧 family 🇩🇪",
        "x" * 4000,
    ]
    users = [
        User(id=f"u{at}", email=f"user{at}@example.com", first_name=text, role=text, status="active", groups=())
        for at, text in enumerate(texts)
    ]
    users.append(person(1))
    assert matches_snapshot(Setting(api=FakeDirectory(users, groups=GROUPS)), pressing("down"), WIDE)


def test_light_theme(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account(), theme="paper"), pressing("space", "down", "enter"), WIDE)


def test_mono_theme(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account(), theme="mono"), pressing("space", "down", "down"), WIDE)


def test_small_screen(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), quiet, (60, 15))
