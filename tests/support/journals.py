"""Plans for the journal's tests, and a clock that advances when it is read."""

from pathlib import Path

from tests.support.fake_directory import person
from walkme_tui.domain.changes.membership import RemoveMember
from walkme_tui.domain.changes.status import SetStatus
from walkme_tui.domain.groups import Group
from walkme_tui.domain.jobs import Actor, Job
from walkme_tui.domain.plans import Plan, PlanKind, Subject, numbered
from walkme_tui.services.ports.journal import Journal
from walkme_tui.store.journal.journal import SqliteJournal, open_journal

ACTOR = Actor("ada", "jump-host", "client-7")
START_MS = 1_795_437_822_000
# Journals wait for the disk at each commit, which takes longer than all else; a folder in memory does not.
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class TickingClock:
    """Milliseconds that increase by one with every call."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        self.now_ms += 1
        return self.now_ms


def plan_for(*numbers: int, groups: int = 2, profile: str = "acme", ticket: str = "HR-17") -> Plan:
    """An offboarding of people by their number, each with a status and ``groups`` group steps."""
    people = [person(number) for number in numbers]
    names = [Group(f"g{group}", f"Gruppe Ø{group}") for group in range(1, groups + 1)]
    changes = (
        change
        for user in people
        for change in (SetStatus(user.id, user.status, "inactive"), *(RemoveMember(user.id, group) for group in names))
    )
    subjects = tuple(Subject(user, START_MS, tuple(names)) for user in people)
    return Plan(
        PlanKind.OFFBOARD, profile, "https://api.walkme.com", START_MS, subjects, numbered(changes), ticket=ticket
    )


async def all_jobs(journal: Journal, profile: str | None = None) -> tuple[Job, ...]:
    """All jobs in a journal, newest first."""
    return tuple([await journal.job(summary.id) for summary in await journal.summaries(profile)])


def journal_in(folder: Path, clock: TickingClock | None = None) -> SqliteJournal:
    """A journal in a folder, used by ``ACTOR``."""
    return open_journal(folder, actor=ACTOR, clock=clock or TickingClock())
