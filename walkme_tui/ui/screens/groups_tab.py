"""What the Groups tab does: groups at the left, the members of the one under the cursor at the right."""

from collections.abc import Callable, Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from walkme_tui.domain.errors import MirrorUnavailable, WalkmeError
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.services.directory import Directory
from walkme_tui.services.listing import Listing
from walkme_tui.services.pages import Pages
from walkme_tui.services.ports import Session
from walkme_tui.ui.screens.sayings import members_heading
from walkme_tui.ui.widgets.group_list import GroupList
from walkme_tui.ui.widgets.ink import Ink
from walkme_tui.ui.widgets.one_line import OneLine
from walkme_tui.ui.widgets.user_table import UserTable

NOBODY = UserQuery(group_id="")


class MembersPane(Vertical):
    """A heading that says how much is known, over the table of the members."""

    def __init__(self, session: Session, pages: Pages, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self._heading = OneLine(id="members-heading")
        self.table = UserTable(
            Listing(session, pages, NOBODY),
            started_at_ms=session.started_at_ms,
            clock=session.clock,
            id="members-table",
        )

    def compose(self) -> ComposeResult:
        """Heading and table."""
        yield self._heading
        yield self.table

    def head(self, text: str) -> None:
        """Say how much is known."""
        self._heading.write([(f" {text}", Ink.DIM)])


class GroupsTab:
    """Keeps the two panes together; ``asked`` and ``answered`` say whether the server was, and did."""

    def __init__(self, session: Session, pages: Pages, directory: Directory) -> None:
        self.groups = GroupList(id="groups")
        self.members = MembersPane(session, pages, id="members")
        self._session = session
        self._pages = pages
        self._directory = directory
        self._query = UserQuery()
        self._wanted: str | None = None
        self.names: Mapping[str, str] = {}
        self.named: Callable[[Mapping[str, str]], None] = lambda _: None
        self._stale = False
        self.asked = False
        self.answered = False

    async def reload(self) -> Sequence[GroupSize]:
        """Groups and counts as the mirror knows them now; none if it cannot be read."""
        self._stale = False
        try:
            sizes = await self._directory.groups()
        except MirrorUnavailable:
            return ()
        self.fill(sizes)
        return sizes

    def age(self) -> None:
        """Memberships were learned: the counts are old."""
        self._stale = True

    @property
    def stale(self) -> bool:
        """True if memberships were learned since the counts were read."""
        return self._stale

    async def ask(self) -> WalkmeError | None:
        """Groups from the server; the error if that failed."""
        self.answered = False
        if not self.groups.total:
            self.groups.say_when_empty("Asking the server for the groups…")
        try:
            sizes = await self._directory.refresh_groups()
        except WalkmeError as error:
            self.groups.say_when_empty(f"The groups could not be read. {clean(error.message, 300)} R tries again.")
            return error
        self.answered = True
        self.groups.say_when_empty("This account has no groups.")
        self.fill(sizes)
        return None

    def fill(self, sizes: Sequence[GroupSize]) -> None:
        """Show these groups; the cursor goes where it was wanted before they were known."""
        self.names = {size.group.id: size.group.name for size in sizes if size.group.name is not None}
        self.named(self.names)
        coverage = self._pages.coverage
        exact = coverage is not None and coverage.memberships_complete
        self.groups.fill(sizes, exact=exact, known=coverage is None or coverage.with_groups > 0)
        if self._wanted is not None and self.groups.select(self._wanted):
            self._wanted = None
        self.follow()

    def want(self, group_id: str) -> None:
        """Put the cursor on this group, now or when it is known."""
        self.groups.filter("")
        self._wanted = None if self.groups.select(group_id) else group_id
        self.follow()

    def narrow(self, query: UserQuery) -> None:
        """Keep only these of the members."""
        self._query = query
        self.follow()

    def follow(self) -> None:
        """Show the members of the group under the cursor."""
        size = self.groups.current
        query = self._query._replace(group_id=size.group.id) if size is not None else NOBODY
        self.members.table.show(query)
        self.head()

    def head(self) -> None:
        """Say how many members are known."""
        size = self.groups.current
        if size is None:
            self.members.head("No group")
            return
        listing, known = self.members.table.listing, size.known_members
        if listing.query == UserQuery(group_id=size.group.id) and listing.total is not None:
            known = listing.total.count
        text = members_heading(size.group.label, known, self._pages.coverage)
        self.members.head(text)
