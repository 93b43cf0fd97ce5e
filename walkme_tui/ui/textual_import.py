"""Imports Textual without two modules that only its own command palette and its delivery of files use."""

import sys
from types import ModuleType
from typing import Final

# The names that Textual imports from them. This program has a palette of its own and delivers no files.
UNUSED: Final = {
    "textual.command": (
        *("CommandListItem", "CommandPalette", "SimpleProvider"),
        *("DiscoveryHit", "Hit", "Hits", "Provider"),
    ),
    "platformdirs": ("user_downloads_path",),
}


def import_textual() -> None:
    """Import ``textual.app`` with empty classes in place of ``UNUSED``, which take a tenth of the whole start.

    The palette's module imports six widgets. Nothing is replaced where the modules are loaded already, and both can be
    imported as usual afterwards.
    """
    stand_ins = {name: ModuleType(name) for name in UNUSED if name not in sys.modules}
    for name, stand_in in stand_ins.items():
        for each in UNUSED[name]:
            setattr(stand_in, each, type(each, (), {}))
    sys.modules.update(stand_ins)
    try:
        import textual.app  # noqa: F401 - imports it ahead of time
    finally:
        for name in stand_ins:
            del sys.modules[name]
