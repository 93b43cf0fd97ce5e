"""Keys typed quickly after Esc."""

import pytest
from textual.events import Key

from walkme_tui.ui.terminal.key_parser import KeyParser


def keys(*pieces: str) -> list[str]:
    """The names of the keys in these pieces of input, with the character of those that would be typed into a field."""
    parser = KeyParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    parsed = [event for event in [*events, *parser.feed("")] if isinstance(event, Key)]
    return [event.character if event.character and event.is_printable else event.key for event in parsed]


@pytest.mark.parametrize("key", "aeExX27§-=/:;äé山")
def test_esc_and_a_key_that_arrive_together_are_these_two_keys(key: str) -> None:
    assert keys(f"\x1b{key}x") == keys("\x1b", key, "x") == ["escape", key, "x"]


def test_the_beginning_of_a_sequence_is_a_key_where_nothing_follows() -> None:
    assert keys("\x1bO") == ["escape", "O"]
    assert keys("\x1b[") == ["escape", "["]


def test_the_sequences_of_other_keys_stay_one_key() -> None:
    assert keys("\x1bOP\x1b[A\x1b[1;5C\x1b\x1b[B") == ["f1", "up", "ctrl+right", "escape", "down"]
    assert keys("\x1bb\x1bf") == ["ctrl+left", "ctrl+right"]


def test_the_end_of_an_answer_of_the_terminal_is_no_esc() -> None:
    assert "escape" not in keys("\x1b\\")
