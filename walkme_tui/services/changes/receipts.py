"""Receipt files: for each user of a job, JSON to keep and undo from, and Markdown to read."""

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

MAX_NAME: Final = 60

Write = Callable[[str, str], Path]
"""Writes a text to a file of this name, atomically and readable by its owner only; returns the path.

Blocks. Raises ``JournalUnavailable`` where the file cannot be written.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One user's receipt: the paths of its two files, and the Markdown text."""

    user_id: str
    json: Path
    markdown: Path
    text: str


class Receipts:
    """Writes receipts and records their paths in the journal."""

    def __init__(
        self, account: Account, journal: Journal, write: Write, clock: Clock, zone: tzinfo | None = None
    ) -> None:
        self._account = account
        self._journal = journal
        self._write = write
        self._clock = clock
        self._zone = zone

    async def write(self, job: Job) -> tuple[Receipt, ...]:
        """Write one receipt for each user of a job, replacing earlier ones; a purged job has none.

        ``job`` must be current. Raises ``JournalUnavailable`` where a file cannot be written.
        """
        receipts = []
        for subject, name in zip(job.plan.subjects, file_names(job), strict=True):
            receipt_files = await self._write_one(job, subject, name)
            for path in (receipt_files.json, receipt_files.markdown):
                if str(path) not in job.receipts:
                    await self._journal.add_receipt(job.id, str(path))
            receipts.append(receipt_files)
        return tuple(receipts)

    def text(self, job: Job, user_id: str) -> str:
        """One user's receipt as text for a ticket, without writing it; KeyError for a user who is not in the job."""
        for subject, name in zip(job.plan.subjects, file_names(job), strict=True):
            if subject.user.id == user_id:
                content = receipt(job, subject, self._account, self._clock(), self._zone)
                return "\n".join([*ticket_lines(content, f"{name}.json"), ""])
        raise KeyError(user_id)

    async def _write_one(self, job: Job, subject: Subject, name: str) -> Receipt:
        content = receipt(job, subject, self._account, self._clock(), self._zone)
        text = receipt_markdown(content, f"{name}.json")
        json_path = await asyncio.to_thread(self._write, f"{name}.json", json.dumps(content, indent=2) + "\n")
        markdown_path = await asyncio.to_thread(self._write, f"{name}.md", text)
        return Receipt(subject.user.id, json_path, markdown_path, text)


def file_names(job: Job) -> list[str]:
    """The file names of a job's receipts without suffix, in the order of its users; always the same for one job."""
    users = [_user_name(subject) for subject in job.plan.subjects]
    uses = Counter(name.casefold() for name in users)
    day = format_time_ms(job.created_at_ms)[:10]
    names = []
    for subject, name in zip(job.plan.subjects, users, strict=True):
        suffix = f"-{_short_hash(subject.user.id)}" if uses[name.casefold()] > 1 else ""
        names.append(f"{day}-{job.plan.kind.value}-{name}{suffix}-{_safe(job.id)}")
    return names


def _user_name(subject: Subject) -> str:
    user = subject.user
    return _safe(user.email if isinstance(user.email, str) and user.email else user.id)[:MAX_NAME]


def _safe(text: str) -> str:
    """The text as part of a file name that is portable, not hidden and not an option."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", text).strip("._-") or "someone"


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
