"""Offboarding from the list: the plan, its review, the requests and the result."""

import json
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.active_users import account, user_of
from tests.support.browser import Browser, Setting, counted, open_browser
from tests.support.change_services import Bench
from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import ManualTime
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.errors import RequestRejected, Unreachable
from walkme_tui.domain.plan_files import plan_from_text
from walkme_tui.domain.users import User


async def show_plan(browser: Browser, *keys: str) -> None:
    """Wait for rows, press keys, wait for the plan."""
    await browser.loaded()
    await browser.press(*(keys or ("O",)))
    await browser.listening("Ticket")


def groups_of(api: FakeDirectory, index: int = 0) -> tuple[str, ...]:
    user = api.users[index]
    assert isinstance(user, User)
    assert isinstance(user.groups, tuple)
    return user.groups


def status_of(api: FakeDirectory, index: int = 0) -> object:
    user = api.users[index]
    assert isinstance(user, User)
    return user.status


async def test_the_plan_is_shown_and_nothing_is_sent() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        for text in ("set status ● active -> ○ inactive", "leave Sales", "leave Support", "read just now"):
            assert browser.says(text)
        assert browser.focus == "answer"
        await browser.press("enter")
        assert browser.dialog == ""
    assert not api.writes


async def test_y_runs_the_plan_and_shows_the_receipt() -> None:
    api, bench = account(), Bench()
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await show_plan(browser)
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert status_of(api) == "inactive"
        assert groups_of(api) == ()
        assert [write.name for write in api.writes] == ["patch_user", *["remove_member"] * 3]
        assert "/home/ada/.local/share/walkme-tui/receipts" in browser.dialog
        assert len(bench.receipts) == 2
        await browser.press("enter")
        await browser.settled(lambda: browser.cursor_user is not None and browser.cursor_user.status == "inactive")


async def test_the_plan_and_the_receipt_show_the_other_surface() -> None:
    other, time = account(1), ManualTime()
    other.edit(user_of(other).id, external_id="okta|7")
    bench = Bench(sleep=time.sleep)
    async with open_browser(Setting(api=account(), other_api=other, bench=bench, time=time)) as browser:
        await show_plan(browser)
        assert browser.says("! SCIM: active, external id okta|7. An identity provider owns this record")
        await browser.press("y")
        await browser.settled(lambda: browser.says("checking SCIM"))
        await browser.settled(lambda: time.pauses == [1.0])
        time.advance(1)
        await browser.settled(lambda: time.pauses == [1.0, 2.0])
        time.advance(2)
        await browser.settled(lambda: "Done, but 1 person is still active on SCIM." in browser.dialog)
        assert browser.says("! SCIM: still active. An identity provider owns this record: unassigning the person")
        assert "- Check: `SCIM: still active." in "".join(bench.receipts.values())
    assert not other.writes


async def test_a_user_who_is_inactive_already_is_looked_up_too() -> None:
    api, other = account(), account(1)
    api.edit(user_of(api).id, status="inactive")
    async with open_browser(Setting(api=api, other_api=other)) as browser:
        await browser.loaded()
        await browser.press("x")
        await browser.settled(
            lambda: any("SCIM: active. Deactivate the person there" in text for text in browser.toasts)
        )


async def test_members_and_group_counts_show_the_changes_of_a_job() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("2")
        await counted(browser, "Sales 12")
        browser.browser.navigation.show_group("g1")
        await browser.press("m")
        await browser.settled(lambda: browser.row_count == 12)
        await show_plan(browser, "O")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: browser.row_count == 11)
        await counted(browser, "Sales 11")


class SlowReceipts(Bench):
    """Writes receipts once ``may_write`` is set."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.may_write = threading.Event()

    def _write(self, name: str, pieces: Iterable[str]) -> Path:
        assert self.may_write.wait(60)
        return super()._write(name, pieces)


async def test_the_receipt_opens_although_the_job_took_the_user_out_of_the_list() -> None:
    bench = SlowReceipts()
    async with open_browser(Setting(api=account(), bench=bench, query="status:active")) as browser:
        await browser.loaded()
        listed = browser.row_count
        await show_plan(browser, "O")
        await browser.press("y")
        await browser.settled(lambda: browser.row_count == listed - 1)
        bench.may_write.set()
        await browser.settled(lambda: "Done and verified." in browser.dialog)


@pytest.mark.parametrize("key", ["y", "enter"])
async def test_a_key_pressed_on_the_list_confirms_no_plan(key: str) -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        await browser.press("O")
        await browser.settled(lambda: "Ticket" in browser.dialog)
        await browser.press(key)
        await browser.pause()
    assert not api.writes


async def test_k_keeps_a_group_and_removes_it_again() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        await browser.press("down", "k")
        assert browser.says("1 set status")
        assert browser.says("– keep Support")
        assert browser.says("3 leave Engineering")
        await browser.press("k")
        assert browser.says("3 leave Support")
        await browser.press("k")
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
    assert groups_of(api) == ("g2",)


async def test_several_marked_users_are_one_plan_with_one_receipt() -> None:
    api, bench = account(), Bench()
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await show_plan(browser, "space", "down", "space", "down", "O")
        assert browser.says("Offboard 2 people")
        assert browser.says("y run 8 steps")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        assert status_of(api, 0) == status_of(api, 1) == "inactive"
        assert status_of(api, 2) == "active"
        (receipt,) = (text for name, text in bench.receipts.items() if name.endswith(".json"))
        assert len(json.loads(receipt)["people"]) == 2
        assert browser.says("undo all 2 people")
        assert "z on one of them in the Users tab undoes only that person." in " ".join(browser.dialog.split())


async def test_r_in_the_receipt_of_several_writes_that_of_one() -> None:
    api, bench = account(), Bench()
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await show_plan(browser, "space", "down", "space", "down", "O")
        await browser.press("y")
        await browser.settled(lambda: "Done and verified." in browser.dialog)
        await browser.press("r", *"nobody", "enter")
        assert browser.says("has no user or group nobody.")
        (whole,) = (text for name, text in bench.receipts.items() if name.endswith(".json"))
        second = json.loads(whole)["people"][1]["person"]
        await browser.press(*["backspace"] * len("nobody"), *second["email"], "enter")
        await browser.settled(lambda: len(bench.receipts) == 4)
        (own,) = (text for name, text in bench.receipts.items() if name.endswith(".json") and "2-people" not in name)
        assert json.loads(own)["person"]["id"] == second["id"]
        await browser.settled(lambda: "Done and verified." in browser.dialog)


async def test_a_job_clears_the_marks_of_its_finished_users_with_a_message() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await show_plan(browser, "space", "down", "space", "down", "O")
        await browser.press("y")
        await browser.settled(lambda: "2 marks were cleared." in browser.dialog)
        await browser.press("enter")
        assert not browser.marked


async def test_marks_of_unfinished_users_stay() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser, "space", "down", "space", "down", "O")
        api.fail_next(RequestRejected("This group is locked."), name="remove_member")
        await browser.press("y")
        await browser.settled(lambda: "1 mark was cleared; 1 mark stays." in browser.dialog)
        await browser.press("enter")
        assert len(browser.marked) == 1
        await browser.press("down")
        await browser.deactivate_user()
        assert len(browser.marked) == 1


async def test_a_change_of_one_marked_user_clears_only_that_mark() -> None:
    async with open_browser(Setting(api=account())) as browser:
        await browser.loaded()
        await browser.press("space", "down", "space", "x")
        await browser.listening("Deactivate Amina O'Brien")
        await browser.press("y")
        await browser.settled(lambda: "1 mark was cleared; 1 mark stays." in browser.dialog)
        await browser.press("enter")
        assert len(browser.marked) == 1


async def test_a_required_ticket_is_requested() -> None:
    api, bench = account(), Bench(require_ticket=True)
    async with open_browser(Setting(api=api, bench=bench)) as browser:
        await show_plan(browser)
        assert browser.says("Ticket required by the configuration")
        await browser.press("y")
        assert not api.writes
        assert browser.focus == "ticket"
        await browser.type("INC-42")
        await browser.press("enter")
        assert browser.focus == "answer"
        await browser.armed()
        await browser.press("y")
        await browser.settled(lambda: "INC-42" in browser.dialog and "Done and verified." in browser.dialog)
    assert any('"ticket": "INC-42"' in text for text in bench.receipts.values())


async def test_p_saves_the_plan_and_keeps_it_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    folder = tmp_path
    monkeypatch.chdir(folder)
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        await browser.press("down", "k")
        await browser.armed()
        await browser.press("p")
        await browser.settled(lambda: "Save the plan as" in browser.dialog)
        await browser.press("enter")
        await browser.settled(lambda: any("Nothing was sent." in toast for toast in browser.toasts))
        await browser.settled(lambda: "keep Support" in browser.dialog.replace("        ", " "))
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    plan = plan_from_text(file.read_text())
    assert len(plan.steps) == 3
    assert not api.writes


async def test_a_saved_plan_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    folder = tmp_path
    monkeypatch.chdir(folder)
    async with open_browser(Setting(api=account())) as browser:
        await show_plan(browser)
        for _ in range(2):
            await browser.listening("Ticket")
            await browser.press("p")
            await browser.settled(lambda: "Save the plan as" in browser.dialog)
            toasts = len(browser.toasts)
            await browser.press("enter")
            await browser.settled(lambda: len(browser.toasts) > toasts)  # noqa: B023 - called at once
        assert "already exists" in browser.toasts[-1]
        # The name can be corrected.
        await browser.settled(lambda: "Save the plan as" in browser.dialog)
        await browser.press("1", "enter")
        await browser.settled(lambda: "Ticket" in browser.dialog)
    names = sorted(file.name for file in folder.iterdir())
    assert names == [names[0], f"{names[0]}1"]


async def test_escape_cancels_the_request_for_a_plan() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        gate = api.hold()
        await browser.press("O")
        await browser.settled(lambda: "reading from the server… Esc stops." in browser.status_line)
        await browser.press("escape")
        await browser.settled(lambda: "asking" not in browser.status_line)
        gate.set()
        await browser.pause()
        assert browser.dialog == ""


async def test_a_user_who_cannot_be_read_is_reported() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await browser.loaded()
        api.offline = Unreachable("Cannot reach api.walkme.com.")
        await browser.press("O")
        await browser.settled(lambda: any("Cannot reach" in toast for toast in browser.toasts))
        assert browser.dialog == ""


async def test_a_receipt_is_announced_by_a_toast_on_another_tab() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        gate = api.hold("patch_user")
        await browser.press("y")
        await browser.settled(lambda: "Offboarding" in browser.status_line)
        assert "0 of 4 steps" in browser.status_line
        await browser.press("down")
        gate.set()
        await browser.settled(lambda: any("Done and verified." in toast for toast in browser.toasts))
        assert browser.dialog == ""


async def test_a_failed_step_is_shown_as_failed() -> None:
    api = account()
    api.inert = True
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        await browser.press("y")
        await browser.settled(lambda: "changed nothing" in browser.dialog)
        assert "need a review" in browser.dialog
        assert "Done and verified" not in browser.dialog


async def test_after_a_refusal_a_plan_can_only_be_saved() -> None:
    api = account()
    async with open_browser(Setting(api=api)) as browser:
        await show_plan(browser)
        api.forbidden = True
        await browser.press("y")
        await browser.settled(lambda: "It stopped with" in browser.dialog)
        await browser.press("enter", "O")
        await browser.listening("Can only be saved (p):")
        assert "run 4 steps" not in browser.dialog


async def test_production_is_marked() -> None:
    async with open_browser(Setting(api=account(), environment=Environment.PRODUCTION)) as browser:
        await show_plan(browser)
        assert "PRODUCTION" in browser.dialog
