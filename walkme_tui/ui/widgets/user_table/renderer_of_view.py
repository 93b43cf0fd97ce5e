"""The renderer of a view: another one when its size, place, styles, columns, order or filter changed."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from textual.widget import Widget

from walkme_tui.domain.queries import Sort, UserQuery
from walkme_tui.services.ports import Clock
from walkme_tui.ui.widgets.user_table.columns import ColumnLayout, TextWidths
from walkme_tui.ui.widgets.user_table.row_renderer import RowFormat, RowRenderer
from walkme_tui.ui.widgets.user_table.row_styles import ComponentClasses, RowStyles

Columns: TypeAlias = tuple[bool, int, TextWidths]
"""Whether the columns are wide, which page of them is shown, and the widths of their texts."""


class _FormatKey(NamedTuple):
    """What every line depends on beside its row."""

    width: int
    styles: RowStyles
    columns: Columns
    sort: Sort | None
    words: tuple[str, ...]


class RendererOfView:
    """Keeps the renderer of a widget, with the rows that it has drawn, as long as they would be drawn the same.

    ``latest`` is the one that drew last.
    """

    def __init__(self, widget: Widget, clock: Clock) -> None:
        self.latest: RowRenderer | None = None
        self._widget = widget
        self._clock = clock
        self._format_key: _FormatKey | None = None
        self._parsed_query: UserQuery | None = None
        self._filter_words: tuple[str, ...] = ()
        self._components = ComponentClasses(widget)
        self._row_styles: RowStyles | None = None
        self._styles_are_stale = True

    def styles_changed(self) -> None:
        """The theme or the focus changed: resolve the styles again when something is drawn."""
        self._styles_are_stale = True

    def current(self, query: UserQuery, columns: Columns, layout: Callable[[], ColumnLayout]) -> RowRenderer:
        """The renderer for this query and these columns, which ``layout`` arranges."""
        if query is not self._parsed_query:
            self._parsed_query = query
            self._filter_words = _words_of(query.text) if query.text.strip() else ()
        width, styles, words = self._widget.size.width, self._styles, self._filter_words
        key = _FormatKey(width, styles, columns, query.sort, words)
        if self.latest is None or key != self._format_key:
            self._format_key = key
            self.latest = RowRenderer(RowFormat(width, layout(), styles, query.sort, words), self._clock)
        return self.latest

    @property
    def _styles(self) -> RowStyles:
        if self._row_styles is None or self._styles_are_stale:
            self._styles_are_stale = False
            _, _, background, color = self._widget.colors
            row_styles = RowStyles(background, color, self._components, self._widget.get_line_filters())
            if self._row_styles is None or not self._row_styles.draws_like(row_styles):
                self._row_styles = row_styles
        return self._row_styles


def _words_of(text: str) -> tuple[str, ...]:
    """The words of a filter. Its parser is imported late: most starts have no filter."""
    from walkme_tui.domain.filters import parse_filter

    return parse_filter(text).words
