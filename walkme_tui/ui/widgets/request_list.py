"""The list of HTTP requests, the newest first."""

from collections.abc import Hashable, Sequence

from rich.cells import cell_len

from walkme_tui.domain.text import clean
from walkme_tui.domain.traffic import RequestRecord
from walkme_tui.ui import words
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle


class RequestList(RowList[RequestRecord]):
    """One line per attempt: time, request, result, duration."""

    def fill(self, log: Sequence[RequestRecord]) -> None:
        """Show the log, newest first."""
        self.show(tuple(reversed(log)))

    def key(self, row: RequestRecord) -> Hashable:
        """The record itself: it is immutable and unique to an attempt."""
        return row

    def line(self, row: RequestRecord, width: int) -> StyledText:
        """Time, method, path, status, milliseconds, attempt; the path gets the remaining width."""
        status, style = ending(row)
        attempt = f"attempt {row.attempt}" if row.attempt > 1 else ""
        # Padded to usual widths to be aligned; longer texts reduce the width of the path.
        others: StyledText = [
            (f"  {status:9}", style),
            (f" {words.number(row.duration_ms):>6} ms", TextStyle.PLAIN),
            (f"  {attempt:9}", TextStyle.DIM),
        ]
        before: StyledText = [
            (f"{words.clock_time(row.started_at_ms)}  ", TextStyle.DIM),
            (words.fit(row.method, 7), TextStyle.PLAIN),
        ]
        room = width - sum(cell_len(text) for text, _ in (*before, *others))
        return [*before, (words.fit(clean(row.path, 500), max(0, room)), TextStyle.PLAIN), *others]


def ending(row: RequestRecord) -> tuple[str, TextStyle]:
    """The result of an attempt in a word."""
    if row.status is None:
        return clean(row.outcome, 40) or "no answer", TextStyle.BAD
    if row.status < 400:
        return str(row.status), TextStyle.GOOD
    return str(row.status), TextStyle.WARN if row.status in {401, 404, 429} else TextStyle.BAD
