"""Opening a profile or the demo as a session."""

import asyncio
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from tests.support.sessions import serving, until
from tests.support.tcp import asgi_server
from walkme_tui.config.paths import Paths
from walkme_tui.config.profiles import (
    MirrorStorage,
    Profile,
    RestAuth,
    RestConnection,
    ScimAuth,
    ScimConnection,
    Sync,
)
from walkme_tui.config.secrets import FileSource, SecretSource, VariableSource
from walkme_tui.demo import Demo
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import ConfigurationError, SignInRefused
from walkme_tui.domain.times import now_ms
from walkme_tui.domain.users import User
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.session import folder_name, open_session
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(tmp_path)


@pytest.fixture
def secret(tmp_path: Path) -> FileSource:
    file = tmp_path / "secret"
    file.write_text("demo\n")
    file.chmod(0o600)
    return FileSource(file)


def profile_at(url: str, secret: FileSource) -> Profile:
    return Profile("acme", RestConnection(url, "demo", secret), environment=Environment.SANDBOX)


def scim_profile_at(url: str, secret: SecretSource) -> Profile:
    return Profile("acme", None, ScimConnection(url, secret), environment=Environment.SANDBOX)


def test_a_session_has_the_client_of_the_other_surface_if_there_is_one(paths: Paths, secret: FileSource) -> None:
    rest, scim = RestConnection("https://a.test", "demo", secret), ScimConnection("https://b.test", secret)
    for profile, surfaces in (
        (Profile("acme", rest, scim), (Surface.REST, Surface.SCIM)),
        (Profile("acme", rest), ()),
        (Profile("acme", None, scim), ()),
    ):
        for surface in profile.connections:
            other_api = open_session(profile, paths=paths, surface=surface).other_api
            assert (other_api is not None) is (surface in surfaces)


# Two of the people have a record on SCIM only.
DEMO_ON_REST = 118


async def read_once(session: Session, users: int = 120) -> None:
    async with serving(session, visible=(0, 39)) as (_, listing):
        await until(lambda: listing.row(0) is not None and listing.total == Total(users, exact=True))


async def test_a_profile_is_read_over_http_into_a_private_mirror(paths: Paths, secret: FileSource) -> None:
    with asgi_server(Simulator(SimulatorSettings(users=120))) as url:
        profile = profile_at(url, secret)
        session = open_session(profile, paths=paths)
        assert session.account == Account("acme", Environment.SANDBOX, Surface.REST, url, client_id="demo")
        assert "secret" in session.secret_source
        await read_once(session)
        await session.aclose()
        basic = profile._replace(rest=RestConnection(url, "demo", secret, RestAuth.BASIC))
        again = open_session(basic, paths=paths, read_only=True)
        assert again.account.read_only
        assert (await again.mirror.coverage()).loaded == 100
        await again.prepare()
        await read_once(again)
        await again.aclose()
    mirror = paths.cache / "acme" / "mirror.sqlite3"
    assert stat.S_IMODE(mirror.stat().st_mode) == 0o600
    assert stat.S_IMODE(mirror.parent.stat().st_mode) == 0o700


async def test_the_profile_sets_the_sync_settings(paths: Paths, secret: FileSource) -> None:
    profile = profile_at("http://127.0.0.1:1", secret)
    for changed, expected in (
        (profile, SyncSettings(fully=True, resync_ms=24 * 3_600_000, pages_at_once=7)),
        (profile._replace(sync=Sync.LAZY, resync_hours=0.5), SyncSettings(fully=False, resync_ms=1_800_000)),
        (profile._replace(max_in_flight=1, resync_hours=0), SyncSettings(resync_ms=0, pages_at_once=1)),
        (profile._replace(max_in_flight=12), SyncSettings(pages_at_once=11)),
    ):
        session = open_session(changed, paths=paths)
        assert session.sync == expected
        await session.aclose()


async def test_another_account_under_the_same_profile_name_shows_no_old_users(paths: Paths, secret: FileSource) -> None:
    with asgi_server(Simulator(SimulatorSettings(users=120))) as url:
        session = open_session(profile_at(url, secret), paths=paths)
        await read_once(session)
        await session.aclose()
    other = open_session(profile_at("http://127.0.0.1:1", secret), paths=paths)
    assert (await other.mirror.coverage()).loaded == 0
    await other.aclose()


async def test_a_mirror_in_memory_leaves_no_file(paths: Paths, secret: FileSource) -> None:
    with asgi_server(Simulator(SimulatorSettings(users=120))) as url:
        session = open_session(profile_at(url, secret)._replace(mirror=MirrorStorage.MEMORY), paths=paths)
        await read_once(session)
        await session.aclose()
    assert not paths.cache.exists()


async def test_a_missing_secret_is_raised_at_the_first_call(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME_SECRET", raising=False)
    connection = RestConnection("http://127.0.0.1:1", "demo", VariableSource("ACME_SECRET"))
    session = open_session(Profile("acme", connection), paths=paths)
    try:
        with pytest.raises(SignInRefused, match="ACME_SECRET"):
            await Directory(session).look_up("a@example.com")
    finally:
        await session.aclose()


async def test_a_client_that_cannot_be_built_is_raised_at_the_first_call(paths: Paths, secret: FileSource) -> None:
    profile = profile_at("https://walkme.test", secret)._replace(ca_bundle=paths.config / "nowhere.pem")
    session = open_session(profile, paths=paths)
    try:
        async with serving(session) as (pages, _):
            await until(lambda: pages.failure is not None)
            assert pages.failure is not None
            assert isinstance(pages.failure.error, ConfigurationError)
            assert "The profile acme cannot be used: its ca_bundle names no file" in pages.failure.error.message
            assert pages.failure.retry_at is None
    finally:
        await session.aclose()


def test_a_surface_that_the_profile_lacks_is_refused(paths: Paths, secret: FileSource) -> None:
    rest, scim = profile_at("https://api.walkme.com", secret), scim_profile_at("https://x.example/scim/v2", secret)
    for profile, surface, hint in (
        (rest, Surface.SCIM, "Set WALKME_SCIM_BASE_URL and WALKME_SCIM_TOKEN."),
        (scim, Surface.REST, "Set WALKME_CLIENT_ID and WALKME_CLIENT_SECRET."),
    ):
        with pytest.raises(ConfigurationError, match=f"The profile acme has no {surface.upper()} connection") as caught:
            open_session(profile, paths=paths, surface=surface)
        assert caught.value.hint == hint


async def test_each_surface_has_its_own_mirror_and_only_scim_changes_groups(paths: Paths, secret: FileSource) -> None:
    both = profile_at("https://api.walkme.com", secret)._replace(
        scim=ScimConnection("https://x.example/scim/v2", secret, ScimAuth.BASIC, "ann")
    )
    rest, scim = open_session(both, paths=paths), open_session(both, paths=paths, surface=Surface.SCIM)
    await rest.mirror.save_user(User("a"), now_ms())
    assert await scim.mirror.user("a") is None
    assert rest.group_api is None
    assert scim.group_api is not None
    assert scim.account == Account(
        "acme", Environment.SANDBOX, Surface.SCIM, "https://x.example/scim/v2", client_id="ann"
    )
    for session in (rest, scim):
        await session.aclose()
    assert {file.name for file in (paths.cache / "acme").glob("*.sqlite3")} == {"mirror.sqlite3", "mirror-scim.sqlite3"}


async def test_a_token_of_another_source_may_see_other_users(paths: Paths, secret: FileSource) -> None:
    for source, known in ((secret, 0), (secret, 1), (VariableSource("OTHER"), 0)):
        session = open_session(scim_profile_at("https://x.example/scim/v2", source), paths=paths)
        found = await session.mirror.user("a")
        assert (found is not None) == bool(known)
        await session.mirror.save_user(User("a"), now_ms())
        await session.aclose()


async def test_the_demo_runs_in_the_process_and_leaves_no_file() -> None:
    session = Demo(users=120, latency_ms=0).open_session()
    assert session.account.demo
    assert session.account.environment is Environment.SANDBOX
    folder = demo_folder(session)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await session.prepare()
    await read_once(session, DEMO_ON_REST)
    groups = await Directory(session).refresh_groups()
    assert any(size.known_members for size in groups)
    await session.aclose()
    assert not folder.exists()
    assert "walkme-simulator" not in {thread.name for thread in threading.enumerate()}


async def test_both_surfaces_of_the_demo_show_one_account_until_the_last_is_closed() -> None:
    demo = Demo(users=120, latency_ms=0)
    rest, scim = demo.open_session(), demo.open_session(Surface.SCIM)
    user = next(user for user in (await rest.api.list_users(1, 10)).rows if isinstance(user, User))
    await rest.api.update_user(user.id, {"first_name": "Zoe"}, user)
    await rest.aclose()
    there = await scim.api.get_user(user.id)
    assert there.first_name == "Zoe"
    # The two sides differ for a few people.
    assert (user.last_name, there.last_name) == ("Çelik", "Çelik-Kaya")
    again = demo.open_session()
    await scim.aclose()
    assert (await again.api.get_user(user.id)).first_name == "Zoe"
    folder = demo_folder(again)
    await again.aclose()
    assert not folder.exists()
    new = demo.open_session(Surface.SCIM)
    assert (await new.api.get_user(user.id)).first_name == user.first_name
    await new.aclose()


class Listener:
    """A simulated account that keeps the credentials that it receives."""

    def __init__(self, token: str) -> None:
        self._simulator = Simulator(SimulatorSettings(users=20, client_secret=f"{token}-rest", scim_token=token))
        self.received = set[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hear() -> Message:
            message = await receive()
            self.received.add(message.get("body", b"").decode())
            return message

        self.received.update(value.decode() for name, value in scope.get("headers", ()) if name == b"authorization")
        await self._simulator(scope, hear, send)


async def test_each_credential_is_sent_to_its_own_address_only(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REST_SECRET", "r3st-rest")
    monkeypatch.setenv("SCIM_TOKEN", "sc1m")
    rest_account, scim_account = Listener("r3st"), Listener("sc1m")
    with asgi_server(rest_account) as rest_url, asgi_server(scim_account) as scim_url:
        profile = Profile(
            "acme",
            RestConnection(rest_url, "demo", VariableSource("REST_SECRET")),
            ScimConnection(f"{scim_url}/scim/v2", VariableSource("SCIM_TOKEN")),
        )
        for surface in Surface:
            session = open_session(profile, paths=paths, surface=surface)
            user = next(user for user in (await session.api.list_users(1, 10)).rows if isinstance(user, User))
            assert await session.api.find_user(str(user.email)) is not None
            await session.api.list_groups()
            await session.aclose()
    assert any("r3st-rest" in each for each in rest_account.received)
    assert not any("sc1m" in each for each in rest_account.received)
    assert "Bearer sc1m" in scim_account.received
    assert not any("r3st" in each for each in scim_account.received)


async def test_an_unused_demo_leaves_no_file() -> None:
    session = Demo().open_session()
    folder = demo_folder(session)
    await session.aclose()
    assert not folder.exists()


async def test_a_session_can_be_opened_in_a_thread() -> None:
    session = await asyncio.to_thread(Demo(users=120, latency_ms=0).open_session)
    await read_once(session, DEMO_ON_REST)
    await session.aclose()


def demo_folder(session: Session) -> Path:
    place = session.mirror._location.path  # type: ignore[attr-defined]  # the path of the real mirror
    assert isinstance(place, Path)
    return place.parents[2]


@given(st.text(st.characters(exclude_categories=())), st.text())
def test_every_profile_name_has_its_own_folder_in_the_cache(first: str, second: str) -> None:
    name = folder_name(first)
    assert Path("/cache", name).parent == Path("/cache")
    assert name.isascii()
    assert name.isprintable()
    assert not name.startswith(".")
    assert 0 < len(name) <= 100
    assert (name == folder_name(second)) == (first == second)


def test_the_folder_of_a_plain_name_is_that_name() -> None:
    assert folder_name("acme-prod_2") == "acme-prod_2"
    assert folder_name("../../etc") == "%2E%2E%2F%2E%2E%2Fetc"
    assert folder_name("ACME") != folder_name("acme")
