"""Groups over SCIM: lists without members, members of one group, and changes with one operation each."""

import json
from itertools import product
from typing import Any

import pytest

from tests.support.scim_desk import DONE, GONE, Call, ScimDesk, paged, raw, resources, scim
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.scim.decoding import decode_members, decode_one_group
from walkme_tui.domain.errors import ApiError, Conflict, NotFound, OutcomeUnknown, RequestRejected
from walkme_tui.domain.groups import Group, GroupMembers
from walkme_tui.domain.users import UNKNOWN, User

SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
GROUPS: list[dict[str, Any]] = [{"id": f"g{number}", "displayName": f"Group {number}"} for number in range(250)]
MEMBERS = [
    {"value": "u1", "display": "ann@example.com", "type": "User"},
    {"value": "u2", "display": "Ann Lee", "$ref": "https://desk.test/scim/v2/Users/u2"},
    {"VALUE": 3},
    "u4",
    {"value": "u1"},
    {"value": "g9", "type": "Group"},
    {"value": "g8", "$ref": "../Groups/g8"},
    {"display": "nobody"},
    None,
]
READ = GroupMembers(
    Group("g1", "Sales"),
    (User("u1", email="ann@example.com"), User("u2", extra={"displayName": "Ann Lee"}), User("3"), User("u4")),
    unreadable=4,
)
SALES = {"id": "g1", "displayName": "Sales", "members": MEMBERS}


async def test_all_pages_of_groups_are_read_without_members() -> None:
    desk = ScimDesk()
    desk.on("GET /Groups", paged(GROUPS, cap=60))
    async with desk.directory() as api:
        groups = await api.list_groups()
        assert api.group_warnings == ()
    assert groups == tuple(Group(each["id"], each["displayName"]) for each in GROUPS)
    assert [call.query["startIndex"] for call in desk.calls] == ["1", "61", "121", "181", "241"]
    assert {call.query["excludedAttributes"] for call in desk.calls} == {"members"}


@pytest.mark.parametrize(
    "reply",
    [
        paged(GROUPS, totalResults=GONE),
        paged(GROUPS, totalResults="250"),
        resources(*GROUPS),
        resources(*GROUPS, totalResults=GONE),
        resources(*GROUPS, totalResults=1000),
        lambda call: scim({}, 400) if "excludedAttributes" in call.query else paged(GROUPS)(call),
        lambda call: scim({}, 500) if int(call.query["count"]) > 20 else paged(GROUPS)(call),
    ],
)
async def test_all_groups_are_read_from_servers_that_differ(reply: Any) -> None:
    desk = ScimDesk()
    desk.on("GET /Groups", reply)
    async with desk.directory() as api:
        assert len(await api.list_groups()) == 250


async def test_a_refused_parameter_is_not_sent_again() -> None:
    desk = ScimDesk()
    desk.on("GET /Groups", lambda call: scim({}, 501) if "excludedAttributes" in call.query else paged(GROUPS)(call))
    async with desk.directory() as api:
        await api.list_groups()
        await api.list_groups()
    assert sum("excludedAttributes" in call.query for call in desk.calls) == 1


async def test_groups_that_cannot_be_read_are_counted() -> None:
    desk = ScimDesk()
    odd = [None, {"displayName": "x"}, {"id": ""}, {"ID": 7, "DISPLAYNAME": "Seven"}, {"id": "g2", "displayName": 5}]
    desk.on("GET /Groups", resources(*odd, {"id": "g2"}, totalResults=9))
    async with desk.directory() as api:
        assert await api.list_groups() == (Group("7", "Seven"), Group("g2", None))
        assert api.group_warnings == (
            "3 of 6 groups cannot be read and are left out.",
            "The server sent 2 of 9 groups.",
        )


async def test_members_are_read_from_the_group() -> None:
    desk = ScimDesk()
    desk.on("GET /Groups/g1", scim(SALES))
    async with desk.directory() as api:
        assert await api.group_members("g1") == READ
        assert await api.get_group("g1") == READ.group
    assert [call.query for call in desk.calls] == [{}, {"excludedAttributes": "members"}]


@pytest.mark.parametrize("members", [GONE, None, [], "u1", {"value": "u1"}])
async def test_a_group_without_a_list_of_members_has_none(members: Any) -> None:
    desk = ScimDesk()
    group = {name: value for name, value in (SALES | {"members": members}).items() if value is not GONE}
    desk.on("GET /Groups/g1", scim(group))
    async with desk.directory() as api:
        assert await api.group_members("g1") == GroupMembers(READ.group, ())


def _searched(call: Call, *, by_name: bool) -> Any:
    """A server without a call for one group: a filter by name works or not, and members come in any list."""
    if call.query.get("filter") and not by_name:
        return scim({}, 400)
    wanted = call.query.get("filter", "")
    rows: list[dict[str, Any]] = [{"id": "g0", "displayName": "Other"}, SALES]
    return paged([row for row in rows if not wanted or wanted == f'displayName eq "{row["displayName"]}"'])(call)


@pytest.mark.parametrize("status", [404, 405, 501])
@pytest.mark.parametrize("by_name", [True, False])
async def test_a_group_is_searched_where_it_cannot_be_requested(status: int, by_name: bool) -> None:
    desk = ScimDesk()
    desk.on("GET /Groups/g1", scim({}, status))
    desk.on("GET /Groups", lambda call: _searched(call, by_name=by_name))
    async with desk.directory() as api:
        assert await api.group_members("g1") == READ
        assert await api.get_group("g1") == READ.group
        desk.on("GET /Groups/gone", scim({}, status))
        with pytest.raises(NotFound):
            await api.get_group("gone")
    assert len(desk.asked("GET /Groups/g1")) == 1  # that there is no such call is known then


async def test_members_are_unknown_where_only_lists_show_groups_and_no_list_showed_a_member() -> None:
    desk = ScimDesk()
    listed: list[dict[str, Any]] = [{"id": "g1", "displayName": "Sales"}, {"id": "g2", "displayName": "Other"}]
    desk.on("GET /Groups/g1", scim({}, 405))
    desk.on("GET /Groups/g2", scim({}, 405))
    desk.on("GET /Groups", paged(listed))
    desk.on("GET /Users/u1", scim({"id": "u1", "userName": "a@b.example"}))
    async with desk.directory() as api:
        assert (await api.group_members("g1")).unreadable == 1
        assert (await api.get_user("u1")).groups is UNKNOWN
        listed[1]["members"] = [{"value": "u1"}]
        assert (await api.group_members("g1")).unreadable == 0


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_group_that_is_not_listed_is_gone(status: int) -> None:
    desk = ScimDesk()
    desk.on("GET /Groups/g1", scim({}, status))
    desk.on("GET /Groups", resources({"id": "g2"}))
    async with desk.directory() as api:
        with pytest.raises(NotFound):
            await api.group_members("g1")
        desk.on("GET /Groups/g2", scim({"id": "g2"}))
        assert (await api.get_group("g2")).id == "g2"


# ------------------------------------------------------------ changes


async def test_changes_are_single_operations() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", DONE)
    desk.on("DELETE /Groups/g1", DONE)
    desk.on("POST /Groups", scim({"id": "g7", "displayName": "New"}, 201))
    async with desk.directory() as api:
        assert await api.create_group("New") == "g7"
        await api.rename_group("g1", "Neu")
        await api.add_member("g1", "u1")
        await api.remove_member("g1", "u1")
        await api.delete_group("g1")
    calls = [call for call in desk.calls if call.method != "GET"]
    assert calls[0].body == {"schemas": [SCHEMA], "displayName": "New"}
    assert [call.body["Operations"] for call in calls[1:4]] == [
        [{"op": "replace", "path": "displayName", "value": "Neu"}],
        [{"op": "add", "path": "members", "value": [{"value": "u1"}]}],
        [{"op": "remove", "path": 'members[value eq "u1"]'}],
    ]
    assert calls[1].body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    assert {call.headers["content-type"] for call in calls[:4]} == {"application/scim+json"}
    assert calls[4].body is None


@pytest.mark.parametrize("status", [400, 501])
async def test_a_member_is_removed_by_value_where_the_path_is_refused(status: int) -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", lambda call: scim({}, status) if "[" in call.body["Operations"][0]["path"] else DONE)
    async with desk.directory() as api:
        await api.remove_member("g1", "u1")
        await api.remove_member("g1", "u2")
    operations = [call.body["Operations"][0] for call in desk.asked("PATCH /Groups/g1")]
    assert operations[1:] == [{"op": "remove", "path": "members", "value": [{"value": each}]} for each in ("u1", "u2")]


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (409, Conflict), (403, ApiError)])
async def test_a_refused_removal_is_not_sent_in_another_form(status: int, error: type[ApiError]) -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", scim({}, status))
    async with desk.directory() as api:
        with pytest.raises(error):
            await api.remove_member("g1", "u1")
    assert len(desk.asked("PATCH /Groups/g1")) == 1


def _described(**attributes: dict[str, Any]) -> Any:
    schema = {"id": SCHEMA, "attributes": [{"name": name, **rest} for name, rest in attributes.items()]}
    return resources(schema)


@pytest.mark.parametrize("mutability", ["immutable", "readOnly", "READONLY"])
async def test_a_fixed_name_is_not_sent(mutability: str) -> None:
    desk = ScimDesk()
    desk.on("GET /Schemas", _described(displayName={"mutability": mutability}))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="renamed"):
            await api.rename_group("g1", "Neu")
    assert not desk.asked("PATCH /Groups/g1")


async def test_a_server_without_groups_gets_no_new_one() -> None:
    desk = ScimDesk()
    desk.on("GET /ResourceTypes", resources({"name": "User", "schema": "urn:ietf:params:scim:schemas:core:2.0:User"}))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="no groups"):
            await api.create_group("New")
    assert not desk.asked("POST /Groups")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"x":1}', b"<html>"])
async def test_odd_descriptions_of_the_service_forbid_nothing(body: bytes) -> None:
    desk = ScimDesk()
    for call in ("ServiceProviderConfig", "ResourceTypes", "Schemas"):
        desk.on(f"GET /{call}", raw(body))
    desk.on("POST /Groups", (201, [(b"location", b"https://desk.test/scim/v2/Groups/g%407")], b""))
    async with desk.directory() as api:
        assert await api.create_group("New") == "g@7"
        await api.create_group("New")
    assert len(desk.asked("GET /Schemas")) <= 4  # broken JSON is requested again


async def test_a_lost_answer_leaves_the_outcome_open() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", raw(b"<html>", content_type="text/html"))
    async with desk.directory() as api:
        with pytest.raises(OutcomeUnknown):
            await api.add_member("g1", "u1")


PARTS: dict[str, list[Any]] = {
    "value": [GONE, "u1", "", "\ud800", 7, None, ["u1"], "x" * 600],
    "Value": [GONE, "u3"],
    "display": [GONE, "zoe@example.com", "Zoë Çelik", "a@b@c", "", None, 5, "\ud800"],
    "type": [GONE, "User", "user", "Group", "", None, 3],
    "$ref": [GONE, "https://scim.test/Users/u1", "https://scim.test/GROUPS/g2", None, 4],
    "primary": [GONE, True],
}


def test_the_short_way_of_usual_members_decodes_like_the_long_one() -> None:
    for values in product(*PARTS.values()):
        entry = {name: value for name, value in zip(PARTS, values, strict=True) if value is not GONE}
        group = {"id": "g1", "displayName": "Sales", "owner": {"value": "u1"}, "members": [entry, "u4"]}
        answer = ApiAnswer(200, {"content-type": "application/scim+json"}, json.dumps(group).encode(), "scim.test")
        assert decode_one_group(answer, "g1", decode_members) == decode_members(group), entry
