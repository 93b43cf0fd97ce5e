"""The styles of the table: component classes of the style sheet, resolved once a theme."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from functools import partial
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.css.styles import StylesBase
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.widget import Widget


class CellStyle(StrEnum):
    """What a part of a row means; the value is its component class."""

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

    # Used for every cell of every row: Enum's own hash is a Python function and slower.
    __hash__ = str.__hash__


class RowBackground(Enum):
    """The background of a row; the value is its component class, None for the widget's own background."""

    PLAIN = None
    ZEBRA = "user-table--zebra"
    CURSOR = "user-table--cursor"
    CURSOR_BLURRED = "user-table--cursor-blurred"


# On the cursor's row all other text has the cursor's colour, which is legible in every theme and costs few bytes.
_OWN_STYLE_ON_CURSOR: Final = frozenset({CellStyle.GUTTER, CellStyle.MARK, CellStyle.FOUND})
_CURSORS: Final = frozenset({RowBackground.CURSOR, RowBackground.CURSOR_BLURRED})


class _StylesOnBackground(dict[CellStyle, Style]):
    """The Rich styles on one background, each made when it is first used."""

    def __init__(self, mix: Callable[[CellStyle], Style]) -> None:
        super().__init__()
        self._mix = mix

    def __missing__(self, cell_style: CellStyle) -> Style:
        style = self[cell_style] = self._mix(cell_style)
        return style


class RowStyles:
    """A Rich style for every ``CellStyle`` on every background, equal ones identical, and the app's line filters."""

    def __init__(
        self,
        background: Color,
        color: Color,
        component: Callable[[str], StylesBase],
        filters: Iterable[LineFilter],
    ) -> None:
        self.background = background
        self.color = color
        self._component = component
        self.filters = tuple(filters)
        self._same: dict[Style, Style] = {}
        self._styles = {each: _StylesOnBackground(partial(self._mix, each)) for each in RowBackground}

    def draws_like(self, other: "RowStyles") -> bool:
        """True if ``other`` draws everything that was drawn with these styles in the same way."""
        same = (self.background, self.color, self.filters) == (other.background, other.color, other.filters)
        used = ((each, *used) for each, styles in self._styles.items() for used in styles.items())
        return same and all(other.on(each)[cell_style] == style for each, cell_style, style in used)

    def on(self, background: RowBackground) -> Mapping[CellStyle, Style]:
        """The Rich styles on this background."""
        return self._styles[background]

    def filtered(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments after the app's line filters, which remove control characters and unwanted colours."""
        shown = list(segments)
        for line_filter in self.filters:
            shown = line_filter.apply(shown, self.background)
        return shown

    def _mix(self, row_background: RowBackground, cell_style: CellStyle) -> Style:
        background, color, style = self.background, self.color, Style.null()
        layers = [row_background.value] if row_background.value else []
        if row_background not in _CURSORS or cell_style in _OWN_STYLE_ON_CURSOR:
            layers.append(cell_style.value)
        for name in layers:
            styles = self._component(name)
            if styles.has_rule("background"):
                background += styles.background
            if styles.has_rule("color"):
                color = background.get_contrast_text(styles.color.a) if styles.auto_color else styles.color
            style += styles.text_style
        style += Style.from_color((background + color).rich_color, background.rich_color)
        return self._same.setdefault(style, style)


class ComponentClasses:
    """The style-sheet rules of component classes of a widget, computed on first use in a theme.

    Listed in ``COMPONENT_CLASSES`` they would all be computed at every change of the focus and three times at start.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._rules: dict[str, StylesBase] = {}
        self._variables: object = None

    def __call__(self, name: str) -> StylesBase:
        """The rules of one class. Just after a change of the theme they may still be those of the theme before."""
        variables = self._widget.app.stylesheet._variables  # noqa: SLF001 - a new dict for every theme
        if self._variables is not variables:
            self._variables = variables
            self._rules.clear()
        rules = self._rules.get(name)
        if rules is None:
            node = DOMNode(classes=name)
            node._attach(self._widget)  # noqa: SLF001 - as Textual does for its own component classes
            self._widget.app.stylesheet.apply(node, animate=False)
            rules = self._rules[name] = node.styles
        return rules
