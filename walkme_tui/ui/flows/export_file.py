"""Writes users to a new file, in parts, as the local copy knows them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO, TypeVar

from walkme_tui.config.private_files import atomic_text
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Belonging, Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.raw_record import record_of_any_surface
from walkme_tui.domain.user_tables import (
    TableText,
    UnknownFields,
    csv_table,
    extent_fields,
    json_table,
    markdown_table,
)
from walkme_tui.domain.users import Json
from walkme_tui.services.concurrency import ProgressListener
from walkme_tui.services.ports import Session
from walkme_tui.services.reading.view import IN_THE_LISTS_ORDER, chunks, users_in_parts
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.export import ExportFormat, ExportRequest
from walkme_tui.ui.typed_paths import typed_path

R = TypeVar("R")


class Exported(NamedTuple):
    """A file that was written; ``incomplete`` says in sentences what may be missing, empty if nothing is."""

    path: Path
    users: int
    incomplete: str
    gaps: UnknownFields


class _Extent(NamedTuple):
    """How complete an export is, in sentences and as fields of JSON."""

    sentences: Sequence[str]
    fields: dict[str, Json]


def loaded_sentence(coverage: Coverage) -> str:
    """``Incomplete: 812 of 154 210 users are loaded.``"""
    of = "an unknown number of" if coverage.total is None else words.number(coverage.total)
    return f"Incomplete: {words.number(coverage.loaded)} of {of} users are loaded."


async def write_users(
    session: Session,
    request: ExportRequest,
    query: UserQuery | None,
    ids: Sequence[str],
    on_progress: ProgressListener,
) -> Exported:
    """Write the loaded users of a query, without one those with these ids; ``on_progress`` gets the number written.

    Raises ``MirrorUnavailable``, ``FileExistsError`` where a file has this name already, other ``OSError`` where it
    cannot be written, ``ValueError`` where the name is not valid.
    """
    path = await on_thread(lambda: typed_path(request.file_name).absolute())
    sizes, gaps, written = await session.mirror.groups(), UnknownFields(session.capabilities), 0
    extent = await _extent(session, query, sizes)
    table = _table(request.form, [size.group for size in sizes], session, extent.fields)
    async with new_file(path) as stream, aclosing(_users(session, query, ids)) as parts:
        await on_thread(partial(stream.write, table.before))
        async for part in parts:
            await on_thread(partial(_append, stream, table, part, gaps, separated=written > 0))
            written += len(part)
            on_progress(written)
        await on_thread(partial(stream.write, table.after))
    missing = len(ids) - written if query is None else 0
    gone = [f"Incomplete: {words.count(missing, 'user is', 'users are')} not in the local copy any more."]
    return Exported(path, written, " ".join([*extent.sentences, *(gone if missing else [])]), gaps)


async def _extent(session: Session, query: UserQuery | None, sizes: Sequence[GroupSize]) -> _Extent:
    """How complete an export of a query is; with None, of users who were chosen one by one."""
    coverage, unknown, sentences = await session.mirror.coverage(), 0, list[str]()
    if query is not None and not _is_read(query, sizes):
        unknown = (await session.mirror.undecided(query, 0, session.capabilities.absent)).users
        if query.belonging in {Belonging.NONE, Belonging.STILL_IN_GROUPS}:
            unknown = coverage.loaded - coverage.with_groups
        sentences += [] if coverage.complete else [loaded_sentence(coverage)]
        if unknown:
            people = words.count(unknown, "user", "users")
            sentences.append(f"Incomplete: {people} may belong to it too, because the list lacks what decides it.")
    return _Extent(
        sentences,
        extent_fields(coverage.loaded, coverage.total, coverage.as_of_ms, complete=not sentences, unknown=unknown),
    )


def _is_read(query: UserQuery, sizes: Sequence[GroupSize]) -> bool:
    """True for the members of groups that listed all of them themselves."""
    groups = {query.group_id, query.without_group_id} - {None}
    read = {size.group.id for size in sizes if size.read_at_ms is not None}
    return bool(groups) and groups <= read and not query.text.strip()


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


async def _users(
    session: Session, query: UserQuery | None, ids: Sequence[str]
) -> AsyncGenerator[Sequence[MirroredUser], None]:
    """The users in parts."""
    mirror = session.mirror
    if query is None:
        for first, last in chunks(0, len(ids) - 1):
            found = [await mirror.user(user_id) for user_id in ids[first : last + 1]]
            yield [each for each in found if each is not None]
        return
    row_ids = await mirror.matching(IN_THE_LISTS_ORDER if query.is_list else query)
    async with aclosing(users_in_parts(mirror, row_ids)) as parts:
        async for part in parts:
            # The server's list does not contain users who were only looked up.
            yield [each for each in part if each.position is not None] if query.is_list else part


@asynccontextmanager
async def new_file(path: Path) -> AsyncIterator[TextIO]:
    """A new file, which is only there if the block ends without an error; see ``atomic_text``."""
    writing = atomic_text(path, new=True)
    stream = await on_thread(writing.__enter__)
    try:
        yield stream
    except BaseException as error:
        await on_thread(partial(writing.__exit__, type(error), error, error.__traceback__))
        raise
    await on_thread(partial(writing.__exit__, None, None, None), last=True)


async def on_thread(work: Callable[[], R], *, last: bool = False) -> R:
    """Run ``work`` on a thread, also to its end if this is cancelled: a file is not closed while it is written.

    The ``last`` part of the work returns its result also then: the file is there.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if last:
            return running.result()
        raise
