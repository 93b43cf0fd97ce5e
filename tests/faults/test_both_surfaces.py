"""Offboardings of a profile with REST and SCIM as processes over TCP: each surface on a host of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from tests.support.held_account import Ended, Program
from tests.support.tcp import asgi_server
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

SCIM_TOKEN = "only-for-scim"
EMAIL = "zoe.celik@example.com"


class Host:
    """A simulated account; ``requests`` are method and path, ``credentials`` all Authorization headers."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, str]] = []
        self.credentials: set[str] = set()
        self._simulator = Simulator(SimulatorSettings(users=5, scim_token=SCIM_TOKEN))

    @classmethod
    @contextmanager
    def serving(cls) -> "Iterator[Host]":
        host = cls()
        with asgi_server(host) as host.url:
            yield host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests.append((scope["method"], scope["path"]))
        self.credentials |= {value.decode() for name, value in scope["headers"] if name == b"authorization"}
        await self._simulator(scope, receive, send)


@pytest.fixture
def rest() -> Iterator[Host]:
    with Host.serving() as host:
        yield host


@pytest.fixture
def scim() -> Iterator[Host]:
    with Host.serving() as host:
        yield host


def program(folder: Path, rest: Host, scim_url: str = "") -> Program:
    scim = {"WALKME_SCIM_BASE_URL": scim_url, "WALKME_SCIM_TOKEN": SCIM_TOKEN} if scim_url else {}
    return Program(rest.url, folder, scim)


def checks_of(ended: Ended) -> list[tuple[str, str, bool | None, str]]:
    return [(each["email"], each["surface"], each["active"], each["text"]) for each in ended.json["checks"]]


def test_the_other_surface_is_only_read_and_gets_only_its_own_credentials(
    rest: Host, scim: Host, tmp_path: Path
) -> None:
    walkme = program(tmp_path, rest, f"{scim.url}/scim/v2")
    plan = walkme("offboard", EMAIL)
    assert plan.code == 0
    assert "! SCIM: active, the same external id." in plan.out
    # Each host is an account of its own here: first the person is offboarded on the one, then on the other.
    first = walkme("offboard", EMAIL, "--surface", "scim", "--keep-groups", "--yes", "--json")
    assert first.code == 1, first.err
    ((email, surface, active, text),) = checks_of(first)
    assert (email, surface, active) == (EMAIL, "rest", True)
    assert text.startswith("REST: still active. An identity provider owns this record")
    rest.requests.clear()
    scim.requests.clear()
    second = walkme("offboard", EMAIL, "--keep-groups", "--yes", "--json")
    assert second.code == 0, second.err
    assert checks_of(second) == [(EMAIL, "scim", False, "SCIM: inactive too.")]
    assert "`SCIM: inactive too.`" in Path(second.json["receipts"][1]).read_text(encoding="utf-8")
    assert {method for method, _ in scim.requests} == {"GET"}
    assert scim.credentials == {f"Bearer {SCIM_TOKEN}"}
    assert not any(SCIM_TOKEN in credential for credential in rest.credentials)


def test_a_surface_that_cannot_be_reached_changes_no_exit_code(rest: Host, tmp_path: Path) -> None:
    ended = program(tmp_path, rest, "https://no-such-tenant.invalid/scim/v2")(
        "offboard", EMAIL, "--keep-groups", "--yes"
    )
    assert ended.code == 0, ended.err
    assert "- SCIM could not be checked: The name no-such-tenant.invalid cannot be resolved." in ended.out


def test_with_one_surface_nothing_else_is_requested(rest: Host, tmp_path: Path) -> None:
    ended = program(tmp_path, rest)("offboard", EMAIL, "--keep-groups", "--yes", "--json")
    assert (ended.code, ended.json["checks"]) == (0, [])
    assert not [path for _, path in rest.requests if path.startswith("/scim")]
