"""Makes a plan: asks before it reads many users, shows the progress, and reports a failure."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.services.sync.progress import Speed
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.dialogs.questions import AnswerKey, QuestionDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.group_backfill import duration_text, requests_text
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.words import number

MakePlan: TypeAlias = Callable[[ChangeServices, ProgressListener], Coroutine[Any, Any, Plan]]
"""Makes a plan; calls the second argument with the number of users that were read so far."""

MAX_USERS_WITHOUT_QUESTION: Final = 200
"""Before more users than this are read for a plan, a dialog asks for confirmation."""


async def request_plan(view: FlowContext, origin: Origin, title: str, make: MakePlan, users: int) -> Plan | None:
    """Make a plan for this number of users; None where the user declined or cancelled it, or where it failed."""
    if users > MAX_USERS_WITHOUT_QUESTION and not await _confirmed(view, origin, title, users):
        return None
    progress = _ReadProgress(title, users, view.job_tasks.monotonic)

    async def plan() -> Plan:
        return await make(await view.job_tasks.change_services(), progress.note)

    try:
        return await view.job_tasks.pending.request(progress.status, plan, long=users > MAX_USERS_WITHOUT_QUESTION)
    except WalkmeError as error:
        report(view.app, error, doing=clean(title, MAX_SENTENCE))
        return None


async def _confirmed(view: FlowContext, origin: Origin, title: str, users: int) -> bool:
    cost = requests_text(users, view.session.api.traffic().permitted_per_second)
    dialog = QuestionDialog(
        f"Read {number(users)} users for a plan?",
        [
            (f"{title}.", TextStyle.WARN),
            (f"A plan needs each user as the server has it now: {cost}.", TextStyle.PLAIN),
            ("Reading changes nothing, and Esc stops it. The plan is shown before anything is sent.", TextStyle.DIM),
        ],
        [AnswerKey("r", "read them")],
        account=view.session.account,
        monotonic=view.job_tasks.monotonic,
    )
    return await origin.show(dialog, f"{title}: a question is ready") is not None


class _ReadProgress:
    """How many users of a plan were read, for the status line."""

    def __init__(self, title: str, users: int, monotonic: Callable[[], float]) -> None:
        self._title = title
        self._users = users
        self._monotonic = monotonic
        self._read = 0
        self._speed = Speed()
        self._speed.note(monotonic(), 0)

    def note(self, read: int) -> None:
        """Set the number of users that were read."""
        self._read = read
        self._speed.note(self._monotonic(), read)

    def status(self) -> str:
        """``Read 1 200 of 25 000, 40 s left, Esc stops. Offboard …``: a narrow screen cuts the end."""
        if self._users == 1 or not self._read:
            return f"{self._title}: reading from the server… Esc stops."
        if self._read >= self._users:
            return f"Read all {number(self._read)}, making the plan, Esc stops. {self._title}"
        speed = self._speed.per_second(self._monotonic())
        left = f", {duration_text((self._users - self._read) / speed)} left" if speed > 0 else ""
        return f"Read {number(self._read)} of {number(self._users)}{left}, Esc stops. {self._title}"
