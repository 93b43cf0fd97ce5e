"""The request log: what went over the wire, the newest first."""

from collections.abc import Hashable, Sequence

from rich.cells import cell_len

from walkme_tui.domain.text import clean
from walkme_tui.domain.traffic import RequestRecord
from walkme_tui.ui import words
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle


class RequestList(RowList[RequestRecord]):
    """One line an attempt: when, what, how it ended, how long it took."""

    def fill(self, log: Sequence[RequestRecord]) -> None:
        """Show the log, turned round."""
        self.show(tuple(reversed(log)))

    def key(self, row: RequestRecord) -> Hashable:
        """The record itself: frozen, and one attempt is one record."""
        return row

    def line(self, row: RequestRecord, width: int) -> StyledText:
        """Time, method, path, status, milliseconds, attempt; the path gets what the others leave."""
        status, style = ending(row)
        again = f"attempt {row.attempt}" if row.attempt > 1 else ""
        # Padded to usual widths so that they are below each other; whatever is longer takes cells of the path.
        others: StyledText = [
            (f"  {status:9}", style),
            (f" {words.number(row.duration_ms):>6} ms", TextStyle.PLAIN),
            (f"  {again:9}", TextStyle.DIM),
        ]
        before: StyledText = [
            (f"{words.clock_time(row.started_at_ms)}  ", TextStyle.DIM),
            (words.fit(row.method, 7), TextStyle.PLAIN),
        ]
        room = width - sum(cell_len(text) for text, _ in (*before, *others))
        return [*before, (words.fit(clean(row.path, 500), max(0, room)), TextStyle.PLAIN), *others]


def ending(row: RequestRecord) -> tuple[str, TextStyle]:
    """How an attempt ended, in a word."""
    if row.status is None:
        return clean(row.outcome, 40) or "no answer", TextStyle.BAD
    if row.status < 400:
        return str(row.status), TextStyle.GOOD
    return str(row.status), TextStyle.WARN if row.status in {401, 404, 429} else TextStyle.BAD
