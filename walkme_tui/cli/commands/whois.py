"""``walkme-tui whois``: show one user."""

import argparse
from itertools import starmap

from walkme_tui.cli.account_read import refresh_groups, with_account_read
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.columns import cut, plain
from walkme_tui.cli.output.streams import print_csv, print_json, print_lines, refuse_two_formats
from walkme_tui.cli.session_run import with_session
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.errors import ConfigurationError, NotFound
from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.other_fields import other_fields
from walkme_tui.domain.raw_record import raw_record
from walkme_tui.domain.text import clean, printable_json
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import Json, User
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session

MAX_VALUE = 400
LABEL_WIDTH = 10


def run(options: argparse.Namespace) -> int:
    """Print one user; raises ``NotFound``."""
    context = Context.of(options)
    refuse_two_formats(options)
    if not options.card and (options.markdown or options.redact):
        name = "--markdown" if options.markdown else "--redact"
        raise ConfigurationError(f"{name} is an option of the answer card.", hint="Add --card.")
    if options.card and options.csv:
        raise ConfigurationError("The answer card cannot be printed as CSV.", hint="Leave out --card or --csv.")

    async def work(session: Session) -> tuple[MirroredUser, dict[str, str | None], Account, int]:
        return *await _read(session, options.key, options.cached), session.account, session.clock()

    found, names, account, now_ms = with_session(context, work)
    if options.card:
        from walkme_tui.domain.answer_card import CardForm, UserCard, rendered

        form = CardForm.MARKDOWN if options.markdown else CardForm.TEXT
        card = UserCard(found, names, account, now_ms, options.redact)
        if context.options.json:
            print_json(card.to_json())
        else:
            print_lines([rendered([card], form)])
    elif context.options.json:
        print_json(user_object(found, names, account.surface))
    elif options.csv:
        from walkme_tui.domain.user_tables import CSV_COLUMNS, csv_cells, group_texts

        texts = group_texts(starmap(Group, names.items()))
        print_csv((CSV_COLUMNS, csv_cells(found.user, texts)), options)
    else:
        print_lines(described(found, names, account.surface, options.cached))
    return ExitCode.DONE


def user_object(found: MirroredUser, names: dict[str, str | None], surface: Surface) -> dict[str, Json]:
    """The user as a JSON object; ``groups`` is null if unknown."""
    from walkme_tui.domain.user_tables import group_objects

    groups = found.user.groups
    return {
        "user": raw_record(found.user, surface),
        "groups": list[Json](group_objects(groups, names)) if isinstance(groups, tuple) else None,
        "surface": surface,
        "fetched_at": format_time_ms(found.fetched_at_ms),
    }


def described(found: MirroredUser, names: dict[str, str | None], surface: Surface, cached: bool) -> list[str]:
    """The user as lines of text, with the fields that users of the surface have."""
    user, has_roles = found.user, not capabilities(surface).roles
    lines = [cut(user.full_name, MAX_VALUE)] if user.full_name else []
    lines += [
        *_line("Email", [plain(user.email)]),
        *_line("Status", [plain(user.status)]),
        *(_line("Role", [plain(user.role)]) if has_roles else []),
        *_line("Groups", _groups(user, names)),
        *_line("Created", [_time(user.created_at_ms)]),
        *_line("Updated", [_time(user.updated_at_ms)]),
        *_line("External", [plain(user.external_id)]),
        *_line("id", [user.id]),
    ]
    for name, value in other_fields(user).items():
        shown = value if isinstance(value, str) else printable_json(value)
        lines += _line(clean(name, 40), [shown])
    source = "Local copy of" if cached else "Read from the server"
    lines += ["", f"{source} {format_time_ms(found.fetched_at_ms)}"]
    if user.identity_provider:
        provider = cut(user.identity_provider, 40)
        lines.append(f"{provider} owns this record: changes made here may be overwritten from there.")
    return lines


async def _read(session: Session, key: str, cached: bool) -> tuple[MirroredUser, dict[str, str | None]]:
    directory, deadline = Directory(session), CommandDeadline(session)
    if cached:
        found = await directory.cached(key)
        if found is None:
            raise NotFound(
                f"The local copy has no user {clean(key, 120)}.", hint="Leave out --cached to read it from the server."
            )
    else:
        found = await with_account_read(session, lambda: _look_up(directory, key), deadline)
    names = await _group_names(session)
    groups = found.user.groups
    if not cached and isinstance(groups, tuple) and any(names.get(group) is None for group in groups):
        async with deadline.running():
            await refresh_groups(session)
        names = await _group_names(session)
    return found, names


async def _look_up(directory: Directory, key: str) -> MirroredUser:
    try:
        return await directory.look_up(key)
    except NotFound as error:
        if "@" in key or error.hint:  # the hint is about a wrong server address
            raise
        hint = "Give the full email address or the id. To search for a name: walkme-tui export --filter NAME"
        raise NotFound(f"No user has the id {clean(key, 120)}.", hint=hint, status=error.status) from error


async def _group_names(session: Session) -> dict[str, str | None]:
    return {size.group.id: size.group.name for size in await session.mirror.groups()}


def _groups(user: User, names: dict[str, str | None]) -> list[str]:
    if user.groups is None or user.groups == ():
        return ["none"]
    return [names.get(group) or group for group in user.groups] if isinstance(user.groups, tuple) else ["?"]


def _line(label: str, values: list[str]) -> list[str]:
    labels = [label, *[""] * (len(values) - 1)]
    return [
        f"{name:<{LABEL_WIDTH}} {cut(value, MAX_VALUE)}".rstrip() for name, value in zip(labels, values, strict=True)
    ]


def _time(value: object) -> str:
    if value is None:
        return ""
    return format_time_ms(value) if isinstance(value, int) else "?"
