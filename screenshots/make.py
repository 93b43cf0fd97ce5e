"""Makes the pictures of the README from the demo account: ``python screenshots/make.py``.

One SVG a scene, written beside this file. Needs the development extras; reads no configuration and no profile.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from walkme_tui.domain.accounts import Surface

FOLDER: Final = Path(__file__).parent
PATIENCE_SECONDS: Final = 60.0
WIDE: Final = (120, 40)
NARROW: Final = (80, 24)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: the keys that lead there, and a text that is on the screen once it is complete.

    ``typed`` is text that is typed after the keys, then Enter is pressed; ``{file}`` in it is the path of ``PEOPLE``.
    """

    name: str
    keys: tuple[str, ...]
    shows: str
    size: tuple[int, int] = WIDE
    theme: str | None = None
    surface: Surface = Surface.REST
    typed: str = ""


PEOPLE: Final = """email,firstName,lastName,role,groups
lea.moreau@example.com,Lea,Moreau,Editor,Sales;Beta
zoe.celik@example.com,Zoë,Çelik-Kaya,Editor,Sales
noah.berg@example.com,Noah,Berg,Viewer,Salse
mia.lang,Mia,Lang,Viewer,Support
jonas.frey@example.com,Jonas,Frey,Viewer,Support
"""
"""A file to import, in the way that people write them."""

SCENES: Final = (
    Scene("users-120x40", ("down", "down", "down"), "read just now"),
    Scene("users-80x24", ("down", "space", "down", "space"), "✓", NARROW),
    Scene("filter-120x40", ("slash", *"yilmaz", "space", *"status", "colon", *"active", "enter", "s"), "EMAIL ↑"),
    Scene("groups-120x40", ("2", "down", "down"), "members"),
    Scene("detail-80x24", ("enter",), "External", NARROW),
    Scene("offboard-80x24", ("O",), "Ticket", NARROW),
    Scene("edit-80x24", ("e", "down", "down", *"-Kaya"), "->", NARROW),
    Scene("bulk-80x24", ("space", "down", "space", "down", "space", "b"), "For 3 people", NARROW),
    Scene("import-120x40", ("i",), "Salse", typed="{file}"),
    Scene("reconcile-120x40", ("3", "tab"), "all 24 975 users"),
    Scene("help-120x40", ("question_mark",), "Moving"),
    Scene("scim-groups-120x40", ("2", "down", "down"), "read just now", surface=Surface.SCIM),
    Scene("light-120x40", ("down",), "read just now", theme="paper"),
)


async def take(scene: Scene) -> None:
    """Open the demo, press the scene's keys, wait until it shows what it should, and save it."""
    from walkme_tui.cli.browser_launch import browser_start
    from walkme_tui.cli.context import Context, GlobalOptions
    from walkme_tui.config.themes import DEFAULT_DARK, read_theme, shipped_folder
    from walkme_tui.ui.app import WalkmeApp

    theme, problems = read_theme(shipped_folder() / f"{scene.theme or DEFAULT_DARK}.toml")
    if theme is None:
        raise SystemExit(f"{scene.name}: {problems}")
    with tempfile.TemporaryDirectory() as home:
        folders = {f"WALKME_TUI_{folder}_DIR": home for folder in ("CONFIG", "CACHE", "DATA", "STATE")}
        start = browser_start(Context(GlobalOptions(demo=True), folders), "")
        session = start.open_demo(scene.surface)
        app = WalkmeApp(start, session, theme)
        try:
            async with app.run_test(size=scene.size) as pilot:
                await shown(app.export_screenshot, pilot.pause, scene, "100 %")  # the crawl has come to its end
                await pilot.press(*scene.keys)
                if scene.typed:
                    (Path(home) / "people.csv").write_text(PEOPLE, encoding="utf-8")
                    typed = scene.typed.format(file=Path(home) / "people.csv")
                    await pilot.press(*map(key_of, typed), "enter")
                await shown(app.export_screenshot, pilot.pause, scene, scene.shows)
                picture = app.export_screenshot(title="walkme-tui")
                (FOLDER / f"{scene.name}.svg").write_text(picture, encoding="utf-8")
        finally:
            await session.aclose()
    print(f"{scene.name}.svg", file=sys.stderr)  # noqa: T201 - a script for the terminal


def key_of(character: str) -> str:
    """The key that types a character, as Textual names it."""
    return {"/": "slash", ".": "full_stop", "_": "underscore", "-": "minus"}.get(character, character)


async def shown(picture: Callable[[], str], pause: Callable[[float], Awaitable[None]], scene: Scene, text: str) -> None:
    """Wait until the screen shows a text and has come to rest; SystemExit if it never does."""
    wanted = text.replace(" ", "&#160;")
    before = ""
    for _ in range(int(PATIENCE_SECONDS / 0.5)):
        await pause(0.5)
        now = picture()
        if wanted in now and now == before:
            return
        before = now
    raise SystemExit(f"{scene.name}: {text!r} did not come to the screen")


if __name__ == "__main__":
    for variable in [name for name in os.environ if name.startswith("TEXTUAL") or name == "NO_COLOR"]:
        del os.environ[variable]
    wanted = set(sys.argv[1:])
    for each in SCENES:
        if not wanted or each.name in wanted:
            asyncio.run(take(each))
