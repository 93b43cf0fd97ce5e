"""Names of keys: common spellings are normalised to the shown names, which have names in Textual."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import Keys, _character_to_key

from walkme_tui.config.key_names import (
    ALLOWED_CONTROL,
    NAMED,
    PUNCTUATION,
    KeyRefused,
    clashes,
    normalised_key,
    shown_key,
    textual_key,
)
from walkme_tui.domain.commands import COMMANDS


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("f2", "F2"),
        ("f10", "F10"),
        ("comma", ","),
        ("space", "Space"),
        (" ", "Space"),
        ("G", "G"),
        ("g", "g"),
        ("é", "é"),
        ("7", "7"),
        ("shift+g", "G"),
        ("Shift+Tab", "shift+Tab"),
        ("escape", "Esc"),
        ("Page Up", "PgUp"),
        ("PgDn", "PgDn"),
        ("Ctrl+P", "ctrl+p"),
        ("slash", "/"),
        ("full_stop", "."),
        ("+", "+"),
        ("-", "-"),
    ],
)
def test_spellings_are_normalised(written: str, name: str) -> None:
    assert normalised_key(written) == name


@pytest.mark.parametrize("letter", sorted(set(string.ascii_lowercase) - set("lpqz")))
def test_other_control_keys_are_refused(letter: str) -> None:
    with pytest.raises(KeyRefused, match="ctrl"):
        normalised_key(f"ctrl+{letter}")


@pytest.mark.parametrize(
    "written", ["alt+x", "f11", "f0", "delete", "backspace", "insert", "", "xx", "\x01", "\x1b", "§"]
)
def test_keys_that_some_terminals_do_not_send_are_refused(written: str) -> None:
    with pytest.raises(KeyRefused):
        normalised_key(written)


@pytest.mark.parametrize("character", string.punctuation + " ")
def test_punctuation_has_its_name_in_textual(character: str) -> None:
    assert textual_key(normalised_key(character)) == _character_to_key(character)


def test_named_keys_exist_in_textual() -> None:
    known = {key.value for key in Keys}
    assert known >= {*NAMED.values(), *ALLOWED_CONTROL}


@given(st.text(max_size=12))
def test_normalising_is_idempotent_and_other_text_is_refused(text: str) -> None:
    try:
        name = normalised_key(text)
    except KeyRefused:
        return
    assert normalised_key(name) == name
    assert shown_key(textual_key(name)) == name


def test_every_command_has_allowed_keys_that_no_other_command_has() -> None:
    for command in COMMANDS:
        assert [normalised_key(key) for key in command.keys] == list(command.keys), command.id
    assert clashes({command.id: command.keys for command in COMMANDS}) == {}


def test_keys_are_displayed_in_their_common_spelling() -> None:
    assert [shown_key(name) for name in ("comma", "f2", "pagedown", "G", "ctrl+p", "up")] == [
        ",",
        "F2",
        "PgDn",
        "G",
        "ctrl+p",
        "↑",
    ]
    assert {shown_key(name) for name in PUNCTUATION.values()} >= set(string.punctuation)
