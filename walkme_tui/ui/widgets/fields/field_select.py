"""Textual's select as the field of a form: it handles keys without a queue."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from textual import events, on
from textual.content import Content
from textual.widgets import Select
from textual.widgets._select import SelectCurrent, SelectOverlay

from walkme_tui.ui.safe import content

MAX_LABEL: Final = 60
_MOVES: Final[dict[str, Callable[[SelectOverlay], None]]] = {
    "down": SelectOverlay.action_cursor_down,
    "up": SelectOverlay.action_cursor_up,
    "pagedown": SelectOverlay.action_page_down,
    "pageup": SelectOverlay.action_page_up,
    "home": SelectOverlay.action_first,
    "end": SelectOverlay.action_last,
}


class FieldOption(NamedTuple):
    """A value to choose, as its ``label`` with a ``note`` behind it."""

    value: str
    label: str
    note: str = ""


class FieldSelect(Select[str]):
    """One of some values; ``chosen`` is called with the one that the user chose."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name for it
        super().__init__([(content("none"), "")], id=id, allow_blank=False, compact=True)
        self.chosen: Callable[[str], None] = lambda _: None
        self._shown: tuple[Sequence[FieldOption], str] = ((), "")

    def put(self, options: Sequence[FieldOption], value: str) -> None:
        """Offer these options, of which ``value`` is one, and show it, without calling ``chosen``."""
        if (options, value) == self._shown:
            return
        if options != self._shown[0]:
            self.set_options((_prompt(each), each.value) for each in options)
        self._shown = options, value
        self.value = value
        # An equal value may have another text now.
        self.query_one(SelectCurrent).update(next(_prompt(each) for each in options if each.value == value))

    @property
    def overlay(self) -> SelectOverlay:
        """The list of options."""
        return self.query_one(SelectOverlay)

    def process_key(self, event: events.Key) -> bool:
        """Open the list, or move and choose in it; False if the key does neither."""
        if not self.expanded:
            if event.key != "space":
                return False
            self.action_show_overlay()
            self.screen.set_focus(self.overlay, scroll_visible=False)
            return True
        if event.key in {"enter", "space"}:
            self._choose(self.overlay.highlighted)
        elif event.key == "escape":
            self.close()
        elif (move := _MOVES.get(event.key)) is not None:
            move(self.overlay)
        elif event.is_printable and event.character:
            self._search(event.character)
        else:
            return False
        return True

    def close(self) -> None:
        """Close the list and take the focus back."""
        self.expanded = False
        self.screen.set_focus(self)

    def _choose(self, index: int | None) -> None:
        self.close()
        if index is not None:
            self.chosen(self._shown[0][index].value)

    def _search(self, character: str) -> None:
        """Move to the next option that begins with this letter, its sign not counted."""
        options = self._shown[0]
        first = (self.overlay.highlighted or 0) + 1
        for place in (*range(first, len(options)), *range(min(first, len(options)))):
            option = options[place]
            if (option.value or option.label).casefold().startswith(character.casefold()):
                self.overlay.select(place)
                return

    @on(SelectOverlay.UpdateSelection)
    def choose_clicked(self, event: SelectOverlay.UpdateSelection) -> None:
        """Choose the option that was clicked."""
        event.stop()
        event.prevent_default()
        self._choose(event.option_index)

    @on(SelectOverlay.Dismiss)
    def keep_open(self, event: SelectOverlay.Dismiss) -> None:
        """Ignore that the list lost the focus before it was opened again."""
        if self.overlay.has_focus:
            event.stop()
            event.prevent_default()


def _prompt(option: FieldOption) -> Content:
    return content(f"{option.label}  {option.note}".rstrip(), limit=MAX_LABEL)
