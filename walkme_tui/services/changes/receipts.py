"""Receipts as files: for each person of a job one to keep and undo from (JSON) and one to show (Markdown)."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Final

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Subject
from walkme_tui.domain.receipt_text import receipt_markdown, ticket_lines
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.times import format_time_ms
from walkme_tui.services.ports import Clock, Journal

MAX_WHO: Final = 60

Write = Callable[[str, str], Path]
"""Puts a text into a file of this name, in one step and for its owner only, and says where it lies.

It blocks, and raises ``JournalUnavailable`` where it cannot be done.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One person's receipt: where its two files lie, and what the Markdown says."""

    user_id: str
    json: Path
    markdown: Path
    text: str


class Receipts:
    """Writes receipts, and has the journal remember where they are."""

    def __init__(
        self, account: Account, journal: Journal, write: Write, clock: Clock, zone: tzinfo | None = None
    ) -> None:
        self._account = account
        self._journal = journal
        self._write = write
        self._clock = clock
        self._zone = zone

    async def write(self, job: Job) -> tuple[Receipt, ...]:
        """Write the receipts of a job as it stands, one for each person, in place of those written before.

        ``job`` is as the journal tells it now. A job that was purged has nobody left to write about. Raises
        ``JournalUnavailable`` where a file cannot be written; the job itself is as done as it was.
        """
        written = []
        for subject, name in zip(job.plan.subjects, file_names(job), strict=True):
            made = await self._written(job, subject, name)
            for path in (made.json, made.markdown):
                if str(path) not in job.receipts:
                    await self._journal.add_receipt(job.id, str(path))
            written.append(made)
        return tuple(written)

    def text(self, job: Job, user_id: str) -> str:
        """The lines of one person's receipt for a ticket, without writing it; KeyError for who is not in the job."""
        for subject, name in zip(job.plan.subjects, file_names(job), strict=True):
            if subject.user.id == user_id:
                told = receipt(job, subject, self._account, self._clock(), self._zone)
                return "\n".join([*ticket_lines(told, f"{name}.json"), ""])
        raise KeyError(user_id)

    async def _written(self, job: Job, subject: Subject, name: str) -> Receipt:
        told = receipt(job, subject, self._account, self._clock(), self._zone)
        text = receipt_markdown(told, f"{name}.json")
        data = await asyncio.to_thread(self._write, f"{name}.json", json.dumps(told, indent=2) + "\n")
        shown = await asyncio.to_thread(self._write, f"{name}.md", text)
        return Receipt(subject.user.id, data, shown, text)


def file_names(job: Job) -> list[str]:
    """The names of a job's receipts without their endings, in the order of its people; the same at every writing."""
    people = [_who(subject) for subject in job.plan.subjects]
    alike = Counter(who.casefold() for who in people)
    day = format_time_ms(job.created_at_ms)[:10]
    names = []
    for subject, who in zip(job.plan.subjects, people, strict=True):
        mark = f"-{_mark(subject.user.id)}" if alike[who.casefold()] > 1 else ""
        names.append(f"{day}-{job.plan.kind.value}-{who}{mark}-{_safe(job.id)}")
    return names


def _who(subject: Subject) -> str:
    user = subject.user
    return _safe(user.email if isinstance(user.email, str) and user.email else user.id)[:MAX_WHO]


def _safe(text: str) -> str:
    """What of a text may stand in the name of a file, anywhere and without being hidden or an option."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", text).strip("._-") or "someone"


def _mark(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
