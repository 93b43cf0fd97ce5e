"""Saves a plan to a file."""

import asyncio
from pathlib import Path
from typing import Final

from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.typed_paths import file_name_part, typed_path

MAX_NAME: Final = 80


async def save_plan(view: FlowContext, origin: Origin, plan: Plan) -> bool:
    """Ask for a file name and save the plan, True if that was done; existing files are not overwritten."""
    from walkme_tui.ui.dialogs.file_name import FileNameDialog

    note = "Nothing is sent. Later: walkme-tui plan apply FILE"
    suggested = _suggested_name(plan)
    while True:
        dialog = FileNameDialog("Save the plan as", suggested, [note])
        name = await origin.show(dialog, "The file name for the plan can be entered")
        if name is None:
            return False
        try:
            file = await asyncio.to_thread(_write_new, name, plan)
        except ConfigurationError as error:
            report(view.app, error, doing="Saving the plan")
            return False
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "this is not a valid file name"
            if isinstance(error, FileExistsError):
                reason = "the file already exists, choose another name"
            suggested, shown = name, clean(name, MAX_SENTENCE)
            view.app.notify(f"{shown}: {reason}.", title="Not saved", severity="error", markup=False)
        else:
            shown = clean(str(file), MAX_SENTENCE)
            view.app.notify(f"The plan was saved to {shown}. Nothing was sent.", markup=False, timeout=6)
            return True


def _write_new(name: str, plan: Plan) -> Path:
    """Write a new file and return its absolute path.

    Raises OSError where the file exists, and ``ConfigurationError`` for a plan that is too large for a file.
    """
    from walkme_tui.config.ownership import operator
    from walkme_tui.config.private_files import atomic_text
    from walkme_tui.domain.plan_files import plan_file_parts

    file = typed_path(name).absolute()
    with atomic_text(file, new=True) as stream:
        stream.writelines(plan_file_parts(plan.with_author(operator())))
    return file


def _suggested_name(plan: Plan) -> str:
    names = [subject.name for subject in plan.changed_subjects or plan.all_subjects]
    name = names[0] if len(names) == 1 else f"{len(names)}-people"
    return f"{plan.kind.value.replace(' ', '-')}-{file_name_part(name[:MAX_NAME])}.plan.json"
