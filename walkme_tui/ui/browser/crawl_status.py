"""The crawl of the browser: starts, pauses and restarts it, and words its progress."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.text import clean
from walkme_tui.services.events import Event, PageLoaded
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase, CrawlProgress
from walkme_tui.services.sync.sweep import COMPLETE
from walkme_tui.ui import words
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.ui.flows.context import FlowContext

MAX_MESSAGE = 300
STOPPED: Final = frozenset({CrawlPhase.WAITING, CrawlPhase.PAUSED, CrawlPhase.ELSEWHERE, CrawlPhase.DONE})
AGAIN_FAILS: Final = "reading again fails"


class Reading(NamedTuple):
    """How the users of one surface are being read.

    ``problem`` says in a sentence why they are not, ``left`` when all are read, or that reading them again fails.
    """

    problem: str = ""
    left: str = ""


class CrawlStatus:
    """Runs the crawl of a session, after the first page was loaded."""

    def __init__(self, view: "FlowContext", monotonic: Callable[[], float]) -> None:
        self._view, self._monotonic = view, monotonic
        self._crawl = Crawl(view.session, monotonic=monotonic)
        self._begun = False

    def begin(self) -> None:
        """Start the worker, which runs until the screen is removed."""
        start_worker(self._view.screen, WorkerGroup.CRAWL, self._crawl.run, name="Reading the account")
        if self._view.pages.confirmed(1):
            self._begun = True
            self._crawl.begin()

    def on_session_event(self, event: Event) -> None:
        """Begin the crawl after the first page."""
        if not self._begun and isinstance(event, PageLoaded):
            self._begun = True
            self._crawl.begin()

    def read_fully(self) -> None:
        """Read the whole account, also where the profile reads only what is shown."""
        self._begun = True
        self._crawl.read_fully()

    def toggle(self) -> None:
        """Pause or resume."""
        if self._crawl.progress.phase is CrawlPhase.PAUSED:
            self._crawl.resume()
        elif self._crawl.progress.phase in {CrawlPhase.IDLE, CrawlPhase.DONE}:
            self._view.app.notify("The account is not being read. “:” offers to read all of it again.", timeout=4)
        else:
            self._crawl.pause()
        self._view.update_status()

    def restart(self) -> None:
        """Read the whole account again."""
        self._crawl.restart()
        self._view.app.notify("Reading the whole account.", timeout=2)
        self._view.update_status()

    def retry_now(self) -> None:
        """Retry now instead of waiting."""
        self._crawl.retry_now()

    @property
    def progress(self) -> CrawlProgress:
        """The progress of the crawl."""
        return self._crawl.progress

    @property
    def left(self) -> str:
        """The time left, for the account line; empty where it is unknown."""
        return left_words(self._crawl.progress)

    @property
    def reading(self) -> Reading:
        """How the users are being read."""
        return reading_of(self._crawl.progress, self._monotonic())

    @property
    def message(self) -> StatusMessage | None:
        """The message for the status line, None while there is nothing to report."""
        return crawl_message(self._crawl.progress, self._monotonic())


def reading_of(progress: CrawlProgress, now: float) -> Reading:
    """How the users are being read by a crawl; ``now`` is in monotonic seconds."""
    message = crawl_message(progress, now) if progress.phase in STOPPED and not progress.complete else None
    left = AGAIN_FAILS if progress.phase is CrawlPhase.WAITING else left_words(progress)
    return Reading("" if message is None else message.text, left)


def crawl_message(progress: CrawlProgress, now: float) -> StatusMessage | None:
    """The progress in one sentence, None where there is nothing to report; ``now`` is in monotonic seconds."""
    match progress.phase:
        case CrawlPhase.CRAWLING:
            return StatusMessage(
                f"Reading the account{_again(progress)}: {_so_far(progress)}. P pauses.", TextStyle.DIM
            )
        case CrawlPhase.CHECKING:
            people = words.count(progress.to_check, "person", "people")
            return StatusMessage(f"Checking {people} missing from the list: {progress.checked} done.", TextStyle.DIM)
        case CrawlPhase.PAUSED:
            return StatusMessage(f"Reading the account is paused: {_so_far(progress)}. P resumes.")
        case CrawlPhase.WAITING:
            return _waiting(progress, now)
        case CrawlPhase.ELSEWHERE:
            return StatusMessage(f"Another walkme-tui is reading this account: {_so_far(progress)}.", TextStyle.DIM)
        case CrawlPhase.DONE if progress.note not in {"", COMPLETE}:
            style = TextStyle.DIM if progress.complete else TextStyle.WARN
            return StatusMessage(f"Account read: {clean(progress.note, MAX_MESSAGE)}.".replace("..", "."), style)
        case _:
            return None


def _again(progress: CrawlProgress) -> str:
    if progress.pass_number == 1:
        return ""
    return " again, because it changed meanwhile" if progress.after_drift else " again, to verify it"


def _waiting(progress: CrawlProgress, now: float) -> StatusMessage | None:
    failure = progress.failure
    if failure is None:
        return None
    what = clean(failure.error.message, MAX_MESSAGE)
    if isinstance(failure.error, MirrorUnavailable):
        return StatusMessage(
            f"{what} Reading the account stopped; pages are still loaded from the server.", TextStyle.WARN
        )
    if failure.retry_at is None:
        return StatusMessage(f"Reading the account stopped: {what} R tries again.", TextStyle.WARN)
    return StatusMessage(
        f"Reading the account continues in {words.seconds(max(0.0, failure.retry_at - now))}. {what}", TextStyle.WARN
    )


def _so_far(progress: CrawlProgress) -> str:
    parts = [words.number(progress.loaded)]
    if progress.total is not None:
        parts = [f"{parts[0]} of {words.number(max(progress.total, progress.loaded))}"]
    if progress.users_per_second >= 1:
        parts.append(f"{words.number(round(progress.users_per_second))}/s")
    left = left_words(progress)
    return ", ".join([*parts, left] if left else parts)


def left_words(progress: CrawlProgress) -> str:
    """The time left until all users are loaded (``48 s left``), empty where it is unknown."""
    if progress.phase is not CrawlPhase.CRAWLING or progress.seconds_left is None:
        return ""
    minutes = progress.seconds_left / 60
    return (
        f"{words.number(round(minutes / 60))} h left"
        if minutes >= 120
        else f"{words.seconds(progress.seconds_left)} left"
    )
