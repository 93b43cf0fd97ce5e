"""One place stores each thing that the server sends, and publishes it: ``services.directory`` and ``page_tracker``."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "walkme_tui"
WRITERS = {
    "services/directory.py": {
        *("save_user", "forget_user", "forget_group", "save_groups", "add_members", "end_members"),
        *("UserStored", "UserForgotten", "GroupsStored", "MembersStored"),
    },
    "services/page_tracker.py": {"save_page", "PageLoaded"},
}
RESTRICTED = set().union(*WRITERS.values())


def restricted_calls(source: str) -> set[str]:
    """The restricted functions and event types that this source calls or passes on as values."""
    tree = ast.parse(source)
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return (called | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}) & RESTRICTED


def test_only_the_directory_and_the_page_tracker_store_and_publish_records() -> None:
    found = {
        name: restricted_calls(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not (name := path.relative_to(PACKAGE).as_posix()).startswith("store/")
    }
    assert {name: calls for name, calls in found.items() if calls} == WRITERS


@pytest.mark.parametrize(
    "source",
    [
        "mirror.save_user(user, 1)",
        "map(session.mirror.save_page, pages)",
        "publish(UserStored(user.id))",
        "events.PageLoaded(1, 0, 0)",
    ],
)
def test_every_form_of_a_restricted_call_is_found(source: str) -> None:
    assert restricted_calls(source)
