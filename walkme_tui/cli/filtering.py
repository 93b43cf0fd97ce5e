"""What QUERY and ``--filter`` ask for: a filter, or ``@NAME`` for a saved view, which more words narrow further."""

from typing import TYPE_CHECKING, Final

from walkme_tui.cli.context import Context
from walkme_tui.config.sections import similar
from walkme_tui.config.state import StateFile
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.domain.views import SIGN, SavedView, find_view

if TYPE_CHECKING:
    from walkme_tui.services.browsing import Memory

SHOWN: Final = 60
MAX_LISTED: Final = 30


def memory_of(context: Context) -> StateFile:
    """What the browser remembers; with ``--demo`` it begins empty and ends with the program."""
    return StateFile(None if context.options.demo else context.paths.state_file)


def view_of(text: str, memory: "Memory") -> SavedView | None:
    """The view that a text begins with, its filter followed by the rest of the text; None if it begins with none.

    ConfigurationError for a name that no view has.
    """
    if not text.lstrip().startswith(SIGN):
        return None
    name, *more = text.split(maxsplit=1)
    view = find_view(name, memory.views())
    if view is None:
        raise _unknown(name, memory)
    return view._replace(text=" ".join(part for part in (view.text, *more) if part))


def query_of(text: str, memory: "Memory") -> UserQuery:
    """The users that a text asks for, in the order of its view; ConfigurationError if it cannot be understood.

    Nobody watches here how a filter narrows: one that is wrong or not finished must not answer with other people than
    were meant.
    """
    view = view_of(text, memory)
    query = UserQuery(text) if view is None else UserQuery(view.text, hide_inactive=view.hide_inactive, sort=view.sort)
    reasons = _reasons(query.text)
    if reasons:
        what = "The filter" if view is None else f"The filter of {SIGN}{view.name}, {clean(query.text, 200)},"
        raise ConfigurationError(f"{what} cannot be used. {' '.join(reasons)}")
    return query


def _reasons(text: str) -> list[str]:
    """What is wrong with a filter, in full sentences."""
    from walkme_tui.domain.filter_terms import terms
    from walkme_tui.domain.filters import parse_filter

    found = parse_filter(text)
    understood = {(each.start, each.end) for each in found.conditions}
    unfinished = [
        f"Nothing stands after {clean(text[term.start : term.end], SHOWN)}"
        for term in terms(text)
        if term.field is not None and (term.start, term.end) not in understood
    ]
    return [*(problem.reason for problem in found.problems), *(f"{each}." for each in unfinished)]


def _unknown(name: str, memory: "Memory") -> ConfigurationError:
    known = [f"{SIGN}{view.name}" for view in memory.views()]
    rest = len(known) - MAX_LISTED
    hints = [
        similar(name, known),
        f"There are {', '.join(known[:MAX_LISTED])}{f' and {rest} more' if rest > 0 else ''}.",
        f"To look for the text {clean(name, SHOWN)} itself, put it into double quotes.",
        memory.notice,
    ]
    return ConfigurationError(
        f"There is no saved view {clean(name, SHOWN)}.", hint="\n".join(hint for hint in hints if hint)
    )
