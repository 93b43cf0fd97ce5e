"""``walkme-tui reconcile``: compare the users of the REST API with those of SCIM."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from walkme_tui.cli.account_read import Extent, completeness, read_account, refresh_groups
from walkme_tui.cli.change_request import ChangeRequest, run_change
from walkme_tui.cli.context import Context
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.columns import aligned, cut
from walkme_tui.cli.output.messages import print_message
from walkme_tui.cli.output.streams import data_output, print_csv, print_lines, refuse_two_formats
from walkme_tui.cli.session_run import with_sides
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError, NotFound
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.reconcile.classes import CLASS_TEXTS, PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import (
    CSV_COLUMNS,
    class_labels,
    csv_cells,
    difference_texts,
    pair_email,
)
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean, email_key, spaced
from walkme_tui.domain.times import format_time_ms
from walkme_tui.services.changes.change_services import ChangeServices
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Comparison, Side, Sides, compared, is_complete
from walkme_tui.services.reconcile.pair_json import json_parts

MAX_EMAIL: Final = 60
SO_FAR: Final = " as far as both sides are read"


def run(options: argparse.Namespace) -> int:
    """Print what differs; if an account could not be read whole, print a message and return exit code 1."""
    context = Context.of(options)
    refuse_two_formats(options)
    if options.adopt is not None:
        return _adopt(context, options)
    _refuse_options_of_adoption(options)

    async def work(sides: Sides) -> tuple[list[Extent], Mapping[Surface, Side]]:
        extents, found = await _compared(sides, options)
        if context.options.json:
            with data_output(None) as stream:
                async for part, _ in json_parts(sides, found, found.different):
                    stream.write(part)
        elif options.csv:
            rows = (csv_cells(pair, found.groups) for pair in found.different)
            print_csv((CSV_COLUMNS, *rows), options)
        else:
            print_lines(_lines(found))
        return extents, found.sides

    return _completeness(*with_sides(context, work))


def _completeness(extents: Sequence[Extent], sides: Mapping[Surface, Side]) -> ExitCode:
    """The exit code; if the comparison is incomplete, a message on standard error says by how much."""
    for surface, extent in zip(Surface, extents, strict=True):
        if not extent.complete:
            print_message(f"{surface.upper()}:")
            completeness(extent)
    for surface, side in sides.items():
        if side.without_groups:
            people = "1 user" if side.without_groups == 1 else f"{spaced(side.without_groups)} users"
            print_message(
                f"The answer is incomplete: the memberships of {people} on {surface.upper()} were not compared, "
                "because groups or their names are unknown.",
                "On the Groups tab of the browser, R reads the names, and M the groups of such users; then try again.",
            )
    return ExitCode.DONE if is_complete(sides) else ExitCode.NOT_FOUND_OR_INCOMPLETE


def _refuse_options_of_adoption(options: argparse.Namespace) -> None:
    values = ("people", "all", "plan", "yes", "ticket")
    given = ["EMAIL" if name == "people" else f"--{name}" for name in values if getattr(options, name)]
    if given:
        raise ConfigurationError(f"{given[0]} needs --adopt.", hint="Without --adopt, nothing is planned.")


def _adopt(context: Context, options: argparse.Namespace) -> int:
    """Plan to make one surface as the other one is, and review, print, save or execute the plan."""
    source = Surface(options.adopt)
    if bool(options.people) is options.all:
        raise ConfigurationError("--adopt needs either emails or ids, or --all.", hint="Nothing was sent.")

    async def choose(sides: Sides) -> tuple[list[Pair], SharedGroups]:
        extents, found = await _compared(sides, options)
        _completeness(extents, found.sides)
        pairs = list(found.different) if options.all else chosen(found, options.people)
        return pairs, found.groups

    pairs, groups = with_sides(context, choose)

    async def make(session: Session, _: ChangeServices) -> Plan:
        from walkme_tui.services.reconcile.adoption_planner import AdoptionPlanner

        other = context.open_surface(source)
        try:
            planner = AdoptionPlanner(Sides.joined(session, other), groups)
            return await planner.plan(pairs, session.account.surface)
        finally:
            await other.aclose()

    target = other_surface(source)
    request = ChangeRequest(f"Adopt {source.upper()} on {target.upper()}", make)
    context = Context(context.options._replace(surface=target), context.environ)
    return run_change(context, request, options)


def chosen(comparison: Comparison, keys: Sequence[str]) -> list[Pair]:
    """The pairs with these emails or ids, on either side; raises ``NotFound``, which names the others."""
    wanted = {email_key(key): key for key in keys}
    found, named = [], set()
    for pair in comparison.different:
        sides = pair.records
        texts = [side.id for side in sides] + [side.email for side in sides if isinstance(side.email, str)]
        own = {email_key(text) for text in texts} & wanted.keys()
        if own:
            found.append(pair)
            named |= own
    missing = [clean(key, MAX_EMAIL) for folded, key in wanted.items() if folded not in named]
    if missing:
        so_far = "" if comparison.complete else SO_FAR
        text = comparison.unread_text or f"Nothing differs for {', '.join(missing)}{so_far}."
        raise NotFound(text, hint="walkme-tui reconcile lists who differs.")
    return found


async def _compared(sides: Sides, options: argparse.Namespace) -> tuple[list[Extent], Comparison]:
    if not options.cached:
        # Of both first: a surface that refuses is reported before all users of the other one are read.
        for session in sides:
            async with CommandDeadline(session).running():
                await refresh_groups(session)
    extents = []
    for session in sides:
        if not options.cached:
            print_message(f"Reading {session.account.surface.upper()}.")
        extents.append(await read_account(session, options.cached))
    return extents, await compared(sides)


def _lines(found: Comparison) -> Iterator[str]:
    for surface, side in found.sides.items():
        as_of = "" if side.coverage.as_of_ms is None else f", as of {format_time_ms(side.coverage.as_of_ms)}"
        least = "" if side.coverage.complete else "at least "
        yield f"{surface.upper()}: {least}{spaced(side.users)} {'user' if side.users == 1 else 'users'}{as_of}"
    yield ""
    counted = [each for each in PairClass if found.counts[each] or each in found.undecided]
    numbers = {each: "?" if each in found.undecided else spaced(found.counts[each]) for each in counted}
    yield from aligned((numbers[each], CLASS_TEXTS[each].label) for each in counted) if counted else ()
    if not found.different:
        yield found.unread_text or f"Nothing differs{'' if found.complete else SO_FAR}."
        return
    for each in counted:
        if each is not PairClass.MATCHED and each not in found.undecided:
            text = CLASS_TEXTS[each]
            yield from ("", f"{text.label}: {text.meaning}", f"  {text.action}")
    yield ""
    for pair in found.different:
        yield f"{cut(pair_email(pair), MAX_EMAIL)}  {class_labels(pair)}"
        yield from (f"  {text}" for text in difference_texts(pair, found.groups))
