"""No two modules of the package import each other, directly or through others; imports for type checkers count too.

An import inside a function is left out unless only type checkers see it: such imports keep the start fast.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = "walkme_tui"


def module_name(file: Path, root: Path) -> str:
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imports(node: ast.AST, *, in_function: bool = False) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports at module level, in classes, and under ``if TYPE_CHECKING`` wherever that is."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            if not in_function:
                yield child
        elif isinstance(child, ast.If) and is_type_checking(child.test):
            for statement in child.body:
                yield from imports(ast.Module([statement], []))
            for statement in child.orelse:
                yield from imports(ast.Module([statement], []), in_function=in_function)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(child, in_function=in_function or inside)


def import_graph(root: Path, package: str) -> dict[str, set[str]]:
    """By module name, the modules of the package that it imports."""
    files = {module_name(file, root): file for file in (root / package).rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, file in files.items():
        targets: set[str] = set()
        for statement in imports(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(statement, ast.Import):
                targets |= {alias.name for alias in statement.names}
            elif statement.module is not None:
                # ``from package import module`` imports the module, ``from module import name`` the module before it.
                candidates = [(f"{statement.module}.{alias.name}", statement.module) for alias in statement.names]
                targets |= {inner if inner in files else outer for inner, outer in candidates}
        graph[name] = targets & files.keys()
    return graph


def cycles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """The groups of modules that reach each other (strongly connected components), each sorted."""
    reached = {start: reachable(graph, start) for start in graph}
    return {
        tuple(sorted(end for end in reached[start] if start in reached[end]))
        for start in graph
        if start in reached[start]
    }


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    pending = [*graph[start]]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += graph[name]
    return found


def test_no_module_imports_itself_through_others() -> None:
    found = cycles(import_graph(ROOT, PACKAGE))
    assert sorted(found) == []


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("from example.a import x", True),
        ("from example import a", True),
        ("import example.a", True),
        ("if TYPE_CHECKING:\n    from example.a import x", True),
        ("if typing.TYPE_CHECKING:\n    import example.a as other", True),
        ("def f():\n    if TYPE_CHECKING:\n        from example.a import x", True),
        ("class Example:\n    from example.a import x", True),
        ("try:\n    from example.a import x\nexcept ImportError:\n    x = None", True),
        ("def f():\n    from example.a import x", False),
        (
            "def f():\n    if not TYPE_CHECKING:\n        from example.a import x",
            False,
        ),
        ("from elsewhere.a import x", False),
    ],
)
def test_which_imports_count(tmp_path: Path, statement: str, counts: bool) -> None:
    package = tmp_path / "example"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("from example.b import y\n")
    (package / "b.py").write_text("from example.c import z\n")
    (package / "c.py").write_text(statement)
    found = cycles(import_graph(tmp_path, "example"))
    assert found == ({("example.a", "example.b", "example.c")} if counts else set())
