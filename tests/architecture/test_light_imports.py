"""Importing a package loads only the libraries that it may use; other heavy libraries would slow every start.

The static contracts miss indirect imports, so each package is imported in a new interpreter.
"""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from walkme_tui.ui.app import WalkmeApp
from walkme_tui.ui.textual_import import UNUSED

PACKAGE = Path(__file__).parents[2] / "walkme_tui"
TERMINAL = ("textual", "rich")
NETWORK = ("httpx", "httpcore", "truststore", "anyio", "h11")
SIMULATOR = ("starlette", "uvicorn")
EVERYTHING = (*TERMINAL, *NETWORK, *SIMULATOR, "sqlite3", "platformdirs", "tomli_w", "keyring")

REPORT = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
print(*sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""


def modules_below(package: str) -> list[str]:
    path = PACKAGE / package
    files = [path.with_suffix(".py")] if not path.is_dir() else sorted(path.rglob("*.py"))
    names = [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def loaded(modules: list[str], unwanted: tuple[str, ...]) -> list[str]:
    assert modules
    found = subprocess.run(
        [sys.executable, "-I", "-c", REPORT, ",".join(unwanted), *modules],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return found.stdout.split()


@pytest.mark.parametrize("package", ["domain", "services", "session", "cli", "__main__"])
def test_packages_used_by_every_start_load_no_heavy_library(package: str) -> None:
    assert loaded(modules_below(package), EVERYTHING) == []


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("config", (*TERMINAL, *NETWORK, *SIMULATOR, "sqlite3")),
        ("store", (*TERMINAL, *NETWORK, *SIMULATOR)),
        ("api", (*TERMINAL, *SIMULATOR, "sqlite3")),
        ("simulator", (*TERMINAL, "httpx", "httpcore", "sqlite3")),
        ("ui", (*NETWORK, *SIMULATOR, "sqlite3")),
    ],
)
def test_a_package_loads_only_its_own_heavy_library(package: str, unwanted: tuple[str, ...]) -> None:
    assert loaded(modules_below(package), unwanted) == []


OPEN_DEMO = """
from walkme_tui.demo import Demo
Demo(users=1).open_session()
"""

OPEN_PROFILE = """
from pathlib import Path
from walkme_tui.config.paths import Paths
from walkme_tui.config.profiles import Profile, RestConnection
from walkme_tui.config.secrets import VariableSource
from walkme_tui.session import open_session
connection = RestConnection("https://walkme.test", "client", VariableSource("SECRET"))
open_session(Profile("acme", connection), paths=Paths.below(Path("/nowhere")))
"""


@pytest.mark.parametrize("opening", [OPEN_DEMO, OPEN_PROFILE])
def test_opening_a_session_loads_neither_the_network_nor_the_terminal(opening: str) -> None:
    unwanted = (*TERMINAL, *NETWORK, *SIMULATOR)
    program = f"{opening}\nimport sys\nprint(*sorted(set({unwanted!r}) & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.split() == []


LATER = (
    *("domain.changes", "domain.plans", "domain.jobs", "domain.filters", "domain.filter_terms"),
    *("domain.imports", "domain.table_cells", "services.changes", "services.sync", "store.journal"),
    *("ui.dialogs", "ui.palette", "ui.change_words", "ui.plan_draft", "ui.screens"),
    *(
        "ui.browser.actions",
        "ui.browser.change_actions",
        "ui.browser.sorting",
        "ui.browser.groups_tab",
        "ui.browser.jobs_tab",
    ),
)
FLOWS_AT_START = {"job_tasks", "pending", "origin", "context"}


# Textual loads these for its command palette and its delivery of files, asyncio loads ssl.
LIBRARIES_LATER = ("textual.command", "textual.validation", "textual.widgets._input", "platformdirs", "ssl", "hashlib")

# The start of the browser up to its first frame, without a terminal; nothing listens on port 1.
START = """
import os, sys
from walkme_tui.cli.main import _sub_command

def tell(names):
    os.write(1, " ".join(set(names.split(",")) & set(sys.modules)).encode() + b"\\n")

def first_frame(screen):
    screen.session.events.publish(UserStored("of a plan to begin with"))
    tell(sys.argv[2])
    screen.app.exit(0)

_sub_command("browse")
from walkme_tui.cli.browser_launch import browser_start
from walkme_tui.cli.context import Context, GlobalOptions
start = browser_start(Context(GlobalOptions()))
from walkme_tui.ui import start as beginning
beginning._import_app()
start.open_session(start.profile, start.surface)
tell(sys.argv[1])
from textual.app import App
from walkme_tui.services.events import UserStored
from walkme_tui.ui.browser.screen import BrowserScreen
run_async = App.run_async
App.run_async = lambda app: run_async(app, headless=True, size=(120, 40))
BrowserScreen._begin = first_frame
beginning.run_browser(start)
"""


def test_a_start_of_the_browser_loads_only_what_the_first_frame_needs(tmp_path: Path) -> None:
    flows = {file.stem for file in (PACKAGE / "ui" / "flows").glob("*.py")} - FLOWS_AT_START - {"__init__"}
    names = (*(f"walkme_tui.{name}" for name in LATER), *(f"walkme_tui.ui.flows.{flow}" for flow in flows))
    folders = {f"WALKME_TUI_{kind}_DIR": str(tmp_path) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    account = {"WALKME_BASE_URL": "http://127.0.0.1:1", "WALKME_CLIENT_ID": "x", "WALKME_CLIENT_SECRET": "x"}
    found = subprocess.run(
        [sys.executable, "-c", START, ",".join(LIBRARIES_LATER), ",".join(names)],
        env={**os.environ, **folders, **account},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout == "\n\n"


def test_the_review_of_a_plan_loads_nothing_that_runs_or_prints_it() -> None:
    names = (
        *("services.changes.executor", "services.changes.receipts", "cli.account_read", "cli.plan_io"),
        *("ui.flows.plan_request", "ui.dialogs.receipt", "ui.dialogs.file_name", "services.sync.progress"),
        *("domain.filters", "domain.plan_files", "domain.table_cells", "domain.user_tables", "store.mirror.search"),
    )
    modules = [
        *("walkme_tui.cli.commands.offboard", "walkme_tui.ui.flows.plan_review"),
        *("walkme_tui.store.mirror.mirror", "walkme_tui.store.mirror.emails", "walkme_tui.store.mirror.plan_checks"),
    ]
    assert loaded(modules, tuple(f"walkme_tui.{name}" for name in names)) == []


def users_of(names: set[str], module: str) -> set[str]:
    """The functions of a module that use one of these names, annotations aside."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    functions = [
        node
        for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        function.name
        for function in functions
        if any(isinstance(node, ast.Name) and node.id in names for line in function.body for node in ast.walk(line))
    }


def test_textual_uses_what_a_start_leaves_out_only_where_the_program_never_comes() -> None:
    names = {name for unused in UNUSED.values() for name in unused}
    # The program turns Textual's palette off, and delivers no file through the terminal.
    palette = {"search_commands", "search_themes", "action_command_palette"}
    assert users_of(names, "textual.app") == {*palette, "_deliver_binary"}
    assert users_of(names, "textual.theme") == {"discover", "search"}
    assert not WalkmeApp.ENABLE_COMMAND_PALETTE
