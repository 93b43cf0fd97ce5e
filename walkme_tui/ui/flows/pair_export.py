"""Exports how people differ between REST and SCIM: the marked ones, else all that are listed."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import CSV_COLUMNS, csv_cells
from walkme_tui.domain.table_cells import BYTE_ORDER_MARK, csv_line
from walkme_tui.domain.text import clean
from walkme_tui.services.reconcile.comparison import Comparison, Sides
from walkme_tui.services.reconcile.pair_json import WINDOW, json_parts
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.choice import Choice
from walkme_tui.ui.dialogs.export import ExportFormat, ExportRequest
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.export import MAX_PATH, ExportMessage, FileExport
from walkme_tui.ui.flows.export_file import new_file, on_thread
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.typed_paths import typed_path
from walkme_tui.ui.widgets.text_style import StyledSpan, TextStyle

INCOMPLETE: Final = "Incomplete: REST or SCIM is not read whole, or groups of users are unknown."


class PairExport(FileExport):
    """An export of pairs; ``listed`` says which they are, as the beginning of a sentence."""

    DOING = "Exporting differences"
    NOTHING = "There is no difference to export."
    FORMS = (
        Choice(ExportFormat.CSV, "CSV", "a row a person"),
        Choice(ExportFormat.EXCEL, "CSV for Excel", "marked as UTF-8"),
        Choice(ExportFormat.RAW, "CSV with exact values", "for programs"),
        Choice(ExportFormat.JSON, "JSON", "with both records"),
    )

    def __init__(
        self,
        view: FlowContext,
        origin: Origin,
        sides: Sides,
        found: Comparison,
        pairs: Sequence[Pair],
        listed: str,
    ) -> None:
        self._sides, self._found, self._pairs, self._listed = sides, found, pairs, listed
        title = f"Export {words.count(len(pairs), 'difference', 'differences')}"
        super().__init__(view, origin, title, "rest-against-scim", len(pairs))

    def notes(self) -> list[StyledSpan]:
        """Which they are, and whether all are known."""
        incomplete = [] if self._found.complete else [(INCOMPLETE, TextStyle.WARN)]
        return [(f"{self._listed}.", TextStyle.DIM), *incomplete]

    async def write(self, request: ExportRequest) -> ExportMessage:
        """Write the pairs."""
        path = await on_thread(lambda: typed_path(request.file_name).absolute())
        written = 0
        async with new_file(path) as stream, aclosing(self._parts(request.form)) as parts:
            async for text, rows in parts:
                await on_thread(partial(stream.write, text))
                written += rows
                self.note(written)
        people = words.count(written, "difference was", "differences were")
        sentences = [f"{people} written to {clean(str(path), MAX_PATH)}."]
        sentences += [] if self._found.complete else [INCOMPLETE]
        return ExportMessage(" ".join(sentences), not self._found.complete)

    async def _parts(self, form: ExportFormat) -> AsyncGenerator[tuple[str, int], None]:
        """The text of the file in parts, each with its number of pairs."""
        if form is ExportFormat.JSON:
            async with aclosing(json_parts(self._sides, self._found, self._pairs)) as parts:
                async for part in parts:
                    yield part
            return
        line = partial(csv_line, raw=form is ExportFormat.RAW)
        yield (BYTE_ORDER_MARK if form is ExportFormat.EXCEL else "") + line(CSV_COLUMNS), 0
        for start in range(0, len(self._pairs), WINDOW):
            pairs = self._pairs[start : start + WINDOW]
            yield "".join(line(csv_cells(pair, self._found.groups)) for pair in pairs), len(pairs)
