"""The table's colours: component classes of the style sheet, resolved once for every theme."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.css.styles import StylesBase
from textual.filter import LineFilter


class CellStyle(StrEnum):
    """What a piece of a row means to the eye; the value is its component class."""

    HEADER = "user-table--header"
    SORTED = "user-table--sorted"
    GUTTER = "user-table--gutter"
    MARK = "user-table--mark"
    PLAIN = "user-table--plain"
    FOUND = "user-table--found"
    CHANGED = "user-table--changed"
    SECONDARY = "user-table--secondary"
    DIM = "user-table--dim"
    PLACEHOLDER = "user-table--placeholder"
    UNREADABLE = "user-table--unreadable"
    ACTIVE = "user-table--status-active"
    INACTIVE = "user-table--status-inactive"
    PENDING = "user-table--status-pending"
    OTHER = "user-table--status-other"

    # Looked up for every piece of every row: the one that Enum has is Python.
    __hash__ = str.__hash__


class RowBackground(Enum):
    """What lies under a row; the value is its component class, None for the widget's own background."""

    PLAIN = None
    ZEBRA = "user-table--zebra"
    CURSOR = "user-table--cursor"
    CURSOR_BLURRED = "user-table--cursor-blurred"


# On the cursor's row the text has the cursor's own colour: one ink for the row is legible in every theme, and cheap.
_OWN_INK_ON_CURSOR: Final = frozenset({CellStyle.GUTTER, CellStyle.MARK, CellStyle.FOUND})
_CURSORS: Final = frozenset({RowBackground.CURSOR, RowBackground.CURSOR_BLURRED})


class RowStyles:
    """Rich styles for every ink on every ground, equal ones identical, and the app's filters."""

    def __init__(
        self,
        background: Color,
        color: Color,
        component: Callable[[str], StylesBase],
        filters: Iterable[LineFilter],
    ) -> None:
        self._background = background
        self._color = color
        self._component = component
        self._filters = tuple(filters)
        same: dict[Style, Style] = {}
        self._styles: dict[RowBackground, dict[CellStyle, Style]] = {ground: {} for ground in RowBackground}
        for ground, styles in self._styles.items():
            for ink in CellStyle:
                style = self._mix(ground, ink)
                styles[ink] = same.setdefault(style, style)

    @property
    def essence(self) -> tuple[object, object]:
        """Equal where two palettes draw everything in the same way."""
        return self._styles, self._filters

    def on(self, ground: RowBackground) -> Mapping[CellStyle, Style]:
        """How every ink looks on this ground."""
        return self._styles[ground]

    def filtered(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments as the app's filters let them pass: no colour where none is wanted, no control character."""
        shown = list(segments)
        for line_filter in self._filters:
            shown = line_filter.apply(shown, self._background)
        return shown

    def _mix(self, ground: RowBackground, ink: CellStyle) -> Style:
        background, color, style = self._background, self._color, Style.null()
        layers = [ground.value] if ground.value else []
        if ground not in _CURSORS or ink in _OWN_INK_ON_CURSOR:
            layers.append(ink.value)
        for name in layers:
            styles = self._component(name)
            if styles.has_rule("background"):
                background += styles.background
            if styles.has_rule("color"):
                color = background.get_contrast_text(styles.color.a) if styles.auto_color else styles.color
            style += styles.text_style
        return style + Style.from_color((background + color).rich_color, background.rich_color)
