"""Exports the marked users, a view, or the members of a group: asks for format and file, and reports the result."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.choice import Choice
from walkme_tui.ui.dialogs.confirmation import account_mark
from walkme_tui.ui.dialogs.export import USER_FORMS, ExportDialog, ExportFormat, ExportRequest
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.export_file import loaded_sentence, write_users
from walkme_tui.ui.flows.origin import Origin, show_now
from walkme_tui.ui.typed_paths import file_name_part
from walkme_tui.ui.widgets.text_style import StyledSpan, TextStyle

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

MAX_NAME: Final = 40
MAX_PATH: Final = 300


class _Source(NamedTuple):
    """The users to export: those of a view (``query``), else those with these ``ids``.

    ``number`` is how many they are, None if that is not known; ``title`` names them, ``stem`` begins the file name.
    """

    query: UserQuery | None
    ids: Sequence[str]
    number: int | None
    title: str
    stem: str


class ExportMessage(NamedTuple):
    """What is reported of a file that was written, in sentences."""

    text: str
    incomplete: bool


async def export_users(view: FlowContext, origin: Origin, ids: Sequence[str], *, marked: bool) -> None:
    """Ask for a format and a file, and write the users with these ids; ``marked``: they were marked."""
    export = UserExport(view, origin, ids, marked=marked)
    if export.open():
        await export.run()


class FileExport:
    """An export of ``number`` things (None: not known) to a new file; ``title`` names them, ``stem`` begins its name.

    ``open`` shows the dialog at once, ``run`` writes the file. Where it cannot be written, the dialog is shown again,
    with the reason. An existing file is not overwritten.
    """

    DOING: ClassVar[str]
    """What the export does, as the beginning of a sentence."""
    NOTHING: ClassVar[str]
    """The message where there is nothing to export."""
    FORMS: ClassVar[Sequence[Choice]] = USER_FORMS

    def __init__(self, view: FlowContext, origin: Origin, title: str, stem: str, number: int | None) -> None:
        self._view = view
        self._origin = origin
        self._title = title
        self._number = number
        now = datetime.fromtimestamp(view.session.clock() / 1000, tz=UTC).astimezone()
        name = f"{stem}-{now:%Y-%m-%d-%H%M}{ExportFormat.CSV.suffix}"
        self._request = ExportRequest(ExportFormat.CSV, name)
        self._written = 0

    def open(self, problem: str = "") -> bool:
        """Show the dialog, which receives the next keys; False, after a message, if there is nothing to export."""
        view = self._view
        if self._number == 0:
            view.app.notify(self.NOTHING, markup=False)
            return False
        dialog = ExportDialog(
            [(self._title, TextStyle.STRONG)],
            account_mark(view.session.account),
            self._request,
            [*self.notes(), *_folder_note()],
            self.FORMS,
            problem,
        )
        self._answer = show_now(view, dialog)
        return True

    async def run(self) -> None:
        """Write what the dialog returns, until it is done or the dialog is left."""
        while (request := await self._answer) is not None:
            self._request = request
            problem = await self._write()
            if problem is None or not await self._origin.wait_opened("The export can be changed"):
                return
            self.open(problem)

    async def _write(self) -> str | None:
        """Write the file and report it; returns why the file cannot be written, None otherwise."""
        view, shown = self._view, clean(self._request.file_name, MAX_PATH)
        work = partial(self.write, self._request)
        try:
            message = await view.job_tasks.pending.request(
                self._status, work, long=True, kind=f"export {self._request.file_name}"
            )
        except MirrorUnavailable as error:
            report(view.app, error, doing=self.DOING)
            return None
        except FileExistsError:
            return f"{shown} exists already. Choose another name."
        except OSError as error:
            return f"{shown} cannot be written: {error.strerror}."
        except ValueError:
            return f"{shown} is not a valid file name."
        if message is None:
            view.app.notify("The export was stopped. No file was left.", markup=False, timeout=6)
        else:
            severity: SeverityLevel = "warning" if message.incomplete else "information"
            view.app.notify(message.text, severity=severity, markup=False, timeout=12)
        return None

    def note(self, written: int) -> None:
        """Set the number of those that were written."""
        self._written = written

    def _status(self) -> str:
        """``Exporting users: 12 000 of 250 000. Esc stops.``"""
        of = f" of {words.number(self._number)}" if self._number is not None else ""
        return f"{self.DOING}: {words.number(self._written)}{of}. Esc stops."

    # ------------------------------------------------------------ defined by each export

    def notes(self) -> list[StyledSpan]:
        """What the dialog says about the source."""
        raise NotImplementedError

    async def write(self, request: ExportRequest) -> ExportMessage:
        """Write the file; raises what ``write_users`` raises."""
        raise NotImplementedError


class UserExport(FileExport):
    """An export of the users with these ids, None: of those of the view that are loaded."""

    DOING = "Exporting users"
    NOTHING = "There is no user to export."

    def __init__(self, view: FlowContext, origin: Origin, ids: Sequence[str] | None, *, marked: bool = True) -> None:
        self._source = _source(view, ids, marked=marked)
        super().__init__(view, origin, self._source.title, self._source.stem, self._source.number)

    def notes(self) -> list[StyledSpan]:
        """The filter, and how much is loaded."""
        return _notes(self._view, self._source)

    async def write(self, request: ExportRequest) -> ExportMessage:
        """Write the users."""
        source = self._source
        exported = await write_users(self._view.session, request, source.query, source.ids, self.note)
        users = words.count(exported.users, "user was", "users were")
        sentences = [
            f"{users} written to {clean(str(exported.path), MAX_PATH)}.",
            exported.incomplete,
            exported.gaps.sentence,
        ]
        return ExportMessage(" ".join(filter(None, sentences)), bool(exported.incomplete))


def _source(view: FlowContext, ids: Sequence[str] | None, *, marked: bool) -> _Source:
    if ids is not None or view.listing is None:
        chosen = tuple(ids or ())
        if not marked:
            return _Source(None, chosen, len(chosen), f"Export {words.count(len(chosen), 'user', 'users')}", "users")
        title = f"Export {words.count(len(chosen), 'marked user', 'marked users')}"
        return _Source(None, chosen, len(chosen), title, "marked-users")
    query, total, coverage = view.listing.query, view.listing.total, view.pages.coverage
    # While the account is read, more users are loaded every second.
    is_final = coverage is not None and coverage.complete and total is not None and total.exact
    number = total.count if is_final and total is not None else None
    shown = f"{words.number(number)} " if number is not None else ""
    if query.group_id is None or query.without_group_id is not None:
        return _Source(query, (), number, f"Export {shown}{'user' if number == 1 else 'users'} of this view", "users")
    name = view.group_names.get(query.group_id) or query.group_id
    title = f"Export {shown}{'member' if number == 1 else 'members'} of {clean(name, MAX_NAME)}"
    return _Source(query, (), number, title, f"members-of-{file_name_part(name[:MAX_NAME])}")


def _notes(view: FlowContext, source: _Source) -> list[StyledSpan]:
    """The filter, and how much is loaded, for the dialog."""
    notes: list[StyledSpan] = []
    coverage, query = view.pages.coverage, source.query
    if query is not None:
        text = query.text.strip()
        filters = [f"filter {clean(text, MAX_PATH)}"] if text else []
        filters += ["inactive users are left out"] if query.hide_inactive else []
        if filters:
            notes.append((f"This view: {', '.join(filters)}.", TextStyle.DIM))
        # Groups that list their members may be complete although the account is not: the result says so.
        is_listed = query.group_id is not None and view.session.group_api is not None
        if coverage is not None and not coverage.complete and not is_listed:
            notes.append((loaded_sentence(coverage), TextStyle.WARN))
    if coverage is not None and coverage.as_of_ms is not None:
        age = words.ago_and_date(view.session.clock(), coverage.as_of_ms)
        notes.append((f"From the local copy, read {age}, or later.", TextStyle.DIM))
    return notes


def _folder_note() -> list[StyledSpan]:
    with suppress(OSError):  # the folder of the process was deleted
        return [(f"The folder is {clean(str(Path.cwd()), MAX_PATH)} unless the name says another.", TextStyle.DIM)]
    return []
