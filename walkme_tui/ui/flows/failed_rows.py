"""Writes the rows that an import did not import to a CSV file, to be corrected and imported again."""

import asyncio
from itertools import chain, count
from pathlib import Path
from typing import Final

from walkme_tui.domain.imports.results import failed_rows_csv
from walkme_tui.domain.jobs import Job
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.dialogs.file_name import FileNameDialog
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.typed_paths import shortened, typed_path

NOTES: Final = (
    "The file has the columns of the imported one, and one more, error, which says why.",
    "Correct the rows and import it with i, with the same groups for all and the same choice for existing users.",
)


async def write_failed_rows(view: FlowContext, origin: Origin, imported: Job | Plan) -> None:
    """Ask for a file name until the file is written or Esc is pressed; existing files are not overwritten."""
    name: str | None = await asyncio.to_thread(_free_name, view, imported)
    while name is not None:
        dialog = FileNameDialog("Write the rows that were not imported to", name, NOTES)
        name = await origin.show(dialog, "The file name for the failed rows can be entered")
        if name is None:
            return
        try:
            file = await asyncio.to_thread(_write, name, imported)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "this is not a valid file name"
            shown = clean(name, MAX_SENTENCE)
            view.app.notify(f"{shown}: {reason}.", title="Not written", severity="error", markup=False)
        else:
            view.app.notify(f"The rows were written to {clean(str(file), MAX_SENTENCE)}.", markup=False, timeout=8)
            return


def _free_name(view: FlowContext, imported: Job | Plan) -> str:
    """A name beside the imported file if this session imported it, else in the current folder; no file has it."""
    plan = imported if isinstance(imported, Plan) else imported.plan
    draft, source = view.job_tasks.import_draft, plan.source
    file = Path(source.file if source is not None else "rows.csv")
    folder = draft.path.parent if draft is not None and draft.path.name == file.name else Path.cwd()
    stem = file.stem.partition("-failed")[0]
    names = chain([f"{stem}-failed.csv"], (f"{stem}-failed-{number}.csv" for number in count(2)))
    return shortened(next(path for name in names if not (path := folder / name).exists()))


def _write(name: str, imported: Job | Plan) -> Path:
    from walkme_tui.config.private_files import atomic_text

    file = typed_path(name).absolute()
    with atomic_text(file, new=True) as stream:
        # With the mark, a spreadsheet in which they are corrected reads them as UTF-8.
        stream.write(BYTE_ORDER_MARK + failed_rows_csv(imported))
    return file
