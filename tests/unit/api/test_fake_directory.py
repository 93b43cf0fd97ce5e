"""The fake that other tests rely on: its knobs do what they say."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from walkme_tui.domain.errors import RateLimited, Unreachable
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.ports import DirectoryApi


def as_port(fake: DirectoryApi) -> DirectoryApi:
    """The type checker proves that the fake satisfies the port."""
    return fake


async def test_a_held_call_waits_and_then_answers() -> None:
    fake = FakeDirectory(people(3))
    api = as_port(fake)
    gate = fake.hold("list_users")
    call = asyncio.create_task(api.list_users(1, 2))
    await asyncio.sleep(0.001)
    assert not call.done()
    assert api.traffic().in_flight == 1
    assert await api.get_user(person(2).id) == person(2)
    gate.set()
    assert (await call).rows == (person(0), person(1))
    assert api.traffic().in_flight == 0


async def test_failures_are_raised_once_and_only_where_asked() -> None:
    fake = FakeDirectory(people(1))
    fake.fail_next(RateLimited("slow down"), name="get_user")
    assert (await fake.list_users(1, 10)).total == 1
    with pytest.raises(RateLimited):
        await fake.get_user(person(0).id)
    assert await fake.get_user(person(0).id, Priority.BACKGROUND) == person(0)
    assert fake.asked("get_user") == [(person(0).id,)] * 2
    assert fake.calls[-1].priority is Priority.BACKGROUND


async def test_closing_ends_a_held_call() -> None:
    fake = FakeDirectory(people(1))
    fake.hold()
    call = asyncio.create_task(fake.list_groups())
    await asyncio.sleep(0.001)
    await fake.aclose()
    with pytest.raises(Unreachable):
        await call


async def test_lean_rows_know_little_and_the_total_can_lie() -> None:
    fake = FakeDirectory(people(2))
    fake.lean, fake.total = True, None
    page = await fake.list_users(1, 10)
    assert page.total is None
    row = page.rows[0]
    assert isinstance(row, User)
    assert row.groups is UNKNOWN
    assert row.email == person(0).email
