"""Offboard, deactivate, reactivate: from the keys to a plan, and on to its review."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import Status
from walkme_tui.services.concurrency import Ended
from walkme_tui.services.ports import MirroredUser
from walkme_tui.services.sync.progress import Speed
from walkme_tui.ui.change_words import MAX_SENTENCE, email_of, name_of
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.group_backfill import requests_in_words, span
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.flows.plan_review import review
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.words import number

Question: TypeAlias = Callable[[Ended], Coroutine[Any, Any, Plan]]
"""Makes a plan, and tells how many people were read for it."""

MOST_UNASKED: Final = 200
"""More people are read for a plan only after a question."""
NOBODY = "There is no user under the cursor."


async def offboard(view: FlowContext, origin: Origin, marked: Sequence[str], user: MirroredUser | None) -> None:
    """Plan the offboarding of the marked users, else of the one under the cursor, and show the plan."""
    ids = list(marked) or ([user.user.id] if user is not None else [])
    if not ids:
        view.app.notify(NOBODY, markup=False)
        return
    whom = email_of(user.user) if not marked and user is not None else f"{number(len(ids))} marked users"
    extent = await view.changing.extent(marked)
    title = f"Offboard {whom}" + (f", {extent}" if extent else "")
    if not await may_read(view, origin, title, len(ids)):
        return
    plan = await planned(view, title, partial(_offboarding, view, ids), len(ids))
    if plan is not None:
        await review(view, origin, plan, extent)


async def change_status(view: FlowContext, origin: Origin, user: MirroredUser | None, status: Status) -> None:
    """Plan the deactivation or reactivation of one user and show the plan."""
    if user is None:
        view.app.notify(NOBODY, markup=False)
        return
    verb = "Deactivate" if status is Status.INACTIVE else "Reactivate"
    plan = await planned(view, f"{verb} {email_of(user.user)}", lambda _: _status_change(view, user.user.id, status), 1)
    if plan is None:
        return
    if not plan.steps:
        who = name_of(plan.subjects[0].user)
        view.app.notify(f"{who} is {status.value} already. Nothing was sent.", markup=False)
    else:
        await review(view, origin, plan)


async def may_read(view: FlowContext, origin: Origin, title: str, people: int) -> bool:
    """Say what it costs to read so many people for a plan, and ask; a few are read without asking."""
    if people <= MOST_UNASKED:
        return True
    cost = requests_in_words(people, view.session.api.traffic().permitted_per_second)
    dialog = QuestionDialog(
        f"Read {number(people)} people for a plan?",
        [
            (f"{title}.", TextStyle.WARN),
            (f"A plan is made from what the server says now: {cost}.", TextStyle.PLAIN),
            ("Reading changes nothing, and Esc stops it. The plan is shown before anything is sent.", TextStyle.DIM),
        ],
        [AnswerKey("r", "read them")],
        account=view.session.account,
        monotonic=view.work.monotonic,
    )
    return await origin.show(dialog, f"{title}: there is a question") is not None


async def planned(view: FlowContext, title: str, question: Question, people: int) -> Plan | None:
    """The plan that a question to the server gives; None where it failed, which is told, or was taken back.

    ``people`` is how many it reads.
    """
    reading = _Reading(title, people, view.work.monotonic)
    try:
        return await view.work.ask(reading.saying, lambda: question(reading.ended), long=people > MOST_UNASKED)
    except WalkmeError as error:
        report(view.app, error, doing=clean(title, MAX_SENTENCE))
        return None


class _Reading:
    """How many of the people of a plan were read, for the status line."""

    def __init__(self, title: str, people: int, monotonic: Callable[[], float]) -> None:
        self._title = title
        self._people = people
        self._monotonic = monotonic
        self._read = 0
        self._speed = Speed()
        self._speed.note(monotonic(), 0)

    def ended(self, read: int) -> None:
        """So many were read."""
        self._read = read
        self._speed.note(self._monotonic(), read)

    def saying(self) -> str:
        """``Read 1 200 of 25 000, 40 s left, Esc stops. Offboard …``: a narrow screen cuts the end."""
        if self._people == 1 or not self._read:
            return f"{self._title}: asking the server… Esc stops."
        if self._read >= self._people:
            return f"Read all {number(self._read)}, making the plan, Esc stops. {self._title}"
        speed = self._speed.per_second(self._monotonic())
        left = f", {span((self._people - self._read) / speed)} left" if speed > 0 else ""
        return f"Read {number(self._read)} of {number(self._people)}{left}, Esc stops. {self._title}"


async def _offboarding(view: FlowContext, ids: Sequence[str], ended: Ended) -> Plan:
    return await (await view.work.change_services()).planner.offboard(ids, ended=ended)


async def _status_change(view: FlowContext, user_id: str, status: Status) -> Plan:
    return await (await view.work.change_services()).planner.set_status(user_id, status)
