"""A scrolling window on a listing: requests the visible rows and draws them."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import ClassVar, Final, Self, TypeAlias

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import SortKey, UserQuery
from walkme_tui.services.ports import Clock
from walkme_tui.services.reading.listing import Listing, Phase
from walkme_tui.ui.widgets.immediate_paint import paint_now
from walkme_tui.ui.widgets.user_table.cells import widest_cells
from walkme_tui.ui.widgets.user_table.columns import (
    GUTTER,
    MEASURED,
    NO_TEXT_WIDTHS,
    ColumnLayout,
    Field,
    TextWidths,
    layout_columns,
)
from walkme_tui.ui.widgets.user_table.renderer_of_view import RendererOfView
from walkme_tui.ui.widgets.user_table.row_renderer import RowRenderer, RowState

HEADER_LINES: Final = 1
MESSAGE_LINE: Final = 2
WHEEL_LINES: Final = 3
AGES_CHANGE_SECONDS: Final = 30.0
REPAINT_DELAY_SECONDS: Final = 0.03
"""How long a jump to rows that are not loaded waits for them: most are there after a few milliseconds."""

StateOf: TypeAlias = Callable[[int, ListedRow | None], RowState]


class ListingView(ScrollView, can_focus=True, inherit_bindings=False):
    """The rows of a listing below their headings, or a message where there are none.

    ``state_of`` returns how the row at an index is drawn, ``absent_fields`` have no column. A border or padding makes
    the widget slow. The header shows the sort order of the query, and the rows highlight the words of its filter.
    ``same_frame_widgets`` returns the widgets to paint in the same frame as the first rows of another view.

    ``text_widths`` are the widest texts that were visible in this view, in cells; the columns follow them, and
    ``text_widths_changed`` is called when they changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = []
    ALLOW_SELECT = False
    DEFAULT_CSS = "ListingView { overflow: hidden; scrollbar-size: 0 0; }"

    def __init__(
        self,
        listing: Listing,
        state_of: StateOf,
        *,
        clock: Clock,
        absent_fields: Collection[Field] = (),
        id: str | None = None,  # noqa: A002 - Textual's own name for it
    ) -> None:
        super().__init__(id=id)
        self.listing = listing
        self.absent_fields = absent_fields
        self.empty_text = Content("No users.")
        self.loading_text = Content("Loading …")
        self.same_frame_widgets: Callable[[], Sequence[Widget]] = tuple
        self.text_widths: TextWidths = NO_TEXT_WIDTHS
        self.text_widths_changed: Callable[[], None] = lambda: None
        self._state_of = state_of
        self._wide = False
        self._page = 0
        self._measured_query: UserQuery | None = None
        self._renderers = RendererOfView(self, clock)
        self._request_pending = False
        self._lines: list[Strip] = []
        self._lines_renderer: RowRenderer | None = None
        self._stale_lines: set[int] = set()
        self._drawn: dict[int, ListedRow | None] = {}
        self._deferred_repaint: asyncio.TimerHandle | None = None
        self._shown_message: tuple[Content, RowRenderer, list[Strip]] | None = None

    @property
    def row_count(self) -> int:
        """How many rows the view has, as far as known."""
        total = self.listing.total
        return total.count if total is not None else 0

    @property
    def visible_rows(self) -> range:
        """The indexes that are on the screen."""
        first = self.first_row
        return range(first, min(first + self.page_rows, self.row_count))

    @property
    def first_row(self) -> int:
        """The topmost row on the screen."""
        return self.scroll_offset.y

    @property
    def page_rows(self) -> int:
        """How many rows fit on the screen."""
        return max(1, self.size.height - HEADER_LINES)

    def set_empty_text(self, text: Content) -> None:
        """Change ``empty_text`` and show it."""
        self.empty_text = text
        if self.listing.phase is Phase.EMPTY:
            self.refresh()

    @property
    def wide(self) -> bool:
        """True if the columns are wide, on several pages where they do not fit side by side."""
        return self._wide

    def show_wide(self, wide: bool) -> None:
        """Show wide columns, or those that fit side by side."""
        if wide != self._wide:
            self._wide, self._page = wide, 0
            self._columns_changed()

    def turn_columns(self, by: int) -> None:
        """Show the next or previous page of wide columns."""
        page = max(0, min(self._page + by, self.column_layout.pages - 1))
        if page != self._page:
            self._page = page
            self._columns_changed()

    @property
    def column_layout(self) -> ColumnLayout:
        """The columns that are shown."""
        return layout_columns(
            self.size.width,
            self.app.size.width,
            text_widths=self.text_widths,
            wide=self._wide,
            page=self._page,
            without=self.absent_fields,
        )

    @property
    def sort_keys(self) -> tuple[SortKey, ...]:
        """What can be sorted by in the columns that are shown."""
        return self.column_layout.sort_keys

    def _columns_changed(self) -> None:
        if self.is_mounted:
            self.repaint_changed()

    def on_mount(self) -> None:
        """Repaint ages as they change."""
        self.set_interval(AGES_CHANGE_SECONDS, lambda: self.repaint_rows(self.visible_rows, only_changed=True))

    def update_row_count(self) -> None:
        """Limit scrolling to the rows that there are now."""
        size = Size(0, self.row_count + HEADER_LINES)
        if size != self.virtual_size:
            # No other widget depends on it: setting it the usual way would lay out the whole screen again.
            self.set_reactive(Widget.virtual_size, size)
            self.scroll_y = self.scroll_target_y = self.validate_scroll_y(self.scroll_y)

    def notify_style_update(self) -> None:
        """The theme or the focus changed: resolve the styles again when something is drawn."""
        super().notify_style_update()
        self._renderers.styles_changed()

    def scroll_to_row(self, first: int) -> None:
        """Make ``first`` the topmost row, as far as the rows reach."""
        self.scroll_to(y=max(0, min(first, self.row_count - self.page_rows)), animate=False, force=True)

    def request_rows_soon(self) -> None:
        """Request the visible rows from the listing, at most once a frame."""
        if not self._request_pending and self.is_mounted:
            self._request_pending = True
            self.call_after_refresh(self.request_rows)

    def request_rows(self) -> None:
        """Request the visible rows from the listing now."""
        self._request_pending = False
        first = self.first_row
        self.listing.want(first, first + self.page_rows - 1)

    # ------------------------------------------------------------ drawing

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint these regions, or everything if none is given."""
        if repaint:
            self._stale_lines.update(y for region in regions or [self.size.region] for y in region.line_range)
            if self._deferred_repaint is not None and not layout and not recompose:
                return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The visible lines; only stale ones are drawn, although Textual requests all of them in every frame."""
        if self.styles.gutter.totals != (0, 0):
            return super().render_lines(crop)
        if self._deferred_repaint is None or len(self._lines) != self.size.height:
            self._draw_stale_lines()
        strips = self._lines[crop.y : crop.bottom]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _update_text_widths(self, lines: Iterable[int]) -> bool:
        """Widen ``text_widths`` by the texts on these lines of the screen; False if nothing changed.

        Within a view columns only grow, so that scrolling does not move them back and forth.
        """
        top = self.first_row - HEADER_LINES
        rows = (self.listing.row(top + y) for y in lines if y >= HEADER_LINES and top + y < self.row_count)
        users = [row.user for row in rows if isinstance(row, MirroredUser)]
        known = self.text_widths if self._measured_query is self.listing.query else NO_TEXT_WIDTHS
        if not users:
            return False
        widest = widest_cells(users, MEASURED, 0)
        text_widths = {field: max(width, known.get(field, 0)) for field, width in widest.items()}
        self._measured_query = self.listing.query
        if text_widths == self.text_widths:
            return False
        self.text_widths = text_widths
        self.text_widths_changed()
        return True

    def _draw_stale_lines(self) -> None:
        if self._measured_query is not self.listing.query or not self._lines:
            self._update_text_widths(range(self.size.height))
        else:
            self._update_text_widths(self._stale_lines)
        renderer = self._renderer
        if self._lines_renderer is not renderer or len(self._lines) != self.size.height:
            if self._lines and not self._stale_lines.issuperset(range(self.size.height)):
                # Textual takes only the lines that it asked for: the columns of the others have changed too.
                self.call_later(self.refresh)
            self._lines_renderer = renderer
            self._lines = [self._draw_line(renderer, y) for y in range(self.size.height)]
        else:
            for y in self._stale_lines:
                if 0 <= y < len(self._lines):
                    self._lines[y] = self._draw_line(renderer, y)
        self._stale_lines.clear()

    def render_line(self, y: int) -> Strip:
        """The header, a row, a line of the message in place of rows, or a blank line."""
        return self._draw_line(self._renderer, y)

    def is_drawn(self, index: int) -> bool:
        """True if the row at ``index`` is the one drawn last on its line of the screen."""
        drawn, row = self._drawn.get(index - self.first_row + HEADER_LINES), self.listing.row(index)
        if isinstance(drawn, MirroredUser) and isinstance(row, MirroredUser):
            return drawn.user.id == row.user.id
        return drawn is not None and drawn == row

    def _draw_line(self, renderer: RowRenderer, y: int) -> Strip:
        if y < HEADER_LINES:
            return renderer.header
        self._drawn[y] = None
        if not self.row_count:
            return self._message_line(renderer, y - HEADER_LINES - MESSAGE_LINE + 1)
        index = self.first_row + y - HEADER_LINES
        if index >= self.row_count:
            return renderer.blank
        row = self._drawn[y] = self.listing.row(index)
        return renderer.line(index, row, self._state_of(index, row))

    @property
    def _renderer(self) -> RowRenderer:
        """The renderer for what the view looks like now."""
        columns = self._wide, self._page, self.text_widths
        return self._renderers.current(self.listing.query, columns, lambda: self.column_layout)

    def _message_line(self, renderer: RowRenderer, line: int) -> Strip:
        """A line of the message in place of rows."""
        text = self.loading_text if self.listing.phase is Phase.LOADING else self.empty_text
        if self._shown_message is None or self._shown_message[0] is not text or self._shown_message[1] is not renderer:
            self._shown_message = (text, renderer, self._wrapped(text))
        lines = self._shown_message[2]
        return lines[line] if 0 <= line < len(lines) else renderer.blank

    def _wrapped(self, text: Content) -> list[Strip]:
        """A text in lines as wide as the table, with the gutter as margin on both sides."""
        width = max(1, self.size.width - 2 * GUTTER)
        strips = Visual.to_strips(self, text, width, None, self.visual_style)
        style = self.rich_style
        strips = [strip.crop_pad(width, GUTTER, GUTTER, style) for strip in strips]
        strips = [strip.adjust_cell_length(self.size.width, style) for strip in strips]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self.background_colors[1]) for strip in strips]
        return strips

    def repaint_rows(self, rows: Sequence[int], *, only_changed: bool = False) -> None:
        """Paint those of these rows that are visible."""
        visible = self.visible_rows
        if isinstance(rows, range):
            rows = range(max(rows.start, visible.start), min(rows.stop, visible.stop))
        renderer = self._renderers.latest if only_changed else None
        regions = []
        for index in rows:
            if index not in visible:
                continue
            if renderer is not None:
                row = self.listing.row(index)
                if not renderer.differs(index, row, self._state_of(index, row)):
                    continue
            regions.append(Region(0, index - visible.start + HEADER_LINES, self.size.width, 1))
        if regions:
            self.refresh(*regions)

    def repaint_changed(self) -> None:
        """Paint the lines whose content changed: after a change of the view every index may be another row's."""
        if self._deferred_repaint is not None:
            self._deferred_repaint.cancel()
            self._deferred_repaint = None
        if not self._lines or len(self._lines) != self.size.height or self.styles.gutter.totals != (0, 0):
            self.refresh()
            return
        self._update_text_widths(range(self.size.height))
        renderer, width = self._renderer, self.size.width
        lines = [self._draw_line(renderer, y) for y in range(self.size.height)]
        changed = [y for y, (before, now) in enumerate(zip(self._lines, lines, strict=True)) if before != now]
        self._lines, self._lines_renderer = lines, renderer
        self._stale_lines.clear()  # all lines were just drawn
        if changed:
            super().refresh(*(Region(0, first, width, last - first + 1) for first, last in _runs(changed)))

    def paint_now(self) -> None:
        """Paint now instead of at Textual's next frame, up to 1/60 s later."""
        paint_now(self, *self.same_frame_widgets())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll; the cursor stays on its user."""
        self._wheel(event, WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll; the cursor stays on its user."""
        self._wheel(event, -WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, lines: int) -> None:
        event.stop()
        event.prevent_default()
        self.scroll_to_row(self.first_row + lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint the rows; the header stays as it is."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) == round(new_value):
            return
        if self.is_mounted and not self._has_visible_rows():
            self._defer_repaint()
            self.request_rows()
        else:
            self.refresh(Region(0, HEADER_LINES, self.size.width, self.page_rows))
            self.request_rows_soon()

    def _defer_repaint(self) -> None:
        """Keep the screen for a moment: the requested rows may be loaded before the next frame.

        Otherwise all of them would be drawn as placeholders first.
        """
        if self._deferred_repaint is None:
            loop = asyncio.get_running_loop()
            self._deferred_repaint = loop.call_later(REPAINT_DELAY_SECONDS, self._repaint_deferred)

    def rows_loaded(self) -> None:
        """Paint what ``_defer_repaint`` deferred if all visible rows are loaded now."""
        if self._deferred_repaint is not None and self._has_visible_rows():
            self._repaint_deferred()

    def _repaint_deferred(self) -> None:
        if self.is_attached:
            self.repaint_changed()
            self.paint_now()

    def _has_visible_rows(self) -> bool:
        return all(self.listing.row(index) is not None for index in self.visible_rows)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of ascending numbers without a gap."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield members[0], members[-1]
