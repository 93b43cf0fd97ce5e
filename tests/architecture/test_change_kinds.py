"""A kind of change is one class, one entry in each registry and its tests: no other code checks its kind."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from walkme_tui.cli.output.calls import REST_CALLS, SCIM_CALLS
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.registry import CHANGE_KINDS
from walkme_tui.services.changes.senders import SENDERS
from walkme_tui.ui.change_words import TARGET_WORDS

PACKAGE = Path(__file__).parents[2] / "walkme_tui"
REGISTRIES: Mapping[str, Mapping[type[Change], object]] = {
    "sending (services/changes/senders)": SENDERS,
    "drawing (ui/change_words)": TARGET_WORDS,
    "printing (cli/output/calls)": SCIM_CALLS,
}


def classes(base: type) -> set[type]:
    """All subclasses; a dataclass with slots may be among them twice."""
    found: set[type] = set(base.__subclasses__())
    return found.union(*map(classes, found))


def test_every_kind_is_registered_under_its_name() -> None:
    ours = [each for each in classes(Change) if each.__module__.startswith("walkme_tui.")]
    assert {vars(each)["kind"] for each in ours if "kind" in vars(each)} == set(CHANGE_KINDS)
    assert [kind.kind for kind in CHANGE_KINDS.values()] == list(CHANGE_KINDS)


@pytest.mark.parametrize("registry", REGISTRIES)
def test_every_kind_has_an_entry(registry: str) -> None:
    assert set(REGISTRIES[registry]) == set(CHANGE_KINDS.values())


def test_every_kind_about_users_has_a_rest_call() -> None:
    assert set(REST_CALLS) == {kind for kind in CHANGE_KINDS.values() if not kind.about_group}


def lines_that_ask(tree: ast.AST, names: set[str]) -> list[int]:
    """Lines that ask for the kind of a change: by isinstance, issubclass, a class pattern or a comparison of types."""
    lines = []
    for node in ast.walk(tree):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"isinstance", "issubclass"}:
            asked = list(node.args[1:])
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        used = {each.id for part in asked for each in ast.walk(part) if isinstance(each, ast.Name)}
        used |= {each.attr for part in asked for each in ast.walk(part) if isinstance(each, ast.Attribute)}
        if used & names:
            lines.append(getattr(node, "lineno", node.pattern.lineno if isinstance(node, ast.match_case) else 0))
    return lines


def test_no_code_outside_the_registries_checks_the_kind_of_a_change() -> None:
    names = {kind.__name__ for kind in classes(Change)}
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "domain" / "changes")
        for line in lines_that_ask(ast.parse(path.read_text(encoding="utf-8")), names)
    }
    assert found == set()


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(change, SetStatus)",
        "isinstance(step.change, AddMember | RemoveMember)",
        "isinstance(change, (membership.AddMember, str))",
        "type(change) is SetStatus",
        "match change:\n    case RemoveMember():\n        pass",
    ],
)
def test_a_test_of_a_kind_is_recognised(code: str) -> None:
    assert lines_that_ask(ast.parse(code), {"SetStatus", "AddMember", "RemoveMember"})
