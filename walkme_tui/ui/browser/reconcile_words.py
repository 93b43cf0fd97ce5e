"""The text of an empty list on the Reconcile tab."""

from collections.abc import Mapping

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.filters import parse_filter
from walkme_tui.domain.reconcile.classes import PairSet
from walkme_tui.services.reconcile.comparison import Comparison
from walkme_tui.services.reconcile.pair_listing import PairQuery
from walkme_tui.ui import words


def empty_text(found: Comparison, query: PairQuery, problems: Mapping[Surface, str]) -> str:
    """Why no pair of a comparison is listed; ``problems`` say in sentences what keeps each side from being read."""
    reasons = [f"{surface.upper()}: {problem}" for surface, problem in problems.items() if problem]
    if found.unread and not any(problems[surface] for surface in found.unread):
        reasons.insert(0, "They are being read.")
    return " ".join([_no_pairs(found, query), *reasons])


def _no_pairs(found: Comparison, query: PairQuery) -> str:
    people = found.sets[query.chosen]
    if found.unread:
        return found.unread_text
    if query.chosen.pair_class in found.undecided:
        missing = Surface.SCIM if query.chosen is PairSet.ONLY_REST else Surface.REST
        return f"Who is {query.chosen.text.label} is known once all users of {missing.upper()} are read."
    if problems := " ".join(problem.reason for problem in parse_filter(query.text).problems):
        return f"A word of the filter is not valid, so nobody matches. {problems} Esc clears the filter."
    if query.text.strip() and people:
        return f"None of the {words.number(len(people))} people matches. Esc clears the filter."
    so_far = "" if found.complete else " as far as both sides are read"
    return f"{'Nothing differs' if query.chosen is PairSet.ALL else 'None'}{so_far}."
