"""Names of keys: normalises those in ``[keys]``, and translates between shown names and Textual's.

Commands, the configuration and the screen use the shown names (``/``, ``PgDn``, ``F2``). Textual silently ignores
unknown names, so every name is checked here.
"""

from collections.abc import Mapping
from typing import Final


class KeyRefused(ValueError):
    """An invalid name of a key; the text is a sentence."""


PUNCTUATION: Final = {
    " ": "space",
    "!": "exclamation_mark",
    '"': "quotation_mark",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "*": "asterisk",
    "+": "plus",
    ",": "comma",
    "-": "minus",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less_than_sign",
    "=": "equals_sign",
    ">": "greater_than_sign",
    "?": "question_mark",
    "@": "at",
    "[": "left_square_bracket",
    "\\": "backslash",
    "]": "right_square_bracket",
    "^": "circumflex_accent",
    "_": "underscore",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "|": "vertical_line",
    "}": "right_curly_bracket",
    "~": "tilde",
}
"""Textual's names of printable characters."""
NAMED: Final = {
    "Space": "space",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
    "PgUp": "pageup",
    "PgDn": "pagedown",
    "Esc": "escape",
    "Enter": "enter",
    "Home": "home",
    "End": "end",
    "Tab": "tab",
    "shift+Tab": "shift+tab",
    **{f"F{number}": f"f{number}" for number in range(1, 11)},
}
"""Textual's names of the other keys."""
ALLOWED_CONTROL: Final = frozenset({"ctrl+l", "ctrl+p", "ctrl+q", "ctrl+z"})
_ALIASES: Final = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
    "backtab": "shift+tab",
    "period": "full_stop",
    "dot": "full_stop",
    "hyphen": "minus",
    "at_sign": "at",
}
_TEXTUAL: Final = PUNCTUATION | NAMED
_SHOWN: Final = {name: shown for shown, name in _TEXTUAL.items()}
_ADVICE: Final = "Use a printable character, an arrow, Enter, Esc, Tab, Home, End, PgUp, PgDn, or F1 to F10."


def normalised_key(written: str) -> str:
    """The shown name of a key: ``f2`` gives F2, ``comma`` ``,``, ``pagedown`` PgDn, ``G`` stays; raises ``KeyRefused``.

    Accepts only keys that every terminal sends: printable characters, the movement keys, F1 to F10, some with ctrl.
    """
    if len(written) == 1:
        return _character(written)
    name = written.strip().lower().replace(" ", "_").replace("-", "_")
    name = _ALIASES.get(name, name)
    if name in _SHOWN or name in ALLOWED_CONTROL:
        return shown_key(name)
    modifier, _, letter = name.rpartition("+")
    if modifier == "shift" and len(letter) == 1 and letter.isalpha():
        return letter.upper()
    if modifier == "ctrl":
        kept = ", ".join(sorted(ALLOWED_CONTROL))
        raise KeyRefused(f"With ctrl, only {kept} are possible: terminals use the others themselves. {_ADVICE}")
    if modifier:
        raise KeyRefused(f"Not every terminal sends a key with {modifier}. {_ADVICE}")
    raise KeyRefused(f"There is no such key. {_ADVICE}" if written else f"No key is named. {_ADVICE}")


def shown_key(name: str) -> str:
    """The shown name of a key that Textual names so: ``comma`` gives ``,``, ``pagedown`` PgDn."""
    return _SHOWN.get(name, name)


def textual_key(shown: str) -> str:
    """Textual's name of a key: ``,`` gives comma, ``PgDn`` pagedown."""
    return _TEXTUAL.get(shown, shown)


def clashes(keymap: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """The keys of more than one command, each with the ids of these commands."""
    owners: dict[str, list[str]] = {}
    for command_id, keys in keymap.items():
        for key in keys:
            owners.setdefault(key, []).append(command_id)
    return {key: ids for key, ids in owners.items() if len(ids) > 1}


def _character(character: str) -> str:
    if character in _TEXTUAL:
        return shown_key(_TEXTUAL[character])
    if character.isalnum():
        return character
    raise KeyRefused(f"This character cannot be a key. {_ADVICE}")
