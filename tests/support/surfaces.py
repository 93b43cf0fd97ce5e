"""Finds text that Textual might parse as markup, by a static analysis of the program for the architecture tests.

A surface is a call or an attribute through which a plain ``str`` is parsed. What may go there is a literal, or what
``ui/safe.py`` or a function annotated ``-> Content`` returned; everything else is a finding.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

SAFE_TYPES: Final = frozenset({"Content", "Text"})
SAFE_CALLS: Final = frozenset({"content", "joined", "lines", "assemble", "styled"})

# Constructors that parse, with the keywords that carry text beside the positional arguments.
PARSING_CONSTRUCTORS: Final = {
    "Static": {"content", "renderable"},
    "Label": {"content", "renderable"},
    "Button": {"label", "tooltip"},
    "Link": {"text", "tooltip"},
    "ListItem": set[str](),
    "Checkbox": {"label", "tooltip"},
    "RadioButton": {"label", "tooltip"},
    "RadioSet": {"tooltip"},
    "Switch": {"tooltip"},
    "Collapsible": {"title"},
    "Tab": {"label"},
    "TabPane": {"title"},
    "Tabs": set[str](),
    "Option": {"prompt"},
    "Selection": {"prompt"},
    "OptionList": set[str](),
    "SelectionList": set[str](),
    "Select": {"options", "prompt", "tooltip"},
    "Tree": {"label"},
}
PARSING_METHODS: Final = frozenset(
    {"add_row", "add_rows", "add_column", "add_columns", "add_option", "add_options", "set_options", "add_leaf"}
    | {"replace_option_prompt", "replace_option_prompt_at_index", "update_cell", "update_cell_at", "set_label"}
)
# Their options are pairs of what is shown and a value that is not.
OPTION_PAIRS: Final = frozenset({"Select", "set_options"})
PARSED_ATTRIBUTES: Final = frozenset({"border_title", "border_subtitle", "tooltip"})
PARSERS: Final = frozenset({"from_markup", "from_text", "to_content", "from_rich_text"})
FORBIDDEN_WIDGETS: Final = frozenset({"DataTable", "Markdown", "MarkdownViewer", "RichLog"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where text might be parsed."""

    line: int
    why: str


class _Knowledge:
    """Names that stand for ``Content`` or ``Text`` according to their annotations."""

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        self.functions = set(SAFE_CALLS)
        self.names: set[str] = set()
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_safe_type(node.returns):
                    self.functions.add(node.name)
                    self.names.add(node.name)
                elif isinstance(node, ast.AnnAssign) and _is_safe_type(node.annotation):
                    self.names.add(_last_name(node.target))

    def is_safe(self, value: ast.expr, parameters: frozenset[str]) -> bool:
        """True for a literal and for what is known to be content."""
        if isinstance(value, ast.Constant):
            return True
        parts = _parts(value)
        if parts is not None:
            return all(self.is_safe(part, parameters) for part in parts)
        if isinstance(value, ast.Call):
            name = _last_name(value.func)
            return name in self.functions or name in SAFE_TYPES or name in PARSING_CONSTRUCTORS
        name = _last_name(value)
        return name in self.names or (isinstance(value, ast.Name) and name in parameters)

    def all_safe(self, values: Iterable[ast.expr], parameters: frozenset[str]) -> bool:
        """True if each of them is."""
        return all(self.is_safe(value, parameters) for value in values)


def _parts(value: ast.expr) -> list[ast.expr] | None:
    """What a value is made of, where every part is to be safe for the whole to be."""
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.Starred):
        return [value.value]
    if isinstance(value, ast.List | ast.Tuple):
        return value.elts
    if isinstance(value, ast.ListComp | ast.GeneratorExp):
        return [value.elt]
    return None


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _knowledge(sources: tuple[str, ...]) -> _Knowledge:
    return _Knowledge(map(_parsed, sources))


def findings(source: str, annotated: tuple[str, ...] = (), *, makes_content: bool = False) -> list[Finding]:
    """Where ``source`` gives a surface something else than a literal or content.

    ``annotated`` are the sources whose annotations count, ``source`` among them; none: only
    its own. Only one module ``makes_content`` of any text.
    """
    tree = _parsed(source)
    known = _knowledge(annotated or (source,))
    return sorted(_in_node(tree, known, frozenset(), makes_content), key=lambda finding: finding.line)


def _in_node(node: ast.AST, known: _Knowledge, parameters: frozenset[str], makes_content: bool) -> Iterator[Finding]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        parameters = frozenset(argument.arg for argument in arguments if _is_safe_type(argument.annotation))
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if alias.name in FORBIDDEN_WIDGETS:
                yield Finding(node.lineno, f"{alias.name} parses what it is given")
    elif isinstance(node, ast.Call):
        why = _what_parses(node, known, parameters, makes_content)
        if why:
            yield Finding(node.lineno, why)
    elif isinstance(node, ast.Assign) and not known.is_safe(node.value, parameters):
        names = [target.attr for target in node.targets if isinstance(target, ast.Attribute)]
        yield from (Finding(node.lineno, f"{name} is parsed") for name in names if name in PARSED_ATTRIBUTES)
    for child in ast.iter_child_nodes(node):
        yield from _in_node(child, known, parameters, makes_content)


def _what_parses(call: ast.Call, known: _Knowledge, parameters: frozenset[str], makes_content: bool) -> str:
    """Why this call is a finding; empty if it is none."""
    name = _last_name(call.func)
    is_method = isinstance(call.func, ast.Attribute)
    first = call.args[:1]
    if name in SAFE_TYPES or name in PARSERS:
        literal = all(isinstance(value, ast.Constant) for value in first)
        return "" if literal or (makes_content and name in SAFE_TYPES) else f"{name} of text that is no literal"
    if name == "update" and is_method:
        return "update parses text" if any(_is_text(value) for value in first) else ""
    if name == "notify":
        safe = _says_no_markup(call) or known.all_safe(first, parameters)
        return "" if safe else "notify parses its message without markup=False"
    if (name in PARSING_CONSTRUCTORS and not is_method) or (name in PARSING_METHODS and is_method):
        keywords = PARSING_CONSTRUCTORS.get(name, set())
        values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in keywords)]
        if name in OPTION_PAIRS:
            values = [prompt for value in values for prompt in _prompts(value)]
        return "" if known.all_safe(values, parameters) else f"{name} parses text"
    return ""


def _prompts(options: ast.expr) -> list[ast.expr]:
    """What is shown of options that are pairs."""
    if isinstance(options, ast.ListComp | ast.GeneratorExp):
        pairs = [options.elt]
    else:
        pairs = options.elts if isinstance(options, ast.List) else [options]
    return [pair.elts[0] if isinstance(pair, ast.Tuple) else pair for pair in pairs]


def _says_no_markup(call: ast.Call) -> bool:
    values = [keyword.value for keyword in call.keywords if keyword.arg == "markup"]
    return any(isinstance(value, ast.Constant) and value.value is False for value in values)


def _is_text(value: ast.expr) -> bool:
    """True for what surely is a ``str`` made of other things."""
    if isinstance(value, ast.JoinedStr):
        return True
    if isinstance(value, ast.BinOp):
        return _is_text(value.left) or _is_text(value.right) or isinstance(value.left, ast.Constant)
    return isinstance(value, ast.Call) and _last_name(value.func) in {"str", "clean", "plain", "format", "join"}


def _is_safe_type(annotation: ast.expr | None) -> bool:
    """``Content``, ``"Content"``, ``Content | None``; not ``str | Content``."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.BinOp):
        sides = [annotation.left, annotation.right]
        return all(_is_safe_type(side) or (isinstance(side, ast.Constant) and side.value is None) for side in sides)
    return isinstance(annotation, ast.Name) and annotation.id in SAFE_TYPES


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
