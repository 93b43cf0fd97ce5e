"""The Groups tab: the groups, and the members of the one under the cursor."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical

from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.groups import Belonging, Difference, Group, GroupSize
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import MembersStored
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.listing import Listing
from walkme_tui.services.reading.pages import PageLoader
from walkme_tui.services.sync.group_backfill import GroupBackfill
from walkme_tui.ui import words
from walkme_tui.ui.browser import group_messages
from walkme_tui.ui.browser.group_counts import GroupCounts
from walkme_tui.ui.browser.member_reading import MemberReading, MembersState
from walkme_tui.ui.widgets.group_list import COMPARED, GroupList, GroupRow, Special
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.widgets.user_table.columns import absent_fields
from walkme_tui.ui.widgets.user_table.table import UserTable
from walkme_tui.ui.workers import WorkerGroup, start_worker

NO_USERS: Final = UserQuery(group_id="")
LEAST_NAME: Final = 12
HOW_TO_COMPARE: Final = "Mark two groups with Space; c then shows who is in the one but not in the other."
TOO_MANY_MARKS: Final = "Two groups can be compared: Space unmarks one, \\ all."


class MembersPane(Vertical):
    """A heading with the number of members, over their table."""

    def __init__(self, session: Session, pages: PageLoader, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._heading = TextBar(id="members-heading")
        self.table = UserTable(
            Listing(session, pages, NO_USERS),
            started_at_ms=session.started_at_ms,
            clock=session.clock,
            absent_fields=absent_fields(session.capabilities),
            id="members-table",
        )

    def compose(self) -> ComposeResult:
        """Heading and table."""
        yield self._heading
        yield self.table

    def head(self, title: str, facts: str = "") -> None:
        """Write the heading; a long title is cut so that the facts fit."""
        width = self._heading.size.width
        if facts and width:
            title = words.cut(title, max(LEAST_NAME, width - len(facts) - 5))
        self._heading.write([(f" {title} · {facts}" if facts else f" {title}", TextStyle.DIM)])


class GroupsTab:
    """Connects the two panes; ``requested`` and ``loaded``: the groups were requested, received."""

    def __init__(self, session: Session, pages: PageLoader, directory: Directory) -> None:
        self.groups = GroupList(id="groups")
        self.members = MembersPane(session, pages, id="members")
        self._pages = pages
        self._directory = directory
        self._clock = session.clock
        self.member_reading = MemberReading(session, directory, self.groups, self.reload)
        self._counts = GroupCounts(session)
        self.reading = GroupBackfill(session)
        self._compared: Sequence[Group] = ()
        self._query = UserQuery()
        self._wanted: str | None = None
        self.names: Mapping[str, str] = {}
        self.named: Callable[[Mapping[str, str]], None] = lambda _: None
        self.requested = False
        self.loaded = False

    # ------------------------------------------------------------ counting

    async def reload(self) -> None:
        """Read groups and counts from the mirror; users are counted only while the tab is shown."""
        try:
            shown = self.groups.is_attached and self.groups.display
            await self._counts.read_sizes(self.groups.page_lines if shown else 0, complete=self._complete)
            self.fill()
            if shown and await self._counts.count_sets(complete=self._complete):
                self.fill()
        except MirrorUnavailable as error:
            self._pages.note(error.message)

    def age(self) -> None:
        """Note that memberships were stored: the counts are old."""
        self._counts.age()

    def on_members_stored(self, event: MembersStored) -> None:
        """Note that members were stored that a group listed."""
        self.member_reading.on_stored(event)
        self.age()

    @property
    def stale(self) -> bool:
        """True if memberships were stored since the counts were read."""
        return self._counts.is_due(complete=self._complete)

    @property
    def _complete(self) -> bool:
        """Every membership is known."""
        coverage = self._pages.coverage
        return coverage is not None and coverage.memberships_complete

    async def load(self) -> WalkmeError | None:
        """Load the groups from the server; returns the error if that failed."""
        self.loaded = False
        if not self.groups.total:
            self.groups.set_empty_text("Loading the groups…")
        complete = self._complete
        try:
            self._counts.take_sizes(await self._directory.refresh_groups(), complete=complete)
        except WalkmeError as error:
            self.groups.set_empty_text(f"The groups could not be read. {clean(error.message, 300)} R tries again.")
            return error
        self.loaded = True
        self.groups.set_empty_text("This account has no groups.")
        self.fill()
        self.member_reading.read_again()
        return None

    def fill(self) -> None:
        """Show the counts; move the cursor to the group that ``want`` named before it was known."""
        sizes, coverage = self._counts.sizes, self._pages.coverage
        self.names = {size.group.id: size.group.name for size in sizes if size.group.name is not None}
        self.named(self.names)
        gaps, differences, exact = self._counts.gaps, self._counts.differences, self._exact(counted=True)
        special = group_messages.special_rows(gaps, differences, coverage, self._read, exact=exact) if sizes else ()
        known = coverage is None or not coverage.loaded or coverage.with_groups > 0
        self.groups.fill(sizes, special, exact=self._exact(counted=False), known=known)
        if self.groups.marked != self._compared:  # a marked group is gone, or has another name
            self._compare_marked()
        if self._wanted is not None and self.groups.select(self._wanted):
            self._wanted = None
        self.follow()

    @property
    def reading_message(self) -> StatusMessage | None:
        """The progress of reading users one by one, for the status line."""
        if not self.reading.running:
            return None
        from walkme_tui.ui.flows.group_backfill import status_message

        return status_message(self.reading.progress, stopping=self.reading.stopping)

    # ------------------------------------------------------------ marks

    def mark(self, action: str) -> str:
        """Run a marking command; returns a message for the user, which may be empty."""
        before = self.groups.marked
        if action == "clear_marks":
            self.groups.clear_marks()
        elif action != "toggle_mark":
            return "Groups are marked one by one, with Space."
        elif not isinstance(self.groups.current, GroupSize):
            return "Only groups can be marked."
        else:
            self.groups.toggle_mark()
        if self.groups.marked != before:
            self._compare_marked()
        return TOO_MANY_MARKS if len(self.groups.marked) > max(COMPARED, len(before)) else ""

    @property
    def chosen_groups(self) -> Sequence[Group]:
        """The marked groups, else the one under the cursor."""
        row = self.groups.current
        return self.groups.marked or ((row.group,) if isinstance(row, GroupSize) else ())

    @property
    def current_group(self) -> Group | None:
        """The group under the cursor."""
        row = self.groups.current
        return row.group if isinstance(row, GroupSize) else None

    def _compare_marked(self) -> None:
        """Add a row for each of two marked groups: the users who are in that one only."""
        marked, differences = self.groups.marked, []
        if len(marked) == COMPARED:
            differences = [Difference(*marked), Difference(*marked[::-1])]
        self._compared = marked
        self._counts.compare(differences)
        self.fill()
        if differences and self.groups.is_attached:
            start_worker(
                self.groups, WorkerGroup.STATUS, self._count_differences, name="Comparing the groups", exclusive=True
            )

    async def _count_differences(self) -> None:
        try:
            await self._counts.count_differences()
        except MirrorUnavailable as error:
            self._pages.note(error.message)
        self.fill()

    @property
    def compares(self) -> bool:
        """True while two groups are marked, so that there are rows for who is in one of them only."""
        return bool(self._counts.differences)

    def compare(self) -> str:
        """Move the cursor to the next comparison of two marked groups; returns a message if there is none."""
        differences = list(self._counts.differences)
        if not differences:
            return TOO_MANY_MARKS if len(self.groups.marked) > COMPARED else HOW_TO_COMPARE
        row = self.groups.current
        at = differences.index(row.subject) if isinstance(row, Special) and row.subject in differences else -1
        self.groups.select_subject(differences[(at + 1) % len(differences)])
        return ""

    @property
    def _read(self) -> set[str]:
        """Ids of the groups whose members were read."""
        return {size.group.id for size in self._counts.sizes if size.read_at_ms is not None}

    def _exact(self, *, counted: bool) -> bool:
        """Every membership is known, and was when it was counted."""
        return self._complete and (self._counts.counts_are_exact if counted else self._counts.sizes_are_exact)

    # ------------------------------------------------------------ members

    def want(self, group_id: str) -> None:
        """Put the cursor on this group, now or when it is known."""
        self.groups.filter("")
        self._wanted = None if self.groups.select(group_id) else group_id
        self.follow()

    def narrow(self, query: UserQuery) -> None:
        """Filter the members."""
        self._query = query
        self.follow()

    def show(self) -> None:
        """The tab is shown again."""
        self.member_reading.leave()
        self.follow()

    def follow(self) -> None:
        """Show the users of the row under the cursor."""
        row = self.groups.current
        self.members.table.show(_people_of(row, self._query) if row is not None else NO_USERS)
        self.member_reading.follow(row if isinstance(row, GroupSize) else None)
        self.head()

    @property
    def shows_members(self) -> bool:
        """True if the members that are shown, or searched for, are those of the row under the cursor."""
        row = self.groups.current
        if row is None:
            return self.loaded
        return self.members.table.listing.is_requested(_people_of(row, self._query))

    def head(self) -> None:
        """Update the heading of the members."""
        row = self.groups.current
        if row is None:
            self.members.head("No group")
        else:
            known, exact = self._known_of(row)
            facts = group_messages.facts(row, known, self._pages.coverage, exact=exact)
            if isinstance(row, GroupSize) and self.member_reading.possible:
                state = self.member_reading.state(row.group.id)
                facts = group_messages.listed_facts(row, known, state, self._clock(), exact=exact) or facts
            self.members.head(group_messages.title(row), facts)

    def state_of(self, query: UserQuery) -> MembersState | None:
        """The last reading of the members that this query shows, None where groups do not list them."""
        if query.group_id is None or query.without_group_id is not None or not self.member_reading.possible:
            return None
        return self.member_reading.state(query.group_id)

    def members_are_known(self, query: UserQuery) -> bool:
        """True if all members of the group of this query are known."""
        row = self.groups.current
        return isinstance(row, GroupSize) and row.group.id == query.group_id and self._known_of(row)[1]

    @property
    def kept(self) -> str:
        """The number of members that match the filter, empty without a filter."""
        row, listing = self.groups.current, self.members.table.listing
        if row is None or not (self._query.text.strip() or self._query.hide_inactive) or listing.total is None:
            return ""
        (known, exact), coverage = self._known_of(row), self._pages.coverage
        hidden = listing.query.hide_inactive
        return group_messages.kept_of(row, listing.total.count, known, coverage, exact=exact, hide_inactive=hidden)

    def _known_of(self, row: GroupRow) -> tuple[int, bool]:
        """The number of users of a row without the filter, and whether it is exact.

        The rows that are shown are newer than the counts.
        """
        listing = self.members.table.listing
        members = _people_of(row, UserQuery(sort=listing.query.sort))
        read = group_messages.were_read(row, self._read)
        if listing.query == members and listing.total is not None and listing.total.exact:
            return listing.total.count, read or self._complete
        if isinstance(row, GroupSize):
            return row.known_members, read or self._exact(counted=False)
        if isinstance(row.subject, Difference):
            return self._counts.differences.get(row.subject) or 0, read or self._exact(counted=True)
        gaps = self._counts.gaps
        return gaps.of(row.subject) if gaps is not None else 0, self._exact(counted=True)


def _people_of(row: GroupRow, narrowed: UserQuery) -> UserQuery:
    """The query for the users of a row, narrowed by another query."""
    if isinstance(row, GroupSize):
        return narrowed._replace(group_id=row.group.id)
    if isinstance(row.subject, Difference):
        return narrowed._replace(group_id=row.subject.group.id, without_group_id=row.subject.other.id)
    # The row of inactive users shows them although inactive users are hidden.
    hidden = narrowed.hide_inactive and row.subject is not Belonging.STILL_IN_GROUPS
    return narrowed._replace(belonging=row.subject, hide_inactive=hidden)
