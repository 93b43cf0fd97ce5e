"""Progress on standard error: one line that is overwritten on a terminal, a line every few seconds elsewhere."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, TextIO

from walkme_tui.domain.text import clean, spaced

if TYPE_CHECKING:
    from walkme_tui.services.changes.job_progress import JobProgress
    from walkme_tui.services.concurrency import ProgressListener
    from walkme_tui.services.sync.list_pass import SweepProgress

BAR: Final = 24
TICK_SECONDS: Final = 0.1
LINE_SECONDS: Final = 5.0
MAX_REASON: Final = 80


class ProgressLine:
    """Shows one line of text at a time; ``close`` erases it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self.moves = self._stream.isatty()
        """True on a terminal, where a line can be overwritten."""
        self._shown_at = 0.0 if self.moves else time.monotonic()
        self._width = 0
        self._latest: Callable[[], str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def show(self, text: Callable[[], str]) -> None:
        """Show the result of ``text``; where the last line was shown too recently, later and only on a terminal."""
        now = time.monotonic()
        wait = self._shown_at + (TICK_SECONDS if self.moves else LINE_SECONDS) - now
        if wait > 0:
            self._latest = text
            if self.moves and self._timer is None:
                with suppress(RuntimeError):  # there is no event loop
                    self._timer = asyncio.get_running_loop().call_later(wait, self._show_latest)
            return
        self._show(text, now)

    def _show_latest(self) -> None:
        self._timer = None
        if self._latest is not None:
            self._show(self._latest, time.monotonic())

    def _show(self, text: Callable[[], str], now: float) -> None:
        self._shown_at, self._latest = now, None
        line = text()
        self._write("\r" + line.ljust(self._width) if self.moves else line + "\n")
        self._width = len(line)

    def close(self) -> None:
        """Erase the line on a terminal."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.moves and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self.moves = False


class SweepProgressLine(ProgressLine):
    """Shows the progress of a sweep."""

    def __call__(self, progress: "SweepProgress") -> None:
        """Show it, as ``show`` does."""
        self.show(lambda: sweep_progress_text(progress, bar=self.moves))


class JobProgressLine(ProgressLine):
    """Shows the progress of a job."""

    def __call__(self, progress: "JobProgress") -> None:
        """Show it, as ``show`` does."""
        self.show(lambda: job_progress_text(progress, bar=self.moves))


@contextmanager
def reading_progress(what: str, people: int, *, hidden: bool) -> "Iterator[ProgressListener]":
    """Shows how many people were read for a plan and how long the others take; nothing where ``hidden``."""
    from walkme_tui.services.sync.progress import Speed

    line, speed = ProgressLine(), Speed()

    def show(read: int) -> None:
        now = time.monotonic()
        speed.note(now, read)
        per_second = speed.per_second(now)
        left = f"  {duration((people - read) / per_second)} left" if per_second else ""
        if read < people and not hidden:
            line.show(lambda: f"{what}  {spaced(read)} of {spaced(people)} people{left}")

    try:
        yield show
    finally:
        line.close()


def sweep_progress_text(progress: "SweepProgress", bar: bool) -> str:
    """``reading users  [#####...]  1 200 of 4 000  30 %``; without a known total only the number."""
    again = ""
    if progress.pass_number > 1:
        again = " again, the list changed" if progress.after_drift else " again, to be sure"
    loaded = spaced(progress.loaded)
    if not progress.total:
        return f"reading users{again}  {loaded}"
    share = min(1.0, progress.loaded / progress.total)
    # With both, the line would be longer than some terminals and could not be overwritten.
    drawn = f"  {drawn_bar(share)}" if bar and not again else ""
    return f"reading users{again}{drawn}  {loaded} of {spaced(progress.total)}  {int(share * 100)} %"


def job_progress_text(progress: "JobProgress", bar: bool) -> str:
    """``job 20261123-bcdf  [####....]  12 of 40 steps  3.1/s  9 s left  1 failed``, or the reason of a pause."""
    parts = [f"job {progress.job_id}"]
    if bar:
        parts.append(drawn_bar(progress.done / progress.total if progress.total else 1.0))
    parts.append(f"{spaced(progress.done)} of {spaced(progress.total)} steps")
    if progress.paused:
        parts.append(clean(progress.paused, MAX_REASON))
    else:
        if progress.per_second:
            parts.append(f"{progress.per_second:.1f}/s")
        if progress.seconds_left is not None:
            parts.append(f"{duration(progress.seconds_left)} left")
    if progress.failures:
        parts.append(f"{spaced(len(progress.failures))} failed")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """``9 s``, ``4 min`` or ``2 h``."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{round(seconds / 3600)} h"


def drawn_bar(share: float) -> str:
    """``[#####......]``, filled by a share from 0 to 1."""
    filled = int(share * BAR)
    return f"[{'#' * filled}{'.' * (BAR - filled)}]"
