"""Snapshots of plans, receipts and jobs, each for one visual property."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import pytest

from tests.snapshots.conftest import Drive, SnapshotCheck
from tests.snapshots.test_screens import quiet
from tests.support.browser import Browser, Setting
from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import NOON_MS
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.groups import Group
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.changes.recheck import rechecked
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.store.journal import tables as journal_tables
from walkme_tui.store.mirror.mirror import open_mirror

WIDE, NARROW = (120, 40), (80, 24)
HOUR_MS = 3_600_000
GROUPS = [Group("g1", "Sales"), Group("g2", "Field-EMEA"), Group("g3", "Beta")]
ZOE = "2819c223-7f76-453a-919d-413861904646"


@pytest.fixture(autouse=True)
def fixed_job_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give jobs the same ids in every run."""

    turn = count()

    class Letters:
        @staticmethod
        def choice(letters: Sequence[str]) -> str:
            return letters[next(turn) % len(letters)]

    monkeypatch.setattr(journal_tables, "secrets", Letters)


def zoe(**changes: object) -> User:
    user = User(
        ZOE,
        email="zoe.celik@example.com",
        first_name="Zoë",
        last_name="Çelik",
        role="Editor",
        status="active",
        groups=("g1", "g2", "g3"),
    )
    return user._replace(**changes)  # type: ignore[arg-type]  # fields of a user, by name


def account(*users: User) -> FakeDirectory:
    others = [user._replace(groups=("g1", "g3"), status="active") for user in map(person, range(20))]
    return FakeDirectory([*(users or (zoe(),)), *others], groups=GROUPS)


def showing(*keys: str, until: str = "Ticket", then: Callable[[Browser], Awaitable[None]] | None = None) -> Drive:
    """Wait for rows, press keys, and wait for a dialog with this text."""

    async def drive(browser: Browser) -> None:
        await quiet(browser)
        await browser.press(*keys)
        await browser.listening(until)
        if then is not None:
            await then(browser)
        await browser.tick(0)

    return drive


async def run(browser: Browser) -> None:
    """Run the plan in the dialog, and wait for the receipt."""
    await browser.armed()
    await browser.press("y")
    await browser.listening("Receipt")
    await browser.tick(0)


def test_offboard_one_person(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), showing("O"), NARROW)


def test_offboard_in_production_with_warnings(matches_snapshot: SnapshotCheck) -> None:
    api = account(zoe(role="Admin", external_id="okta|004211"))
    setting = Setting(api=api, environment=Environment.PRODUCTION, bench=Bench(require_ticket=True))
    assert matches_snapshot(setting, showing("O"), NARROW)


def test_offboard_wide(matches_snapshot: SnapshotCheck) -> None:
    api = account(zoe(external_id="okta|004211"))
    assert matches_snapshot(Setting(api=api, environment=Environment.PRODUCTION), showing("O"), WIDE)


def test_consequences_beside_their_steps(matches_snapshot: SnapshotCheck) -> None:
    """Consequences computed from rows of five hours ago show that age."""
    users = [zoe(), *(user._replace(groups=("g1", "g3"), status="active") for user in map(person, range(20)))]
    mirror = open_mirror(None, account_key="acme")
    asyncio.run(mirror.save_page(UserPage(page=1, page_size=100, rows=tuple(users), total=21), NOON_MS - 5 * HOUR_MS))
    api = account()
    api.hold("list_users")

    async def drive(browser: Browser) -> None:
        await browser.loaded()
        await browser.press("O")
        await browser.listening("last member (as of 03:00)")
        await browser.tick(0)

    assert matches_snapshot(Setting(api=api, mirror=mirror), drive, NARROW)


def test_a_kept_group(matches_snapshot: SnapshotCheck) -> None:
    async def keep(browser: Browser) -> None:
        await browser.press("down", "k")

    assert matches_snapshot(Setting(api=account()), showing("O", then=keep), NARROW)


def test_a_typed_ticket(matches_snapshot: SnapshotCheck) -> None:
    async def ticket(browser: Browser) -> None:
        await browser.press("t")
        await browser.type("INC-42")

    assert matches_snapshot(Setting(api=account()), showing("O", then=ticket), NARROW)


def test_many_groups_scrolled(matches_snapshot: SnapshotCheck) -> None:
    groups = [Group(f"g{number}", f"Team {number:02}") for number in range(1, 31)]
    api = account(zoe(groups=tuple(group.id for group in groups)))
    api.groups = groups

    async def down(browser: Browser) -> None:
        await browser.press(*["down"] * 18)

    assert matches_snapshot(Setting(api=api), showing("O", then=down), NARROW)


def test_several_people(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), showing("space", "down", "space", "down", "space", "O"), NARROW)


def test_deactivate_in_production(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account(), environment=Environment.PRODUCTION), showing("x"), NARROW)


def test_undo_with_skipped_steps(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def undo(browser: Browser) -> None:
        await run(browser)
        api.edit(ZOE, groups=("g2",))
        await browser.press("z")
        await browser.listening("Left out")

    assert matches_snapshot(Setting(api=api), showing("O", then=undo), NARROW)


def test_receipt(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), showing("O", then=run), NARROW)


def test_receipt_with_a_failure(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def fail(browser: Browser) -> None:
        def refuse() -> None:
            api.inert = True

        api.meanwhile("remove_member", refuse)
        await run(browser)

    assert matches_snapshot(Setting(api=api), showing("O", then=fail), NARROW)


def test_jobs(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), jobs, NARROW)


def test_jobs_wide(matches_snapshot: SnapshotCheck) -> None:
    assert matches_snapshot(Setting(api=account()), jobs, WIDE)


async def jobs(browser: Browser) -> None:
    """Make two jobs, one of them with failures."""
    await quiet(browser)
    await browser.deactivate_user()
    api = browser.setting.api
    assert isinstance(api, FakeDirectory)
    api.inert = True
    await browser.tick(600)
    await browser.press("down", "O")
    await browser.listening("Ticket")
    await browser.press("t")
    await browser.type("INC-42")
    await browser.press("enter")
    await run(browser)
    await browser.press("enter")
    browser.app.clear_notifications()
    await browser.press("4")
    await browser.settled(lambda: len(browser.jobs) == 2)
    await browser.tick(0)


def test_a_running_job(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def hold(browser: Browser) -> None:
        gate = api.hold("remove_member")
        await browser.press("y")
        await browser.settled(lambda: "1 of 4 steps" in browser.status_line)
        await browser.press("4")
        await browser.settled(lambda: browser.jobs)
        await browser.tick(0)
        await browser.settled(lambda: "✓ done" in browser.steps)
        del gate

    assert matches_snapshot(Setting(api=api), showing("O", then=hold), NARROW)


def test_quitting_while_a_job_runs(matches_snapshot: SnapshotCheck) -> None:
    api = account()

    async def leave(browser: Browser) -> None:
        api.hold("remove_member")
        await browser.press("y")
        await browser.settled(lambda: "1 of 4 steps" in browser.status_line)
        await browser.press("q")
        await browser.listening("A job is running")

    assert matches_snapshot(Setting(api=api), showing("O", then=leave), NARROW)


def test_an_unfinished_job(matches_snapshot: SnapshotCheck) -> None:
    setting = Setting(api=account())
    asyncio.run(setting.bench.offboarding_left(setting.session_over(account()), ZOE, 1, sent=True))
    assert matches_snapshot(setting, showing(until="not finished"), NARROW)


def test_confirmation_of_abandoning(matches_snapshot: SnapshotCheck) -> None:
    setting = Setting(api=account())
    asyncio.run(setting.bench.offboarding_left(setting.session_over(account()), ZOE, 1, sent=True))

    async def discard(browser: Browser) -> None:
        await browser.press("d")
        await browser.listening("Discard")

    assert matches_snapshot(setting, showing(until="not finished", then=discard), NARROW)


def test_read_only_dims_what_sends_without_a_plan(matches_snapshot: SnapshotCheck) -> None:
    async def help_(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("question_mark", *["pagedown"] * 4)
        await browser.tick(0)

    assert matches_snapshot(Setting(api=account(), read_only=True), help_, NARROW)


def test_a_plan_that_can_only_be_saved(matches_snapshot: SnapshotCheck) -> None:
    async def plan(browser: Browser) -> None:
        await quiet(browser)
        await browser.press("O")
        await browser.listening("Can only be saved")

    assert matches_snapshot(Setting(api=account(), read_only=True), plan, NARROW)


def test_steps_that_others_changed_since_a_plan_was_made(
    matches_snapshot: SnapshotCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, offboard = account(), Planner.offboard

    async def older(planner: Planner, keys: Sequence[str], on_progress: ProgressListener | None = None) -> Plan:
        plan = await offboard(planner, keys, on_progress=on_progress)
        api.edit(ZOE, status="pending", groups=("g1", "g3"))
        return await rechecked(planner._session, plan)

    monkeypatch.setattr(Planner, "offboard", older)
    assert matches_snapshot(Setting(api=api), showing("O"), NARROW)


def test_no_color(matches_snapshot: SnapshotCheck) -> None:
    setting = Setting(api=account(), theme="mono", environment=Environment.PRODUCTION)
    assert matches_snapshot(setting, showing("O"), NARROW)
