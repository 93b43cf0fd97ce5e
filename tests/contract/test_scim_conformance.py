"""The simulator's SCIM surface in the eyes of two conformance checkers of other projects, over TCP."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.tcp import asgi_server
from tests.support.tool_environments import python_of
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

# Prints status, title and reason of every check.
CHECK_SERVER = """
import json, sys
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server
with Client(base_url=sys.argv[1], headers={"Authorization": "Bearer demo"}) as client:
    results = check_server(SyncSCIMClient(client))
print(json.dumps([(result.status.name, result.title, str(result.reason)) for result in results]))
"""


@pytest.fixture
def empty_account() -> Iterator[str]:
    """The base URL of the SCIM surface of an account without users."""
    with asgi_server(Simulator(SimulatorSettings(users=0))) as url:
        yield f"{url}/scim/v2"


def answer_of(python: Path, *arguments: str) -> Any:
    """What a program prints as JSON."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [str(python), "-I", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        pytest.fail(f"{arguments[:2]} printed {done.stdout!r}, and to standard error: {done.stderr}")


def test_scim_sanity_finds_no_failure(empty_account: str) -> None:
    arguments = ("probe", empty_account, "--token", "demo", "--i-accept-side-effects", "--json-output")
    report = answer_of(python_of("scim-sanity"), "-m", "scim_sanity", *arguments)
    statuses = [result["status"].lower() for result in report["results"]]
    assert [result for result in report["results"] if result["status"].lower() not in {"pass", "skip"}] == []
    assert statuses.count("pass") >= 28


def test_scim2_tester_finds_no_error(empty_account: str) -> None:
    results = answer_of(python_of("scim2-tester"), "-c", CHECK_SERVER, empty_account)
    assert [result for result in results if result[0] not in {"SUCCESS", "SKIPPED"}] == []
    # What the server need not have is skipped: the search over all types, once for users and once for groups.
    assert [title for status, title, _ in results if status == "SKIPPED"] == ["search_with_attributes"] * 2
    assert len(results) >= 96
