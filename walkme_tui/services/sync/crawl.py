"""The crawl: reads the whole account into the mirror in the background."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import (
    MirrorUnavailable,
    NotFound,
    RateLimited,
    ServerFault,
    ServiceUnavailable,
    UnexpectedAnswer,
    WalkmeError,
)
from walkme_tui.domain.sweeps import Sweep
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.backoff import NEEDS_USER_ACTION, LoadFailure, retry_pause_seconds
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import CrawlChanged, Event, LoadRecovered
from walkme_tui.services.page_tracker import publish_pages_of_another_process
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.list_pass import MirrorRenewed, SweepProgress
from walkme_tui.services.sync.progress import CrawlPhase, CrawlProgress, Speed, seconds_left
from walkme_tui.services.sync.sweep import SWEEP_PAGE_SIZE, SweepRun, can_resume
from walkme_tui.services.waiting import Sleep, Wakeup

HOUR_MS: Final = 60 * 60 * 1000
PROGRESS_SECONDS: Final = 0.5
WATCH_SECONDS: Final = 2.0
MIRROR_PAUSE_SECONDS: Final = 5 * 60.0
# A page is given up after so many failures, where other pages came between them and where none did.
MAX_FAILURES_BESIDE_OTHERS: Final = 3
MAX_FAILURES_ALONE: Final = 10
MAX_CHECKS: Final = 200


class Crawl:
    """Sweeps over the whole list as the profile is configured, and reports progress; one a session.

    ``run`` must be running. Nothing is requested before ``begin`` or ``restart``. Failures are retried after growing
    pauses; of several processes with one mirror one sweeps, and the others watch it.
    """

    def __init__(
        self,
        session: Session,
        *,
        page_size: int = SWEEP_PAGE_SIZE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._directory = Directory(session)
        self._page_size = page_size
        self._monotonic = monotonic
        self._wakeup = Wakeup(sleep)
        self._begun = self._paused = False
        self._wanted = False  # a complete sweep was requested, and none has ended since
        self._restart = False  # the next sweep starts at the first page
        self._interrupted = False  # a call changed what to do since the last attempt began
        self._sweeping: SweepRun | None = None
        self._phase = CrawlPhase.IDLE
        self._sweep_progress = SweepProgress(0, None)
        self._speed = Speed()
        self._checks = (0, 0)
        self._note = ""
        self._complete = False
        self._failure: LoadFailure | None = None
        self._streak = 0
        self._failures_of: dict[int, int] = {}
        self._watched: Coverage | None = None
        self._sorted = False
        self._published_at = float("-inf")

    # ------------------------------------------------------------ progress

    @property
    def progress(self) -> CrawlProgress:
        """The progress at this moment; cheap, for every tick of a clock."""
        steps = self._sweep_progress
        speed = self._speed.per_second(self._monotonic()) if self._phase is CrawlPhase.CRAWLING else 0.0
        return CrawlProgress(
            self._phase,
            steps.loaded,
            steps.total,
            steps.pages_done,
            steps.pass_number,
            speed,
            seconds_left(steps, speed),
            *self._checks,
            self._note,
            self._failure,
            steps.after_drift,
            self._complete,
        )

    # ------------------------------------------------------------ control

    def begin(self) -> None:
        """Allow requests; call it once the first page is on the screen."""
        self._begun = True
        self._wakeup.call()

    def read_fully(self) -> None:
        """Read the whole account, also where the profile reads only what is shown; ``begin`` is called with it."""
        self._session = self._session._replace(sync=self._session.sync._replace(fully=True))
        self.begin()

    def pause(self) -> None:
        """Request nothing more until ``resume``; responses under way are still stored."""
        self._paused = True
        self._interrupt()

    def resume(self) -> None:
        """Continue where it was paused."""
        self._paused = False
        self._interrupt_wait()

    def restart(self) -> None:
        """Read everything now, from the first page, whatever the profile says."""
        self._begun, self._paused, self._wanted, self._restart = True, False, True, True
        self._interrupt()

    def retry_now(self) -> None:
        """Retry at once; after refused credentials the secret is read from its source again."""
        if self._failure is None:
            return
        if isinstance(self._failure.error, NEEDS_USER_ACTION):
            self._session.api.forget_sign_in()
        self._interrupt_wait()

    def _interrupt(self) -> None:
        if self._sweeping is not None:
            self._sweeping.halt()
        self._interrupt_wait()

    def _interrupt_wait(self) -> None:
        self._interrupted = True
        self._wakeup.call()

    # ------------------------------------------------------------ running

    async def run(self) -> None:
        """Run until cancelled; no task is left then."""
        unsubscribe = self._session.events.subscribe(self._on_event)
        try:
            while not self._begun:
                await self._wakeup.wait()
            while True:
                self._interrupted = False
                try:
                    await self._run_once()
                except MirrorUnavailable as error:
                    self._note, self._complete = f"incomplete: {error.message}", False
                    await self._wait_after(error, MIRROR_PAUSE_SECONDS)
        finally:
            unsubscribe()

    def _on_event(self, event: Event) -> None:
        failing = self._failure is not None and not isinstance(self._failure.error, MirrorUnavailable)
        if failing and isinstance(event, LoadRecovered):
            # A requested page came: the server answers again.
            self._interrupt_wait()

    async def _run_once(self) -> None:
        """Sweep if a sweep is due, or wait until something changes."""
        coverage = await self._session.mirror.coverage()
        if not self._is_due(coverage.sweep):
            await self._idle(coverage.sweep)
        elif self._paused:
            self._enter(CrawlPhase.PAUSED)
            await self._wakeup.wait()
        elif await self._session.mirror.acquire_crawl_lock():
            try:
                await self._sweep()
            finally:
                with suppress(MirrorUnavailable):
                    await self._session.mirror.release_crawl_lock()
        else:
            await self._watch()

    def _is_due(self, sweep: Sweep | None) -> bool:
        """A sweep was requested, or is due by the profile.

        An unfinished sweep continues. An incomplete one is repeated at the next start, or when a complete one would be.
        """
        sync = self._session.sync
        if self._wanted:
            return True
        if not sync.fully or sweep is None or sweep.ended_at_ms is None:
            return sync.fully
        return not 0 <= self._session.clock() - sweep.ended_at_ms < self._lasting_ms(sweep)

    def _lasting_ms(self, sweep: Sweep) -> int:
        """How long after its end a sweep is recent enough."""
        sync = self._session.sync
        if sweep.ended_at_ms is not None and sweep.ended_at_ms >= self._session.started_at_ms:
            return max(sync.resync_ms, HOUR_MS)
        return sync.resync_ms if sweep.complete else 0

    async def _idle(self, sweep: Sweep | None) -> None:
        """Wait until a sweep is due."""
        if sweep is None or sweep.ended_at_ms is None:
            self._enter(CrawlPhase.IDLE)
            await self._wakeup.wait()
            return
        self._note, self._complete = sweep.note, sweep.complete
        if sweep.complete and not self._sorted:
            self._sorted = True
            await self._session.mirror.prepare_sorting()
        self._enter(CrawlPhase.DONE)
        due_ms = sweep.ended_at_ms + self._lasting_ms(sweep)
        await self._wakeup.wait((due_ms - self._session.clock()) / 1000 if self._session.sync.fully else None)

    async def _watch(self) -> None:
        """Another process sweeps: report its progress, and check again after a moment."""
        coverage = await self._session.mirror.coverage()
        sweep = coverage.sweep
        if sweep is not None and sweep.ended_at_ms is None:
            total = sweep.total_at_start
            loaded = (sweep.next_page - 1) * sweep.page_size
            loaded = loaded if total is None else min(loaded, total)
            self._sweep_progress = SweepProgress(loaded, total, sweep.pass_number, sweep.next_page - 1)
        self._enter(CrawlPhase.ELSEWHERE)
        if coverage != self._watched:
            self._watched = coverage
            publish_pages_of_another_process(self._session, coverage)
            self._publish_progress_soon()
        await self._wakeup.wait(WATCH_SECONDS)

    # ------------------------------------------------------------ one sweep

    async def _sweep(self) -> None:
        """Sweep, unless the process that swept before has finished meanwhile."""
        coverage = await self._session.mirror.coverage()
        if not self._is_due(coverage.sweep):
            return
        self._sweeping = self._resumed(coverage) or SweepRun(
            self._session, self._on_progress, page_size=self._page_size
        )
        self._restart, self._failures_of, self._checks = False, {}, (0, 0)
        self._speed.reset()
        try:
            await self._finish(self._sweeping)
        except MirrorRenewed:
            return  # ``run`` starts another sweep
        finally:
            self._sweeping = None

    def _resumed(self, coverage: Coverage) -> SweepRun | None:
        """The unfinished sweep, unless it is old or a new one was requested.

        A list of another length is no reason to start again: the end of the sweep shows whether it is complete.
        """
        sweep = coverage.sweep
        if self._restart or sweep is None or not can_resume(sweep):
            return None
        age_ms = self._session.clock() - sweep.started_at_ms
        if age_ms >= max(self._session.sync.resync_ms, HOUR_MS):
            return None
        return SweepRun.resumed(self._session, self._on_progress, coverage, sweep)

    async def _finish(self, sweeping: SweepRun) -> None:
        """Continue to the end of the sweep, through pauses and failures."""
        while sweeping.result is None:
            if self._restart:
                return
            if self._paused:
                self._enter(CrawlPhase.PAUSED)
                await self._wakeup.wait()
                self._speed.reset()
                continue
            self._enter(CrawlPhase.CRAWLING)
            self._interrupted = False
            await sweeping.run()
            self._streak = 0 if sweeping.arrived else self._streak
            if sweeping.failure is not None:
                await self._handle_failure(sweeping, sweeping.failure)
        result = sweeping.result
        self._note, self._complete, self._wanted = result.note, result.complete, self._restart
        if result.complete:
            await self._check_absent(result.as_of_ms)
            self._sorted = True
            await self._session.mirror.prepare_sorting()

    async def _handle_failure(self, sweeping: SweepRun, error: WalkmeError) -> None:
        """Skip the page that failed, wait, or end the sweep."""
        if not isinstance(error, (ServiceUnavailable, *NEEDS_USER_ACTION)):
            await sweeping.give_up(error)
            return
        page = sweeping.failed_page
        if page is not None and self._is_broken(page, error, beside_others=sweeping.arrived > 0):
            sweeping.skip(page, error)
            return
        self._streak += 1
        if not self._paused and not self._restart:
            await self._wait_after(error, retry_pause_seconds(error, self._streak))
            self._speed.reset()

    def _is_broken(self, page: int, error: WalkmeError, *, beside_others: bool) -> bool:
        """This page fails repeatedly, not the connection."""
        if not beside_others and not isinstance(error, ServerFault | UnexpectedAnswer):
            return False
        if isinstance(error, RateLimited):
            return False
        self._failures_of[page] = self._failures_of.get(page, 0) + 1
        return self._failures_of[page] >= (MAX_FAILURES_BESIDE_OTHERS if beside_others else MAX_FAILURES_ALONE)

    async def _check_absent(self, since_ms: int) -> None:
        """Request the users that the complete list did not contain, and delete those who are gone."""
        absent = await self._session.mirror.not_seen(since_ms, MAX_CHECKS)
        for done, user_id in enumerate(absent):
            while self._paused and not self._restart:
                self._enter(CrawlPhase.PAUSED)
                await self._wakeup.wait()
            self._checks = (done, len(absent))
            if self._restart:
                return
            self._enter(CrawlPhase.CHECKING)
            self._publish_progress_soon()
            if not await self._check(user_id):
                return
        self._checks = (len(absent), len(absent))

    async def _check(self, user_id: str) -> bool:
        """Request one user; False after a failure that the other requests would meet too."""
        requested_at_ms = self._session.clock()
        try:
            user = await self._session.api.get_user(user_id, Priority.BACKGROUND)
        except NotFound:
            await self._directory.forget(user_id)
        except WalkmeError as error:
            return not isinstance(error, (ServiceUnavailable, *NEEDS_USER_ACTION))
        else:
            await self._directory.store(user, requested_at_ms)
        return True

    # ------------------------------------------------------------ waiting and reporting

    async def _wait_after(self, error: WalkmeError, pause: float | None) -> None:
        """Wait so many seconds (None: until a call); a call that changes what to do ends the wait."""
        retry_at = None if pause is None else self._monotonic() + pause
        self._failure = LoadFailure(error, retry_at)
        self._enter(CrawlPhase.WAITING)
        while not self._interrupted:
            left = None if retry_at is None else retry_at - self._monotonic()
            if left is not None and left <= 0:
                break
            await self._wakeup.wait(left)
        self._failure = None

    def _on_progress(self, progress: SweepProgress) -> None:
        self._sweep_progress = progress
        self._speed.note(self._monotonic(), progress.loaded)
        self._publish_progress_soon()

    def _enter(self, phase: CrawlPhase) -> None:
        if phase is not self._phase:
            self._phase = phase
            self._publish_progress()

    def _publish_progress_soon(self) -> None:
        if self._monotonic() - self._published_at >= PROGRESS_SECONDS:
            self._publish_progress()

    def _publish_progress(self) -> None:
        self._published_at = self._monotonic()
        self._session.events.publish(CrawlChanged())
