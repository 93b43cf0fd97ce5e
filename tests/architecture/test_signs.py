"""Every sign that the program writes has an ASCII sign of the same width."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import walkme_tui.ui
from walkme_tui.config.key_names import shown_key
from walkme_tui.domain.text import clean
from walkme_tui.ui.theming.ascii_signs import ASCII_SIGNS

UI = Path(walkme_tui.ui.__file__).parent
FILES = sorted(UI.rglob("*.py"))


def literals(source: str) -> Iterator[str]:
    """All string literals but docstrings."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    first = [node.body[0] for node in ast.walk(tree) if isinstance(node, documented) and node.body]
    docstrings = {id(statement.value) for statement in first if isinstance(statement, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_sign_is_in_the_table(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    # Ranges of letters are written as escapes.
    written = {sign for literal in literals(source) for sign in literal if not sign.isascii() and sign in source}
    assert written - set(ASCII_SIGNS) == set()


def test_signs_for_keys_and_for_unprintable_text_are_in_the_table() -> None:
    written = "".join(map(shown_key, ("up", "down", "left", "right"))) + clean("\x1b\n\x7f\u202e" + "a" * 99, 50)
    assert {sign for sign in written if not sign.isascii()} - set(ASCII_SIGNS) == set()


def test_the_table_keeps_every_width() -> None:
    assert all(len(sign) == len(shown) == 1 and shown.isascii() for sign, shown in ASCII_SIGNS.items())
