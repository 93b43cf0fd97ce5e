"""The help: every key in its section, and what the signs mean."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import ClassVar

from textual.widget import Widget

from walkme_tui.domain.commands import Command
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.keys import labels
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

KEY_WIDTH = 14
SIGNS = (
    ("●  ○  ◌", "active, inactive, pending"),
    ("·", "not here yet"),
    ("?", "not known: no answer has said so"),
    ("≥", "at least: not everyone is loaded"),
    ("dim row", "from an earlier start, not confirmed yet"),
)
FILTERS = (
    ("zoe celik", "both words, in any order, in names, email, external id, role, status or id"),
    ('"zoe celik" -beta', "quotes keep blanks; a minus leaves out who has the word"),
    ("status:active,pending", "one of several; so do role: and group:"),
    ("group:none", "in no group; -group:beta leaves out who is in Beta"),
    ("created:<2024-01-01", "before a day; updated:<30d is less than 30 days ago"),
    ("has:externalId", "also groups, name, role or email; -has: for who lacks it"),
    ("Tab or →", "takes the grey rest of a word over"),
)
FILTER_WIDTH = 24
NOTES = (
    "The server cannot search. The filter looks through the users that are loaded and says how many those are;",
    "a full email address is asked from the server too. Copies are sent to the terminal, which may refuse them.",
)


class HelpDialog(Dialog[None]):
    """All commands with the keys that they have now."""

    LARGE: ClassVar[bool] = True

    def __init__(self, commands: Sequence[Command], why_not: Callable[[Command], str]) -> None:
        super().__init__([("Keys", TextStyle.STRONG)], footer_keys(("↑ ↓", "scroll"), ("Esc", "leave")))
        self._commands = commands
        self._why_not = why_not
        self._text = ScrollingText(id="help")

    def middle(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Scroll; the keys that open the help close it."""
        closing = dict.fromkeys(("q", "question_mark", "f1", "enter"), lambda: self.dismiss(None))
        return {**closing, "space": self._text.action_page_down, **movement_keys(self._text)}

    def fill(self) -> None:
        """Write the text."""
        self._text.set_lines(list(help_lines(self._commands, self._why_not)))
        self.set_focus(self._text)


def help_lines(commands: Sequence[Command], why_not: Callable[[Command], str]) -> Iterator[StyledText]:
    """The help as lines: a section after the other; what cannot be used now is dim and says why."""
    for section, group in groupby(commands, key=lambda command: command.section):
        yield [(section, TextStyle.STRONG)]
        told = ""
        for command in group:
            keys, reason = labels(command) or "no key", why_not(command)
            if reason and reason != told:
                told = reason
                yield [(f"Not possible now: {reason}.", TextStyle.WARN)]
            key_ink = TextStyle.ACCENT if command.keys and not reason else TextStyle.DIM
            yield [(words.fit(keys, KEY_WIDTH), key_ink), (command.title, TextStyle.DIM if reason else TextStyle.PLAIN)]
        yield ()
    yield [("Signs", TextStyle.STRONG)]
    for sign, meaning in SIGNS:
        yield [(words.fit(sign, KEY_WIDTH), TextStyle.PLAIN), (meaning, TextStyle.DIM)]
    yield ()
    yield [("What a filter understands", TextStyle.STRONG)]
    for words_typed, meaning in FILTERS:
        yield [(words.fit(words_typed, FILTER_WIDTH), TextStyle.PLAIN), (meaning, TextStyle.DIM)]
    yield ()
    for note in NOTES:
        yield from [[(line, TextStyle.DIM)] for line in words.wrap(note, 88)]
