"""A sweep: one or two passes over all pages of the server's list, then a completeness verdict."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import (
    ConfigurationError,
    MirrorUnavailable,
    PermissionRefused,
    ServiceUnavailable,
    SignInRefused,
    WalkmeError,
)
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.text import spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.services.events import CoverageChanged
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.list_pass import ListPass, MirrorRenewed, Report

SWEEP_PAGE_SIZE: Final = 1000
# Without a claimed total two passes are compared by the users they did not see; above this number they are not.
MAX_MISSED: Final = 10_000
RENEWALS: Final = 3


COMPLETE: Final = "complete"
"""The note of a complete sweep without anything to add."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The result of a sweep.

    ``complete``: every user that the list held at ``as_of_ms`` was seen, and ``total`` is their number; else ``total``
    is the last claim of the server. ``loaded`` counts the distinct users that arrived. ``note`` is "complete",
    "complete as of …, list was changing", "complete; …" or "incomplete: …". ``disproved_total`` is what the
    server claims although it sent more users, else None.
    """

    complete: bool
    loaded: int
    total: int | None
    as_of_ms: int
    note: str
    disproved_total: int | None = None


class _Seen(NamedTuple):
    """What the first pass saw: ``users`` users, and not ``missed``, of which at most ``MAX_MISSED`` are listed."""

    started_at_ms: int
    users: int
    missed: tuple[str, ...]


class SweepRun:
    """A sweep under way: ``run`` until there is a ``result``.

    A pass is complete if as many users as the first response claimed certainly were in the list when the pass began:
    those of that response, those stored before and seen again, and those created before. For the second pass the users
    that the first saw are stored before. Without a claimed total, or where more users arrived than claimed, both passes
    must see the same users.
    """

    def __init__(self, session: Session, report: Report, *, page_size: int = SWEEP_PAGE_SIZE) -> None:
        self.result: SweepResult | None = None
        self.failure: WalkmeError | None = None
        self.arrived = 0
        self._session = session
        self._report = report
        self._page_size = page_size
        self._pass: ListPass | None = None
        self._first: _Seen | None = None
        self._at_first_page = True
        self._halted = False

    @classmethod
    def resumed(cls, session: Session, report: Report, coverage: Coverage, sweep: Sweep) -> "SweepRun":
        """Continue ``sweep``, which ``can_resume``; ``coverage`` is the mirror's."""
        sweeping = cls(session, report)
        sweeping._pass, sweeping._at_first_page = ListPass.resumed(session, coverage, sweep, report), False
        return sweeping

    @property
    def started(self) -> bool:
        """The first page arrived."""
        return self._pass is not None

    @property
    def failed_page(self) -> int | None:
        """The page that failed; None: the first one."""
        return None if self._pass is None or self._at_first_page else self._pass.failed_page

    @property
    def sweep(self) -> Sweep | None:
        """The state of the pass, None before the first page."""
        return None if self._pass is None else self._pass.sweep

    def halt(self) -> None:
        """Request nothing more: ``run`` returns when the responses under way are stored."""
        self._halted = True
        if self._pass is not None:
            self._pass.halt()

    def skip(self, page: int, error: WalkmeError) -> None:
        """Leave out this page."""
        if self._pass is not None:
            self._pass.skip(page, error)

    async def run(self) -> None:
        """Read pages until there is a ``result``, a ``failure`` or a call of ``halt``.

        ``arrived`` counts the pages that arrived meanwhile. Raises ``MirrorUnavailable`` and ``MirrorRenewed``.
        """
        self.failure, self.arrived, self._halted = None, 0, False
        while self.result is None and self.failure is None and not self._halted:
            if self._at_first_page or self._pass is None:
                await self._start_pass()
                continue
            await self._pass.run()
            self.arrived += self._pass.arrived
            self.failure = self._pass.failure
            if self.failure is None and not self._halted:
                await self._judge(self._pass)

    async def give_up(self, error: WalkmeError) -> None:
        """End incomplete; after an outage the pass can be resumed."""
        list_pass, session = self._pass, self._session
        note = f"incomplete: {error.message}"
        if list_pass is None:
            sweep = Sweep(session.clock(), self._page_size, 1, None, 1, renews=await self._knew_all_users())
            self.result = SweepResult(False, 0, None, sweep.started_at_ms, note)
        else:
            sweep = list_pass.sweep
            loaded = await self._loaded(sweep)
            self.result = SweepResult(False, loaded, list_pass.total, sweep.started_at_ms, note)
        if not isinstance(error, ServiceUnavailable):
            await self._note_end(sweep, self.result)

    # ------------------------------------------------------------ inside

    async def _start_pass(self) -> None:
        """Request the first page of a pass."""
        try:
            if self._pass is None:
                renews = await self._knew_all_users()
                self._pass = await ListPass.start(self._session, self._page_size, self._report, renews=renews)
            else:
                first = self._pass.sweep
                size = max(1, first.page_size * 9 // 10)
                self._pass = await ListPass.start(self._session, size, self._report, first=first)
        except MirrorUnavailable:
            raise
        except WalkmeError as error:
            self.failure = error
        else:
            self._at_first_page = False
            self.arrived += 1

    async def _knew_all_users(self) -> bool:
        before = (await self._session.mirror.coverage()).sweep
        return before is not None and before.knew_all_users

    async def _judge(self, list_pass: ListPass) -> None:
        """Decide at the end of a pass whether the sweep is complete, or needs a second pass."""
        seen_count = await list_pass.count_seen()
        sweep = list_pass.sweep
        claimed = sweep.total_at_start
        complete = claimed is not None and seen_count.sure == claimed
        if sweep.pass_number == 1:
            missing = (claimed or 0) - seen_count.seen
            # A second pass would find no more: what is missing arrived, but cannot be read.
            only_unreadable = not sweep.drifted and list_pass.unreadable == missing > 0
            if not complete and not only_unreadable:
                missed = await self._session.mirror.not_seen(sweep.started_at_ms, MAX_MISSED)
                self._first = _Seen(sweep.started_at_ms, seen_count.seen, tuple(missed))
                self._at_first_page = True
                return
        elif claimed is None:
            complete = await self._saw_same_users(list_pass, seen_count)
        await self._end(list_pass, seen_count, complete)

    async def _saw_same_users(self, list_pass: ListPass, seen_count: SeenCount) -> bool:
        """Both passes saw the same users."""
        first = self._first
        if first is None or seen_count.seen != first.users or list_pass.unreadable or len(first.missed) == MAX_MISSED:
            return False
        missed = await self._session.mirror.not_seen(list_pass.sweep.started_at_ms, MAX_MISSED)
        return tuple(missed) == first.missed

    async def _end(self, list_pass: ListPass, seen_count: SeenCount, complete: bool) -> None:
        sweep = list_pass.sweep
        changing = sweep.drifted or sweep.after_drift
        loaded = await self._loaded(sweep)
        claim = sweep.disproved_total if (sweep.disproved_total or 0) < loaded else None
        sweep = sweep._replace(disproved_total=claim)
        if not complete:
            note = f"incomplete: {_reason(list_pass, loaded, claim, changing=changing)}"
        elif claim is not None:
            note = f"complete; {_wrong_claim(claim, loaded)}"
        elif changing:
            note = f"complete as of {format_time_ms(sweep.started_at_ms // 1000 * 1000)}, list was changing"
        else:
            note = COMPLETE
        held = seen_count.seen if sweep.total_at_start is None else sweep.total_at_start
        total = held if complete else list_pass.total
        self.result = SweepResult(complete, loaded, total, sweep.started_at_ms, note, claim)
        await self._note_end(sweep._replace(drifted=changing), self.result)

    async def _loaded(self, sweep: Sweep) -> int:
        """How many users arrived in both passes."""
        since_ms = sweep.started_at_ms if self._first is None else self._first.started_at_ms
        return (await self._session.mirror.count_seen(since_ms, 0, 0)).seen

    async def _note_end(self, sweep: Sweep, result: SweepResult) -> None:
        ended = sweep._replace(ended_at_ms=self._session.clock(), complete=result.complete, note=result.note)
        await self._session.mirror.save_sweep(ended)
        self._session.events.publish(CoverageChanged(await self._session.mirror.coverage()))


def can_resume(sweep: Sweep) -> bool:
    """True for an unfinished pass over a list of a claimed length.

    Without a claim two passes are compared, and what the first saw is not stored.
    """
    return sweep.ended_at_ms is None and sweep.total_at_start is not None


async def sweep(session: Session, report: Report, *, page_size: int = SWEEP_PAGE_SIZE) -> SweepResult:
    """Read every page now, from the first one; the first failure ends the sweep as incomplete.

    Raises the ``WalkmeError`` of the first page, a refused sign-in or permission, and ``MirrorUnavailable``.
    """
    for _ in range(RENEWALS):
        sweeping = SweepRun(session, report, page_size=page_size)
        try:
            await sweeping.run()
        except MirrorRenewed:
            continue
        error = sweeping.failure
        if error is not None:
            if not sweeping.started or isinstance(error, SignInRefused | PermissionRefused | ConfigurationError):
                raise error
            await sweeping.give_up(error)
        if sweeping.result is not None:
            return sweeping.result
    raise MirrorUnavailable("The local copy was damaged several times.", hint="Check the disk.")


def _reason(list_pass: ListPass, loaded: int, disproved_total: int | None, *, changing: bool) -> str:
    """Why the sweep is incomplete, for the text after "incomplete:"."""
    if list_pass.skipped:
        page, error = next(iter(list_pass.skipped.items()))
        return f"page {page} could not be read. {error.message}"
    if list_pass.unreadable:
        return (
            f"{list_pass.unreadable} records could not be read"
            if list_pass.unreadable > 1
            else "one record could not be read"
        )
    if list_pass.repeated:
        return "the server sent some pages twice in place of others"
    if changing:
        return "the list changed while it was read"
    if disproved_total is not None:
        return _wrong_claim(disproved_total, loaded)
    if list_pass.total is None:
        return f"the server does not say how many users there are; it sent {loaded}"
    return _wrong_claim(list_pass.total, loaded)


def _wrong_claim(claimed: int, sent: int) -> str:
    return f"the server claims {spaced(claimed)} users, sent {spaced(sent)}"
