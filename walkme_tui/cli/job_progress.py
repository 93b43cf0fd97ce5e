"""How far a job has come, on standard error."""

from walkme_tui.cli.progress import MovingLine, drawn_bar, grouped
from walkme_tui.domain.jobs import Job
from walkme_tui.services.execution import JobProgress


class JobLine(MovingLine):
    """Shows the progress of a job that it is called with."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._name = job.id

    def __call__(self, progress: JobProgress) -> None:
        """Show it, unless the last one is too fresh."""
        self.show(lambda: job_progress_text(self._name, progress, bar=self.moves))


def job_progress_text(name: str, progress: JobProgress, bar: bool) -> str:
    """``job 20261123-bcdf  [####....]  12 of 40 steps  3.1/s  9 s left``."""
    share = progress.settled / progress.total if progress.total else 1.0
    drawn = f"  {drawn_bar(share)}" if bar else ""
    return f"job {name}{drawn}  {grouped(progress.settled)} of {grouped(progress.total)} steps"
