"""The pairs of a comparison that a list shows: one set, filtered and in an order."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.domain.reconcile.classes import PairSet
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.text import search_key
from walkme_tui.services.concurrency import gather_pair
from walkme_tui.services.reconcile.comparison import Comparison, Sides

SORT_KEYS: Final = (SortKey.EMAIL, SortKey.NAME, SortKey.STATUS)


class PairQuery(NamedTuple):
    """The pairs of a set, filtered by a text as users are; without ``sort`` in the order of the comparison."""

    chosen: PairSet = PairSet.ALL
    text: str = ""
    sort: Sort | None = None


async def listed_pairs(found: Comparison, sides: Sides, query: PairQuery) -> Sequence[Pair]:
    """The pairs of a query; a pair matches the text if one of its records does. Raises ``MirrorUnavailable``."""
    kept: Mapping[Surface, frozenset[int]] | None = None
    if query.text.strip():
        matching = UserQuery(query.text)
        rest, scim = await gather_pair(sides.rest.mirror.matching(matching), sides.scim.mirror.matching(matching))
        kept = {Surface.REST: frozenset(rest), Surface.SCIM: frozenset(scim)}
    return await asyncio.to_thread(_listed, found, query, kept)


def _listed(found: Comparison, query: PairQuery, kept: Mapping[Surface, frozenset[int]] | None) -> Sequence[Pair]:
    pairs = found.sets[query.chosen]
    if kept is not None:
        rest, scim = kept[Surface.REST], kept[Surface.SCIM]
        pairs = [
            pair
            for pair in pairs
            if (pair.rest is not None and pair.rest.row_id in rest)
            or (pair.scim is not None and pair.scim.row_id in scim)
        ]
    if query.sort is not None:
        pairs = _sorted(pairs, query.sort)
    return pairs


def _sorted(pairs: Sequence[Pair], sort: Sort) -> Sequence[Pair]:
    """The pairs in an order; those without a value come last, as in the table of users."""
    values = [*zip(map(_SORT_VALUES[sort.key], pairs), pairs, strict=True)]
    ordered = sorted((each for each in values if each[0]), key=itemgetter(0), reverse=sort.reverse)
    return [pair for _, pair in ordered] + [pair for value, pair in values if not value]


def _text(*values: object) -> str:
    return search_key(" ".join(value for value in values if isinstance(value, str)))


_SORT_VALUES: Final[Mapping[SortKey, Callable[[Pair], str]]] = {
    SortKey.EMAIL: lambda pair: _text(pair_email(pair)),
    SortKey.NAME: lambda pair: _text(pair.records[0].first_name, pair.records[0].last_name),
    SortKey.STATUS: lambda pair: _text(pair.records[0].status),
}
