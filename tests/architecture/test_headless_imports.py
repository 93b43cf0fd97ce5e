"""Modules loaded by each sub-command: only the browser imports Textual, and local commands no HTTP client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from walkme_tui.demo import DEMO_USERS
from walkme_tui.simulator.population import Population
from walkme_tui.simulator.settings import SimulatorSettings

# The command line is run as the program does it; then the modules that were loaded are printed to standard error.
PROBE = """
import json, sys
from walkme_tui.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write("\\n" + json.dumps({"code": int(code), "modules": sorted(sys.modules)}))
"""
SCREEN = {"textual", "rich", "walkme_tui.ui"}
CLIENT = {"httpx", "truststore", "anyio", "walkme_tui.api"}
SIMULATOR = {"starlette", "uvicorn", "walkme_tui.simulator.rest"}
FILTERS_AND_TABLES = {
    *("walkme_tui.domain.filters", "walkme_tui.domain.filter_terms", "walkme_tui.store.mirror.search"),
    *("walkme_tui.domain.user_tables", "walkme_tui.domain.table_cells"),
}


def loaded(folder: Path, *words: str) -> tuple[int, set[str]]:
    """Exit code of a command line and the modules that it loaded."""
    folders = {f"WALKME_TUI_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    # Nothing listens on port 1: requests fail after everything needed for them was imported.
    account = {"WALKME_BASE_URL": "http://127.0.0.1:1", "WALKME_CLIENT_ID": "x", "WALKME_CLIENT_SECRET": "x"}
    found = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        env={**os.environ, **folders, **account},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    report = json.loads(found.stderr.splitlines()[-1])
    return report["code"], set(report["modules"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("whois a@example.com --cached", 1),
        ("members Sales --cached", 1),
        ("groups --cached", 1),
        ("export --cached", 1),
        ("jobs", 0),
        ("jobs show x", 1),
        ("jobs resume x --yes", 1),
        ("undo x", 1),
        ("plan show nothing.json", 2),
        ("offboard a@example.com --read-only --yes", 5),
        ("create a@example.com --read-only --yes", 5),
        ("set a@example.com role=Viewer --read-only --yes", 5),
        ("set a@example.com rol=Viewer", 2),
        ("groups add Sales a@example.com --read-only --yes", 5),
        ("delete a@example.com --confirm a@example.com --read-only --yes", 5),
        ("config path", 0),
        ("config check", 0),
        ("profiles", 0),
        ("keys", 0),
        ("themes", 0),
        ("cache clear", 0),
        ("--version", 0),
        ("export --unknown", 2),
        ("zoe", 2),
    ],
)
def test_local_commands_import_neither_textual_nor_the_http_client(tmp_path: Path, words: str, code: int) -> None:
    found, modules = loaded(tmp_path, *words.split())
    assert found == code
    assert modules & (SCREEN | CLIENT | SIMULATOR) == set()


@pytest.mark.parametrize(
    "words", ["whois a@example.com --demo", "export --demo --filter nobody", "offboard a@example.com --demo --yes"]
)
def test_commands_that_use_the_server_do_not_import_textual(tmp_path: Path, words: str) -> None:
    _, modules = loaded(tmp_path, *words.split())
    assert "httpx" in modules
    assert modules & SCREEN == set()


def test_a_cached_look_up_imports_few_modules(tmp_path: Path) -> None:
    _, modules = loaded(tmp_path, "whois", "a@example.com", "--cached")
    unwanted = {"ssl", "tomllib", "difflib", "platformdirs", "tomli_w", "csv", "urllib.request", "email"}
    unwanted |= {"shutil", "dataclasses", "walkme_tui.domain.plans"} | FILTERS_AND_TABLES
    assert modules & unwanted == set()


def test_a_printed_plan_imports_nothing_of_files_jobs_and_other_kinds_of_changes(tmp_path: Path) -> None:
    email = str(Population(DEMO_USERS, SimulatorSettings().seed, 0).record(1)["email"])
    code, modules = loaded(tmp_path, "offboard", email, "--demo")
    assert code == 0
    unwanted = {"domain.jobs", "domain.imports", "domain.plan_files", "domain.changes.registry", "store.journal"}
    unwanted |= {"services.sync.list_pass", "services.changes.job_runs"}
    assert modules & ({f"walkme_tui.{name}" for name in unwanted} | FILTERS_AND_TABLES) == set()
