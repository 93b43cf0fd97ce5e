"""Receipt files: JSON to keep and undo from, and Markdown to read, of a whole job or of one of its users or groups."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Final

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.imports.results import FAILED_ROWS, failed_rows_csv
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.json_text import dumps
from walkme_tui.domain.plans import GroupSubject, Subject
from walkme_tui.domain.receipt_text import job_markdown, job_ticket_lines, receipt_markdown, ticket_lines
from walkme_tui.domain.receipts import receipt, receipt_entry, receipt_head, receipt_subjects, subjects_for_ticket
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import Json
from walkme_tui.services.ports import Clock
from walkme_tui.services.ports.journal import Journal

MAX_NAME: Final = 60

Write = Callable[[str, Iterable[str]], Path]
"""Writes pieces of text to a file of this name, atomically and readable by its owner only; returns the path.

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

    async def write(self, job: Job) -> Job:
        """Write the receipt of a job, JSON and Markdown, replacing earlier ones; a purged job has none.

        The rows that an ended import did not import become a CSV file of their own. ``job`` must be current; returned
        with the paths. Raises ``JournalUnavailable`` where a file cannot be written.
        """
        if job.plan.all_subjects:
            job, _ = await self._record(job, file_name(job), lambda: self._contents(job))
        rows = "" if job.state.resumable else await asyncio.to_thread(failed_rows_csv, job)
        if not rows:
            return job
        name = f"{file_name(job)}{FAILED_ROWS}"
        # With the mark, a spreadsheet in which they are corrected reads them as UTF-8.
        path = await asyncio.to_thread(self._write, name, (BYTE_ORDER_MARK, rows))
        return await self._with_paths(job, [str(path)])

    async def write_one(self, job: Job) -> tuple[Job, str]:
        """Write the receipt of the one user or group of an excerpt as files of their own; see ``write``.

        Returns it with the paths, and that of the Markdown.
        """
        job, paths = await self._record(job, file_name(job), lambda: self._contents(job))
        return job, paths[-1]

    def of_subject(self, job: Job, subject: Subject | GroupSubject) -> dict[str, Json]:
        """The receipt of one user or group of a job."""
        return receipt(job, subject, self._account, self._clock(), self._zone)

    async def _record(
        self, job: Job, name: str, contents: "Callable[[], tuple[Iterable[str], Iterable[str]]]"
    ) -> tuple[Job, Sequence[str]]:
        """Write the two files on a thread, because it takes seconds for thousands of people; record their paths."""

        def write_both() -> list[str]:
            texts = zip((f"{name}.json", f"{name}.md"), contents(), strict=True)
            return [str(self._write(file, text)) for file, text in texts]

        paths = await asyncio.to_thread(write_both)
        return await self._with_paths(job, paths), paths

    async def _with_paths(self, job: Job, paths: Sequence[str]) -> Job:
        """Record paths in the journal."""
        for path in paths:
            if path not in job.receipts:
                await self._journal.add_receipt(job.id, path)
                job = replace(job, receipts=(*job.receipts, path))
        return job

    def text(self, job: Job) -> str:
        """The receipt of a job as text for a ticket, without writing it."""
        subjects = receipt_subjects(job.plan)
        if len(subjects) == 1:
            return "\n".join((*ticket_lines(self.of_subject(job, subjects[0]), f"{file_name(job)}.json"), ""))
        head = receipt_head(job, self._account, self._clock(), self._zone)
        entries = [receipt_entry(job, subject, self._zone) for subject in subjects_for_ticket(job)]
        return "\n".join((*job_ticket_lines(head, entries), ""))

    def _contents(self, job: Job) -> tuple[Iterable[str], Iterable[str]]:
        """The JSON and the Markdown, in pieces."""
        subjects = receipt_subjects(job.plan)
        if len(subjects) == 1:
            return _contents_of_one(self.of_subject(job, subjects[0]), f"{file_name(job)}.json")
        head = receipt_head(job, self._account, self._clock(), self._zone)

        def entries(of: Iterable[Subject | GroupSubject]) -> Iterator[dict[str, Json]]:
            return (receipt_entry(job, subject, self._zone) for subject in of)

        return _json_of_several(head, entries(subjects)), job_markdown(
            head, entries(subjects_for_ticket(job)), entries(subjects)
        )


def _contents_of_one(content: dict[str, Json], file: str) -> tuple[Iterable[str], Iterable[str]]:
    return [dumps(content, indent=2), "\n"], [receipt_markdown(content, file)]


def _json_of_several(head: Mapping[str, Json], entries: Iterable[dict[str, Json]]) -> Iterator[str]:
    """The JSON of a receipt of several users or groups, with one line for each of them."""
    yield dumps(head, indent=2).removesuffix("\n}")
    yield f',\n  "{head["about"]}": ['
    for index, entry in enumerate(entries):
        yield f"{',' if index else ''}\n    {dumps(entry)}"
    yield "\n  ]\n}\n"


def file_name(job: Job) -> str:
    """The name without suffix of the receipt of a job, or of an excerpt with one user or group of several."""
    subjects = receipt_subjects(job.plan)
    name = f"{len(subjects)}-{'groups' if job.plan.about_groups else 'people'}"
    if len(subjects) == 1:
        name = _safe(subjects[0].name)[:MAX_NAME]
        if not job.is_complete:
            name = f"{name}-{_short_hash(subjects[0].id)}"
    return f"{format_time_ms(job.created_at_ms)[:10]}-{_safe(job.plan.kind.value)}-{name}-{_safe(job.id)}"


def _safe(text: str) -> str:
    """The text as part of a file name that is portable, not hidden and not an option."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", text).strip("._-") or "someone"


def _short_hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
