"""Background work is started in one place, which asks for its group and makes its coroutine no sooner than it runs."""

import ast
from pathlib import Path

UI = Path(__file__).parents[2] / "walkme_tui" / "ui"


def test_workers_are_started_in_one_place() -> None:
    starts = {
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "run_worker")
        or (isinstance(node, ast.ImportFrom) and any(name.name == "work" for name in node.names))
    }
    assert starts == {"workers.py"}
