"""The two records of one person, REST beside SCIM."""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.widget import Widget

from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.ui.dialogs.confirmation import account_mark, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.widgets.pair_lines import SideRecord, pair_lines
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped


class PairDialog(Dialog[bool]):
    """Shows both records and what their differences mean; returns True to adopt a side.

    ``others`` are pairs that share a value with this one; ``title``, and the ``note`` at the end, are clean.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    def __init__(
        self,
        title: str,
        account: Account,
        sides: Mapping[Surface, SideRecord],
        pair: Pair,
        others: Sequence[Pair],
        groups: SharedGroups,
        now_ms: int,
        note: str = "",
    ) -> None:
        self._adoptable = pair.differs and PairClass.DUPLICATE not in pair.classes
        keys = [("b", "adopt a side")] if self._adoptable else []
        footer = footer_keys(*keys, ("↑ ↓", "scroll"), ("Esc", "back"))
        super().__init__([(title, TextStyle.STRONG)], footer, account_mark(account))
        self._sides, self._pair, self._others = sides, pair, others
        self._groups, self._now_ms, self._note = groups, now_ms, note
        self._text = ScrollingText(id="pair")

    def body(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Enter closes; the movement keys scroll."""
        keys = {"enter": self.leave, **movement_keys(self._text)}
        return {**keys, "b": self._adopt} if self._adoptable else keys

    def _adopt(self) -> None:
        if self.is_current:
            self.dismiss(True)

    def fill(self) -> None:
        """Focus the text."""
        self.set_focus(self._text)

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the records for the width of the screen."""
        self._text.styles.max_height = available_lines(event.size.height, 0)
        width = inner_width(event.size.width) - 1
        lines = pair_lines(self._sides, self._pair, self._others, self._groups, self._now_ms, width)
        note = [(), *wrapped(self._note, width, TextStyle.DIM)] if self._note else []
        self._text.set_lines([*lines, *note])
