"""The groups of the SCIM surface as a client uses them, and what REST shows of them."""

from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, patch_body, small

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
NO_ID = "2819c223-7f76-453a-919d-413861904646"


def caller(**settings: Any) -> Caller:
    return Caller(small(**settings))


async def group_named(by: Caller, name: str = "Alumni") -> Any:
    return (await by.scim_get(f'/Groups?filter=displayName eq "{name}"'))["Resources"][0]


def member_ids(group: Any) -> list[str]:
    return [member["value"] for member in group.get("members", ())]


async def created(by: Caller, name: str = "Night owls", members: Any = ()) -> Any:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
    answered = await by.scim("POST", "/Groups", body)
    assert answered.status == 201, answered
    return answered.body


async def patched(by: Caller, group_id: str, *operations: Any) -> Any:
    answered = await by.scim("PATCH", f"/Groups/{group_id}", patch_body(*operations))
    assert answered.status == 200, answered
    return answered.body


async def some_users(by: Caller, count: int = 3) -> list[str]:
    return [user["id"] for user in (await by.get(f"/users?pageSize={count}"))["users"]]


async def groups_in_rest(by: Caller, user_id: str) -> list[str]:
    groups: list[str] = (await by.get(f"/users/{user_id}"))["groups"]
    return groups


# ---------------------------------------------------------------- reading


async def test_every_group_lists_the_users_who_have_it() -> None:
    one = caller()
    users = (await one.get("/users?pageSize=250"))["users"]
    groups = (await one.scim_get("/Groups"))["Resources"]
    rest = (await one.get("/groups"))["groups"]
    assert [(group["id"], group["displayName"]) for group in groups] == [(g["id"], g["name"]) for g in rest]
    for group in groups:
        assert member_ids(group) == [user["id"] for user in users if group["id"] in user["groups"]]
        assert await one.scim_get(f"/Groups/{group['id']}") == group


async def test_a_member_has_a_name_and_a_location() -> None:
    one = caller()
    member = (await group_named(one, "Sales"))["members"][0]
    user = await one.scim_get(f"/Users/{member['value']}")
    assert member["display"] == user["displayName"] == "Zoë Çelik"
    assert (member["$ref"], member["type"]) == (user["meta"]["location"], "User")


async def test_groups_are_listed_without_members_and_found_by_a_member() -> None:
    one = caller()
    listed = await one.scim_get("/Groups?excludedAttributes=members")
    assert listed["totalResults"] == len(listed["Resources"]) == 24
    assert all("members" not in group for group in listed["Resources"])
    assert one.app.account.all_groups._computed is None, "members were computed although nothing asked for them"
    assert (await one.scim_get("/Groups?count=-1"))["Resources"] == []
    names = await one.scim_get("/Groups?attributes=displayName&startIndex=2&count=1")
    assert names["Resources"] == [{k: listed["Resources"][1][k] for k in ("schemas", "id", "displayName")}]
    user = (await one.get("/users?pageSize=1"))["users"][0]
    found = await one.scim_get(f'/Groups?filter=members.value eq "{user["id"]}"&attributes=displayName')
    assert {group["id"] for group in found["Resources"]} == set(user["groups"])


async def test_a_group_of_a_large_account_lists_all_its_members() -> None:
    group = await group_named(caller(users=100_000), "Sales")
    assert len(group["members"]) == 20_014


# ---------------------------------------------------------------- groups


async def test_a_created_group_is_in_both_lists_with_its_members() -> None:
    one = caller()
    first, second, _ = await some_users(one)
    group = await created(one, members=[first, second, first])
    assert member_ids(group) == [first, second]
    assert await one.scim_get(f"/Groups/{group['id']}") == group
    assert {"id": group["id"], "name": "Night owls"} in (await one.get("/groups"))["groups"]
    assert group["id"] in await groups_in_rest(one, first)
    user = await one.scim_get(f"/Users/{first}")
    assert user["groups"][-1]["display"] == "Night owls"


@pytest.mark.parametrize(
    ("body", "status", "scim_type"),
    [
        ({"displayName": "No schema"}, 400, "invalidSyntax"),
        ({"schemas": [GROUP]}, 400, "invalidValue"),
        ({"schemas": [GROUP], "displayName": " "}, 400, "invalidValue"),
        ({"schemas": [GROUP], "displayName": "X", "members": [{"display": "no id"}]}, 400, "invalidValue"),
        ({"schemas": [GROUP], "displayName": "X", "externalId": 5}, 400, "invalidValue"),
        ({"schemas": [GROUP], "displayName": "alumni"}, 409, "uniqueness"),
    ],
)
async def test_a_wrong_group_is_refused(body: Any, status: int, scim_type: str) -> None:
    one = caller()
    answered = await one.scim("POST", "/Groups", body)
    assert (answered.status, answered.body["scimType"]) == (status, scim_type)
    assert (await one.scim_get("/Groups?excludedAttributes=members"))["totalResults"] == 24


async def test_a_renamed_group_has_its_new_name_on_both_sides() -> None:
    one = caller()
    group = await group_named(one, "Sales")
    now = await patched(one, group["id"], {"op": "replace", "path": "displayName", "value": "Sellers"})
    assert (now["displayName"], member_ids(now)) == ("Sellers", member_ids(group))
    assert now["meta"]["version"] != group["meta"]["version"]
    assert (await patched(one, group["id"], {"op": "replace", "value": {"displayName": "Sale"}}))[
        "displayName"
    ] == "Sale"
    assert {"id": group["id"], "name": "Sale"} in (await one.get("/groups"))["groups"]
    user = await one.scim_get(f"/Users/{member_ids(group)[0]}")
    assert "Sale" in [each["display"] for each in user["groups"]]
    taken = patch_body({"op": "replace", "path": "displayName", "value": "Support"})
    assert (await one.scim("PATCH", f"/Groups/{group['id']}", taken)).status == 409


async def test_a_deleted_group_leaves_its_members_as_users() -> None:
    one = caller()
    group = await group_named(one, "Sales")
    assert (await one.scim("DELETE", f"/Groups/{group['id']}")).status == 204
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", patch_body({"op": "remove", "path": "members"}))):
        assert (await one.scim(method, f"/Groups/{group['id']}", body)).status == 404
    assert group["id"] not in [each["id"] for each in (await one.get("/groups"))["groups"]]
    users = (await one.get("/users?pageSize=250"))["users"]
    assert not any(group["id"] in user["groups"] for user in users)
    user = member_ids(group)[0]
    assert (await one.call("PATCH", f"/users/{user}", {"firstName": "Zo"})).status == 200
    assert (await created(one, "Sales"))["id"] != group["id"]


# ---------------------------------------------------------------- members


async def test_members_are_added_and_removed_in_every_form() -> None:
    one = caller()
    first, second, third = await some_users(one)
    group_id = (await created(one))["id"]

    async def after(*operations: Any) -> list[str]:
        return member_ids(await patched(one, group_id, *operations))

    assert await after({"op": "add", "path": "members", "value": [{"value": first}]}) == [first]
    assert await after({"op": "add", "value": {"members": [{"value": second}, {"value": first}]}}) == [first, second]
    assert await after({"op": "Add", "path": "members", "value": {"value": third}}) == [first, second, third]
    assert await after({"op": "remove", "path": f'members[value eq "{second}"]'}) == [first, third]
    assert await after({"op": "remove", "path": f'members[value eq "{second}"]'}) == [first, third]
    assert await after({"op": "remove", "path": "members", "value": [{"value": first}]}) == [third]
    before = (await one.get(f"/users/{third}"))["updatedAt"]
    assert await after({"op": "replace", "path": "members", "value": [{"value": third}]}) == [third]
    assert (await one.get(f"/users/{third}"))["updatedAt"] == before, "a member who stays is not changed"
    assert await after({"op": "replace", "path": "members", "value": [{"value": second}]}) == [second]
    assert group_id in await groups_in_rest(one, second)
    assert group_id not in await groups_in_rest(one, third)
    assert await after({"op": "remove", "path": "members"}) == []
    assert group_id not in await groups_in_rest(one, second)


async def test_a_put_replaces_the_members() -> None:
    one = caller()
    first, second, third = await some_users(one)
    group = await created(one, members=[first, second])
    body = {"schemas": [GROUP], "displayName": "Owls", "externalId": "o-1", "members": [{"value": third}]}
    now = (await one.scim("PUT", f"/Groups/{group['id']}", body)).body
    assert (now["displayName"], now["externalId"], member_ids(now)) == ("Owls", "o-1", [third])
    del body["members"]
    assert member_ids((await one.scim("PUT", f"/Groups/{group['id']}", body)).body) == []


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "add", "path": 'members[value eq "x"]', "value": []}, "invalidPath"),
        ({"op": "remove", "path": 'members[display eq "x"]'}, "invalidPath"),
        ({"op": "add", "path": "members", "value": [5]}, "invalidValue"),
        ({"op": "replace", "path": "owner", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "meta", "value": {}}, "mutability"),
        ({"op": "remove", "path": "displayName"}, "invalidValue"),
    ],
)
async def test_a_wrong_operation_is_refused_with_those_beside_it(operation: Any, scim_type: str) -> None:
    one = caller()
    group = await group_named(one)
    valid = {"op": "remove", "path": "members"}
    answered = await one.scim("PATCH", f"/Groups/{group['id']}", patch_body(valid, operation))
    assert (answered.status, answered.body["scimType"]) == (400, scim_type)
    assert await one.scim_get(f"/Groups/{group['id']}") == group


async def test_an_unknown_id_is_accepted_as_a_member_and_can_be_removed() -> None:
    one = caller()
    group_id = (await created(one, members=["nowhere"]))["id"]
    assert member_ids(await one.scim_get(f"/Groups/{group_id}")) == ["nowhere"]
    again = await patched(one, group_id, {"op": "add", "path": "members", "value": [{"value": "nowhere"}]})
    assert member_ids(again) == ["nowhere"]
    assert member_ids(await patched(one, group_id, {"op": "remove", "path": 'members[value eq "nowhere"]'})) == []


async def test_memberships_of_rest_show_in_the_group() -> None:
    one = caller()
    first, second, third = await some_users(one)
    group = await created(one)
    target = f"/Groups/{group['id']}"
    await one.call("POST", f"/groups/{group['id']}/users", {"userId": first})
    await one.call("PATCH", f"/users/{second}", {"groups": [group["id"]]})
    joined = await one.scim("POST", "/Users", {"schemas": [USER], "userName": "ida@example.com"})
    await one.call("POST", f"/groups/{group['id']}/users", {"userId": joined.body["id"]})
    now = await one.scim_get(target)
    assert member_ids(now) == [first, second, joined.body["id"]]
    assert now["meta"]["version"] != group["meta"]["version"]
    await one.call("DELETE", f"/groups/{group['id']}/users/{first}")
    await one.call("DELETE", f"/users/{second}")
    after = await one.scim_get(target)
    assert member_ids(after) == [joined.body["id"]]
    assert after["meta"]["version"] != now["meta"]["version"]
    assert third not in member_ids(after)


async def test_members_stay_in_order_and_a_deleted_user_is_no_longer_listed() -> None:
    one = caller()
    group = await group_named(one, "Sales")
    first, second, *others = member_ids(group)
    await one.call("PATCH", f"/users/{second}", {"lastName": "Berg"})
    now = await one.scim_get(f"/Groups/{group['id']}")
    assert member_ids(now) == member_ids(group)
    assert now["meta"] == group["meta"]
    assert now["members"][1]["display"].endswith("Berg")
    await one.call("DELETE", f"/users/{first}")
    now = await one.scim_get(f"/Groups/{group['id']}")
    assert member_ids(now) == [second, *others]
    assert now["meta"]["version"] != group["meta"]["version"]


async def test_a_change_of_a_large_group_is_answered_without_its_members() -> None:
    one = caller(users=6_000)
    group = await group_named(one, "Sales")
    assert len(group["members"]) > 1_000
    _, user, _ = await some_users(one)
    operation = {"op": "add", "path": "members", "value": [{"value": user}]}
    assert (await one.scim("PATCH", f"/Groups/{group['id']}", patch_body(operation))).status == 204
    assert user in member_ids(await one.scim_get(f"/Groups/{group['id']}"))
    named = await one.scim("PATCH", f"/Groups/{group['id']}?excludedAttributes=members", patch_body(operation))
    assert (named.status, named.body["displayName"]) == (200, "Sales")


async def test_a_write_with_an_old_version_of_a_group_is_refused() -> None:
    one = caller()
    group = await group_named(one)
    target, old = f"/Groups/{group['id']}", group["meta"]["version"]
    rename = patch_body({"op": "replace", "path": "displayName", "value": "Old boys"})
    assert (await one.scim("PATCH", target, rename, If_Match=old)).headers["etag"] != old
    assert (await one.scim("PATCH", target, rename, If_Match=old)).status == 412
    assert (await one.scim("DELETE", target, If_Match=old)).status == 412
