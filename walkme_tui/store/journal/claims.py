"""Claims on jobs and their users: one process executes a job, and one job at a time changes a user.

The holder of a job holds a lock of the operating system, which ends with its process, and has rows in the tables
``holders`` and ``claims``. A holder whose lock is free has ended, and its job and users can be claimed again. Each call
runs within one IMMEDIATE transaction, so that no two processes decide at the same time.
"""

import os
import pwd
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final, NamedTuple

from walkme_tui.domain.errors import AccountBusy, NotFound
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import storable
from walkme_tui.domain.times import format_time_ms
from walkme_tui.store.journal.rows import AuditEntry
from walkme_tui.store.journal.tables import JournalTables
from walkme_tui.store.locks import Locks

# On network drives only: how often a holder renews its lease, and how long another host respects it. The clocks of two
# hosts are assumed to differ by less than the difference between the two.
RENEWAL_SECONDS: Final = 30.0
LEASE_MS: Final = 180_000


@dataclass(frozen=True, slots=True)
class Process:
    """This process, as the journal names it; ``token`` distinguishes it from an older one with the same ``pid``."""

    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=lambda: storable(socket.gethostname()))
    token: str = field(default_factory=lambda: token_hex(8))


def operator() -> str:
    """The user of the operating system, from its user table: environment variables can be set to anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


class Holder(NamedTuple):
    """One row of ``holders``."""

    job: str
    token: str
    pid: int
    host: str
    since_ms: int
    beat_ms: int


class Claims:
    """Claims on jobs for one process; the calls run within a transaction of the journal."""

    def __init__(self, locks: Locks, on_network: Callable[[], bool], clock: Callable[[], int], actor: str) -> None:
        self.process: Final = Process()
        self._locks = locks
        self._on_network = on_network
        self._clock = clock
        self._actor = actor

    def claim(self, tables: JournalTables, job_id: str) -> None:
        """Make this process the holder of a job whose lock it has taken; raises ``AccountBusy`` or ``NotFound``."""
        state = tables.state(job_id)
        if not state.resumable:
            raise NotFound(f"No steps of job {job_id} are left: it is {state.value}.")
        before = self._holder(tables, job_id)
        if before is not None:
            # This process holds the lock, so on a local file system no other holder can be running.
            if self._has_lease(before):
                raise self.busy(tables, job_id)
            self._delete_ended(tables, before)
        subjects = tables.unsettled_subjects(job_id)
        for other in self._conflicting_holders(tables, job_id):
            if self._is_running(other):
                raise self.busy(tables, other.job, same_users=True)
            self._delete_ended(tables, other)
        now = self._clock()
        process = self.process
        tables.connection.execute(
            "INSERT INTO holders (job, token, pid, host, since_ms, beat_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (job_id, process.token, process.pid, process.host, now, now),
        )
        tables.connection.executemany(
            "INSERT INTO claims (subject, job) VALUES (?, ?)", [(subject, job_id) for subject in subjects]
        )
        by = f"process {process.pid} on {process.host}"
        tables.set_state(job_id, JobState.RUNNING, AuditEntry(now, job_id, self._actor, "claimed", by))

    def check(self, tables: JournalTables, job_id: str) -> None:
        """Raise unless this process holds the job: ValueError if it never claimed it, ``AccountBusy`` if another host
        has claimed it since.
        """
        if not self._locks.holds(job_id):
            raise ValueError(f"job {job_id} is not claimed by this process")
        if not self.is_ours(tables, job_id):
            raise AccountBusy(
                f"Another process has taken over job {job_id}, because this one did not renew its lease in time.",
                hint="Nothing more is sent from here. See the other process for the result.",
            )

    def is_ours(self, tables: JournalTables, job_id: str) -> bool:
        """True if this process claimed the job, and no other one has since."""
        holder = self._holder(tables, job_id)
        return self._locks.holds(job_id) and holder is not None and holder.token == self.process.token

    def delete(self, tables: JournalTables, job_id: str) -> None:
        """Delete a job's holder, and with it its claims."""
        tables.connection.execute("DELETE FROM holders WHERE job = ?", (job_id,))

    def renew_leases(self, tables: JournalTables) -> None:
        """Renew the leases of all jobs that this process holds."""
        tables.connection.execute("UPDATE holders SET beat_ms = ? WHERE token = ?", (self._clock(), self.process.token))

    def is_held(self, tables: JournalTables, job_id: str) -> bool:
        """True if a running process, this one included, is the holder of the job."""
        holder = self._holder(tables, job_id)
        return holder is not None and self._is_running(holder)

    def busy(self, tables: JournalTables, job_id: str, *, same_users: bool = False) -> AccountBusy:
        """The error that names the holder of a job."""
        found = tables.connection.execute("SELECT kind, about_groups FROM jobs WHERE id = ?", (job_id,)).fetchone()
        kind, subjects = (found[0], "groups" if found[1] else "users") if found else ("unknown", "users")
        holder = self._holder(tables, job_id)
        who = "another process" if holder is None else f"process {holder.pid} on {holder.host}"
        if holder is not None and holder.token == self.process.token:
            who = f"this program ({who})"
        since = "" if holder is None else f", since {format_time_ms(holder.since_ms // 1000 * 1000)}"
        doing = f"is changing one of the same {subjects}" if same_users else "is already running"
        return AccountBusy(
            f"Job {job_id} ({kind}) {doing} in {who}{since}.",
            hint="Wait until it has ended, or stop it there first.",
        )

    # ------------------------------------------------------------ holders

    def _is_running(self, holder: Holder) -> bool:
        if holder.token == self.process.token:
            return self._locks.holds(holder.job)
        return not self._locks.is_free(holder.job) or self._has_lease(holder)

    def _has_lease(self, holder: Holder) -> bool:
        """True for a holder on another host of a network drive that renewed its lease lately.

        SMB and sshfs restrict flock to one host, and NFS may be mounted so: a lock that looks free proves nothing
        about another host there.
        """
        return self._on_network() and holder.host != self.process.host and self._clock() - holder.beat_ms < LEASE_MS

    def _delete_ended(self, tables: JournalTables, ended: Holder) -> None:
        """Delete a holder whose process ended without releasing its job, and leave the job INTERRUPTED."""
        self.delete(tables, ended.job)
        detail = f"process {ended.pid} on {ended.host} ended without releasing the job"
        entry = AuditEntry(self._clock(), ended.job, self._actor, "found interrupted", detail)
        tables.set_state(ended.job, JobState.INTERRUPTED, entry)

    def _conflicting_holders(self, tables: JournalTables, job_id: str) -> list[Holder]:
        """Holders of other jobs that claim a user of this job's unsettled steps."""
        rows = tables.connection.execute(
            "SELECT DISTINCT holders.job, token, pid, host, since_ms, beat_ms FROM steps "
            "JOIN claims ON claims.subject = steps.subject JOIN holders ON holders.job = claims.job "
            "WHERE steps.job = ? AND steps.state IN (?, ?) AND holders.job <> steps.job ORDER BY since_ms, holders.job",
            (job_id, StepState.TODO, StepState.SENT),
        )
        return [Holder(*row) for row in rows.fetchall()]

    def _holder(self, tables: JournalTables, job_id: str) -> Holder | None:
        row = tables.connection.execute(
            "SELECT job, token, pid, host, since_ms, beat_ms FROM holders WHERE job = ?", (job_id,)
        ).fetchone()
        return None if row is None else Holder(*row)
