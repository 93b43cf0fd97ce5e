"""The crawl on the screen: when it begins, what pauses it, and the sentence that says how far it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.text import clean
from walkme_tui.services.events import Event, PageLoaded
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.progress import CrawlPhase, CrawlProgress
from walkme_tui.ui import words
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.ui.browser.screen import BrowserScreen

MAX_MESSAGE = 300


class CrawlStatus:
    """Runs the crawl of the browser's session, after the first page is there."""

    def __init__(self, browser: "BrowserScreen", monotonic: Callable[[], float]) -> None:
        self._browser = browser
        self._monotonic = monotonic
        self._crawl = Crawl(browser.session, monotonic=monotonic)
        self._begun = False

    def begin(self, pages: PageLoader) -> None:
        """Serve for as long as the browser is there."""
        start_worker(self._browser, WorkerGroup.CRAWL, self._crawl.run, name="Reading the account")
        if pages.confirmed(1):
            self._begun = True
            self._crawl.begin()

    def hear(self, change: Event) -> None:
        """The first page that was wanted is on the screen: what is left may be read now."""
        if not self._begun and isinstance(change, PageLoaded):
            self._begun = True
            self._crawl.begin()

    def toggle(self) -> None:
        """Pause, or go on."""
        if self._crawl.progress.phase is CrawlPhase.PAUSED:
            self._crawl.resume()
        elif self._crawl.progress.phase in {CrawlPhase.IDLE, CrawlPhase.DONE}:
            self._browser.app.notify("The account is not being read now: “:” offers to read it whole.", timeout=4)
        else:
            self._crawl.pause()
        self._browser.refresh_situation()

    def restart(self) -> None:
        """Read the whole account now."""
        self._crawl.restart()
        self._browser.app.notify("Reading the whole account.", timeout=2)
        self._browser.refresh_situation()

    def retry_now(self) -> None:
        """The person does not want to wait for the next try."""
        self._crawl.retry_now()

    @property
    def progress(self) -> CrawlProgress:
        """Where it stands."""
        return self._crawl.progress

    @property
    def left(self) -> str:
        """How long it takes until everyone is here, for the account line; empty where nobody can tell."""
        return left_words(self._crawl.progress)

    @property
    def saying(self) -> StatusMessage | None:
        """What the status line says of it, where there is nothing more important."""
        return crawl_saying(self._crawl.progress, self._monotonic())


def crawl_saying(progress: CrawlProgress, now: float) -> StatusMessage | None:
    """One sentence; ``now`` in seconds of the monotonic clock. None where all is well and quiet."""
    match progress.phase:
        case CrawlPhase.CRAWLING:
            return StatusMessage(
                f"Reading the account{_again(progress)}: {_so_far(progress)}. P pauses.", TextStyle.DIM
            )
        case CrawlPhase.CHECKING:
            people = words.count(progress.to_check, "person", "people")
            return StatusMessage(
                f"Asking for {people} whom the list did not show: {progress.checked} done.", TextStyle.DIM
            )
        case CrawlPhase.PAUSED:
            return StatusMessage(f"Reading the account is paused: {_so_far(progress)}. P goes on.")
        case CrawlPhase.WAITING:
            return _waiting(progress, now)
        case CrawlPhase.ELSEWHERE:
            return StatusMessage(f"Another walkme-tui reads this account: {_so_far(progress)}.", TextStyle.DIM)
        case CrawlPhase.DONE if progress.note not in {"", "complete"}:
            style = TextStyle.WARN if progress.note.startswith("incomplete") else TextStyle.DIM
            return StatusMessage(f"Account read: {clean(progress.note, MAX_MESSAGE)}.".replace("..", "."), style)
        case _:
            return None


def _again(progress: CrawlProgress) -> str:
    if progress.walk == 1:
        return ""
    return " a second time, for it was changing" if progress.after_drift else " again, to be sure"


def _waiting(progress: CrawlProgress, now: float) -> StatusMessage | None:
    failure = progress.failure
    if failure is None:
        return None
    what = clean(failure.error.message, MAX_MESSAGE)
    if isinstance(failure.error, MirrorUnavailable):
        return StatusMessage(
            f"{what} The account is not read further; browsing goes on from the server.", TextStyle.WARN
        )
    if failure.retry_at is None:
        return StatusMessage(f"Reading the account stopped: {what} R tries again.", TextStyle.WARN)
    return StatusMessage(
        f"Reading the account goes on in {words.seconds(max(0.0, failure.retry_at - now))}. {what}", TextStyle.WARN
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
    """How long it takes until everyone is here: ``48 s left``; empty where nobody can tell."""
    if progress.phase is not CrawlPhase.CRAWLING or progress.seconds_left is None:
        return ""
    minutes = progress.seconds_left / 60
    return (
        f"{words.number(round(minutes / 60))} h left"
        if minutes >= 120
        else f"{words.seconds(progress.seconds_left)} left"
    )
