"""The services through which a session changes its account."""

from functools import cached_property
from typing import TYPE_CHECKING

from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from walkme_tui.services.changes.bulk_planner import BulkPlanner
    from walkme_tui.services.changes.edit_planner import EditPlanner
    from walkme_tui.services.changes.group_planner import GroupPlanner
    from walkme_tui.services.changes.job_runs import JobRuns, RunningJob
    from walkme_tui.services.changes.undo import UndoPlanner
    from walkme_tui.services.ports.journal import Journal


class ChangeServices:
    """The write path of one session: open it after the session, and close it before the session.

    The journal is opened, and ``open_job_runs`` called, when they are first used: a plan is shown without the modules
    that record and run jobs.
    """

    def __init__(
        self,
        session: Session,
        planner: Planner,
        open_journal: "Callable[[], Journal]",
        open_job_runs: "Callable[[Journal], JobRuns]",
    ) -> None:
        self._session = session
        self.planner = planner
        self._open_journal = open_journal
        self._open_job_runs = open_job_runs

    @cached_property
    def journal(self) -> "Journal":
        """The record of plans and jobs."""
        return self._open_journal()

    @cached_property
    def edit_planner(self) -> "EditPlanner":
        """What plans edits, creations and deletions of users, and who is in which group."""
        from walkme_tui.services.changes.edit_planner import EditPlanner

        return EditPlanner(self._session)

    @cached_property
    def bulk_planner(self) -> "BulkPlanner":
        """What plans the same change of many users."""
        from walkme_tui.services.changes.bulk_planner import BulkPlanner

        return BulkPlanner(self._session)

    @cached_property
    def group_planner(self) -> "GroupPlanner":
        """What plans creations, renamings and deletions of groups."""
        from walkme_tui.services.changes.group_planner import GroupPlanner

        return GroupPlanner(self._session)

    @cached_property
    def undo_planner(self) -> "UndoPlanner":
        """What plans an undo."""
        from walkme_tui.services.changes.undo import UndoPlanner

        return UndoPlanner(self._session)

    @cached_property
    def job_runs(self) -> "JobRuns":
        """What runs the jobs."""
        return self._open_job_runs(self.journal)

    @property
    def running(self) -> "Mapping[str, RunningJob]":
        """The jobs that run, by id."""
        return self.job_runs.running if "job_runs" in self.__dict__ else {}

    async def aclose(self) -> None:
        """Stop the running jobs and close the journal, which releases every claim."""
        if "job_runs" in self.__dict__:
            await self.job_runs.aclose()
        if "journal" in self.__dict__:
            await self.journal.aclose()
