"""Protocols of the API client, the mirror and the journal, and the ``Session`` that the UI and the commands use.

``api`` and ``store`` implement the protocols; ``session.py`` connects them, and tests use fakes.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.capabilities import Capabilities, capabilities
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group, GroupMembers, GroupSize, MembershipGaps
from walkme_tui.domain.mirrored import ListedRow, MirroredUser, Stored, Undecided
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.sweeps import SeenCount, Sweep
from walkme_tui.domain.traffic import Priority, RequestRecord, TrafficStatus
from walkme_tui.domain.users import User, UserPage
from walkme_tui.services.events import Events

if TYPE_CHECKING:
    # Commands that only read start without them: they are a tenth of what whois --cached imports.
    from walkme_tui.domain.changes.change import Record
    from walkme_tui.domain.jobs import Actor, Job, JobState, JobSummary, Outcome, SurfaceCheck
    from walkme_tui.domain.plans import Plan
    from walkme_tui.domain.reconcile.records import ComparedUser
    from walkme_tui.domain.write_support import WriteSupport


class DirectoryApi(Protocol):
    """The client of an account. Calls raise ``domain.errors.ApiError`` and no other expected error.

    The implementation retries, paces and signs in.
    """

    async def list_users(self, page: int, page_size: int, priority: Priority = Priority.DEMAND) -> UserPage:
        """One page of the server's list; ``page`` counts from 1, ``page_size`` is 1 to 1000."""
        ...

    async def find_user(self, email: str) -> User | None:
        """The user with exactly this email, or None; raises ``LookUpIgnored`` where the server ignores the email.

        Services use ``services.directory``.
        """
        ...

    async def find_by_external_id(self, external_id: str) -> User | None:
        """The user with exactly this external id, or None; ``LookUpIgnored`` where the surface has no such look-up."""
        ...

    async def get_user(self, user_id: str, priority: Priority = Priority.DEMAND) -> User:
        """One user with every field; ``NotFound`` also for a malformed id."""
        ...

    async def list_groups(self, priority: Priority = Priority.DEMAND) -> tuple[Group, ...]:
        """All groups."""
        ...

    async def update_user(self, user_id: str, update: Mapping[str, str | None], base: User) -> None:
        """Change attributes of ``User``, except groups: ``update`` maps each to its new value.

        ``base`` is the user as last read: where the server only replaces whole records, a field that it contains is
        not cleared. Only ``services.changes`` calls this and the other writes.

        Returns when the server accepted it; reading the user again shows the effect. Raises ``OutcomeUnknown`` where it
        may have happened all the same. Any other ``ApiError`` means that nothing happened: ``NotFound`` that the user
        is gone, ``RequestRejected`` also that the server only replaces whole records and returns just parts of them,
        ``Conflict`` that another user has the email, ``ChangedMeanwhile`` that one of the values differs from ``base``
        by now, which is noticed only where whole records are replaced.
        """
        ...

    async def create_user(self, values: Mapping[str, str]) -> str | None:
        """Create a user; ``values`` are attributes of ``User``, the email among them, but no status and no groups.

        Returns the new user's id, None where the answer lacks it. Raises like ``update_user``: ``Conflict`` where a
        user with this email exists, ``NotFound`` where the server has no such call.
        """
        ...

    async def delete_user(self, user_id: str) -> None:
        """Delete a user permanently. Raises like ``update_user``; ``NotFound`` where there is none."""
        ...

    async def replaces_records(self) -> bool:
        """True where ``update_user`` replaces the whole record and so may change other fields."""
        ...

    def use_write_support(self, write_support: "WriteSupport") -> None:
        """Store what the server refuses in ``write_support``."""
        ...

    async def add_member(self, group_id: str, user_id: str) -> None:
        """Add a user to a group. Raises like ``update_user``."""
        ...

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Remove a user from a group. Raises like ``update_user``; ``NotFound`` where it was not a member."""
        ...

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use, None before there is one or where the server did not send them."""
        ...

    @property
    def group_warnings(self) -> Sequence[str]:
        """Tolerated errors in the last list of groups, in short sentences."""
        ...

    def traffic(self) -> TrafficStatus:
        """The traffic at this moment."""
        ...

    def request_log(self) -> Sequence[RequestRecord]:
        """The most recent requests, oldest first."""
        ...

    def forget_sign_in(self) -> None:
        """Drop the token and read the secret from its source again before the next call."""
        ...

    async def aclose(self) -> None:
        """Close the connections; calls under way fail with ``Unreachable``."""
        ...


class GroupApi(Protocol):
    """The calls of a surface whose groups have members and can be changed; raises like ``DirectoryApi``."""

    async def get_group(self, group_id: str, priority: Priority = Priority.DEMAND) -> Group:
        """One group without its members; ``NotFound`` also for a malformed id."""
        ...

    async def group_members(self, group_id: str, priority: Priority = Priority.DEMAND) -> GroupMembers:
        """A group with all of its members; raises like ``get_group``."""
        ...

    async def create_group(self, name: str) -> str | None:
        """Create a group without members; returns its id, None where the answer lacks it.

        Raises like ``DirectoryApi.update_user``; ``Conflict`` where a group with this name exists.
        """
        ...

    async def rename_group(self, group_id: str, name: str) -> None:
        """Give a group another name; raises like ``create_group``, ``RequestRejected`` where names are fixed."""
        ...

    async def delete_group(self, group_id: str) -> None:
        """Delete a group, not its members; raises like ``get_group`` and ``DirectoryApi.update_user``."""
        ...


class Mirror(Protocol):
    """The local copy of the account. Calls raise ``MirrorUnavailable`` and no other expected error."""

    async def save_page(self, page: UserPage, fetched_at_ms: int) -> Stored:
        """Store a page's rows at their positions and update its users; absent fields keep their stored value.

        Positions at or past ``page.total`` are dropped. All of the page is stored, or nothing.
        """
        ...

    async def save_user(self, user: User, fetched_at_ms: int) -> MirroredUser:
        """Store the answer to a request for one user; absent fields keep their stored value."""
        ...

    async def forget_user(self, user_id: str) -> MirroredUser | None:
        """Drop a user that the server no longer has; the last known record, None if there is none.

        The id of a user that only groups described is a stranger in these groups from now on.
        """
        ...

    async def forget_group(self, group_id: str) -> None:
        """Drop a group that the server no longer has, with all memberships."""
        ...

    async def save_groups(self, groups: Sequence[Group], *, complete: bool = True) -> None:
        """Replace the list of groups; ids that occur only in users stay, without a name.

        A group that listed its members and is not in the list any more has no members, if the list is ``complete``.
        """
        ...

    async def add_members(
        self, group: Group, members: Sequence[User], read_at_ms: int, *, first: bool
    ) -> Sequence[int]:
        """Store the first or another part of the members that a group listed; returns their row ids.

        They were requested at ``read_at_ms``, which identifies this reading.

        Members who are not known become users without a position; of known users only the groups change. Ids that no
        user has are left out.
        """
        ...

    async def end_members(self, group_id: str, row_ids: Collection[int], strangers: int, read_at_ms: int) -> bool:
        """Every part is stored: the group has these members, and no others; ``strangers`` ids were left out.

        False where another reading of this group has begun since the first part, or the mirror was made anew.
        """
        ...

    async def undescribed_members(self, group_id: str, since_ms: int, limit: int) -> Sequence[str]:
        """Ids of at most ``limit`` members of a group that no answer described since ``since_ms``.

        Lists of members do not count.
        """
        ...

    async def positions(self, first: int, last: int) -> dict[int, ListedRow]:
        """The rows at positions ``first`` to ``last`` (inclusive) of the server's list; unknown ones are missing."""
        ...

    async def first(self, query: UserQuery, limit: int) -> Sequence[MirroredUser]:
        """The first users that match a query, at most ``limit``, in its order: the first screen of a view.

        A user with exactly the typed email comes first. A call whose task is cancelled stops the search
        behind it, so that typing never queues up.
        """
        ...

    async def matching(self, query: UserQuery, after: int = 0) -> Sequence[int]:
        """Row ids of all loaded users that match a query, in its order; they start with those of ``first``.

        Only those with a row id above ``after``: without a sort those are the users stored since, in ascending order.
        Stops like ``first`` when its task is cancelled.
        """
        ...

    async def undecided(self, query: UserQuery, since_ms: int = 0, absent: Collection[str] = ()) -> Undecided:
        """How many loaded users may or may not match a query: a field that it needs is unknown.

        An ``absent`` attribute of ``User`` is not unknown: no user of the surface has one.
        Users that no answer described since ``since_ms`` are not counted.
        """
        ...

    async def nearest(self, words: Collection[str]) -> Mapping[str, str]:
        """For each folded word that no loaded user has, the nearest word of a name or an email.

        Only users who share a part of the word are looked at, and not all of them; a word that is near to nothing is
        missing. Ends like ``first`` when its task is cancelled.
        """
        ...

    async def values(self) -> tuple[Sequence[str], Sequence[str]]:
        """The statuses and the roles of loaded users; of very many only the first hundreds."""
        ...

    async def prepare_sorting(self) -> None:
        """Create the indexes for all sort orders; takes seconds in the background."""
        ...

    async def rows(self, row_ids: Sequence[int]) -> dict[int, MirroredUser]:
        """The users with these row ids; unknown ids are missing."""
        ...

    async def user(self, user_id: str) -> MirroredUser | None:
        """One user by id."""
        ...

    async def users(self, user_ids: Collection[str]) -> Mapping[str, MirroredUser]:
        """Users by id; unknown ids are missing."""
        ...

    async def user_by_email(self, email: str) -> MirroredUser | None:
        """One user by email, compared without case."""
        ...

    async def users_by_emails(self, emails: Collection[str]) -> Mapping[str, MirroredUser]:
        """Users by ``text.email_key`` of their emails; an email that no loaded user has is missing.

        It reads all emails where there are many to find, a second for a million users.
        """
        ...

    async def compared_users(self, since_ms: int = 0) -> "Sequence[ComparedUser]":
        """What is compared of every user that an answer described since ``since_ms``, by row id.

        Half a second for 100 000 users: it reads all of them.
        """
        ...

    async def groups(self) -> tuple[GroupSize, ...]:
        """All known groups with their number of known members, by name."""
        ...

    async def roles(self) -> Sequence[tuple[str, int]]:
        """The roles of loaded users with the number of users who have each, the most frequent first.

        Of very many only the first hundreds. A tenth of a second for a million users: ``values`` is faster.
        """
        ...

    async def membership_gaps(self) -> MembershipGaps:
        """How many loaded users are in no group, inactive but still in groups, and of unknown groups.

        It scans all users, half a second for a million: do not call it for every page.
        """
        ...

    async def namesakes(self, names: Collection[str], limit: int) -> Mapping[str, Sequence[User]]:
        """Loaded users by their full names, which are given and come back as ``text.search_key`` folds them.

        At most ``limit`` of each name; a name without users is missing.
        """
        ...

    async def has_active(self, role: str, besides: Collection[str]) -> bool:
        """True if a loaded user with this role (compared without case) and status active has none of these ids."""
        ...

    async def coverage(self) -> Coverage:
        """How much of the account is loaded."""
        ...

    async def next_row_id(self) -> int:
        """The row id of the next new user, above all known ones."""
        ...

    async def save_sweep(self, sweep: Sweep) -> None:
        """Store the state of the sweep, which ``coverage`` returns."""
        ...

    async def count_seen(self, since_ms: int, before_row_id: int, created_before_ms: int) -> SeenCount:
        """How many listed users an answer described since ``since_ms``.

        Those of them are ``sure`` whose row id is below ``before_row_id`` or who were created before
        ``created_before_ms``.
        """
        ...

    async def not_seen(self, since_ms: int, limit: int) -> Sequence[str]:
        """Ids of at most ``limit`` users that no answer described since ``since_ms``."""
        ...

    async def acquire_crawl_lock(self) -> bool:
        """Hold the lock that lets one process sweep into this mirror; False while another process holds it.

        ``release_crawl_lock`` and ``aclose`` release it, and so does the end of the process, however it ends. For a
        mirror in memory this is always True.
        """
        ...

    async def release_crawl_lock(self) -> None:
        """Release the lock, so that other processes can sweep."""
        ...

    @property
    def notices(self) -> Sequence[str]:
        """Messages for the user, in full sentences: a corrupt file that was moved, a fallback."""
        ...

    async def aclose(self) -> None:
        """Finish the queued calls and close the file."""
        ...


class Journal(Protocol):
    """The durable record of plans, steps and outcomes; append-only, never rebuilt.

    Every writing call has reached the disk (synchronous=FULL) when it returns, and raises ``JournalUnavailable`` if it
    could not: then nothing may be sent. Only what ``settle`` records may follow within a moment, at the latest with the
    next writing call, before a read, and before ``release``: after a crash in between the step is still SENT.
    """

    async def create(self, plan: "Plan", actor: "Actor") -> "Job":
        """Record a plan as a new job in state READY."""
        ...

    async def job(self, job_id: str) -> "Job":
        """One job with its steps; an unambiguous beginning of the id, or of what follows its date, is enough.

        Raises ``NotFound``.
        """
        ...

    async def refresh(self, job: "Job") -> "Job":
        """The same job now; of a running job only the steps are read that changed since ``job`` was read."""
        ...

    async def summaries(self, profile: str | None = None) -> "tuple[JobSummary, ...]":
        """All jobs of a profile (None: of all) as lists show them, newest first; reads no plans and no steps."""
        ...

    async def summary(self, job_id: str) -> "JobSummary":
        """One job as lists show it; raises like ``job``."""
        ...

    async def excerpt(self, job_id: str, most: int) -> "Job":
        """The job with at most so many of its users or groups, those that need attention first; raises like ``job``.

        ``Job.whole`` is its summary.
        """
        ...

    async def jobs_about(self, subject_id: str, profile: str, *, about_groups: bool = False) -> "tuple[Job, ...]":
        """The jobs of a profile with steps about a user or a group, newest first.

        Each has only the steps, the subject and the checks that concern it, and no source. The id may be that of now,
        or the key that stands for it in the plan that creates it.
        """
        ...

    async def claim(self, job_id: str) -> None:
        """Lock the job for execution by this process and mark it RUNNING.

        Raises ``AccountBusy``, naming the holder, where another process executes it or another job with one of the
        same users. The claims of a process that ended do not count.
        """
        ...

    async def release(self, job_id: str, state: "JobState") -> None:
        """Release the lock and leave the job in this state."""
        ...

    async def intend(self, job_id: str, number: int, before: "Record | None", at_ms: int) -> None:
        """Record, before the bytes leave, that a step is being sent (state SENT, one more attempt)."""
        ...

    async def settle(self, job_id: str, number: int, outcome: "Outcome", at_ms: int) -> None:
        """Record the outcome of a step: a settled state, or TODO again where it certainly did not happen."""
        ...

    async def add_receipt(self, job_id: str, path: str) -> None:
        """Record the path of a receipt."""
        ...

    async def add_checks(self, job_id: str, checks: "Sequence[SurfaceCheck]") -> None:
        """Record the checks of a job, in place of earlier ones."""
        ...

    async def discard(self, job_id: str) -> None:
        """Nothing more will be done of this job: what is TODO becomes SKIPPED, what was sent without an answer
        needs review.
        """
        ...

    async def purge(self, before_ms: int) -> int:
        """Drop personal data of settled jobs created before; keep who, when and what kind. Returns how many jobs."""
        ...

    async def aclose(self) -> None:
        """Close the file."""
        ...


Clock = Callable[[], int]
"""Milliseconds since the Unix epoch, now."""


class SyncSettings(NamedTuple):
    """How the crawl reads the account.

    ``fully``: all of it; again ``resync_ms`` after a complete sweep. At most ``pages_at_once``
    are under way, one less than the profile permits, so that a request of the user need not wait. Visible rows are read
    again every ``refresh_ms``, 0: never.
    """

    fully: bool = True
    resync_ms: int = 24 * 60 * 60 * 1000
    pages_at_once: int = 7
    refresh_ms: int = 0


class Session(NamedTuple):
    """An open profile on one surface.

    ``started_at_ms`` is when it was opened: rows fetched before are shown dimmed until they are confirmed.
    ``secret_source`` says in words where the credential comes from, for messages. ``events`` publishes what pages and
    look-ups stored. ``warm_up`` and ``after_close`` are set by the code that opens the session. ``group_api`` is None
    on a surface without such calls. ``other_api`` is the client of the profile's other surface, only for reading, None
    where it has none. ``max_in_flight`` is the largest number of requests that are sent at once.
    """

    account: Account
    api: DirectoryApi
    mirror: Mirror
    clock: Clock
    started_at_ms: int
    secret_source: str
    events: Events
    warm_up: Callable[[], Awaitable[None]] | None = None
    after_close: Callable[[], Awaitable[None]] | None = None
    sync: SyncSettings = SyncSettings()
    group_api: GroupApi | None = None
    other_api: DirectoryApi | None = None
    max_in_flight: int = 8

    @property
    def capabilities(self) -> Capabilities:
        """What the surface can do."""
        found = capabilities(self.account.surface)
        return found if self.other_api is not None else found._replace(other_surface="the profile has one surface")

    async def prepare(self) -> None:
        """Prepare the first call (imports, connection, sign-in); raises ``WalkmeError``.

        Optional: otherwise the first call does it, and raises the same error.
        """
        if self.warm_up is not None:
            await self.warm_up()

    async def aclose(self) -> None:
        """Close the connections, then the mirror, then the demo's account if there is one."""
        try:
            await self.api.aclose()
            if self.other_api is not None:
                await self.other_api.aclose()
        finally:
            try:
                await self.mirror.aclose()
            finally:
                if self.after_close is not None:
                    await self.after_close()
