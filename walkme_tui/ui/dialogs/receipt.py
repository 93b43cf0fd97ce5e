"""The dialog that shows the result of a job, step by step."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar, Final

from textual import events
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.imports.results import RowResult, not_imported, row_results
from walkme_tui.domain.jobs import Job, JobState
from walkme_tui.domain.plans import PlanKind
from walkme_tui.domain.text import clean
from walkme_tui.ui import change_words
from walkme_tui.ui.dialogs.confirmation import ConfirmationDialog, account_mark, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import movement_keys
from walkme_tui.ui.terminal.clipboard import send_to_clipboard, sent_message
from walkme_tui.ui.widgets.import_outcomes import result_lines
from walkme_tui.ui.widgets.job_report import about_lines, ending_lines, people_lines
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped
from walkme_tui.ui.words import number
from walkme_tui.ui.workers import WorkerGroup, start_worker

FAILED_ROWS_HINT: Final = "w writes the rows that were not imported to a CSV file, to be corrected and imported again."


class ReceiptChoice(StrEnum):
    """What to do after reading a receipt."""

    UNDO = "undo"
    RESUME = "resume"
    ONE = "one"
    """Write the receipt of one person or group alone."""
    FAILED_ROWS = "failed rows"


class ReceiptDialog(ConfirmationDialog[ReceiptChoice]):
    """Shows a job, or an excerpt of one; ``problems`` are errors of the job and of writing its receipt.

    ``read_whole`` reads the job from which ``receipt_text`` makes the receipt to copy. ``rows`` are the results of the
    rows of an import. ``note`` is an additional clean sentence. A job that is running can be neither undone nor resumed
    here.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    BUTTON: ClassVar[str] = "Close"

    def __init__(
        self,
        job: Job,
        account: Account,
        read_whole: Callable[[], Awaitable[Job]],
        receipt_text: Callable[[Job], str],
        problems: Sequence[WalkmeError] = (),
        *,
        rows: Sequence[RowResult] = (),
        note: str = "",
        now_ms: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text = ScrollingText(id="receipt")
        self._job = job
        self._read_whole = read_whole
        self._receipt_text = receipt_text
        self._problems = problems
        self._rows = rows
        self._failed_rows = len(not_imported(rows))
        self._note = note
        self._now_ms = now_ms
        is_running = job.state is JobState.RUNNING
        self._undoable = 0 if is_running else job.undoable
        self._is_resumable = job.state.resumable and not is_running
        self._has_several = job.summary.subjects > 1
        super().__init__([(change_words.job_title(job.summary), TextStyle.STRONG)], account_mark(account), monotonic)

    def body(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def fill(self) -> None:
        """Fill it as every dialog; an excerpt of an import lacks the rows, which are read now."""
        super().fill()
        if self._counts_rows:
            start_worker(self, WorkerGroup.JOB_STEPS, self._count_rows, name="Reading the rows of the file")

    @property
    def _counts_rows(self) -> bool:
        job = self._job
        return job.plan.kind is PlanKind.IMPORT and job.plan.source is None and not job.is_complete

    async def _count_rows(self) -> None:
        whole = await self._read_whole()
        self._rows = await asyncio.to_thread(row_results, whole)
        self._failed_rows = len(not_imported(self._rows))
        self._job = replace(self._job, plan=replace(self._job.plan, source=whole.plan.source))
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the text again."""
        self._text.styles.max_height = available_lines(event.size.height, 0)
        self._write()

    def _write(self) -> None:
        self._text.set_lines(self._lines(inner_width(self.app.size.width) - 1))

    def _lines(self, width: int) -> list[StyledText]:
        job = self._job
        clean_end = job.clean and not self._problems
        lines: list[StyledText] = [
            *wrapped(
                change_words.outcome_sentence(job, self._failed_rows),
                width,
                TextStyle.GOOD if clean_end else TextStyle.WARN,
            )
        ]
        for problem in self._problems:
            message = clean(str(problem), change_words.MAX_SENTENCE)
            lines += wrapped(message, width, TextStyle.BAD)
        if self._note:
            lines += wrapped(self._note, width, TextStyle.DIM)
        lines.append(())
        if job.plan.source is not None and self._rows:
            lines += result_lines(self._rows, job.plan.source.file, width, FAILED_ROWS_HINT)
            lines.append(())
        elif self._counts_rows:
            lines += wrapped("Counting the rows of the imported file…", width, TextStyle.DIM)
            lines.append(())
        lines += people_lines(job, width)
        lines.append(())
        lines += about_lines(job, self._now_ms, width)
        lines += ending_lines(job, width)
        return lines

    # ------------------------------------------------------------ keys

    def hints(self) -> Sequence[tuple[str, str]]:
        """Undo, resume and copy, as far as they are possible; those that decide come first, since they must fit."""
        keys: list[tuple[str, str]] = []
        if self._undoable:
            keys.append(("z", "undo" if self._undoable == 1 else f"undo all {number(self._undoable)} people"))
        if self._is_resumable:
            keys.append(("P", "resume"))
        keys.append(("c", "copy"))
        if self._job.receipts:
            keys.append(("f", "copy path"))
        if self._has_several:
            keys.append(("r", "receipt of one"))
        return keys

    def other_keys(self) -> Mapping[str, Callable[[], object]]:
        """Scroll, copy the receipt or its paths, write that of one person or the rows that were not imported."""
        keys = {**movement_keys(self._text), "c": self._copy_receipt, "f": self._copy_paths}
        if self._has_several:
            keys["r"] = lambda: self.dismiss(ReceiptChoice.ONE)
        return {**keys, "w": self._write_failed_rows} if self._failed_rows else keys

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """Undo or resume the job."""
        return {"z": self._undo, "P": self._resume}

    def _copy_receipt(self) -> None:
        """Copy the receipt to the terminal's clipboard."""
        start_worker(self, WorkerGroup.COPY, self._copy_text, name="Copying the receipt", exclusive=True)

    async def _copy_text(self) -> None:
        if not self._job.is_complete:
            self.app.notify("The receipt is made and then copied.", markup=False, timeout=3)
        text = await asyncio.to_thread(self._receipt_text, await self._read_whole())
        self._copy(text, "the receipt for a ticket")

    def _copy_paths(self) -> None:
        """Copy the paths of the files to the terminal's clipboard."""
        if self._job.receipts:
            self._copy("\n".join(clean(path) for path in self._job.receipts), "the paths of the receipts")

    def _copy(self, text: str, what: str) -> None:
        if send_to_clipboard(self.app, text):
            self.app.notify(sent_message(what), markup=False, timeout=3)
        else:
            self.app.notify(
                "The receipt is too long for the terminal's clipboard. Use the file.", severity="warning", markup=False
            )

    def _write_failed_rows(self) -> None:
        """Ask for a file for the rows that were not imported."""
        if self.is_current:
            self.dismiss(ReceiptChoice.FAILED_ROWS)

    def _undo(self) -> None:
        """Undo the job; the plan of the undo is shown first."""
        if self._undoable:
            self.dismiss(ReceiptChoice.UNDO)

    def _resume(self) -> None:
        """Resume the job."""
        if self._is_resumable:
            self.dismiss(ReceiptChoice.RESUME)
