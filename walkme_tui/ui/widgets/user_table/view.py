"""A scrolling window over a listing: draws the rows that are visible and asks for them."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import ClassVar, Final, NamedTuple, Self

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.css.styles import StylesBase
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from walkme_tui.domain.mirrored import ListedRow, MirroredUser
from walkme_tui.domain.queries import Sort, SortKey, UserQuery
from walkme_tui.services.ports import Clock
from walkme_tui.services.reading.listing import Listing, Phase
from walkme_tui.ui.widgets.immediate_paint import paint_now
from walkme_tui.ui.widgets.user_table.cells import widest_cells
from walkme_tui.ui.widgets.user_table.columns import GUTTER, MEASURED, NO_TEXT_WIDTHS, ColumnLayout, TextWidths, lay_out
from walkme_tui.ui.widgets.user_table.empty_text import wrapped
from walkme_tui.ui.widgets.user_table.rendering import RowFormat, RowState
from walkme_tui.ui.widgets.user_table.row_renderer import RowRenderer
from walkme_tui.ui.widgets.user_table.row_styles import RowStyles

HEADER_LINES: Final = 1
MESSAGE_LINE: Final = 2
WHEEL_LINES: Final = 3
AGES_CHANGE_SECONDS: Final = 30.0
# So long nothing is painted after a jump to rows that are not here: most come in a few milliseconds.
PATIENCE_SECONDS: Final = 0.03


class _Face(NamedTuple):
    """What every line depends on beside its row: a painter is for one of these."""

    width: int
    left: int
    palette: RowStyles
    wide: bool
    page: int
    text_widths: TextWidths
    sort: Sort | None
    words: tuple[str, ...]


class ListingView(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of a listing below the names of their columns, or words where there are none.

    ``look`` gives the state in which a row is drawn. A border or padding makes the widget slow. The header shows the
    sort order, the rows highlight the words of the filter. ``same_frame_widgets`` returns the widgets to paint in the
    same frame as the first rows of another view.

    ``text_widths`` are the widest texts that were visible in this view, in cells; the columns follow them, and
    ``text_widths_changed`` is called when they changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = []
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ListingView {
        overflow: hidden; scrollbar-size: 0 0;
        & > .user-table--header { color: $text-muted; text-style: bold; }
        & > .user-table--gutter { color: $accent; }
        & > .user-table--mark { color: $accent; text-style: bold; }
        & > .user-table--found { color: $accent; text-style: bold; }
        & > .user-table--changed { color: $text-warning; text-style: underline; }
        & > .user-table--sorted { color: $accent; text-style: bold; }
        & > .user-table--secondary { color: $foreground 60%; }
        & > .user-table--dim { color: $foreground 50%; }
        & > .user-table--placeholder { color: $foreground 40%; }
        & > .user-table--unreadable { color: $text-error; }
        & > .user-table--status-active { color: $text-success; }
        & > .user-table--status-inactive { color: $foreground 60%; }
        & > .user-table--status-pending { color: $text-warning; }
        & > .user-table--cursor { background: $accent 30%; }
        & > .user-table--cursor-blurred { background: $foreground 10%; }
    }
    """

    def __init__(self, listing: Listing, *, clock: Clock, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.listing = listing
        self.empty_text = Content("Nobody is here.")
        self.loading_text = Content("Loading …")
        self.same_frame_widgets: Callable[[], Sequence[Widget]] = tuple
        self._clock = clock
        self._wide = False
        self._page = 0
        self.text_widths: TextWidths = NO_TEXT_WIDTHS
        self.text_widths_changed: Callable[[], None] = lambda: None
        self._needs_of: UserQuery | None = None
        self._painter: RowRenderer | None = None
        self._face: _Face | None = None
        self._read_query: UserQuery | None = None
        self._sought_words: tuple[str, ...] = ()
        self._palette: RowStyles | None = None
        self._palette_is_stale = True
        self._components: dict[str, StylesBase] = {}
        self._components_of: object = None
        self._asking = False
        self._lines: list[Strip] = []
        self._lines_of: RowRenderer | None = None
        self._stale_lines: set[int] = set()
        self._drawn: dict[int, ListedRow | None] = {}
        self._held_back: asyncio.TimerHandle | None = None
        self._said: tuple[Content, RowRenderer, list[Strip]] | None = None

    def look(self, index: int, row: ListedRow | None) -> RowState:
        """How the row at ``index`` is to be drawn."""
        raise NotImplementedError

    @property
    def row_count(self) -> int:
        """How many rows the view has, as far as known."""
        total = self.listing.total
        return total.count if total is not None else 0

    @property
    def visible_rows(self) -> range:
        """The indexes that are on the screen."""
        first = self.scroll_offset.y
        return range(first, min(first + self.page_rows, self.row_count))

    @property
    def page_rows(self) -> int:
        """How many rows the screen takes."""
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
            self._show_other_columns()

    def turn_columns(self, by: int) -> None:
        """Show the columns further right, or further left, of wide ones."""
        page = max(0, min(self._page + by, self.layout_of_columns.pages - 1))
        if page != self._page:
            self._page = page
            self._show_other_columns()

    @property
    def layout_of_columns(self) -> ColumnLayout:
        """The columns that are shown."""
        return lay_out(
            self.size.width, self.app.size.width, text_widths=self.text_widths, wide=self._wide, page=self._page
        )

    @property
    def sort_keys(self) -> tuple[SortKey, ...]:
        """What can be sorted by in the columns that are shown."""
        return self.layout_of_columns.sort_keys

    def _show_other_columns(self) -> None:
        if self.is_mounted:
            self.repaint_changed()

    def on_mount(self) -> None:
        """Ages grow while nobody does anything."""
        self.set_interval(AGES_CHANGE_SECONDS, lambda: self.repaint_rows(self.visible_rows, only_changed=True))

    def take_row_count(self) -> None:
        """Scroll no further than the rows reach now."""
        size = Size(0, self.row_count + HEADER_LINES)
        if size != self.virtual_size:
            # Nothing around the table depends on it: setting it the usual way lays the whole screen out anew.
            self.set_reactive(Widget.virtual_size, size)
            self.scroll_y = self.scroll_target_y = self.validate_scroll_y(self.scroll_y)

    def notify_style_update(self) -> None:
        """The theme or the focus changed: look the colours up again when something is drawn."""
        super().notify_style_update()
        self._palette_is_stale = True

    def scroll_to_row(self, first: int) -> None:
        """Make ``first`` the topmost row, as far as the rows reach."""
        self.scroll_to(y=max(0, min(first, self.row_count - self.page_rows)), animate=False, force=True)

    def ask(self) -> None:
        """Tell the listing what is visible, once a frame at most."""
        if not self._asking and self.is_mounted:
            self._asking = True
            self.call_after_refresh(self.want_visible)

    def want_visible(self) -> None:
        """Tell the listing what is visible, now."""
        self._asking = False
        first = self.scroll_offset.y
        self.listing.want(first, first + self.page_rows - 1)

    # ------------------------------------------------------------ drawing

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Paint these regions again, or everything where none is given."""
        if repaint:
            self._stale_lines.update(y for region in regions or [self.size.region] for y in region.line_range)
            if self._held_back is not None and not layout and not recompose:
                return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The visible lines, of which only those are drawn that were told to be stale.

        Textual asks for all lines in every frame, whatever the frame is about.
        """
        if self.styles.gutter.totals != (0, 0):
            return super().render_lines(crop)
        if self._held_back is None or len(self._lines) != self.size.height:
            self._draw_stale_lines()
        strips = self._lines[crop.y : crop.bottom]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _measure(self, lines: Iterable[int]) -> bool:
        """Widen ``text_widths`` by the texts on these lines of the screen; False if nothing changed.

        Within a view columns only grow, so that scrolling does not move them back and forth.
        """
        top = self.scroll_offset.y - HEADER_LINES
        rows = (self.listing.row(top + y) for y in lines if y >= HEADER_LINES and top + y < self.row_count)
        users = [row.user for row in rows if isinstance(row, MirroredUser)]
        known = self.text_widths if self._needs_of is self.listing.query else NO_TEXT_WIDTHS
        if not users:
            return False
        widest = widest_cells(users, MEASURED, 0)
        text_widths = {field: max(width, known.get(field, 0)) for field, width in widest.items()}
        self._needs_of = self.listing.query
        if text_widths == self.text_widths:
            return False
        self.text_widths = text_widths
        self.text_widths_changed()
        return True

    def _draw_stale_lines(self) -> None:
        if self._needs_of is not self.listing.query or not self._lines:
            self._measure(range(self.size.height))
        elif self._measure(self._stale_lines):
            self.call_later(self.repaint_changed)
        painter = self._ready_painter()
        if self._lines_of is not painter or len(self._lines) != self.size.height:
            self._lines_of = painter
            self._lines = [self._draw_line(painter, y) for y in range(self.size.height)]
        else:
            for y in self._stale_lines:
                if 0 <= y < len(self._lines):
                    self._lines[y] = self._draw_line(painter, y)
        self._stale_lines.clear()

    def render_line(self, y: int) -> Strip:
        """The header, a row, a line of words where there are no rows, or nothing."""
        return self._draw_line(self._ready_painter(), y)

    def is_drawn(self, index: int) -> bool:
        """True if the row at ``index`` is what was drawn last on its line of the screen."""
        drawn, row = self._drawn.get(index - self.scroll_offset.y + HEADER_LINES), self.listing.row(index)
        if isinstance(drawn, MirroredUser) and isinstance(row, MirroredUser):
            return drawn.user.id == row.user.id
        return drawn is not None and drawn == row

    def _draw_line(self, painter: RowRenderer, y: int) -> Strip:
        if y < HEADER_LINES:
            return painter.header
        self._drawn[y] = None
        if not self.row_count:
            return self._words(painter, y - HEADER_LINES - MESSAGE_LINE + 1)
        index = self.scroll_offset.y + y - HEADER_LINES
        if index >= self.row_count:
            return painter.blank
        row = self._drawn[y] = self.listing.row(index)
        return painter.line(index, row, self.look(index, row))

    def _ready_painter(self) -> RowRenderer:
        """The painter for the place, the size, the colours, the order and the filter of this moment."""
        if self._palette is None or self._palette_is_stale:
            self._palette_is_stale = False
            _, _, background, color = self.colors
            palette = RowStyles(background, color, self._component, self.get_line_filters())
            if self._palette is None or palette.essence != self._palette.essence:
                self._palette = palette
        query = self.listing.query
        if query is not self._read_query:
            self._read_query = query
            self._sought_words = _words_of(query.text) if query.text.strip() else ()
        width, left = self.size.width, self.region.x
        face = _Face(
            width, left, self._palette, self._wide, self._page, self.text_widths, query.sort, self._sought_words
        )
        if self._painter is None or face != self._face:
            self._face = face
            canvas = RowFormat(width, left, self.layout_of_columns, self._palette, query.sort, self._sought_words)
            self._painter = RowRenderer(canvas, self._clock)
        return self._painter

    def _component(self, name: str) -> StylesBase:
        """What the style sheets say of a component class with the theme's variables that they hold now.

        For a moment after a change of the theme they still hold those of the theme before.

        As ``COMPONENT_CLASSES`` they would all be worked out at every change of the focus, and three times at a start.
        """
        variables = self.app.stylesheet._variables  # noqa: SLF001 - a new dict for every theme
        if self._components_of is not variables:
            self._components_of = variables
            self._components.clear()
        styles = self._components.get(name)
        if styles is None:
            node = DOMNode(classes=name)
            node._attach(self)  # noqa: SLF001 - what Textual does for its own component classes
            self.app.stylesheet.apply(node, animate=False)
            styles = self._components[name] = node.styles
        return styles

    def _words(self, painter: RowRenderer, line: int) -> Strip:
        """A line of what is said in place of rows."""
        text = self.loading_text if self.listing.phase is Phase.LOADING else self.empty_text
        if self._said is None or self._said[0] is not text or self._said[1] is not painter:
            self._said = (text, painter, wrapped(self, text, GUTTER))
        lines = self._said[2]
        return lines[line] if 0 <= line < len(lines) else painter.blank

    def repaint_rows(self, rows: Sequence[int], *, only_changed: bool = False) -> None:
        """Paint those of these rows that are visible."""
        visible = self.visible_rows
        if isinstance(rows, range):
            rows = range(max(rows.start, visible.start), min(rows.stop, visible.stop))
        painter = self._painter if only_changed else None
        regions = []
        for index in rows:
            if index not in visible:
                continue
            if painter is not None:
                row = self.listing.row(index)
                if not painter.differs(index, row, self.look(index, row)):
                    continue
            regions.append(Region(0, index - visible.start + HEADER_LINES, self.size.width, 1))
        if regions:
            self.refresh(*regions)

    def repaint_changed(self) -> None:
        """Paint the lines that are not what stands there: after every index may have come to mean another row."""
        if self._held_back is not None:
            self._held_back.cancel()
            self._held_back = None
        if len(self._lines) != self.size.height or self.styles.gutter.totals != (0, 0):
            self.refresh()
            return
        self._measure(range(self.size.height))
        painter, width = self._ready_painter(), self.size.width
        lines = [self._draw_line(painter, y) for y in range(self.size.height)]
        changed = [y for y, (before, now) in enumerate(zip(self._lines, lines, strict=True)) if before != now]
        self._lines, self._lines_of = lines, painter
        self._stale_lines.clear()  # they are to be painted already
        if changed:
            super().refresh(*(Region(0, first, width, last - first + 1) for first, last in _runs(changed)))

    def paint_now(self) -> None:
        """Show what is to be painted: Textual would wait for the next sixtieth of a second, and somebody waits."""
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
        self.scroll_to_row(self.scroll_offset.y + lines)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint the rows; the header stays as it is."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) == round(new_value):
            return
        if self.is_mounted and not self._has_visible_rows():
            self._hold_back()
            self.want_visible()
        else:
            self.refresh(Region(0, HEADER_LINES, self.size.width, self.page_rows))
            self.ask()

    def _hold_back(self) -> None:
        """Let what is on the screen stay for a moment: the rows that are wanted now may be here before the next frame.

        Else they would all be drawn as rows that are not here, only to be drawn again.
        """
        if self._held_back is None:
            self._held_back = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._let_go)

    def rows_came(self) -> None:
        """Paint what was held back if it waited for these."""
        if self._held_back is not None and self._has_visible_rows():
            self._let_go()

    def _let_go(self) -> None:
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


def _words_of(text: str) -> tuple[str, ...]:
    """The words of a filter; most starts have none, and need not wait for its language."""
    from walkme_tui.domain.filters import parse_filter

    return parse_filter(text).words
