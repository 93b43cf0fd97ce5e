"""The two panes of the Reconcile tab."""

from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.reconcile.classes import PairSet
from walkme_tui.ui import words
from walkme_tui.ui.widgets.class_list import ClassList, ClassRow
from walkme_tui.ui.widgets.pair_list import PairList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMY: Final = Size(76, 28)
"""In so much room, both records of the pair under the cursor are shown below the pairs."""


class ClassesPane(Vertical):
    """The sets of pairs, over what the one under the cursor means."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.sets = ClassList(id="classes-list")
        self.sets.show([ClassRow(each, "") for each in PairSet])
        self.meaning = ScrollingText(id="classes-meaning")

    def compose(self) -> ComposeResult:
        """List and text."""
        yield self.sets
        yield self.meaning

    def on_resize(self) -> None:
        """Wrap the text again."""
        self.call_after_refresh(self.explain)

    def explain(self) -> None:
        """Show the meaning of the set under the cursor, and who has to act."""
        row, width = self.sets.current, self.meaning.size.width - 2
        if row is None or width < 2:
            return
        text = row.chosen.text
        lines: list[StyledText] = [*wrapped(text.meaning, width), (), *wrapped(text.action, width, TextStyle.DIM)]
        self.meaning.set_lines([[(" ", TextStyle.PLAIN), *line] for line in lines])
        self.meaning.action_first()


class SideText(NamedTuple):
    """How much of one side is read; ``left`` says when it is read whole, or that it is not; empty if unknown."""

    coverage: Coverage | None
    now_ms: int
    left: str
    without_groups: int

    @property
    def long(self) -> str:
        """``all 20 users, as of 4 s ago``."""
        coverage = self.coverage
        if coverage is None:
            return "not read yet"
        of = "" if coverage.total is None else f" of {words.number(coverage.total)}"
        # A list that became longer after it was read, or was read in part, is not being read.
        ended = coverage.sweep is not None and coverage.sweep.ended_at_ms is not None
        users = f"{'' if ended else 'reading: '}{words.number(coverage.loaded)}{of} users"
        if coverage.complete:
            users = f"all {words.count(coverage.loaded, 'user', 'users')}"
        as_of = ""
        if coverage.as_of_ms is not None and (coverage.complete or not self.left):
            as_of = f"as of {words.ago(self.now_ms, coverage.as_of_ms)}"
        groups = f"groups of {words.number(self.without_groups)} unknown" if self.without_groups else ""
        again = "R reads again" if ended and not coverage.complete and not self.left else ""
        return ", ".join(filter(None, (users, as_of, self.left, groups, again)))

    @property
    def short(self) -> str:
        """``all 20, 4 s ago``, for a narrow pane."""
        return self.long.removeprefix("reading: ").replace(" users", "").replace("as of ", "")


class PairsPane(Vertical):
    """How complete each side is, over the pairs, over both records of the pair under the cursor."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__(id=id)
        self.sides = {surface: TextBar(id=f"side-{surface.value}") for surface in Surface}
        self.pairs = PairList(id="pairs-list")
        self.detail = ScrollingText(id="pairs-detail")
        self._shows_detail: bool | None = None
        self.resized: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield from self.sides.values()
        yield self.pairs
        yield self.detail

    def write_side(self, surface: Surface, text: SideText, problem: str) -> None:
        """Show how much of a side is read, or the ``problem``, as a sentence, that keeps it from being read."""
        bar, name = self.sides[surface], f" {surface.upper()}  "
        shown = problem or text.long
        if not problem and 0 < bar.size.width < cell_len(name + shown):  # 0: not laid out yet
            shown = text.short
        complete = text.coverage is not None and text.coverage.complete and not text.without_groups
        bar.write([(name, TextStyle.STRONG), (shown, TextStyle.DIM if complete and not problem else TextStyle.WARN)])

    def show_detail(self, shown: bool) -> None:
        """Show both records below the pairs, or not."""
        self._shows_detail = self.detail.display = shown

    def on_resize(self, event: events.Resize) -> None:
        """Show both records where there is room, unless the user chose."""
        roomy = event.size.width >= ROOMY.width and event.size.height >= ROOMY.height
        self.detail.display = roomy if self._shows_detail is None else self._shows_detail
        self.resized()
