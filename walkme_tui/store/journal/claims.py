"""Who carries out which job, and so changes whom: one process a job, one job a person.

A job's holder keeps a lock of the operating system, which ends with its process, and stands in the tables ``holders``
and ``claims``. A holder whose lock is free is dead, and whoever needs its job or its people takes over. Everything
happens within one IMMEDIATE transaction, so that no two processes decide at once.
"""

import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from walkme_tui.domain.errors import AccountBusy, NotFound
from walkme_tui.domain.jobs import JobState
from walkme_tui.domain.plans import StepState
from walkme_tui.domain.text import storable
from walkme_tui.domain.times import format_time_ms
from walkme_tui.store.journal.rows import Event, loaded
from walkme_tui.store.journal.tables import JournalTables
from walkme_tui.store.locks import Locks

# On network drives only: how often a holder says that it lives, and how long another host believes it. The clocks of
# two hosts are taken to differ by less than the difference between the two.
BEAT_SECONDS: Final = 30.0
LEASE_MS: Final = 180_000


@dataclass(frozen=True, slots=True)
class Process:
    """This process, as others are told of it; ``token`` tells it from an older one with the same number."""

    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=lambda: storable(socket.gethostname()))
    token: str = field(default_factory=lambda: token_hex(8))


@dataclass(frozen=True, slots=True)
class Holder:
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

    def claim(self, connection: sqlite3.Connection, job_id: str) -> None:
        """Make this process the holder of a job whose lock it has taken; raises ``AccountBusy`` or ``NotFound``."""
        tables = JournalTables(connection)
        state = tables.state(job_id)
        if not state.resumable:
            raise NotFound(f"There is nothing left to do of job {job_id}: it is {state.value}.")
        before = self._holder(connection, job_id)
        if before is not None:
            # The lock is ours, so on a local file system nobody else can be alive.
            if self._keeps_lease(before):
                raise self.busy(connection, job_id)
            self._end(connection, before)
        users = tables.unsettled_users(job_id)
        for other in self._rivals(connection, job_id):
            if self._is_alive(other):
                raise self.busy(connection, other.job, same_people=True)
            self._end(connection, other)
        now = self._clock()
        process = self.process
        connection.execute(
            "INSERT INTO holders (job, token, pid, host, since_ms, beat_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (job_id, process.token, process.pid, process.host, now, now),
        )
        connection.executemany("INSERT INTO claims (user_id, job) VALUES (?, ?)", [(user, job_id) for user in users])
        by = f"process {process.pid} on {process.host}"
        tables.set_state(job_id, JobState.RUNNING, Event(now, job_id, self._actor, "claimed", by))

    def check(self, connection: sqlite3.Connection, job_id: str) -> None:
        """Raise unless this process carries out the job: ValueError if it never claimed it, ``AccountBusy`` if another
        host has taken over since.
        """
        if not self._locks.holds(job_id):
            raise ValueError(f"job {job_id} is not claimed by this process")
        holder = self._holder(connection, job_id)
        if holder is None or holder.token != self.process.token:
            raise AccountBusy(
                f"Job {job_id} was taken over by another process, because this one seemed dead.",
                hint="Nothing more is sent from here. See what the other one does of it.",
            )

    def drop(self, connection: sqlite3.Connection, job_id: str) -> None:
        """Take a job's holder and its claims from the tables."""
        connection.execute("DELETE FROM holders WHERE job = ?", (job_id,))

    def beat(self, connection: sqlite3.Connection) -> None:
        """Say that this process lives."""
        connection.execute("UPDATE holders SET beat_ms = ? WHERE token = ?", (self._clock(), self.process.token))

    def is_carried_out(self, connection: sqlite3.Connection, job_id: str) -> bool:
        """True if a live process, this one too, is the holder of the job."""
        holder = self._holder(connection, job_id)
        return holder is not None and self._is_alive(holder)

    def busy(self, connection: sqlite3.Connection, job_id: str, *, same_people: bool = False) -> AccountBusy:
        """The error that names the holder of a job."""
        found = connection.execute("SELECT plan FROM jobs WHERE id = ?", (job_id,)).fetchone()
        kind = loaded(found[0])["kind"] if found else "unknown"
        holder = self._holder(connection, job_id)
        who = "another process" if holder is None else f"process {holder.pid} on {holder.host}"
        if holder is not None and holder.token == self.process.token:
            who = f"this program ({who})"
        since = "" if holder is None else f", since {format_time_ms(holder.since_ms // 1000 * 1000)}"
        doing = "is changing one of the same people" if same_people else "is already being carried out"
        return AccountBusy(
            f"Job {job_id} ({kind}) {doing}: by {who}{since}.",
            hint="Wait until it has ended, or stop it there first.",
        )

    # ------------------------------------------------------------ who lives

    def _is_alive(self, holder: Holder) -> bool:
        if holder.token == self.process.token:
            return self._locks.holds(holder.job)
        return not self._locks.is_free(holder.job) or self._keeps_lease(holder)

    def _keeps_lease(self, holder: Holder) -> bool:
        """True for a holder on another host of a network drive that was heard of lately.

        SMB and sshfs keep flock to one host and NFS may be mounted so, hence a lock that looks free proves nothing
        about another host there.
        """
        return self._on_network() and holder.host != self.process.host and self._clock() - holder.beat_ms < LEASE_MS

    def _end(self, connection: sqlite3.Connection, dead: Holder) -> None:
        """Note that a holder ended without giving its job back."""
        self.drop(connection, dead.job)
        detail = f"process {dead.pid} on {dead.host} ended without giving the job back"
        told = Event(self._clock(), dead.job, self._actor, "found interrupted", detail)
        JournalTables(connection).set_state(dead.job, JobState.INTERRUPTED, told)

    def _rivals(self, connection: sqlite3.Connection, job_id: str) -> list[Holder]:
        """Holders of other jobs with a claim on somebody to whom this job still does something."""
        rows = connection.execute(
            "SELECT DISTINCT holders.job, token, pid, host, since_ms, beat_ms FROM steps "
            "JOIN claims ON claims.user_id = steps.user_id JOIN holders ON holders.job = claims.job "
            "WHERE steps.job = ? AND steps.state IN (?, ?) AND holders.job <> steps.job ORDER BY since_ms, holders.job",
            (job_id, StepState.TODO, StepState.SENT),
        )
        return [Holder(*row) for row in rows.fetchall()]

    def _holder(self, connection: sqlite3.Connection, job_id: str) -> Holder | None:
        row = connection.execute(
            "SELECT job, token, pid, host, since_ms, beat_ms FROM holders WHERE job = ?", (job_id,)
        ).fetchone()
        return None if row is None else Holder(*row)
