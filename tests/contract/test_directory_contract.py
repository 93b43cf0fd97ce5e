"""The contract of reads, for the fake of the tests, and for the clients over TCP to the simulator and SCIM servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tests.support.contract_accounts import COUNT, ContractAccounts, Kind
from walkme_tui.domain.errors import LookUpIgnored, NotFound, Unreachable
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.services.ports.directory_api import DirectoryApi

UNKNOWN_ID = "00000000-1111-4222-8333-444444444444"


@pytest.fixture(params=Kind)
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


@pytest.fixture
async def api(kind: Kind, accounts: ContractAccounts) -> AsyncIterator[DirectoryApi]:
    async with aclosing(accounts.directory(kind, "reads")) as directory:
        yield directory


def users_of(page: UserPage) -> list[User]:
    """The rows of a page, all of which must be users."""
    users = [row for row in page.rows if isinstance(row, User)]
    assert len(users) == len(page.rows)
    return users


async def test_pages_cover_the_list_without_gap_or_overlap(api: DirectoryApi) -> None:
    pages = [await api.list_users(number, 20) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [20, 20, 6]
    assert [page.first_position for page in pages] == [0, 20, 40]
    assert {page.total for page in pages} == {COUNT}
    assert all(page.warnings == () for page in pages)
    assert len({user.id for page in pages for user in users_of(page)}) == COUNT


async def test_the_page_size_is_respected_and_the_order_is_stable(api: DirectoryApi) -> None:
    whole, part = await api.list_users(1, 1000), await api.list_users(3, 7)
    assert len(whole.rows) == COUNT
    assert part.rows == whole.rows[14:21]


async def test_a_page_past_the_end_has_no_new_user_and_the_total(kind: Kind, api: DirectoryApi) -> None:
    page = await api.list_users(99, 20, Priority.BACKGROUND)
    assert page.total == COUNT
    assert page.rows == () or kind.traits.repeats_past_the_end
    assert set(page.rows) <= set((await api.list_users(1, 100)).rows)


async def test_an_invalid_page_number_or_size_raises_value_error(api: DirectoryApi) -> None:
    for page, page_size in ((0, 100), (-1, 100), (1, 0), (1, 1001)):
        with pytest.raises(ValueError, match="page_size"):
            await api.list_users(page, page_size)


async def test_a_user_is_found_by_id_with_every_field(api: DirectoryApi) -> None:
    listed = users_of(await api.list_users(2, 5))[3]
    user = await api.get_user(listed.id, Priority.PREFETCH)
    assert user.id == listed.id
    assert user.email == listed.email
    assert user.groups is not UNKNOWN
    assert user.created_at_ms is not UNKNOWN


async def test_an_unknown_id_is_not_found(api: DirectoryApi) -> None:
    for user_id in (UNKNOWN_ID, "nobody", "", ".", "..", "a/b", "../users", "a?b", "a#b", "ü", "x" * 300):
        with pytest.raises(NotFound):
            await api.get_user(user_id)


async def test_a_user_is_found_by_exact_email_in_any_case(kind: Kind, api: DirectoryApi) -> None:
    listed = users_of(await api.list_users(1, 40))[37]
    assert isinstance(listed.email, str)
    for email in (listed.email, listed.email.upper()):
        found = await api.find_user(email)
        assert found is not None
        assert found.id == listed.id


async def test_a_user_is_found_by_external_id_where_the_surface_can(kind: Kind, api: DirectoryApi) -> None:
    listed = next(user for user in users_of(await api.list_users(1, 40)) if isinstance(user.external_id, str))
    if kind is Kind.REST:
        with pytest.raises(LookUpIgnored):
            await api.find_by_external_id(str(listed.external_id))
        return
    found = await api.find_by_external_id(str(listed.external_id))
    assert found is not None
    assert found.id == listed.id
    assert await api.find_by_external_id("no such id") is None


async def test_an_email_of_no_user_is_not_found(kind: Kind, api: DirectoryApi) -> None:
    listed = users_of(await api.list_users(1, 40))[37]
    for email in (str(listed.email)[1:], "nobody+at+all@example.com", 'a"b\\@example.com'):
        if kind.traits.finds_any_case:
            assert await api.find_user(email) is None
        else:
            with pytest.raises(LookUpIgnored):
                await api.find_user(email)


async def test_groups_have_ids_and_names_and_include_those_that_users_are_in(api: DirectoryApi) -> None:
    groups = await api.list_groups(Priority.BACKGROUND)
    assert groups
    assert len({group.id for group in groups}) == len(groups)
    assert all(group.name for group in groups)
    user = next(
        user for user in [await api.get_user(row.id) for row in users_of(await api.list_users(1, 9))] if user.groups
    )
    assert isinstance(user.groups, tuple)
    assert set(user.groups) <= {group.id for group in groups}


async def test_calls_may_run_concurrently(api: DirectoryApi) -> None:
    pages = await asyncio.gather(*(api.list_users(number, 5) for number in range(1, 11)))
    assert [page.page for page in pages] == list(range(1, 11))
    assert api.traffic().in_flight == 0


async def test_after_forgetting_the_sign_in_calls_sign_in_again(api: DirectoryApi) -> None:
    before = await api.list_users(1, 10)
    api.forget_sign_in()
    assert await api.list_users(1, 10) == before


async def test_a_closed_account_refuses_calls(api: DirectoryApi) -> None:
    await api.list_users(1, 1)
    await api.aclose()
    for call in (api.list_users(1, 1), api.get_user(UNKNOWN_ID), api.find_user("a@b.example"), api.list_groups()):
        with pytest.raises(Unreachable):
            await call
    await api.aclose()
