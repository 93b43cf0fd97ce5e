"""A plan for many users: its title, the cost of reading the users, and the progress."""

import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.support.browser import NOON_MS, Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.changes.edit import FieldChange, UpdateUser
from walkme_tui.domain.plans import Consequence, Gravity, Plan, PlanKind, Subject, numbered, offboarding_changes
from walkme_tui.services.concurrency import MAX_CONCURRENT
from walkme_tui.ui.change_words import name_of, plan_title
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets import plan_list, plan_rows
from walkme_tui.ui.widgets.plan_list import PlanList
from walkme_tui.ui.widgets.plan_rows import NOTHING, PlanRows


def account(count: int) -> FakeDirectory:
    return FakeDirectory([user._replace(status="active", groups=()) for user in map(person, range(count))])


async def mark_all(browser: Browser, count: int) -> None:
    """Wait until the account is loaded, then mark all users of the view."""
    await browser.loaded()
    await browser.press("asterisk")
    await browser.settled(lambda: len(browser.marked) == count)


async def test_the_title_of_a_plan_for_the_whole_account_shows_it() -> None:
    async with open_browser(Setting(api=account(12))) as browser:
        await mark_all(browser, 12)
        await browser.press("O")
        await browser.listening("Offboard 12 people: the whole account")


async def test_the_title_of_a_plan_for_a_whole_view_shows_it() -> None:
    async with open_browser(Setting(api=account(40))) as browser:
        await browser.loaded()
        await browser.filter("zoe")
        await browser.press("enter")
        await browser.settled(lambda: 1 < browser.row_count < 40)
        count = browser.row_count
        await mark_all(browser, count)
        await browser.press("O")
        await browser.listening(f"Offboard {count} people: all {count} in this view")


async def test_the_title_of_a_plan_for_some_users_does_not_claim_all() -> None:
    async with open_browser(Setting(api=account(12))) as browser:
        await mark_all(browser, 12)
        await browser.press("space", "O")
        await browser.listening("Offboard 11 people")
        assert "whole" not in browser.dialog
        assert "view" not in browser.dialog


async def test_more_than_200_users_are_read_only_after_confirmation() -> None:
    api = account(260)
    setting = Setting(api=api)
    async with open_browser(setting, (80, 24)) as browser:
        await browser.loaded()
        browser.browser.area.users._marks.add_ids([person(number).id for number in range(260)])
        await browser.press("O")
        await browser.listening("Read 260 users for a plan?")
        assert "Offboard 260 marked users" in browser.dialog
        assert "260 requests at up to 4.0/s: about 65 s." in " ".join(browser.dialog.split())
        await browser.press("enter")
        assert browser.dialog == ""
        assert not api.asked("get_user")
        gate = api.hold("get_user")
        await browser.press("O")
        await browser.listening("Read 260 users for a plan?")
        await browser.press("r")
        await browser.settled(lambda: api.in_flight == MAX_CONCURRENT)
        assert "Offboard 260 marked users" in browser.status_line
        await browser.press("escape")
        await browser.settled(lambda: api.in_flight == 0)
        assert "Offboard" not in browser.status_line
        gate.set()
        await browser.pause()
        assert browser.dialog == ""
        assert len(api.asked("get_user")) == MAX_CONCURRENT


async def test_another_plan_does_not_cancel_a_long_read() -> None:
    api = account(260)
    async with open_browser(Setting(api=api, environment=Environment.PRODUCTION), (80, 24)) as browser:
        await browser.loaded()
        browser.browser.area.users._marks.add_ids([person(number).id for number in range(260)])
        gate = api.hold("get_user")
        await browser.press("O")
        await browser.listening("Read 260 users for a plan?")
        await browser.press("r")
        await browser.settled(lambda: api.in_flight == MAX_CONCURRENT)
        await browser.press("x")
        await browser.settled(lambda: api.in_flight == MAX_CONCURRENT + 1)
        assert "Deactivate" in browser.status_line
        await browser.press("escape")
        await browser.settled(lambda: api.in_flight == MAX_CONCURRENT)
        await browser.settled(lambda: "Offboard 260" in browser.status_line)
        gate.set()
        await browser.listening("Offboard 260 people")


async def test_the_status_line_shows_the_progress_of_the_read() -> None:
    api = account(40)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await mark_all(browser, 40)
        first = api.hold("get_user")
        await browser.press("O")
        await browser.settled(lambda: api.in_flight == MAX_CONCURRENT)
        await browser.settled(lambda: "the whole account: reading from the server… Esc stops." in browser.status_line)
        api.hold("get_user")  # the users after the first ones
        browser.setting.time.advance(2)
        first.set()
        reading = "Read 16 of 40, 3 s left, Esc stops. Offboard 40 marked users, the whole account"
        await browser.settled(lambda: reading in browser.status_line)


async def test_a_long_plan_can_be_scrolled_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_list, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(plan_list, "LINES_AHEAD", 20)
    api = account(40)
    async with open_browser(Setting(api=api), (80, 24)) as browser:
        await mark_all(browser, 40)
        await browser.press("O")
        await browser.listening("Offboard 40 people")
        shown = browser.app.screen.query_one(PlanList)
        await browser.settled(lambda: isinstance(shown.rows, PlanRows) and shown.rows.measured)
        assert shown.text.count("set status") == 40
        assert browser.says("person00000@example.com")
        await browser.press("G")
        assert browser.says("person00039@example.com")
        assert browser.says("40 set status")


async def test_a_long_plan_renders_only_visible_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    lines_of = plan_rows._subject_lines

    def counted(draft: PlanDraft, subject: Subject, *others: Any) -> Any:
        made.append(subject.user.id)
        return lines_of(draft, subject, *others)

    monkeypatch.setattr(plan_rows, "_subject_lines", counted)
    people = [Subject(person(number)._replace(status="active"), NOON_MS) for number in range(2000)]
    steps = numbered(change for subject in people for change in offboarding_changes(subject))
    plan = Plan(PlanKind.OFFBOARD, "acme", "https://walkme.test", NOON_MS, tuple(people), steps)
    rows = PlanRows(PlanDraft.of(plan), NOON_MS, 80)
    rows.measure(100)
    assert len(made) < 100 <= len(rows)
    assert not rows.measured
    rows.measure(sys.maxsize)
    made.clear()
    assert rows[len(rows) - 1].step is None
    assert "".join(text for text, _ in rows[len(rows) - 1].line).startswith("2000  set status")
    assert len(made) <= 1


def bulk_plan(count: int, **changes: Any) -> Plan:
    """The role of many people, of whom every third has it already."""
    people = tuple(
        Subject(person(number)._replace(role="Editor" if number % 3 == 0 else "Viewer", status="active"), NOON_MS)
        for number in range(count)
    )
    steps = numbered(
        UpdateUser(subject.id, (FieldChange("role", "Viewer", "Editor"),))
        for subject in people
        if subject.user.role == "Viewer"
    )
    plan = Plan(PlanKind.EDIT, "acme", "https://walkme.test", NOON_MS, people, steps)
    return replace(plan, **changes)


def lines_of(plan: Plan, width: int) -> list[str]:
    rows = PlanRows(PlanDraft.of(plan), NOON_MS, width)
    rows.measure(sys.maxsize)
    return ["".join(text for text, _ in row.line).rstrip() for row in rows]


def test_the_same_change_of_many_people_takes_a_line_each_and_those_without_one_come_last() -> None:
    plan = bulk_plan(6, consequences=(Consequence(Gravity.WARNING, "An Admin may change everything."),))
    assert plan_title(plan) == "Edit 4 people"
    lines = lines_of(plan, 100)
    assert lines[:3] == [
        "4 people change. 2 are already as requested, listed last.",
        "! An Admin may change everything.",
        "",
    ]
    assert [line.split() for line in lines[3:7]] == [
        [str(number), *name_of(user).split(), str(user.email), "set", "role", "Viewer", "->", "Editor"]
        for number, user in enumerate((person(1), person(2), person(4), person(5)), 1)
    ]
    assert lines[7:9] == ["", "Nothing to do for 2 people"]
    assert [str(person(number).email) in line for number, line in ((0, lines[9]), (3, lines[10]))] == [True, True]


def test_a_long_value_or_email_takes_lines_of_its_own_and_is_whole() -> None:
    value = "word " * 30
    people = tuple(Subject(person(number)._replace(email=f"{'x' * 50}{number}@y.z"), NOON_MS) for number in (0, 1))
    steps = numbered(UpdateUser(each.id, (FieldChange("first_name", "Old", value),)) for each in people)
    plan = Plan(PlanKind.EDIT, "acme", "https://walkme.test", NOON_MS, people, steps)
    lines = lines_of(plan, 60)
    assert max(map(len, lines)) <= 60
    assert " ".join(" ".join(lines).split()).count(value.strip()) == 2
    assert all(f"{'x' * 50}{number}" in "".join(lines) for number in (0, 1))


def test_where_nobody_changes_all_are_listed_with_their_warnings() -> None:
    elsewhere = Consequence(Gravity.WARNING, "SCIM: active.")
    people = tuple(Subject(person(number), NOON_MS, consequences=(elsewhere,) * number) for number in (0, 1))
    plan = Plan(PlanKind.DEACTIVATE, "acme", "https://walkme.test", NOON_MS, people, ())
    lines = [line for line in lines_of(plan, 100) if line]
    assert lines[0] == "Nothing to do for 2 people"
    assert [str(person(0).email) in lines[1], str(person(1).email) in lines[2]] == [True, True]
    assert lines[3:] == ["! SCIM: active.", NOTHING]
