"""The Reconcile tab: how the users of REST differ from those of SCIM, by kind of difference."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import Sort
from walkme_tui.domain.reconcile.classes import PairSet
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.records import ComparedUser
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import (
    Event,
    GroupsStored,
    MembersStored,
    PageLoaded,
    UserForgotten,
    UsersChanged,
    UserStored,
)
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Comparison, Sides, compared
from walkme_tui.services.reconcile.pair_listing import SORT_KEYS, PairQuery, listed_pairs
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.ui import words
from walkme_tui.ui.arrangement import Pane
from walkme_tui.ui.browser.crawl_status import Reading, reading_of
from walkme_tui.ui.browser.reconcile_panes import ClassesPane, PairsPane, SideText
from walkme_tui.ui.browser.reconcile_words import empty_text
from walkme_tui.ui.errors import report
from walkme_tui.ui.widgets.class_list import ClassList, ClassRow
from walkme_tui.ui.widgets.pair_lines import SideRecord, pair_lines
from walkme_tui.ui.widgets.pair_list import PairList, pair_key, with_keys
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.widgets.user_table.columns import next_sort
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from walkme_tui.domain.coverage import Coverage
    from walkme_tui.ui.flows.job_tasks import JobTasks

PAUSE_SECONDS: Final = 2.0
PAUSE_FACTOR: Final = 10.0
"""Both mirrors are compared again after so many times the time that it took, at least after ``PAUSE_SECONDS``."""
REST_SECONDS: Final = 0.15
CHANGES: Final = (PageLoaded, UserStored, UserForgotten, UsersChanged, GroupsStored, MembersStored)
NOT_OPEN: Final = "The other surface is being opened…"
COMPARING: Final = "The users are being compared…"
MAX_MESSAGE: Final = 300


class ReconcileTab:
    """Connects the panes. It opens the other surface and reads its users once the tab is shown.

    ``listed`` is called when the pairs were listed again. ``own_reading`` says how the browser's own users are read.
    """

    def __init__(self, session: Session, job_tasks: "JobTasks") -> None:
        self.classes = ClassesPane(id="classes")
        self.pairs = PairsPane(id="pairs")
        self._session, self._job_tasks = session, job_tasks
        self._query = PairQuery()
        self.sides: Sides | None = None
        self.comparison: Comparison | None = None
        self._crawl: Crawl | None = None
        self._coverages: dict[Surface, Coverage] = {}
        self._outdated = True
        self._busy = False
        self._due_at = 0.0
        self._unsubscribe: list[Callable[[], None]] = []
        self._listed = PairQuery()
        self._failure = ""
        self._user: tuple[str | None, MirroredUser | None] = (None, None)
        """The record of the browser's surface that was read last, and ``_own_id`` at that time."""
        self.listed: Callable[[], None] = lambda: None
        self.own_reading: Callable[[], Reading] = Reading
        self.pairs.resized = self.follow_pair
        self.pairs.pairs.set_empty_text(NOT_OPEN)

    # ------------------------------------------------------------ opening and reading

    def show(self) -> None:
        """Open the other surface if that was not done; the tab is on the screen."""
        self.classes.call_after_refresh(self.classes.explain)
        if self.sides is None and not self._busy:
            self._busy = True
            start_worker(self.pairs, WorkerGroup.COMPARISON, self._open, name="Opening the other surface")
        else:
            self.tick()

    async def _open(self) -> None:
        own = self._session
        name = other_surface(own.account.surface).upper()
        try:
            other = (await self._job_tasks.other_tasks()).session
        except WalkmeError as error:
            why = clean(error.message, MAX_MESSAGE)
            self.pairs.pairs.set_empty_text(f"{name} could not be opened. {why} R tries again.")
            report(self.pairs.app, error, doing=f"Opening {name}")
            return
        finally:
            self._busy = False
        self.sides = Sides.joined(own, other)
        self._unsubscribe = [session.events.subscribe(self._on_event) for session in self.sides]
        self._crawl = Crawl(other, monotonic=self._job_tasks.monotonic)
        self._crawl.read_fully()
        start_worker(self.pairs, WorkerGroup.CRAWL, self._crawl.run, name=f"Reading {name}")
        self._read_groups(other)
        self.write_sides()
        self.tick()

    def _read_groups(self, session: Session) -> None:
        name = f"Reading the groups of {session.account.surface.upper()}"
        start_worker(self.pairs, WorkerGroup.GROUPS, Directory(session).refresh_groups, name=name)

    def end(self) -> None:
        """Stop listening."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def read_again(self) -> None:
        """Read the other surface again from the server, or try again to open it."""
        if self._crawl is None or self.sides is None:
            self.show()
            return
        self._crawl.retry_now()
        self._crawl.restart()
        self._read_groups(self.sides.of(other_surface(self._session.account.surface)))

    def pause(self, paused: bool) -> None:
        """Pause or resume the reading of the other surface."""
        if self._crawl is not None:
            (self._crawl.pause if paused else self._crawl.resume)()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, CHANGES):
            self._outdated = True

    async def read_pair(self, pair: Pair) -> None:
        """Read both records again from the server; raises ``WalkmeError``."""
        assert self.sides is not None  # noqa: S101 - there is a pair
        sides = ((self.sides.rest, pair.rest), (self.sides.scim, pair.scim))
        calls = [Directory(session).reread(side.id) for session, side in sides if side is not None]
        try:
            # A record that is gone is forgotten, which is a change too.
            for failure in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(failure, BaseException):
                    raise failure
        finally:
            self._due_at = 0.0
            self.tick()

    # ------------------------------------------------------------ comparing

    def tick(self) -> None:
        """Compare again where a mirror changed; call it once a second while the tab is shown."""
        if self.sides is None or self._busy:
            return
        self._busy = True
        start_worker(self.pairs, WorkerGroup.COMPARISON, self._update, name="Comparing the users")

    async def _update(self) -> None:
        """Compare both mirrors if that is due, and list what was requested."""
        assert self.sides is not None  # noqa: S101 - tick checks it
        begun, compare = self._job_tasks.monotonic(), False
        try:
            self._coverages = {session.account.surface: await session.mirror.coverage() for session in self.sides}
            before = {} if self.comparison is None else self.comparison.sides
            # Another process may read into the same local copy.
            self._outdated |= any(side.coverage != self._coverages[each] for each, side in before.items())
            # At once where the first users of a side are there, or all of them.
            is_due = any(side.says_less_than(self._coverages[each]) for each, side in before.items())
            compare = is_due or (self._outdated and begun >= self._due_at)
            if compare:
                self._outdated = False
                self.comparison = await compared(self.sides)
            await self._list(again=compare)
            self._failure = ""
        except MirrorUnavailable as error:
            self._outdated, self._listed = True, self._query
            self._failure = clean(error.message, MAX_MESSAGE)
            self.pairs.pairs.show(())
        finally:
            self._busy = False
        if compare:
            now = self._job_tasks.monotonic()
            self._due_at = now + max(PAUSE_SECONDS, (now - begun) * PAUSE_FACTOR)
        self.write_sides()

    async def _list(self, *, again: bool) -> None:
        """List the pairs of the query, also of one that came while they were listed."""
        found = self.comparison
        while found is not None and self.sides is not None and (again or self._query != self._listed):
            again, query = False, self._query
            pairs = await listed_pairs(found, self.sides, query)
            if keys := self.pairs.pairs.marked_keys:
                every = chain(found.sets[PairSet.ALL], found.sets[PairSet.GHOSTS])
                now = await asyncio.to_thread(with_keys, every, keys)
                # A running job removes the marks of the people that it handles when it ends, and counts them.
                self.pairs.pairs.keep_marks(keys, now, forget=not self._job_tasks.running)
            is_other_set, self._listed = query.chosen is not self._listed.chosen, query
            self._fill(found)
            self.pairs.pairs.show_pairs(pairs, found.groups, query.sort, is_other_set=is_other_set)
            self.follow_pair()
            self.listed()

    def _fill(self, found: Comparison) -> None:
        least = "" if found.complete else "≥ "
        rows = []
        for each in PairSet:
            undecided = bool(found.unread) or each.pair_class in found.undecided
            rows.append(ClassRow(each, "?" if undecided else f"{least}{words.number(len(found.sets[each]))}"))
        self.classes.sets.show(rows)

    # ------------------------------------------------------------ what is listed

    def list_of(self, pane: Pane) -> ClassList | PairList:
        """The list of a pane of this tab."""
        return self.classes.sets if pane is Pane.CLASSES else self.pairs.pairs

    @property
    def current(self) -> Pair | None:
        """The pair under the cursor."""
        return self.pairs.pairs.current

    @property
    def chosen(self) -> Sequence[Pair]:
        """The marked pairs, else the one under the cursor."""
        pair = self.current
        return self.pairs.pairs.marked or ((pair,) if pair is not None else ())

    @property
    def place(self) -> str | None:
        """The identity of the pair under the cursor."""
        return None if self.current is None else pair_key(self.current)

    @property
    def query(self) -> PairQuery:
        """What is listed, or will be in a moment."""
        return self._query

    @property
    def is_listing(self) -> bool:
        """True while the list is not that of the query, or of the set under the cursor, yet."""
        row = self.classes.sets.current
        wanted = self._query if row is None else self._query._replace(chosen=row.chosen)
        return self.comparison is not None and wanted != self._listed

    @property
    def kept(self) -> str:
        """``12 of 340`` where a filter leaves pairs out, else empty."""
        if self.comparison is None or not self._listed.text.strip():
            return ""
        total = len(self.comparison.sets[self._listed.chosen])
        return f"{words.number(len(self.pairs.pairs.rows))} of {words.number(total)}"

    @property
    def listed_text(self) -> str:
        """What is exported or adopted where nothing is marked: the set, and the filter."""
        if self.pairs.pairs.marked:
            return f"The marked people: {words.number(len(self.pairs.pairs.marked))}"
        text = self._listed.text.strip()
        return f"The list: {self._listed.chosen.text.label}{f', filter {clean(text, MAX_MESSAGE)}' if text else ''}"

    def follow_class(self) -> None:
        """List the pairs of the set under the cursor."""
        row = self.classes.sets.current
        if row is not None:
            self.classes.explain()
            self._request(self._query._replace(chosen=row.chosen))

    def filter(self, text: str) -> None:
        """List the pairs that match."""
        self._request(self._query._replace(text=text))

    def sort_next(self) -> None:
        """Sort by the next key; after the last one comes the order of the lists."""
        self._request(self._query._replace(sort=next_sort(self._query.sort, SORT_KEYS)))

    def reverse(self) -> None:
        """Reverse the order; a list without one is sorted by email, descending."""
        sort = self._query.sort or Sort(SORT_KEYS[0])
        self._request(self._query._replace(sort=sort._replace(reverse=not sort.reverse)))

    def _request(self, query: PairQuery) -> None:
        if query != self._query:
            self._query = query
            self.tick()

    # ------------------------------------------------------------ how complete each side is

    def write_sides(self) -> None:
        """Show how much of each side is read, and why a list is empty."""
        found, problems = self.comparison, {}
        for surface in Surface:
            reading, coverage = self._reading(surface), self._coverages.get(surface)
            problems[surface] = "" if coverage is not None and coverage.complete else reading.problem
            without_groups = found.sides[surface].without_groups if found is not None else 0
            text = SideText(coverage, self._session.clock(), reading.left, without_groups)
            self.pairs.write_side(surface, text, problems[surface])
        why = COMPARING if found is None else empty_text(found, self._listed, problems)
        self.pairs.pairs.set_empty_text(self._failure or why)

    def _reading(self, surface: Surface) -> Reading:
        if surface is self._session.account.surface:
            return self.own_reading()
        return Reading() if self._crawl is None else reading_of(self._crawl.progress, self._job_tasks.monotonic())

    # ------------------------------------------------------------ both records

    async def records(self, pair: Pair) -> "Mapping[Surface, SideRecord]":
        """Both records as the mirrors have them; raises ``MirrorUnavailable``."""
        assert self.sides is not None  # noqa: S101 - there is a pair
        found: dict[Surface, SideRecord] = {}
        for surface in Surface:
            session, side = self.sides.of(surface), pair.on(surface)
            stored = None if side is None else await session.mirror.user(side.id)
            found[surface] = SideRecord.mirrored(stored, session.clock())
        return found

    def follow_pair(self) -> None:
        """Read both records of the pair under the cursor once it rests, and show them where there is room."""
        start_worker(
            self.pairs.detail, WorkerGroup.DETAILS, self._show_records, name="Reading both records", exclusive=True
        )

    async def _show_records(self) -> None:
        await asyncio.sleep(REST_SECONDS)
        pair, found, detail = self.current, self.comparison, self.pairs.detail
        if pair is None or found is None:
            detail.set_lines([])
            return
        own_id = self._own_id
        self._user = own_id, None if own_id is None else await self._session.mirror.user(own_id)
        if not detail.display:
            return
        sides = await self.records(pair)
        others = await asyncio.to_thread(found.others, pair)
        lines = pair_lines(sides, pair, others, found.groups, self._session.clock(), detail.size.width - 3)
        detail.set_lines([[(" ", TextStyle.PLAIN), *line] for line in lines])
        detail.action_first()

    def _own(self, pair: Pair) -> ComparedUser | None:
        return pair.on(self._session.account.surface)

    @property
    def _own_id(self) -> str | None:
        """The id of the record of the browser's surface under the cursor, None if there is none."""
        own = None if self.current is None else self._own(self.current)
        return None if own is None else own.id

    @property
    def user(self) -> MirroredUser | None:
        """The user of the browser's surface under the cursor; None where only the other one has a record."""
        own_id, user = self._user
        return user if own_id == self._own_id else None

    @property
    def reads_user(self) -> bool:
        """True until the user under the cursor is read."""
        return self.current is not None and self._user[0] != self._own_id

    @property
    def marked_users(self) -> list[str]:
        """Ids of the marked people on the browser's surface, of those whom it has."""
        own = (self._own(pair) for pair in self.pairs.pairs.marked)
        return [user.id for user in own if user is not None]

    def without_record(self, *, marks: bool) -> str:
        """Why the user under the cursor, or the marked ones, cannot be acted on; empty if all have a record here."""
        surface, pair = self._session.account.surface, self.current
        own, other = surface.upper(), other_surface(surface).upper()
        marked = self.pairs.pairs.marked if marks else ()
        if missing := sum(self._own(each) is None for each in marked):
            people = words.count(missing, "marked person has", "marked people have")
            return f"{people} no record on {own}: unmark them, or switch to {other} (C)."
        if marked or pair is None or self._own(pair) is not None:
            return ""
        return f"This person has no record on {own}: switch to {other} (C), or adopt a side (b)."

    def toggle_detail(self) -> None:
        """Show both records below the pairs, or not; by default they are shown where there is room."""
        self.pairs.show_detail(not self.pairs.detail.display)
        self.follow_pair()
