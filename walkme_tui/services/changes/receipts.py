"""Receipt files: for each user or group of a job, JSON to keep and undo from, and Markdown to read."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Final

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.receipt_text import receipt_markdown, ticket_lines
from walkme_tui.domain.receipts import receipt
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import Json
from walkme_tui.services.ports import Clock, Journal

MAX_NAME: Final = 60

Write = Callable[[str, str], Path]
"""Writes a text to a file of this name, atomically and readable by its owner only; returns the path.

Blocks. Raises ``JournalUnavailable`` where the file cannot be written.
"""


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

    async def write(self, job: Job) -> None:
        """Write one receipt for each user or group of a job, replacing earlier ones; a purged job has none.

        ``job`` must be current. Raises ``JournalUnavailable`` where a file cannot be written.
        """
        recorded = frozenset(job.receipts)
        for name, content in self._contents(job):
            json_text = dumps(content, indent=2) + "\n"
            for file, text in ((f"{name}.json", json_text), (f"{name}.md", receipt_markdown(content, f"{name}.json"))):
                path = str(await asyncio.to_thread(self._write, file, text))
                if path not in recorded:
                    await self._journal.add_receipt(job.id, path)

    def text(self, job: Job) -> str:
        """The receipts of all users or groups of a job as text for a ticket, without writing them."""
        return "\n".join("\n".join((*ticket_lines(each, f"{name}.json"), "")) for name, each in self._contents(job))

    def _contents(self, job: Job) -> Iterator[tuple[str, dict[str, Json]]]:
        """The file name, without suffix, and the receipt of each user or group."""
        for subject, name in zip(job.plan.all_subjects, file_names(job), strict=True):
            yield name, receipt(job, subject, self._account, self._clock(), self._zone)


def file_names(job: Job) -> list[str]:
    """The file names of a job's receipts without suffix, in the order of its subjects; always the same for one job."""
    subjects = [_safe(subject.name)[:MAX_NAME] for subject in job.plan.all_subjects]
    uses = Counter(name.casefold() for name in subjects)
    day = format_time_ms(job.created_at_ms)[:10]
    names = []
    for subject, name in zip(job.plan.all_subjects, subjects, strict=True):
        suffix = f"-{_short_hash(subject.id)}" if uses[name.casefold()] > 1 else ""
        names.append(f"{day}-{_safe(job.plan.kind.value)}-{name}{suffix}-{_safe(job.id)}")
    return names


def _safe(text: str) -> str:
    """The text as part of a file name that is portable, not hidden and not an option."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", text).strip("._-") or "someone"


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
