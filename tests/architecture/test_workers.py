"""Background work of the UI starts in ``ui/workers`` only, and its coroutine is made when the worker runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).parents[2] / "walkme_tui" / "ui"


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(UI.rglob("*.py")):
        name = path.relative_to(UI).as_posix()
        yield from ((name, node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def types_outside_of_callables(annotation: ast.AST) -> Iterator[str]:
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Callable":
        return
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        yield from types_outside_of_callables(ast.parse(annotation.value, mode="eval").body)
    elif isinstance(annotation, ast.Name):
        yield annotation.id
    for child in ast.iter_child_nodes(annotation):
        yield from types_outside_of_callables(child)


def test_workers_are_started_in_one_place() -> None:
    starts = {
        name
        for name, node in nodes()
        if (isinstance(node, ast.Attribute) and node.attr == "run_worker")
        or (isinstance(node, ast.ImportFrom) and any(each.name == "work" for each in node.names))
    }
    assert starts == {"workers.py"}


def test_a_worker_is_given_a_function_and_no_coroutine() -> None:
    calls = [(name, node) for name, node in nodes() if isinstance(node, ast.Call) and called(node) == "start_worker"]
    wrong = [
        f"{name}:{call.lineno}"
        for name, call in calls
        if isinstance(call.args[2], ast.Call) and called(call.args[2]) != "partial"
    ]
    assert len(calls) > 20
    assert wrong == []


def test_no_annotation_permits_a_coroutine_that_is_not_running() -> None:
    """mypy checks every call, so a coroutine can only be passed on or stored where an annotation permits it."""
    annotated = [
        (name, node.annotation)
        for name, node in nodes()
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None
    ]
    wrong = [
        f"{name}:{annotation.lineno}"
        for name, annotation in annotated
        if not {"Awaitable", "Coroutine"}.isdisjoint(types_outside_of_callables(annotation))
    ]
    assert wrong == []
