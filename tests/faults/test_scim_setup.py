"""The SCIM client against servers that are not set up: the link that is likely missing is in the error."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_sessions import QUICK
from tests.support.tcp import Received, asgi_server, http_answer, scripted_server
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.config.paths import Paths
from walkme_tui.config.profile_choice import environment_profile
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ApiError
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.setup_chain import SetupFinding, SetupLink
from walkme_tui.domain.users import User
from walkme_tui.session import open_session
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings

LOGIN_PAGE = "<!DOCTYPE html><html><title>Sign in</title></html>"
PAGE: Sequence[tuple[str, str]] = (("Content-Type", "text/html"),)
BASE_URL = SetupFinding(SetupLink.BASE_URL)
TOKEN = SetupFinding(SetupLink.TOKEN, (SetupLink.SSO,))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with asgi_server(Simulator(SimulatorSettings(users=30))) as url:
        yield url


@asynccontextmanager
async def scim_directory(base_url: str, token: str = "demo", **settings: Any) -> AsyncIterator[ScimDirectory]:
    known = ScimSettings("acme", base_url, lambda: Secret(token), "the variable ACME_SCIM", **settings)
    directory = ScimDirectory(known, policy=QUICK)
    try:
        yield directory
    finally:
        await directory.aclose()


async def refusal(base_url: str, token: str = "demo", **settings: Any) -> ApiError:
    async with scim_directory(base_url, token, **settings) as directory:
        with pytest.raises(ApiError) as caught:
            await directory.list_users(1, 10)
        assert token not in str(caught.value)
        return caught.value


async def test_a_rotated_token_and_a_changed_password(url: str) -> None:
    error = await refusal(f"{url}/scim/v2", "old-token")
    assert (error.setup, error.status) == (TOKEN, 401)
    assert "The token was rotated in the Console, or SSO is off." in error.hint
    error = await refusal(f"{url}/scim/v2", "old-password", username="demo")
    assert error.setup == TOKEN
    assert "The user name or the password was changed" in error.hint


async def test_the_address_of_the_rest_api(url: str) -> None:
    # It refuses the token of SCIM.
    error = await refusal(url)
    assert (error.setup, error.status) == (SetupFinding(SetupLink.TOKEN, (SetupLink.SSO, SetupLink.BASE_URL)), 401)
    assert error.hint.endswith("If it is right, check base_url.")
    error = await refusal(url, is_rest_address=True)
    assert error.setup == BASE_URL
    assert "base_url is the address of the REST API" in error.hint


async def test_a_profile_whose_two_surfaces_have_one_address(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALKME_SCIM_TOKEN", "demo")
    environ = {"WALKME_BASE_URL": url, "WALKME_CLIENT_ID": "demo", "WALKME_CLIENT_SECRET": "demo"}
    profile = environment_profile({**environ, "WALKME_SCIM_BASE_URL": url, "WALKME_SCIM_TOKEN": "demo"})
    session = open_session(profile, paths=Paths.below(tmp_path), surface=Surface.SCIM)
    with pytest.raises(ApiError) as caught:
        await session.api.list_users(1, 10)
    await session.aclose()
    assert caught.value.setup == BASE_URL


async def test_an_address_without_scim(url: str) -> None:
    error = await refusal(f"{url}/scim/v2/v1")
    assert (error.setup, error.status) == (SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,)), 404)


async def test_a_host_that_does_not_exist() -> None:
    error = await refusal("https://no-such-tenant.invalid/scim/v2")
    assert error.setup == BASE_URL


@pytest.mark.parametrize(
    ("status", "body", "headers", "finding"),
    [
        ("200 OK", LOGIN_PAGE, PAGE, BASE_URL),
        ("302 Found", "", [("Location", "https://login.example.org/saml")], BASE_URL),
        ("200 OK", '{"users":[],"total":0}', [("Content-Type", "application/json")], BASE_URL),
        ("403 Forbidden", "", (), SetupFinding(SetupLink.ENABLED, (SetupLink.PLAN,))),
        ("403 Forbidden", LOGIN_PAGE, PAGE, None),
        ("404 Not Found", LOGIN_PAGE, PAGE, SetupFinding(SetupLink.BASE_URL, (SetupLink.ENABLED,))),
        ("500 Internal Server Error", LOGIN_PAGE, PAGE, None),
    ],
)
async def test_what_other_servers_answer(
    status: str, body: str, headers: Sequence[tuple[str, str]], finding: SetupFinding | None
) -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(http_answer(body, status, headers, json=False))

    async with scripted_server(script) as server:
        assert (await refusal(f"{server.url}/scim/v2")).setup == finding


@pytest.mark.parametrize("completes_groups", [True, False])
async def test_a_client_that_only_checks_the_status_reads_no_groups(completes_groups: bool) -> None:
    with asgi_server(Simulator(SimulatorSettings(users=3, scim_odd=(ScimOddity.NO_USER_GROUPS,)))) as url:
        async with scim_directory(f"{url}/scim/v2", completes_groups=completes_groups) as directory:
            (first, *_) = (await directory.list_users(1, 3)).rows
            assert isinstance(first, User)
            assert (await directory.get_user(first.id)).status == "active"
            groups_read = any("/Groups" in record.path for record in directory.request_log())
    assert groups_read is completes_groups


async def test_a_user_is_found_by_external_id(url: str) -> None:
    async with scim_directory(f"{url}/scim/v2") as directory:
        rows = (await directory.list_users(1, 30)).rows
        user = next(row for row in rows if isinstance(row, User) and isinstance(row.external_id, str))
        assert isinstance(user.external_id, str)
        found = await directory.find_by_external_id(user.external_id)
        assert found is not None
        assert found.id == user.id
        assert await directory.find_by_external_id("no such id") is None
