"""The help: every key by section, the signs, and the filter syntax."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual import events, on
from textual.widget import Widget

from walkme_tui.domain.commands import Command
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.confirmation import LARGE_FRAME, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.keys import labels
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

KEY_WIDTH = 14
FORMS = (
    ("Tab ↑ ↓", "next or previous field"),
    ("Enter", "next field, from the last one to Save"),
    ("Space", "open a list, choose a group"),
    ("F2", "save"),
    ("F5", "restore the field"),
    ("Esc", "leave; asks if something was edited"),
)
SIGNS = (
    ("●  ○  ◌", "active, inactive, pending"),
    ("·", "not loaded yet"),
    ("?", "unknown: no response contained it"),
    ("≥", "at least: not everyone is loaded"),
    ("dim row", "stored by an earlier start, not confirmed yet"),
)
FILTERS = (
    ("zoe celik", "both words, in any order, in name, email, external id, role, status or id"),
    ('"zoe celik" -beta', "quotes keep blanks; a minus excludes the word"),
    ("status:active,pending", "one of several; also role: and group:"),
    ("group:none", "in no group; -group:beta excludes members of Beta"),
    ("created:<2024-01-01", "before a date; updated:<30d is less than 30 days ago"),
    ("has:externalId", "also groups, name, role or email; -has: where it is missing"),
    ("Tab or →", "completes the word with the grey text"),
)
FILTER_WIDTH = 24
NOTE = (
    "The server cannot search. The filter searches the loaded users and shows how many are loaded. A full email "
    "address is also looked up on the server. Copies are sent to the terminal, which may refuse them. A redacted "
    "answer card names a user by the id only, without email, names and identity provider; groups, role and status stay."
)


class HelpDialog(Dialog[None]):
    """Shows all commands with their current keys."""

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(self, commands: Sequence[Command], why_not: Callable[[Command], str]) -> None:
        super().__init__([("Keys", TextStyle.STRONG)], footer_keys(("↑ ↓", "scroll"), ("Esc", "close")))
        self._commands = commands
        self._why_not = why_not
        self._text = ScrollingText(id="help")

    def body(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Scroll; the keys that open the help also close it."""
        closing = dict.fromkeys(("q", "question_mark", "f1", "enter"), lambda: self.dismiss(None))
        return {**closing, "space": self._text.action_page_down, **movement_keys(self._text)}

    def fill(self) -> None:
        """Write the text."""
        self._write()
        self.set_focus(self._text)

    @on(events.Resize)
    def _write(self) -> None:
        width = inner_width(self.app.size.width, LARGE_FRAME) - 1
        self._text.set_lines(list(_help_lines(self._commands, self._why_not, width)))


def _help_lines(commands: Sequence[Command], why_not: Callable[[Command], str], width: int) -> Iterator[StyledText]:
    """The help as lines, section by section; unavailable commands are dim and followed by the reason."""
    for section, group in groupby(commands, key=lambda command: command.section):
        yield [(section, TextStyle.STRONG)]
        shown_reason = ""
        for command in group:
            keys, reason = labels(command) or "no key", why_not(command)
            if reason and reason != shown_reason:
                shown_reason = reason
                yield [(f"Not available: {reason}.", TextStyle.WARN)]
            key_style = TextStyle.ACCENT if command.keys and not reason else TextStyle.DIM
            yield from _entry(
                keys, KEY_WIDTH, key_style, command.title, TextStyle.DIM if reason else TextStyle.PLAIN, width
            )
        yield ()
    for section, entries, left in (
        ("In a form", FORMS, KEY_WIDTH),
        ("Signs", SIGNS, KEY_WIDTH),
        ("Filter syntax", FILTERS, FILTER_WIDTH),
    ):
        yield [(section, TextStyle.STRONG)]
        for name, meaning in entries:
            yield from _entry(name, left, TextStyle.PLAIN, meaning, TextStyle.DIM, width)
        yield ()
    yield from wrapped(NOTE, width, TextStyle.DIM)


def _entry(
    name: str, left: int, name_style: TextStyle, meaning: str, style: TextStyle, width: int
) -> Iterator[StyledText]:
    """A name in ``left`` cells and its meaning beside it, wrapped."""
    for line in wrapped(meaning, width - left, style):
        yield [(words.fit(name, left), name_style), *line]
        name = ""
