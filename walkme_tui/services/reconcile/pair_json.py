"""The pairs of a comparison as one JSON object, in parts: for the command line and the browser."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.raw_record import record_of_any_surface
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.text import printable_json
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import Json
from walkme_tui.services.reconcile.comparison import Comparison, Sides

WINDOW: Final = 500


async def json_parts(sides: Sides, found: Comparison, pairs: Sequence[Pair]) -> AsyncGenerator[tuple[str, int], None]:
    """The object with these pairs as rows, a row a line, each part with its number of rows.

    Records are read while the object is made. Raises ``MirrorUnavailable``.
    """
    counts: dict[str, Json] = {each.value: count for each, count in found.counts.items()}
    yield f'{{"counts": {printable_json(counts)}, "rows": [', 0
    separator = "\n"
    for start in range(0, len(pairs), WINDOW):
        rows = await _rows(sides, pairs[start : start + WINDOW])
        yield separator + ",\n".join(printable_json(row) for row in rows), len(rows)
        separator = ",\n"
    as_of: dict[str, Json] = {
        surface.value: None if side.coverage.as_of_ms is None else format_time_ms(side.coverage.as_of_ms)
        for surface, side in found.sides.items()
    }
    undecided: list[Json] = [each.value for each in PairClass if each in found.undecided]
    facts: dict[str, Json] = {"complete": found.complete, "undecided": undecided, "as_of": as_of}
    yield f"\n], {printable_json(facts)[1:]}\n", 0


async def _rows(sides: Sides, pairs: Sequence[Pair]) -> list[dict[str, Json]]:
    rest = await sides.rest.mirror.rows([pair.rest.row_id for pair in pairs if pair.rest is not None])
    scim = await sides.scim.mirror.rows([pair.scim.row_id for pair in pairs if pair.scim is not None])
    found = []
    for pair in pairs:
        row: dict[str, Json] = {"classes": [each.value for each in pair.classes], "email": pair_email(pair)}
        for surface, side, records in ((Surface.REST, pair.rest, rest), (Surface.SCIM, pair.scim, scim)):
            record = None if side is None else records.get(side.row_id)
            row[surface.value] = None if record is None else record_of_any_surface(record.user, surface)
        found.append(row)
    return found
