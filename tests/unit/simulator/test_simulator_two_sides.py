"""An account whose REST and SCIM records differ for a few people."""

from typing import Any, NamedTuple

import pytest

from tests.unit.simulator.caller import Caller, patch_body, small
from walkme_tui.simulator.scim.oddities import ScimOddity


class Differing(NamedTuple):
    """The records of those who differ, first on REST."""

    only_rest: list[Any]
    only_scim: list[Any]
    status: list[tuple[Any, Any]]
    last_name: list[tuple[Any, Any]]
    groups: list[tuple[Any, Any]]

    @property
    def second(self) -> Any:
        """The record that only SCIM has, of a person who has another one."""
        return next(user for user in self.only_scim if user["userName"] != user["userName"].lower())


def last_name(resource: Any) -> Any:
    return resource.get("name", {}).get("familyName")


def account(users: int = 20, seed: int = 1) -> Caller:
    return Caller(small(users=users, seed=seed, scim_odd=(ScimOddity.DIFFERS_FROM_REST,)))


async def records(of: Caller) -> tuple[dict[str, Any], dict[str, Any]]:
    """All users by id, on REST and on SCIM, as many as the totals say."""
    here = [await of.get(f"/users?pageSize=1000&page={page}") for page in (1, 2, 3)]
    there = [await of.scim_get(f"/Users?count=1000&startIndex={first}") for first in (1, 1001, 2001)]
    rest = {user["id"]: user for page in here for user in page["users"]}
    scim = {user["id"]: user for page in there for user in page["Resources"]}
    assert (len(rest), len(scim)) == (here[0]["total"], there[0]["totalResults"])
    return rest, scim


async def differing(of: Caller) -> Differing:
    rest, scim = await records(of)
    both = [(rest[user_id], scim[user_id]) for user_id in rest if user_id in scim]
    for here, there in both:
        assert here["email"] == there["userName"]
    return Differing(
        [user for user_id, user in rest.items() if user_id not in scim],
        [user for user_id, user in scim.items() if user_id not in rest],
        [(here, there) for here, there in both if (here["status"] != "inactive") != there["active"]],
        [(here, there) for here, there in both if here["lastName"] != last_name(there)],
        [(here, there) for here, there in both if here["groups"] != [group["value"] for group in there["groups"]]],
    )


async def one_of_each() -> tuple[Caller, Differing]:
    of = account()
    return of, await differing(of)


async def etag(of: Caller, user: Any) -> str:
    return str((await of.scim("GET", f"/Users/{user['id']}")).headers["ETag"])


@pytest.mark.parametrize("seed", range(1, 9))
async def test_twenty_people_differ_in_each_way_once(seed: int) -> None:
    of = account(seed=seed)
    found = await differing(of)
    assert [len(kind) for kind in found] == [1, 2, 1, 1, 1]
    ((here, there),) = found.status
    assert (here["status"], there["active"]) == ("inactive", True)
    ((here, there),) = found.groups
    assert here["groups"][1:] == [group["value"] for group in there["groups"]]
    rest, scim = await records(of)
    same = [user["userName"] for user in scim.values() if user["userName"].lower() == found.second["userName"].lower()]
    assert len(same) == 2
    assert same[0] in [user["email"] for user in rest.values()]
    # Both are found, the second one by its id.
    assert (await of.get(f"/users?email={same[0]}"))["users"][0]["email"] == same[0]
    assert (await of.scim_get(f'/Users?filter=userName eq "{same[0]}"'))["Resources"][0]["userName"] == same[0]


@pytest.mark.parametrize(("users", "each"), [(0, 0), (19, 0), (1019, 1), (1020, 2), (2500, 3)])
async def test_a_small_share_differs(users: int, each: int) -> None:
    found = await differing(account(users))
    assert [len(kind) for kind in found] == [each, 2 * each, each, each, each]


async def test_without_the_switch_nobody_differs() -> None:
    of = Caller(small())
    assert of.app.account.total == 250
    assert [len(kind) for kind in await differing(of)] == [0, 0, 0, 0, 0]


async def test_groups_on_scim_list_whom_users_on_scim_name() -> None:
    of = account(250)
    _, scim = await records(of)
    for group in (await of.scim_get("/Groups"))["Resources"]:
        members = {member["value"] for member in group.get("members", ())}
        assert members == {
            user_id for user_id, user in scim.items() if group["id"] in [each["value"] for each in user["groups"]]
        }


async def test_what_differs_is_changed_on_one_side_only() -> None:
    of, found = await one_of_each()
    user, before = found.last_name[0][0], await etag(of, found.last_name[0][1])
    assert (await of.call("PATCH", f"/users/{user['id']}", {"lastName": "Rest"})).status == 200
    assert await etag(of, user) == before
    operation = {"op": "replace", "path": "name.familyName", "value": "Scim"}
    assert (await of.scim("PATCH", f"/Users/{user['id']}", patch_body(operation))).status == 200
    assert await etag(of, user) != before
    assert (await of.get(f"/users/{user['id']}"))["lastName"] == "Rest"
    member = found.groups[0][0]
    assert (await of.call("DELETE", f"/groups/{member['groups'][0]}/users/{member['id']}")).status == 204
    assert (await differing(of)).groups == []


async def test_everything_else_is_changed_on_both_sides() -> None:
    of, found = await one_of_each()
    user, before = found.last_name[0][0], await etag(of, found.last_name[0][1])
    assert (await of.call("PATCH", f"/users/{user['id']}", {"status": "inactive"})).status == 200
    resource = await of.scim_get(f"/Users/{user['id']}")
    assert (resource["active"], last_name(resource)) == (False, last_name(found.last_name[0][1]))
    assert await etag(of, user) != before
    group_id = user["groups"][0]
    assert (
        await of.scim("PATCH", f"/Groups/{group_id}", patch_body({"op": "remove", "path": "members"}))
    ).status == 200
    assert group_id not in (await of.get(f"/users/{user['id']}"))["groups"]
    created = (await of.call("POST", "/users", {"email": "new@example.com", "firstName": "New"})).body
    assert (await of.scim_get(f"/Users/{created['id']}"))["userName"] == "new@example.com"
    assert (await of.scim("DELETE", f"/Users/{created['id']}")).status == 204
    assert (await of.call("GET", f"/users/{created['id']}")).status == 404
    assert [len(kind) for kind in await differing(of)] == [1, 2, 1, 1, 1]


async def test_who_is_missing_can_be_created_and_nobody_is_created_twice() -> None:
    of, found = await one_of_each()
    (missing,) = found.only_rest
    body = {"schemas": missing.get("schemas", ["urn:ietf:params:scim:schemas:core:2.0:User"])}
    answered = await of.scim("POST", "/Users", {**body, "userName": missing["email"]})
    assert answered.status == 201
    rest, scim = await records(of)
    assert [user["id"] for user in rest.values() if user["email"] == missing["email"]] == [missing["id"]]
    assert [user["id"] for user in scim.values() if user["userName"] == missing["email"]] == [answered.body["id"]]
    # An email that only the other side knows is taken over for one side only, so that it stays unique there.
    there = next(user for user in found.only_scim if user is not found.second)
    user_id = found.status[0][0]["id"]
    assert (await of.call("PATCH", f"/users/{user_id}", {"email": there["userName"]})).status == 200
    assert (await of.scim_get(f"/Users/{user_id}"))["userName"] == found.status[0][1]["userName"]


async def test_a_second_record_can_be_changed_and_deleted() -> None:
    of, found = await one_of_each()
    second = found.second
    target, email = f"/Users/{second['id']}", second["userName"].lower()
    first = (await of.scim_get(f'/Users?filter=userName eq "{email}"'))["Resources"][0]
    inactive = patch_body({"op": "replace", "path": "active", "value": False})
    assert (await of.scim("PATCH", target, inactive)).body["active"] is False
    renamed = patch_body({"op": "replace", "path": "userName", "value": "renamed@example.com"})
    assert (await of.scim("PATCH", target, renamed)).status == 200
    assert (await of.scim_get(f'/Users?filter=userName eq "{email}"'))["Resources"] == [first]
    assert (await of.scim("DELETE", target)).status == 204
    assert [len(kind) for kind in await differing(of)] == [1, 1, 1, 1, 1]
