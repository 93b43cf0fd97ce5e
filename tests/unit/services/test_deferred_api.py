"""The client that is built on first use."""

import asyncio
import threading

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import ConfigurationError, Unreachable
from walkme_tui.services.deferred_api import DeferredApi
from walkme_tui.services.ports.directory_api import DirectoryApi


class Builder:
    """Builds a fake account and records the thread; raises ``problem`` instead, if there is one."""

    def __init__(self) -> None:
        self.api = FakeDirectory(people(3))
        self.threads: list[threading.Thread] = []
        self.problem: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self) -> DirectoryApi:
        self.threads.append(threading.current_thread())
        self.may_go_on.wait(5)
        if self.problem is not None:
            raise self.problem
        return self.api


async def test_the_client_is_built_once_at_the_first_call_in_another_thread() -> None:
    build = Builder()
    api = DeferredApi(build)
    assert api.traffic().in_flight == 0
    assert api.request_log() == ()
    api.forget_sign_in()
    assert build.threads == []
    page, user, found, groups = await asyncio.gather(
        api.list_users(1, 10), api.get_user(person(1).id), api.find_user("person00002@example.com"), api.list_groups()
    )
    assert (len(page.rows), user, found, groups) == (3, person(1), person(2), ())
    assert len(build.threads) == 1
    assert build.threads[0] is not threading.main_thread()
    api.forget_sign_in()
    assert build.api.sign_ins_forgotten == 1
    assert api.traffic() == build.api.traffic()
    await api.aclose()
    assert build.api.closed


async def test_writes_and_scopes_are_forwarded() -> None:
    build = Builder()
    api = DeferredApi(build)
    assert api.scopes is None
    user = person(1)
    await api.update_user(user.id, {"status": "inactive"}, user)
    await api.add_member("g1", user.id)
    await api.remove_member("g1", user.id)
    new_id = await api.create_user({"email": "new@example.com"})
    assert new_id == build.api.users[-1].id  # type: ignore[union-attr]  # all are users
    await api.delete_user(user.id)
    assert [(write.name, write.arguments) for write in build.api.writes] == [
        ("patch_user", (user.id, {"status": "inactive"})),
        ("add_member", ("g1", user.id)),
        ("remove_member", ("g1", user.id)),
        ("create_user", ({"email": "new@example.com"},)),
        ("delete_user", (user.id,)),
    ]
    assert api.scopes == build.api.granted
    await api.aclose()
    with pytest.raises(Unreachable):
        await api.update_user(user.id, {}, user)


async def test_a_failed_build_is_raised_to_all_callers_and_the_next_call_retries() -> None:
    build = Builder()
    problem = build.problem = ConfigurationError("The ca_bundle cannot be read.")
    api = DeferredApi(build)
    groups, prepared = await asyncio.gather(api.list_groups(), api.prepare(), return_exceptions=True)
    assert groups is problem
    assert prepared is problem
    build.problem = None
    assert await api.list_groups() == ()
    assert len(build.threads) == 2


async def test_cancelling_one_caller_does_not_cancel_the_build() -> None:
    build = Builder()
    build.may_go_on.clear()
    api = DeferredApi(build)
    impatient = asyncio.create_task(api.list_groups())
    patient = asyncio.create_task(api.list_groups())
    await asyncio.sleep(0.01)
    impatient.cancel()
    build.may_go_on.set()
    assert await patient == ()
    assert impatient.cancelled()
    assert len(build.threads) == 1


async def test_closing_waits_for_a_build_and_closes_the_client() -> None:
    build = Builder()
    build.may_go_on.clear()
    api = DeferredApi(build)
    waiting = asyncio.create_task(api.list_groups())
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(api.aclose())
    await asyncio.sleep(0)
    build.may_go_on.set()
    await closing
    assert build.api.closed
    with pytest.raises(Unreachable):
        await waiting
    with pytest.raises(Unreachable):
        await api.list_groups()


async def test_preparing_signs_in_if_the_client_supports_it() -> None:
    class Eager(FakeDirectory):
        signed_in = 0

        async def sign_in(self) -> None:
            self.signed_in += 1

    eager = Eager()
    await DeferredApi(lambda: eager).prepare()
    assert eager.signed_in == 1
    plain = FakeDirectory()
    await DeferredApi(lambda: plain).prepare()
    assert plain.calls == []


async def test_closing_an_unused_client_builds_nothing() -> None:
    build = Builder()
    await DeferredApi(build).aclose()
    assert build.threads == []
