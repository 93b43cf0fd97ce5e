"""Reading users over SCIM: pages, counts that a server refuses, look-ups, and the groups of users without any."""

from typing import Any

import pytest

from tests.support.scim_desk import DONE, GONE, Call, ScimDesk, paged, resources, scim, user
from walkme_tui.api.scim import groups as groups_module
from walkme_tui.api.scim.client import ScimDirectory
from walkme_tui.domain.errors import (
    ApiError,
    LookUpIgnored,
    NotFound,
    RequestRejected,
    ServerFault,
    SignInRefused,
    UnexpectedAnswer,
)
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User, UserPage

USERS = [user(number) for number in range(25)]


def ids(page: UserPage) -> list[str]:
    return [row.id for row in page.rows if isinstance(row, User)]


async def test_a_page_is_requested_by_position() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", paged(USERS))
    async with desk.directory(base_url="http://desk.test/scim/v2/") as api:
        page = await api.list_users(3, 10)
        with pytest.raises(ValueError, match="page_size"):
            await api.list_users(1, 1001)
    call = desk.calls[0]
    assert (call.path, call.query) == ("/Users", {"startIndex": "21", "count": "10"})
    assert call.headers["accept"] == "application/scim+json, application/json"
    assert call.headers["authorization"] == "Bearer s3cret-value"
    assert (ids(page), page.total, page.warnings) == ([f"u{number}" for number in range(20, 25)], 25, ())


@pytest.mark.parametrize("status", [400, 413, 422, 500])
async def test_a_refused_count_is_made_smaller_for_good(status: int) -> None:
    desk = ScimDesk()
    users = [user(number) for number in range(300)]
    honest = paged(users)
    desk.on("GET /Users", lambda call: scim({}, status) if int(call.query["count"]) > 60 else honest(call))
    async with desk.directory() as api:
        first = await api.list_users(1, 100)
        desk.calls.clear()
        third = await api.list_users(3, 100)
    assert ids(first) == [f"u{number}" for number in range(50)]  # the page tracker takes its length for all pages
    assert ids(third) == [f"u{number}" for number in range(200, 300)]
    assert [call.query["startIndex"] for call in desk.calls] == ["201", "251"]


@pytest.mark.parametrize(("status", "error"), [(400, RequestRejected), (500, ServerFault), (404, NotFound)])
async def test_a_list_that_fails_with_every_count_is_an_error(status: int, error: type[ApiError]) -> None:
    desk = ScimDesk()
    desk.on("GET /Users", scim({"detail": "No."}, status))
    async with desk.directory() as api:
        with pytest.raises(error, match="No"):
            await api.list_users(1, 100)
    assert len(desk.calls) <= 16


async def test_parts_of_a_page_that_repeat_are_left_out() -> None:
    desk = ScimDesk()
    users = [user(number) for number in range(130)]

    def reply(call: Call) -> Any:
        if int(call.query["count"]) > 60:
            return scim({}, 400)
        first = min(int(call.query["startIndex"]) - 1, 80)  # past the end it sends its last rows again
        return resources(*users[first : first + 50], totalResults=500)

    desk.on("GET /Users", reply)
    async with desk.directory() as api:
        await api.list_users(1, 100)
        assert ids(await api.list_users(2, 100)) == [f"u{number}" for number in range(80, 130)]


async def test_a_server_that_sends_its_whole_list_each_time_is_paged_here() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources(*USERS))
    async with desk.directory() as api:
        assert len((await api.list_users(1, 10)).rows) == 25
        assert ids(await api.list_users(3, 10)) == [f"u{number}" for number in range(20, 25)]
        desk.calls.clear()
        assert ids(await api.list_users(4, 10)) == []
    assert len(desk.calls) == 1  # behind the end there is nothing to ask again


async def test_a_server_that_always_starts_with_the_first_user_is_asked_for_more() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", lambda call: resources(*USERS[: int(call.query["count"])], totalResults=25))
    async with desk.directory() as api:
        pages = [ids(await api.list_users(page, 10)) for page in (1, 2, 3, 4)]
    assert pages == [[f"u{number}" for number in range(first, min(25, first + 10))] for first in (0, 10, 20, 30)]


async def test_a_total_of_the_page_alone_loses_no_user() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", lambda call: paged(USERS, totalResults=min(10, 26 - int(call.query["startIndex"])))(call))
    async with desk.directory() as api:
        assert ids(await api.list_users(1, 10)) == [f"u{number}" for number in range(10)]
        assert ids(await api.list_users(2, 10)) == [f"u{number}" for number in range(10, 20)]


# ------------------------------------------------------------ look-ups


def filtering(*names: str, case: bool = False) -> Any:
    """A list whose filter finds users with these names; without one it has them all."""
    users = [user(number, userName=name) for number, name in enumerate(names)]

    def reply(call: Call) -> Any:
        wanted = call.query.get("filter")
        if wanted is None:
            return paged(users)(call)
        same = [each for each in users if _matches(wanted, each["userName"], case)]
        return resources(*same)

    return reply


def _matches(wanted: str, name: str, case: bool) -> bool:
    expected = f'userName eq "{name}"'
    return wanted == expected or (not case and wanted.lower() == expected.lower())


async def test_a_user_is_found_by_user_name() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", filtering("ann@example.com", 'b"\\ü@example.com'))
    async with desk.directory() as api:
        found = await api.find_user("ANN@example.com")
        assert found is not None
        assert found.id == "u0"
        assert await api.find_user('b"\\ü@example.com') is None  # this filter compares the escaped text
    assert desk.calls[0].query == {"filter": 'userName eq "ANN@example.com"'}
    assert desk.calls[1].query == {"filter": 'userName eq "b\\"\\\\ü@example.com"'}


async def test_an_empty_answer_is_believed_once_the_filter_has_found_someone() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", filtering("ann@example.com"))
    async with desk.directory() as api:
        assert await api.find_user("new@example.com") is None
        assert await api.find_user("new@example.com") is None
    assert [call.query.get("filter") for call in desk.calls] == [
        'userName eq "new@example.com"', None, 'userName eq "ANN@EXAMPLE.COM"', 'userName eq "new@example.com"',
    ]  # fmt: skip


async def test_an_account_without_users_has_no_such_user() -> None:
    async with ScimDesk().directory() as api:
        assert await api.find_user("new@example.com") is None


async def test_a_filter_that_compares_case_proves_nothing_by_an_empty_answer() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", filtering("ann@example.com", case=True))
    async with desk.directory() as api:
        found = await api.find_user("Ann@Example.com")
        assert found is not None
        with pytest.raises(LookUpIgnored):
            await api.find_user("new@example.com")


def _always(*rows: Any) -> Any:
    return lambda call: resources(*rows) if "filter" in call.query else paged(USERS)(call)


@pytest.mark.parametrize(
    "reply",
    [
        _always(),
        _always(user(9), user(8)),
        lambda call: resources(totalResults=3) if "filter" in call.query else paged(USERS)(call),
        paged(USERS),
        *(
            (lambda call, status=status: scim({}, status) if "filter" in call.query else paged(USERS)(call))
            for status in (400, 404, 500, 501)
        ),
    ],
)
async def test_a_filter_that_does_not_work_is_used_once(reply: Any) -> None:
    desk = ScimDesk()
    desk.on("GET /Users", reply)
    async with desk.directory() as api:
        for _ in range(2):
            with pytest.raises(LookUpIgnored):
                await api.find_user("new@example.com")
        calls = len(desk.calls)
        with pytest.raises(LookUpIgnored):
            await api.find_user("another@example.com")
    assert len(desk.calls) == calls


async def test_a_filter_that_finds_parts_of_names_is_used() -> None:
    desk = ScimDesk()
    both = [user(1, userName="joann@example.com"), user(2, userName="ann@example.com")]
    desk.on(
        "GET /Users",
        lambda call: (
            resources(
                *(each for each in both if call.query.get("filter", "").split('"')[1:2][0].lower() in each["userName"])
            )
            if "filter" in call.query
            else paged(both)(call)
        ),
    )
    async with desk.directory() as api:
        found = await api.find_user("ann@example.com")
        assert found is not None
        assert found.id == "u2"
        assert await api.find_user("example.com") is None


async def test_a_server_that_is_down_is_no_ignored_filter() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", scim({}, 500))
    async with desk.directory() as api:
        with pytest.raises(ServerFault):
            await api.find_user("new@example.com")
        desk.on("GET /Users", filtering("new@example.com"))
        assert await api.find_user("new@example.com") is not None


async def test_a_user_is_found_by_external_id() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources(user(1, externalId="X"), user(2, externalId="x")))
    async with desk.directory() as api:
        found = await api.find_by_external_id("x")
        assert found is not None
        assert found.id == "u2"
        assert await api.find_by_external_id("y") is None
    assert desk.calls[0].query == {"filter": 'externalId eq "x"'}


# ------------------------------------------------------------ one user


@pytest.mark.parametrize("reply", [scim(user(2)), scim([]), scim({}), scim({"id": None})])
async def test_another_answer_than_the_requested_user_is_an_error(reply: Any) -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", reply)
    async with desk.directory() as api:
        with pytest.raises(UnexpectedAnswer):
            await api.get_user("u1")


@pytest.mark.parametrize(
    ("user_id", "path"),
    [("ann lee", "ann%20lee"), ("jürgen", "j%C3%BCrgen"), ("{7}", "%7B7%7D"), ("a;b&c", "a%3Bb%26c")],
)
async def test_an_id_may_be_any_text(user_id: str, path: str) -> None:
    desk = ScimDesk()
    desk.on(f"GET /Users/{path}", scim(user(1, id=user_id)))
    desk.on("PATCH /Groups/g1", DONE)
    async with desk.directory() as api:
        assert (await api.get_user(user_id)).id == user_id
        await api.remove_member("g1", user_id)
    assert desk.calls[-1].body["Operations"] == [{"op": "remove", "path": f'members[value eq "{user_id}"]'}]


async def test_an_id_that_cannot_be_one_is_not_sent() -> None:
    desk = ScimDesk()
    async with desk.directory() as api:
        for bad in ("", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2e", "a\n", "\ud800", "x" * 257):
            with pytest.raises(NotFound):
                await api.get_user(bad)
            with pytest.raises(NotFound):
                await api.add_member("g1", bad)
    assert desk.calls == []


async def test_what_a_record_lacks_is_null_once_the_server_has_sent_it() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, name=GONE, schemas=GONE)))
    desk.on("GET /Users/u2", scim(user(2, externalId="x")))
    async with desk.directory() as api:
        before = await api.get_user("u1")
        await api.get_user("u2")
        after = await api.get_user("u1")
    assert (before.first_name, before.external_id) == (UNKNOWN, UNKNOWN)
    assert (after.first_name, after.external_id, after.status) == (None, None, "active")


# ------------------------------------------------------------ groups of users


def with_members(**members: list[str]) -> Any:
    """The list of these groups with their members."""
    return resources(*(_group(name, *users) for name, users in members.items()))


def _group(name: str, *users: str) -> dict[str, Any]:
    return {"id": name, "displayName": name, "members": [{"value": each} for each in users]}


@pytest.mark.parametrize("groups", [GONE, []])
async def test_groups_of_a_user_without_any_are_read_from_the_groups(groups: Any) -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=groups)))
    desk.on("GET /Users/u2", scim(user(2, groups=groups)))
    desk.on("GET /Groups", with_members(g1=["u1", "u3"], g2=["u2"], g3=["u1"]))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups == ("g1", "g3")
        assert (await api.get_user("u2")).groups == ("g2",)
    assert len(desk.asked("GET /Groups")) == 1


async def test_very_many_groups_without_members_in_the_list_are_only_read_on_demand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups_module, "MOST_IN_BACKGROUND", 1)
    desk = ScimDesk()
    desk.on("GET /Users", resources(user(1, groups=GONE)))
    desk.on("GET /Users/u1", scim(user(1, groups=GONE)))
    desk.on("GET /Groups", with_members(g1=[], g2=[]))
    desk.on("GET /Groups/g1", scim(_group("g1", "u1")))
    desk.on("GET /Groups/g2", scim(_group("g2")))
    async with desk.directory() as api:
        (row,) = (await api.list_users(1, 10, Priority.BACKGROUND)).rows
        assert isinstance(row, User)
        assert row.groups is UNKNOWN
        assert (await api.get_user("u1", Priority.BACKGROUND)).groups is UNKNOWN
        assert not desk.asked("GET /Groups/g1")
        assert len(desk.asked("GET /Groups")) == 1
        assert (await api.get_user("u1")).groups == ("g1",)


async def test_one_group_that_cannot_be_read_does_not_mean_that_there_are_none() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=[])))
    desk.on("GET /Groups", with_members(g1=[], g2=[]), with_members(g1=[]))
    desk.on("GET /Groups/g1", scim(_group("g1", "u1")))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups is UNKNOWN


async def test_groups_of_rows_are_unknown_until_the_groups_were_read() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources(user(1, groups=[]), user(2, groups=GONE)))
    desk.on("GET /Users/u1", scim(user(1, groups=[])))
    desk.on("GET /Groups", with_members(g1=["u1"]))

    async def groups() -> list[object]:
        return [row.groups for row in (await api.list_users(1, 10)).rows if isinstance(row, User)]

    async with desk.directory() as api:
        assert await groups() == [UNKNOWN, UNKNOWN]
        await api.get_user("u1")
        assert await groups() == [("g1",), ()]
        desk.on("PATCH /Groups/g1", DONE)
        await api.add_member("g1", "u2")
        assert await groups() == [UNKNOWN, UNKNOWN]


async def test_a_client_for_checks_reads_no_groups() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=[])))
    async with desk.directory(completes_groups=False) as api:
        assert (await api.get_user("u1")).groups == ()
    assert not desk.asked("GET /Groups")


async def test_pages_that_are_read_in_the_background_have_groups() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources(user(1, groups=[]), user(2, groups=GONE), user(3, groups=GONE)))
    desk.on("GET /Groups", scim({}, 503), with_members(g1=["u1"], g2=["u1", "u2"]))

    async def groups(api: ScimDirectory) -> list[object]:
        page = await api.list_users(1, 10, Priority.BACKGROUND)
        return [row.groups for row in page.rows if isinstance(row, User)]

    async with desk.directory() as api:
        assert await groups(api) == await groups(api) == [("g1", "g2"), ("g2",), ()]
        assert len(desk.asked("GET /Groups")) == 2
    for status, expected in [(404, ()), (403, UNKNOWN), (503, UNKNOWN)]:
        desk.on("GET /Groups", scim({}, status))
        async with desk.directory() as api:
            assert (await groups(api))[0] == expected
            calls = len(desk.calls)
            await groups(api)
            assert len(desk.calls) == calls + 1  # the groups are not requested for each page


async def test_an_empty_list_is_believed_of_a_server_whose_users_carry_groups() -> None:
    desk = ScimDesk()
    desk.on("GET /Users", resources(user(1), user(2, groups=[]), user(3, groups=GONE)))
    async with desk.directory() as api:
        page = await api.list_users(1, 10)
        desk.on("GET /Users/u2", scim(user(2, groups=[])))
        assert (await api.get_user("u2")).groups == ()
    assert [row.groups for row in page.rows if isinstance(row, User)] == [("g1",), (), UNKNOWN]
    assert not desk.asked("GET /Groups")


async def test_a_group_that_this_client_changed_is_read_again() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=GONE)))
    desk.on("GET /Groups", with_members(g1=[], g2=["u1"]))
    desk.on("GET /Groups/g1", scim(_group("g1", "u1")))
    desk.on("PATCH /Groups/g1", DONE)
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups == ("g2",)
        await api.add_member("g1", "u1")
        assert (await api.get_user("u1")).groups == ("g1", "g2")
        desk.on("PATCH /Groups/g1", scim({}, 500))
        desk.on("GET /Groups/g1", scim({}, 404))
        desk.on("GET /Groups", with_members(g2=["u1"]))
        with pytest.raises(ApiError):
            await api.remove_member("g1", "u1")
        assert (await api.get_user("u1")).groups == ("g2",)


async def test_a_group_whose_members_were_just_read_is_not_contradicted_by_an_older_reading() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=GONE)))
    desk.on("GET /Groups", with_members(g1=[], g2=["u1"]))
    desk.on("GET /Groups/g1", scim(_group("g1", "u1")))
    desk.on("GET /Groups/g2", scim(_group("g2")))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups == ("g2",)
        assert [each.id for each in (await api.group_members("g1")).members] == ["u1"]
        assert (await api.get_user("u1")).groups == ("g1", "g2")
        await api.group_members("g2")
        assert (await api.get_user("u1")).groups == ("g1",)
    assert len(desk.asked("GET /Groups")) == 1


async def test_members_that_the_list_leaves_out_are_read_group_by_group() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=GONE)))
    names = [f"g{number}" for number in range(40)]
    desk.on("GET /Groups", resources(*({"id": name} for name in names)))
    for name in names:
        desk.on(f"GET /Groups/{name}", scim(_group(name, *(["u1"] if name in {"g2", "g39"} else []))))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups == ("g2", "g39")


@pytest.mark.parametrize(
    ("status", "groups"), [(404, ()), (405, ()), (403, UNKNOWN), (400, UNKNOWN), (500, UNKNOWN), (503, UNKNOWN)]
)
async def test_groups_that_cannot_be_read_leave_the_user_readable(status: int, groups: object) -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=[])))
    desk.on("GET /Groups", scim({}, status))
    async with desk.directory() as api:
        assert (await api.get_user("u1")).groups == groups
        calls = len(desk.calls)
        assert (await api.get_user("u1")).groups == groups
        assert len(desk.calls) == calls + 1  # the groups are not requested for each user
        desk.on("GET /Groups", with_members(g1=["u1"]))
        desk.on("PATCH /Groups/g1", DONE)
        desk.on("GET /Groups/g1", scim(_group("g1", "u1")))
        await api.add_member("g1", "u1")
        assert (await api.get_user("u1")).groups == ("g1",)


async def test_a_refused_sign_in_gives_no_user_without_groups() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1, groups=[])))
    desk.on("GET /Groups", scim({}, 401))
    async with desk.directory() as api:
        with pytest.raises(SignInRefused):
            await api.get_user("u1")
