"""Import users from a CSV file: from the key to the receipt."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.imports.columns import ColumnMapping, remembered, signature
from walkme_tui.domain.imports.csv_file import CsvTable
from walkme_tui.services.imports.file_contents import FileContents
from walkme_tui.services.imports.planner import ImportPlanner
from walkme_tui.ui.dialogs.import_file import ImportFileDialog
from walkme_tui.ui.dialogs.import_setup import ImportDialog
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.failed_rows import write_failed_rows
from walkme_tui.ui.flows.group_backfill import duration_text
from walkme_tui.ui.flows.origin import Origin, show_now
from walkme_tui.ui.flows.plan_review import review
from walkme_tui.ui.import_reading import ImportDraft, ImportReading
from walkme_tui.ui.typed_paths import shortened

if TYPE_CHECKING:
    from walkme_tui.config.state import StateFile

READY: Final = "The import of users"


class UserImport:
    """One import: ``open`` shows the dialog for the file at once, ``run`` goes on from there.

    What was set up for a file that was not imported is there again when the same file is opened in this session.
    ``state_file`` keeps the folder and the columns for the next import; None: nothing is stored.
    """

    def __init__(self, view: FlowContext, origin: Origin, state_file: "StateFile | None") -> None:
        self._view = view
        self._origin = origin
        self._state_file = state_file
        self._dialog: ImportFileDialog

    def open(self) -> None:
        """Show the dialog for the file, which receives the next keys."""
        draft = self._view.job_tasks.import_draft
        self._dialog = ImportFileDialog(shortened(draft.path) if draft is not None else "")
        self._answer = show_now(self._view, self._dialog)

    async def run(self) -> None:
        """Set up and review the import of the file until its job ran, or the dialog for the file is left."""
        await self._suggest_folder()
        while (found := await self._answer) is not None:
            if await self._import(self._draft_of(found)):
                return
            if not await self._origin.wait_opened(f"{READY}: the file can be chosen"):
                return
            self.open()

    async def _suggest_folder(self) -> None:
        if self._state_file is not None:
            folder = await asyncio.to_thread(self._state_file.import_folder)
            self._dialog.suggest(f"{shortened(Path(folder))}/" if folder else "")

    def _draft_of(self, found: FileContents) -> ImportDraft:
        """What was set up for this file before, unless the file has changed."""
        draft = self._view.job_tasks.import_draft
        unchanged = draft is not None and (draft.path, draft.data) == found
        return draft if draft is not None and unchanged else ImportDraft(found.path, found.data)

    async def _import(self, draft: ImportDraft) -> bool:
        """Set the import up and review it until its job ran; False if the person went back to the file."""
        view, account = self._view, self._view.session.account
        reading = ImportReading(draft, ImportPlanner(view.session), view.session.capabilities, self._known_columns)
        while True:
            dialog = ImportDialog(
                reading,
                account,
                read_groups=view.directory.named_groups,
                look_up_cost=self._look_up_cost,
                is_loaded=lambda: view.pages.coverage is not None and view.pages.coverage.complete,
                monotonic=view.job_tasks.monotonic,
            )
            answer = await self._origin.show(dialog, f"{READY} is ready")
            view.job_tasks.import_draft = reading.draft
            if answer is None:
                return False
            await self._remember(reading)
            if not answer.steps:
                await write_failed_rows(view, self._origin, answer)
                continue
            reviewed = await review(view, self._origin, answer)
            reading.draft = replace(reading.draft, ticket=reviewed.ticket)
            view.job_tasks.import_draft = reading.draft
            if reviewed.done:
                view.job_tasks.import_draft = None
                return True

    def _look_up_cost(self, count: int) -> str:
        per_second = self._view.session.api.traffic().permitted_per_second
        return f", about {duration_text(count / per_second)}" if per_second > 0 else ""

    def _known_columns(self, table: CsvTable) -> ColumnMapping | None:
        if self._state_file is None:
            return None
        session = self._view.session
        columns = self._state_file.import_columns(signature(table, session.account.surface))
        return remembered(table, columns, session.capabilities)

    async def _remember(self, reading: ImportReading) -> None:
        """Store the folder for the next import, and the columns if they were chosen."""
        table, chosen = reading.table, reading.draft.mapping
        if self._state_file is None:
            return
        saves = [partial(self._state_file.save_import_folder, reading.draft.path.parent)]
        if table is not None and chosen is not None:
            key = signature(table, self._view.session.account.surface)
            saves.append(partial(self._state_file.save_import_columns, key, chosen.by_name))
        for save in saves:
            if problem := await asyncio.to_thread(save):
                self._view.app.notify(problem, severity="warning", markup=False, timeout=8)
