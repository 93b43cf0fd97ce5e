"""Writes users to a file: the marked ones, a view, or the members of a group, as the local copy knows them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TextIO, TypeVar

from walkme_tui.config.private_files import atomic_text
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.groups import Belonging, Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.raw_record import record_of_any_surface
from walkme_tui.domain.text import clean
from walkme_tui.domain.user_tables import (
    TableText,
    UnknownFields,
    csv_table,
    extent_fields,
    json_table,
    markdown_table,
)
from walkme_tui.domain.users import Json
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.view import IN_THE_LISTS_ORDER, chunks, users_in_parts
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.confirmation import account_mark
from walkme_tui.ui.dialogs.export import ExportDialog, ExportFormat, ExportRequest
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.text_style import StyledSpan, TextStyle

R = TypeVar("R")

DOING: Final = "Exporting users"
KIND: Final = "export"
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


class _Extent(NamedTuple):
    """How complete an export is; ``sentence`` says what may be missing, empty if nothing is."""

    sentence: str
    fields: dict[str, Json]


class _Exported(NamedTuple):
    """A file that was written."""

    path: Path
    users: int
    extent: _Extent
    gaps: UnknownFields


class _Progress:
    """How many users were written, for the status line."""

    def __init__(self, number: int | None) -> None:
        self.written = 0
        self._number = number

    def status(self) -> str:
        """``Exporting users: 12 000 of 250 000. Esc stops.``"""
        of = f" of {words.number(self._number)}" if self._number is not None else ""
        return f"{DOING}: {words.number(self.written)}{of}. Esc stops."


async def export_users(view: FlowContext, origin: Origin, ids: Sequence[str] | None = None) -> None:
    """Ask for a format and a file, and write the users with these ids, None: those of the view that are loaded.

    The dialog returns with the reason where the file cannot be written. An existing file is not overwritten.
    """
    source = _source(view, ids)
    if source is None or source.number == 0:
        view.app.notify("There is no user to export.", markup=False)
        return
    now = datetime.fromtimestamp(view.session.clock() / 1000, tz=UTC).astimezone()
    request = ExportRequest(ExportFormat.CSV, f"{source.stem}-{now:%Y-%m-%d-%H%M}{ExportFormat.CSV.suffix}")
    problem: str | None = ""
    while problem is not None:
        notes = _notes(view, source, await view.session.mirror.groups())
        dialog = ExportDialog(
            [(source.title, TextStyle.STRONG)],
            account_mark(view.session.account),
            request,
            [*([(problem, TextStyle.BAD)] if problem else []), *notes],
        )
        answer = await origin.show(dialog, "The export can be set up")
        if answer is None:
            return
        request = answer
        problem = await _export(view, source, request)


async def _export(view: FlowContext, source: _Source, request: ExportRequest) -> str | None:
    """Write the file and report it; returns why the file cannot be written, None otherwise."""
    progress = _Progress(source.number)
    try:
        exported = await view.job_tasks.pending.request(
            progress.status, partial(_write, view.session, source, request, progress), long=True, kind=KIND
        )
    except MirrorUnavailable as error:
        report(view.app, error, doing=DOING)
        return None
    except FileExistsError:
        return f"{clean(request.file_name, MAX_PATH)} exists already. Choose another name."
    except OSError as error:
        return f"{clean(request.file_name, MAX_PATH)} cannot be written: {error.strerror}."
    except (RuntimeError, ValueError):
        return f"{clean(request.file_name, MAX_PATH)} is not a valid file name."
    if exported is None:
        view.app.notify("The export was stopped. No file was left.", markup=False, timeout=6)
        return None
    sentences = [
        f"{words.count(exported.users, 'user was', 'users were')} written to {clean(str(exported.path), MAX_PATH)}.",
        exported.extent.sentence,
        exported.gaps.sentence,
    ]
    view.app.notify(
        " ".join(filter(None, sentences)),
        severity="warning" if exported.extent.sentence else "information",
        markup=False,
        timeout=12,
    )
    return None


# ------------------------------------------------------------ what is exported


def _source(view: FlowContext, ids: Sequence[str] | None) -> _Source | None:
    """What to export, None on a tab without users."""
    if ids is not None:
        title = f"Export {words.count(len(ids), 'marked user', 'marked users')}"
        return _Source(None, tuple(ids), len(ids), title, "marked-users")
    if view.listing is None:
        return None
    query, total, coverage = view.listing.query, view.listing.total, view.pages.coverage
    # While the account is read, more users are loaded every second.
    is_final = coverage is not None and coverage.complete and total is not None and total.exact
    number = total.count if is_final and total is not None else None
    shown = f"{words.number(number)} " if number is not None else ""
    if query.group_id is None or query.without_group_id is not None:
        return _Source(query, (), number, f"Export {shown}{'user' if number == 1 else 'users'} of this view", "users")
    name = view.group_names.get(query.group_id) or query.group_id
    title = f"Export {shown}{'member' if number == 1 else 'members'} of {clean(name, MAX_NAME)}"
    return _Source(query, (), number, title, f"members-of-{_file_name_part(name)}")


def _file_name_part(text: str) -> str:
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "@._-") else "_" for sign in text[:MAX_NAME])


def _notes(view: FlowContext, source: _Source, sizes: Sequence[GroupSize]) -> list[StyledSpan]:
    """The filter, how much is loaded, and where the file goes, for the dialog."""
    notes: list[StyledSpan] = []
    if source.query is not None:
        text = source.query.text.strip()
        filters = [f"filter {clean(text, MAX_PATH)}"] if text else []
        filters += ["inactive users are left out"] if source.query.hide_inactive else []
        if filters:
            notes.append((f"This view: {', '.join(filters)}.", TextStyle.DIM))
    coverage = view.pages.coverage
    is_complete = coverage is None or coverage.complete or source.query is None or _is_read(source.query, sizes)
    if coverage is not None and not is_complete:
        notes.append((_loaded(coverage), TextStyle.WARN))
    if coverage is not None and coverage.as_of_ms is not None:
        age = words.ago_and_date(view.session.clock(), coverage.as_of_ms)
        notes.append((f"From the local copy, read {age}, or later.", TextStyle.DIM))
    with suppress(OSError):  # the folder of the process was deleted
        notes.append((f"The folder is {clean(str(Path.cwd()), MAX_PATH)} unless the name says another.", TextStyle.DIM))
    return notes


def _loaded(coverage: Coverage) -> str:
    of = "an unknown number of" if coverage.total is None else words.number(coverage.total)
    return f"Incomplete: {words.number(coverage.loaded)} of {of} users are loaded."


async def _extent(session: Session, query: UserQuery | None, sizes: Sequence[GroupSize]) -> _Extent:
    """How complete an export of a query is; with None, of users who were chosen one by one."""
    coverage, unknown, sentences = await session.mirror.coverage(), 0, list[str]()
    if query is not None and not _is_read(query, sizes):
        unknown = (await session.mirror.undecided(query, 0, session.capabilities.absent)).users
        if query.belonging in {Belonging.NONE, Belonging.STILL_IN_GROUPS}:
            unknown = coverage.loaded - coverage.with_groups
        sentences += [] if coverage.complete else [_loaded(coverage)]
        if unknown:
            people = words.count(unknown, "user", "users")
            sentences.append(f"Incomplete: {people} may belong to it too, because the list lacks what decides it.")
    return _Extent(
        " ".join(sentences),
        extent_fields(coverage.loaded, coverage.total, coverage.as_of_ms, complete=not sentences, unknown=unknown),
    )


def _is_read(query: UserQuery, sizes: Sequence[GroupSize]) -> bool:
    """True for the members of groups that listed all of them themselves."""
    groups = {query.group_id, query.without_group_id} - {None}
    read = {size.group.id for size in sizes if size.read_at_ms is not None}
    return bool(groups) and groups <= read and not query.text.strip()


# ------------------------------------------------------------ the file


async def _write(session: Session, source: _Source, request: ExportRequest, progress: _Progress) -> _Exported:
    """Write the file; raises ``MirrorUnavailable`` or what opening and writing a file raises."""
    path = await _on_thread(lambda: Path(request.file_name).expanduser().absolute())
    sizes = await session.mirror.groups()
    extent, gaps = await _extent(session, source.query, sizes), UnknownFields(session.capabilities)
    table = _table(request.form, [size.group for size in sizes], session, extent.fields)
    async with _new_file(path) as stream, aclosing(_users(session, source)) as parts:
        await _on_thread(partial(stream.write, table.before))
        async for part in parts:
            await _on_thread(partial(_append, stream, table, part, gaps, separated=progress.written > 0))
            progress.written += len(part)
        await _on_thread(partial(stream.write, table.after))
    return _Exported(path, progress.written, extent, gaps)


def _table(form: ExportFormat, groups: Sequence[Group], session: Session, extent: dict[str, Json]) -> TableText:
    surface = session.account.surface
    match form:
        case ExportFormat.JSON:
            record = partial(record_of_any_surface, surface=surface)
            return json_table({"surface": surface.value}, "users", record, extent)
        case ExportFormat.MARKDOWN:
            return markdown_table(groups)
        case _:
            return csv_table(groups, raw=form is ExportFormat.RAW, bom=form is ExportFormat.EXCEL)


def _append(
    stream: TextIO, table: TableText, users: Sequence[MirroredUser], gaps: UnknownFields, *, separated: bool
) -> None:
    for each in users:
        gaps.note(each.user)
    text = table.between.join(table.row(each.user) for each in users)
    stream.write((table.between if separated and users else "") + text)


async def _users(session: Session, source: _Source) -> AsyncGenerator[Sequence[MirroredUser], None]:
    """The users in parts."""
    mirror, query = session.mirror, source.query
    if query is None:
        for first, last in chunks(0, len(source.ids) - 1):
            found = [await mirror.user(user_id) for user_id in source.ids[first : last + 1]]
            yield [each for each in found if each is not None]
        return
    row_ids = await mirror.matching(IN_THE_LISTS_ORDER if query.is_list else query)
    async with aclosing(users_in_parts(mirror, row_ids)) as parts:
        async for part in parts:
            # The server's list does not contain users who were only looked up.
            yield [each for each in part if each.position is not None] if query.is_list else part


@asynccontextmanager
async def _new_file(path: Path) -> AsyncIterator[TextIO]:
    """A new file, which is only there if the block ends without an error; see ``atomic_text``."""
    writing = atomic_text(path, new=True)
    stream = await _on_thread(writing.__enter__)
    try:
        yield stream
    except BaseException as error:
        await _on_thread(partial(writing.__exit__, type(error), error, error.__traceback__))
        raise
    await _on_thread(partial(writing.__exit__, None, None, None))


async def _on_thread(work: Callable[[], R]) -> R:
    """Run ``work`` on a thread, also to its end if this is cancelled: a file is not closed while it is written."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
