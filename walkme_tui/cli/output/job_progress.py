"""How far a job has come, on standard error."""

from typing import Final

from walkme_tui.cli.output.progress import ProgressLine, drawn_bar, grouped
from walkme_tui.domain.text import clean
from walkme_tui.services.changes.job_progress import JobProgress

MAX_REASON: Final = 80


class JobProgressLine(ProgressLine):
    """Shows the progress of a job that it is called with."""

    def __call__(self, progress: JobProgress) -> None:
        """Show it, unless the last one is too fresh."""
        self.show(lambda: job_progress_text(progress, bar=self.moves))


def job_progress_text(progress: JobProgress, bar: bool) -> str:
    """``job 20261123-bcdf  [####....]  12 of 40 steps  3.1/s  9 s left  1 failed``, or why nothing goes on."""
    parts = [f"job {progress.job_id}"]
    if bar:
        parts.append(drawn_bar(progress.done / progress.total if progress.total else 1.0))
    parts.append(f"{grouped(progress.done)} of {grouped(progress.total)} steps")
    if progress.paused:
        parts.append(clean(progress.paused, MAX_REASON))
    else:
        if progress.per_second:
            parts.append(f"{progress.per_second:.1f}/s")
        if progress.seconds_left is not None:
            parts.append(f"{duration(progress.seconds_left)} left")
    if progress.failures:
        parts.append(f"{grouped(len(progress.failures))} failed")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """``9 s``, ``4 min`` or ``2 h``."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 90 * 60 else f"{round(seconds / 3600)} h"
