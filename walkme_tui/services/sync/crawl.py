"""The crawl: the whole account is read into the mirror in the background, while people browse."""

import asyncio
import time
from collections.abc import Callable, Coroutine
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
from walkme_tui.services.backoff import UP_TO_A_PERSON, LoadFailure, pause_after
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import CoverageChanged, CrawlChanged, Event, LoadRecovered, PageLoaded
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.progress import CrawlPhase, CrawlProgress, Speed, seconds_left
from walkme_tui.services.sync.sweep import SWEEP_PAGE_SIZE, SweepRun, can_resume
from walkme_tui.services.sync.walk import MirrorRenewed, SweepProgress

HOUR_MS: Final = 60 * 60 * 1000
TELL_SECONDS: Final = 0.5
WATCH_SECONDS: Final = 2.0
MIRROR_PAUSE_SECONDS: Final = 5 * 60.0
# A page that does not come while others do is given up after so many times; one that is left alone after so many.
MAX_FAILURES_BESIDE_OTHERS: Final = 3
MAX_FAILURES_ALONE: Final = 10
MAX_CHECKS: Final = 200


class Crawl:
    """Walks over the whole list by the rules of the profile, and says how far it is; one a session.

    ``run`` must be running. Nothing is asked for before ``begin`` or ``restart``. What fails is tried again after
    longer and longer pauses; of several processes with one mirror one walks, and the others watch it.
    """

    def __init__(
        self,
        session: Session,
        *,
        page_size: int = SWEEP_PAGE_SIZE,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[object, object, None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._directory = Directory(session)
        self._page_size = page_size
        self._monotonic = monotonic
        self._sleep = sleep
        self._begun = self._paused = self._restart = self._asked = False
        self._sweeping: SweepRun | None = None
        self._wake = asyncio.Event()
        self._phase = CrawlPhase.IDLE
        self._steps = SweepProgress(0, None)
        self._speed = Speed()
        self._checks = (0, 0)
        self._note = ""
        self._failure: LoadFailure | None = None
        self._streak = 0
        self._blamed: dict[int, int] = {}
        self._watched: Coverage | None = None
        self._sorted = False
        self._told_at = float("-inf")

    # ------------------------------------------------------------ what the screen reads

    @property
    def progress(self) -> CrawlProgress:
        """How the crawl does at this moment; cheap, for every tick of a clock."""
        steps = self._steps
        speed = self._speed.per_second(self._monotonic()) if self._phase is CrawlPhase.CRAWLING else 0.0
        return CrawlProgress(
            self._phase,
            steps.loaded,
            steps.total,
            steps.pages_done,
            steps.pages,
            steps.walk,
            speed,
            seconds_left(steps, speed),
            *self._checks,
            self._note,
            self._failure,
            steps.after_drift,
        )

    # ------------------------------------------------------------ what others ask for

    def begin(self) -> None:
        """The first page is on the screen: from now on the rest may be read, if the profile says so."""
        self._begun = True
        self._wake.set()

    def pause(self) -> None:
        """Ask for nothing more until ``resume``; what is under way is still stored."""
        self._paused = True
        self._interrupt()

    def resume(self) -> None:
        """Go on where it was paused."""
        self._paused = False
        self._interrupt_waiting()

    def restart(self) -> None:
        """A person wants everything to be read now, from the first page on, whatever the profile says."""
        self._begun, self._paused, self._restart = True, False, True
        self._interrupt()

    def retry_now(self) -> None:
        """Try again at once; after refused credentials the secret is read from its source again."""
        if self._failure is None:
            return
        if isinstance(self._failure.error, UP_TO_A_PERSON):
            self._session.api.forget_sign_in()
        self._interrupt_waiting()

    def _interrupt(self) -> None:
        if self._sweeping is not None:
            self._sweeping.halt()
        self._interrupt_waiting()

    def _interrupt_waiting(self) -> None:
        self._asked = True
        self._wake.set()

    # ------------------------------------------------------------ serving

    async def run(self) -> None:
        """Serve until cancelled; nothing is left running then."""
        unsubscribe = self._session.events.subscribe(self._hear)
        try:
            while not self._begun:
                await self._rest(None)
            while True:
                try:
                    await self._take_turn()
                except MirrorUnavailable as error:
                    self._note = f"incomplete: {error.message}"
                    await self._wait_out(error, MIRROR_PAUSE_SECONDS)
        finally:
            unsubscribe()

    def _hear(self, change: Event) -> None:
        failing = self._failure is not None and not isinstance(self._failure.error, MirrorUnavailable)
        if failing and isinstance(change, LoadRecovered):
            # A page that somebody waited for came: the line is good again.
            self._interrupt_waiting()

    async def _take_turn(self) -> None:
        """Do what is to be done now, or wait for something to do."""
        coverage = await self._session.mirror.coverage()
        if not self._restart and not self._is_due(coverage.sweep):
            await self._idle(coverage.sweep)
        elif self._paused:
            self._enter(CrawlPhase.PAUSED)
            await self._rest(None)
        elif await self._session.mirror.try_lead():
            try:
                await self._lead()
            finally:
                with suppress(MirrorUnavailable):
                    await self._session.mirror.stop_leading()
        else:
            await self._watch()

    def _is_due(self, sweep: Sweep | None) -> bool:
        """The profile wants the account to be read now.

        A walk that was left unfinished goes on. One that ended incomplete is made again at the next start, and like a
        complete one in a program that stays open for long.
        """
        syncing = self._session.syncing
        if not syncing.fully or sweep is None or sweep.ended_at_ms is None:
            return syncing.fully
        return not 0 <= self._session.clock() - sweep.ended_at_ms < self._lasting_ms(sweep)

    def _lasting_ms(self, sweep: Sweep) -> int:
        """How long after its end a walk is good enough."""
        syncing = self._session.syncing
        if sweep.ended_at_ms is not None and sweep.ended_at_ms >= self._session.started_at_ms:
            return max(syncing.resync_ms, HOUR_MS)
        return syncing.resync_ms if sweep.complete else 0

    async def _idle(self, sweep: Sweep | None) -> None:
        """Nothing is to be read: wait until something is."""
        if sweep is None or sweep.ended_at_ms is None:
            self._enter(CrawlPhase.IDLE)
            await self._rest(None)
            return
        self._note = sweep.note
        if sweep.complete and not self._sorted:
            self._sorted = True
            await self._session.mirror.prepare_sorting()
        self._enter(CrawlPhase.DONE)
        due_ms = sweep.ended_at_ms + self._lasting_ms(sweep)
        await self._rest((due_ms - self._session.clock()) / 1000 if self._session.syncing.fully else None)

    async def _watch(self) -> None:
        """Another process walks: show how far it is, and look again in a moment."""
        coverage = await self._session.mirror.coverage()
        sweep = coverage.sweep
        if sweep is not None and sweep.ended_at_ms is None:
            total = sweep.total_at_start
            pages = None if total is None else -(-total // sweep.page_size)
            loaded = (sweep.next_page - 1) * sweep.page_size
            loaded = loaded if total is None else min(loaded, total)
            self._steps = SweepProgress(loaded, total, sweep.walk, sweep.next_page - 1, pages)
        self._enter(CrawlPhase.ELSEWHERE)
        if coverage != self._watched:
            self._watched = coverage
            self._session.events.publish(CoverageChanged(coverage))
            self._session.events.publish(PageLoaded(1, 0, max(coverage.total or 0, coverage.loaded) - 1))
            self._tell_soon()
        await self._rest(WATCH_SECONDS)

    # ------------------------------------------------------------ one sweep

    async def _lead(self) -> None:
        """Walk, unless whoever led before has done it meanwhile."""
        coverage = await self._session.mirror.coverage()
        if not self._restart and not self._is_due(coverage.sweep):
            return
        self._sweeping = self._resumed(coverage) or SweepRun(self._session, self._step, page_size=self._page_size)
        self._restart, self._blamed, self._checks = False, {}, (0, 0)
        self._speed.reset()
        try:
            await self._walk(self._sweeping)
        except MirrorRenewed:
            return  # from the beginning, in the next turn
        finally:
            self._sweeping = None

    def _resumed(self, coverage: Coverage) -> SweepRun | None:
        """The walk that was left unfinished, unless it is old.

        Another length of the list is no reason to begin anew: it is the rest that is missing, and whether the whole
        proves anything is seen at its end, with a second walk where it does not.
        """
        sweep = coverage.sweep
        if self._restart or sweep is None or not can_resume(sweep):
            return None
        age_ms = self._session.clock() - sweep.started_at_ms
        if age_ms >= max(self._session.syncing.resync_ms, HOUR_MS):
            return None
        return SweepRun.resumed(self._session, self._step, coverage, sweep)

    async def _walk(self, sweeping: SweepRun) -> None:
        """Walk to the end of the sweep, through pauses and failures."""
        while sweeping.result is None:
            if self._restart:
                return
            if self._paused:
                self._enter(CrawlPhase.PAUSED)
                await self._rest(None)
                self._speed.reset()
                continue
            self._enter(CrawlPhase.CRAWLING)
            await sweeping.go_on()
            self._streak = 0 if sweeping.arrived else self._streak
            if sweeping.failure is not None:
                await self._bear(sweeping, sweeping.failure)
        result = sweeping.result
        self._note = result.note
        if result.complete:
            await self._check_absent(result.as_of_ms)
            self._sorted = True
            await self._session.mirror.prepare_sorting()

    async def _bear(self, sweeping: SweepRun, error: WalkmeError) -> None:
        """A page did not come: do without it, wait, or end the sweep."""
        if not isinstance(error, (ServiceUnavailable, *UP_TO_A_PERSON)):
            await sweeping.give_up(error)
            return
        page = sweeping.failed_page
        if page is not None and self._is_to_blame(page, error, beside_others=sweeping.arrived > 0):
            sweeping.skip(page, error)
            return
        self._streak += 1
        if not self._paused and not self._restart:
            await self._wait_out(error, pause_after(error, self._streak))
            self._speed.reset()

    def _is_to_blame(self, page: int, error: WalkmeError, *, beside_others: bool) -> bool:
        """It is this page that fails again and again, and not the line."""
        if not beside_others and not isinstance(error, ServerFault | UnexpectedAnswer):
            return False
        if isinstance(error, RateLimited):
            return False
        self._blamed[page] = self._blamed.get(page, 0) + 1
        return self._blamed[page] >= (MAX_FAILURES_BESIDE_OTHERS if beside_others else MAX_FAILURES_ALONE)

    async def _check_absent(self, since_ms: int) -> None:
        """Those whom the whole list did not hold: are they gone?"""
        absent = await self._session.mirror.not_seen(since_ms, MAX_CHECKS)
        for done, user_id in enumerate(absent):
            while self._paused and not self._restart:
                self._enter(CrawlPhase.PAUSED)
                await self._rest(None)
            self._checks = (done, len(absent))
            if self._restart:
                return
            self._enter(CrawlPhase.CHECKING)
            self._tell_soon()
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
            return not isinstance(error, (ServiceUnavailable, *UP_TO_A_PERSON))
        else:
            await self._directory.store(user, requested_at_ms)
        return True

    # ------------------------------------------------------------ waiting and telling

    async def _wait_out(self, error: WalkmeError, pause: float | None) -> None:
        """Wait so long, None: until a person does something; whatever a person asks for ends it."""
        retry_at = None if pause is None else self._monotonic() + pause
        self._failure, self._asked = LoadFailure(error, retry_at), False
        self._enter(CrawlPhase.WAITING)
        while not self._asked:
            left = None if retry_at is None else retry_at - self._monotonic()
            if left is not None and left <= 0:
                break
            await self._rest(left)
        self._failure = None

    async def _rest(self, seconds: float | None) -> None:
        """Sleep until somebody asks for something, and no longer than this."""
        self._wake.clear()
        if seconds is None:
            await self._wake.wait()
            return
        sleeps = (asyncio.ensure_future(self._sleep(max(0.0, seconds))), asyncio.ensure_future(self._wake.wait()))
        try:
            await asyncio.wait(sleeps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for sleep in sleeps:
                sleep.cancel()
            await asyncio.gather(*sleeps, return_exceptions=True)

    def _step(self, steps: SweepProgress) -> None:
        self._steps = steps
        self._speed.note(self._monotonic(), steps.loaded)
        self._tell_soon()

    def _enter(self, phase: CrawlPhase) -> None:
        if phase is not self._phase:
            self._phase = phase
            self._tell()

    def _tell_soon(self) -> None:
        if self._monotonic() - self._told_at >= TELL_SECONDS:
            self._tell()

    def _tell(self) -> None:
        self._told_at = self._monotonic()
        self._session.events.publish(CrawlChanged())
