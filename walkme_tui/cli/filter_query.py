"""Resolves QUERY and ``--filter``: a filter, or ``@NAME`` for a saved view, narrowed by more words."""

from typing import TYPE_CHECKING, Final

from walkme_tui.cli.context import Context
from walkme_tui.config.sections import similar
from walkme_tui.config.state import StateFile
from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean, search_key
from walkme_tui.domain.views import SIGN, SavedView, find_view

if TYPE_CHECKING:
    from collections.abc import Collection

    from walkme_tui.services.ports import Session

SHOWN: Final = 60
MAX_LISTED: Final = 30


def state_file_of(context: Context) -> StateFile:
    """The saved preferences of the browser; with ``--demo`` empty, and lost at the end of the program."""
    return StateFile(None if context.options.demo else context.paths.state_file)


def view_of(text: str, state_file: StateFile) -> SavedView | None:
    """The view that a text begins with, its filter followed by the rest of the text; None if there is none.

    Raises ``ConfigurationError`` for an unknown name, and for bytes that are not text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"The filter {clean(text, SHOWN)} contains bytes that are not text.",
            hint="Type it again, or set the terminal and the locale to UTF-8.",
        ) from None
    if not text.lstrip().startswith(SIGN):
        return None
    name, *more = text.split(maxsplit=1)
    view = find_view(name, state_file.views())
    if view is None:
        raise _unknown(name, state_file)
    return view._replace(text=" ".join(part for part in (view.text, *more) if part))


def query_of(text: str, state_file: StateFile) -> UserQuery:
    """The query of a text, with the sort of its view; raises ``ConfigurationError`` if it is invalid.

    Unlike in the browser, the user does not see what an invalid or unfinished filter matches, so it is refused.
    """
    view = view_of(text, state_file)
    query = UserQuery(text) if view is None else UserQuery(view.text, hide_inactive=view.hide_inactive, sort=view.sort)
    reasons = _reasons(query.text)
    if reasons:
        what = "The filter" if view is None else f"The filter of {SIGN}{view.name}, {clean(query.text, 200)},"
        raise ConfigurationError(f"{what} cannot be used. {' '.join(reasons)}")
    return query


def refuse_roles(query: UserQuery, surface: Capabilities) -> None:
    """Raise ``ConfigurationError`` for a filter by role where users have none."""
    _refuse_unmatched(query, no_roles=surface.roles)


def groups_in_filter(query: UserQuery) -> frozenset[str]:
    """The groups that the filter of a query names, folded: the account's groups must be loaded to answer it."""
    from walkme_tui.domain.filters import InGroup, parse_filter

    tests = (each.test for each in parse_filter(query.text).conditions)
    return frozenset(name for test in tests if isinstance(test, InGroup) for name in test.names)


async def refuse_unknown_groups(session: "Session", query: UserQuery, *, cached: bool) -> None:
    """Raise ``ConfigurationError`` for a group in the filter that does not exist, with the nearest name."""
    named = groups_in_filter(query)
    if not named:
        return
    groups = [size.group for size in await session.mirror.groups()]
    known = {group.name for group in groups if group.name}
    known.update(group.id for group in groups if search_key(group.id) in named)
    _refuse_unmatched(
        query, groups=known, hint="Without --cached the groups are requested from the server." if cached else ""
    )


async def refuse_unknown_values(session: "Session", query: UserQuery) -> None:
    """Raise ``ConfigurationError`` for a status or role in the filter that no user has, with the nearest one.

    Documented values are always accepted, and so are all if the account has more values than the mirror lists.
    """
    from walkme_tui.domain.users import ROLES, Status
    from walkme_tui.store.mirror.conditions import MOST_LISTED

    statuses, roles = ({*found} if len(found) < MOST_LISTED else None for found in await session.mirror.values())
    if statuses is not None:
        statuses |= {status.value for status in Status if not session.capabilities.refusal("status", status)}
    if roles is not None:
        roles |= {*ROLES}
    _refuse_unmatched(query, statuses=statuses, roles=roles)


def _refuse_unmatched(
    query: UserQuery,
    *,
    statuses: "Collection[str] | None" = None,
    roles: "Collection[str] | None" = None,
    groups: "Collection[str] | None" = None,
    no_roles: str = "",
    hint: str = "",
) -> None:
    from walkme_tui.domain.filter_completion import KnownValues, unmatched_values
    from walkme_tui.domain.filters import parse_filter

    wrong = unmatched_values(parse_filter(query.text), query.text, KnownValues(statuses, roles, groups, no_roles))
    if wrong:
        raise ConfigurationError(f"The filter cannot be used. {' '.join(each.reason for each in wrong)}", hint=hint)


def _reasons(text: str) -> list[str]:
    """The errors of a filter, as sentences."""
    from walkme_tui.domain.filter_terms import terms
    from walkme_tui.domain.filters import parse_filter

    found = parse_filter(text)
    understood = {(each.start, each.end) for each in found.conditions}
    unfinished = [
        f"There is no value after {clean(text[term.start : term.end], SHOWN)}"
        for term in terms(text)
        if term.field is not None and (term.start, term.end) not in understood
    ]
    return [*(problem.reason for problem in found.problems), *(f"{each}." for each in unfinished)]


def _unknown(name: str, state_file: StateFile) -> ConfigurationError:
    known = [f"{SIGN}{view.name}" for view in state_file.views()]
    rest = len(known) - MAX_LISTED
    hints = [
        similar(name, known),
        f"There are {', '.join(known[:MAX_LISTED])}{f' and {rest} more' if rest > 0 else ''}.",
        f"To search for the text {clean(name, SHOWN)} itself, put it in double quotes.",
        state_file.notice,
    ]
    return ConfigurationError(
        f"There is no saved view {clean(name, SHOWN)}.", hint="\n".join(hint for hint in hints if hint)
    )
