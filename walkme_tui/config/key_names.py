"""Names of keys: converts those in ``[keys]`` to those of the browser's keymap.

The browser's keymap silently ignores unknown names, so every name is checked here.
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
NAMED: Final = frozenset(
    {"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "tab", "shift+tab"}
    | {f"f{number}" for number in range(1, 11)}
)
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
_SHOWN: Final = {
    **{name: character for character, name in PUNCTUATION.items()},
    "space": "Space",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "enter": "Enter",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "shift+tab": "shift+Tab",
}
_ADVICE: Final = "Use a printable character, an arrow, Enter, Esc, Tab, Home, End, PgUp, PgDn, or F1 to F10."


def normalised_key(written: str) -> str:
    """The keymap's name of a key: ``F2`` gives f2, ``,`` comma, ``Space`` space, ``G`` stays; raises ``KeyRefused``.

    Accepts only keys that every terminal sends: printable characters, the movement keys, F1 to F10, some with ctrl.
    """
    if len(written) == 1:
        return _character(written)
    name = written.strip().lower().replace(" ", "_").replace("-", "_")
    name = _ALIASES.get(name, name)
    if name in NAMED or name in ALLOWED_CONTROL or name in PUNCTUATION.values():
        return name
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
    """A key for display: ``comma`` gives ``,``, ``f2`` F2, ``pagedown`` PgDn."""
    if name in _SHOWN:
        return _SHOWN[name]
    return name.upper() if name.startswith("f") and name[1:].isdigit() else name


def clashes(keymap: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """The keys of more than one command, each with the ids of these commands."""
    owners: dict[str, list[str]] = {}
    for command_id, keys in keymap.items():
        for key in keys:
            owners.setdefault(key, []).append(command_id)
    return {key: ids for key, ids in owners.items() if len(ids) > 1}


def _character(character: str) -> str:
    if character in PUNCTUATION:
        return PUNCTUATION[character]
    if character.isalnum():
        return character
    raise KeyRefused(f"This character cannot be a key. {_ADVICE}")
