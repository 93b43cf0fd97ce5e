"""The switches with which the SCIM surface differs from the RFCs."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, patch_body, small
from walkme_tui.simulator.population import EXAMPLE_EMAIL
from walkme_tui.simulator.scim.oddities import ScimOddity

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def odd(*oddities: ScimOddity) -> Caller:
    return Caller(small(scim_odd=oddities))


async def rows(of: Caller, target: str) -> Any:
    return (await of.scim_get(target))["Resources"]


async def user_and_group(of: Caller) -> tuple[Any, Any]:
    return (await rows(of, "/Users?count=1"))[0], (await rows(of, "/Groups?count=1"))[0]


RENAME = patch_body({"op": "replace", "path": "displayName", "value": "New"})


async def test_patch_answers_without_a_body() -> None:
    one = odd(ScimOddity.PATCH_204)
    for kind, resource in zip(("Users", "Groups"), await user_and_group(one), strict=True):
        answered = await one.scim("PATCH", f"/{kind}/{resource['id']}", RENAME)
        assert (answered.status, answered.body) == (204, None)
        assert (await one.scim_get(f"/{kind}/{resource['id']}"))["displayName"] == "New"


@pytest.mark.parametrize(("oddity", "status"), [(ScimOddity.PATCH_405, 405), (ScimOddity.PATCH_501, 501)])
async def test_there_is_no_patch(oddity: ScimOddity, status: int) -> None:
    one = odd(oddity)
    for kind, resource in zip(("Users", "Groups"), await user_and_group(one), strict=True):
        assert (await one.scim("PATCH", f"/{kind}/{resource['id']}", RENAME)).status == status
        assert (await one.scim("PUT", f"/{kind}/{resource['id']}", resource)).status == 200
    assert (await one.scim_get("/ServiceProviderConfig"))["patch"] == {"supported": False}


async def test_a_member_cannot_be_removed_by_a_path_but_by_a_value() -> None:
    one = odd(ScimOddity.REMOVE_PATH_REFUSED)
    _, group = await user_and_group(one)
    target, member = f"/Groups/{group['id']}", group["members"][0]["value"]
    by_path = patch_body({"op": "remove", "path": f'members[value eq "{member}"]'})
    assert (await one.scim("PATCH", target, by_path)).body["scimType"] == "invalidPath"
    by_value = patch_body({"op": "remove", "path": "members", "value": [{"value": member}]})
    now = (await one.scim("PATCH", target, by_value)).body
    assert now["members"] == group["members"][1:]


async def test_a_member_that_is_added_again_is_listed_twice() -> None:
    one = odd(ScimOddity.DUPLICATE_MEMBERS)
    _, group = await user_and_group(one)
    target, member = f"/Groups/{group['id']}", group["members"][0]["value"]
    again = patch_body({"op": "add", "path": "members", "value": [{"value": member}]})
    now = (await one.scim("PATCH", target, again)).body
    assert [each["value"] for each in now["members"]].count(member) == 2
    removal = patch_body({"op": "remove", "path": f'members[value eq "{member}"]'})
    now = (await one.scim("PATCH", target, removal)).body
    assert member not in [each["value"] for each in now["members"]]


@pytest.mark.parametrize("target", ["/Users", "/Groups"])
async def test_a_filter_is_ignored_answers_nothing_or_is_refused(target: str) -> None:
    term = f'userName eq "{EXAMPLE_EMAIL}"' if target == "/Users" else 'displayName eq "Alumni"'
    counts = {}
    for oddity in (ScimOddity.FILTER_IGNORED, ScimOddity.FILTER_EMPTY):
        counts[oddity] = (await odd(oddity).scim_get(f"{target}?filter={term}"))["totalResults"]
    assert counts == {ScimOddity.FILTER_IGNORED: 250 if target == "/Users" else 24, ScimOddity.FILTER_EMPTY: 0}
    refused = await odd(ScimOddity.FILTER_REFUSED).scim("GET", f"{target}?filter={term}")
    assert (refused.status, refused.body["scimType"]) == (400, "invalidFilter")


async def test_every_page_is_the_first() -> None:
    one = odd(ScimOddity.START_IGNORED)
    first = await rows(one, "/Users?startIndex=1&count=10")
    assert await rows(one, "/Users?startIndex=101&count=10") == first


async def test_a_page_past_the_end_repeats_the_last_rows() -> None:
    one = odd(ScimOddity.LAST_PAGE_REPEATED)
    assert await rows(one, "/Users?startIndex=301&count=10") == await rows(one, "/Users?startIndex=241&count=10")


async def test_a_large_count_is_refused() -> None:
    one = odd(ScimOddity.LARGE_COUNT_REFUSED)
    assert (await one.scim("GET", "/Users?count=101")).status == 400
    assert len(await rows(one, "/Users?count=100")) == 100


async def test_a_list_has_no_totals_or_those_of_the_page() -> None:
    assert set(await odd(ScimOddity.NO_TOTALS).scim_get("/Users?count=1")) == {"schemas", "Resources"}
    assert (await odd(ScimOddity.TOTAL_OF_PAGE).scim_get("/Users?count=7"))["totalResults"] == 7


async def test_excluded_attributes_are_refused() -> None:
    one = odd(ScimOddity.EXCLUDED_REFUSED)
    assert (await one.scim("GET", "/Groups?excludedAttributes=members")).status == 400
    assert (await one.scim("GET", "/Groups?attributes=displayName")).status == 200


async def test_active_is_text() -> None:
    assert {user["active"] for user in await rows(odd(ScimOddity.ACTIVE_AS_TEXT), "/Users")} == {"True", "False"}


async def test_users_have_no_groups() -> None:
    one = odd(ScimOddity.NO_USER_GROUPS)
    user, group = await user_and_group(one)
    assert not any("groups" in each for each in (user, await one.scim_get(f"/Users/{user['id']}")))
    assert user["id"] in [member["value"] for member in group["members"]]


async def test_groups_list_users_who_do_not_exist() -> None:
    one = odd(ScimOddity.DANGLING_MEMBERS)
    user, group = await user_and_group(one)
    target = f"/Groups/{group['id']}"
    await one.scim("DELETE", f"/Users/{user['id']}")
    members = [member["value"] for member in (await one.scim_get(target))["members"]]
    dangling = members[-3:]
    assert dangling[-1] == user["id"]
    put = await one.scim("PUT", target, await one.scim_get(target))
    assert [member["value"] for member in put.body["members"]] == members
    again = patch_body({"op": "add", "path": "members", "value": [{"value": member} for member in dangling]})
    assert len((await one.scim("PATCH", target, again)).body["members"]) == len(members)
    for member in dangling:
        assert (await one.scim("GET", f"/Users/{member}")).status == 404
        await one.scim("PATCH", target, patch_body({"op": "remove", "path": f'members[value eq "{member}"]'}))
    assert [member["value"] for member in (await one.scim_get(target))["members"]] == members[:-3]


async def test_a_group_cannot_be_read_by_its_id() -> None:
    one = odd(ScimOddity.NO_GET_GROUP)
    _, group = await user_and_group(one)
    assert (await one.scim("GET", f"/Groups/{group['id']}")).status == 404
    assert await rows(one, f'/Groups?filter=displayName eq "{group["displayName"]}"') == [group]


async def test_a_group_cannot_be_renamed() -> None:
    one = odd(ScimOddity.GROUP_NAME_FIXED)
    _, group = await user_and_group(one)
    assert (await one.scim("PATCH", f"/Groups/{group['id']}", RENAME)).body["scimType"] == "mutability"
    assert (await one.scim("PUT", f"/Groups/{group['id']}", group)).status == 200
    schema = await one.scim_get(f"/Schemas/{GROUP}")
    assert schema["attributes"][0]["mutability"] == "immutable"


@pytest.mark.parametrize("document", ["ServiceProviderConfig", "ResourceTypes", "ResourceTypes/User", "Schemas"])
async def test_there_are_no_documents(document: str) -> None:
    assert (await odd(ScimOddity.NO_DISCOVERY).scim("GET", f"/{document}")).status == 404


async def test_there_are_no_versions() -> None:
    one = odd(ScimOddity.NO_ETAGS)
    user, _ = await user_and_group(one)
    assert "version" not in user["meta"]
    answered = await one.scim("PATCH", f"/Users/{user['id']}", RENAME, If_Match='W/"old"')
    assert answered.status == 200
    assert "etag" not in answered.headers
    assert (await one.scim_get("/ServiceProviderConfig"))["etag"] == {"supported": False}


@pytest.mark.parametrize(("target", "status"), [("/Users/none", 404), ("/None", 404), ("/Users?count=x", 400)])
async def test_errors_are_web_pages(target: str, status: int) -> None:
    answered = await odd(ScimOddity.HTML_ERRORS).scim("GET", target)
    assert (answered.status, answered.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answered.body.startswith("<!doctype html>")


async def test_only_plain_json_is_read_and_sent() -> None:
    one = odd(ScimOddity.PLAIN_JSON)
    body = {"schemas": [USER], "userName": "ida@example.com"}
    assert (await one.scim("POST", "/Users", body)).status == 415
    answered = await one.scim("POST", "/Users", body, Content_Type="application/json; charset=utf-8")
    assert (answered.status, answered.headers["content-type"]) == (201, "application/json")


async def test_without_sso_every_write_is_accepted_and_none_is_applied() -> None:
    one = odd(ScimOddity.SSO_OFF)
    user, group = await user_and_group(one)
    before = (await rows(one, "/Users?count=250"), await rows(one, "/Groups"))
    target = f"/Users/{user['id']}"
    created = await one.scim("POST", "/Users", {"schemas": [USER], "userName": "ida@example.com"})
    assert (created.status, created.body["userName"]) == (201, "ida@example.com")
    assert (await one.scim("GET", f"/Users/{created.body['id']}")).status == 404
    changed = await one.scim("PATCH", target, patch_body({"op": "replace", "path": "active", "value": False}))
    assert (changed.status, changed.body["active"]) == (200, False)
    assert (await one.scim("PUT", target, {**user, "active": False})).body["active"] is False
    assert (await one.scim("DELETE", target)).status == 204
    made = await one.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "New"})
    assert (made.status, made.body["displayName"]) == (201, "New")
    for operation in ({"op": "remove", "path": "members"}, {"op": "replace", "path": "displayName", "value": "New"}):
        assert (await one.scim("PATCH", f"/Groups/{group['id']}", patch_body(operation))).status == 200
    assert (await one.scim("DELETE", f"/Groups/{group['id']}")).status == 204
    assert (await rows(one, "/Users?count=250"), await rows(one, "/Groups")) == before


async def test_no_other_user_or_group_gets_the_id_of_one_that_was_not_stored() -> None:
    one = odd(ScimOddity.SSO_OFF)
    totals = [(await one.scim_get(f"/{kind}"))["totalResults"] for kind in ("Users", "Groups")]
    users, groups = [], []
    for number in range(4):
        users.append(await one.scim("POST", "/Users", {"schemas": [USER], "userName": f"ida{number}@example.com"}))
        groups.append(await one.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": f"New {number}"}))
        one.app.scim.odd ^= {ScimOddity.SSO_OFF}
    for answers, kind in ((users, "Users"), (groups, "Groups")):
        ids = [answered.body["id"] for answered in answers]
        assert len({*ids}) == 4
        assert [(await one.scim("GET", f"/{kind}/{each}")).status for each in ids] == [404, 200, 404, 200]
    assert [(await one.scim_get(f"/{kind}"))["totalResults"] for kind in ("Users", "Groups")] == [
        total + 2 for total in totals
    ]


async def test_an_oddity_can_be_switched_on_and_off_while_the_account_is_used() -> None:
    one = odd()
    user, _ = await user_and_group(one)
    one.app.scim.odd.add(ScimOddity.DELETE_DEACTIVATES)
    assert (await one.scim("DELETE", f"/Users/{user['id']}")).status == 204
    assert (await one.scim_get(f"/Users/{user['id']}"))["active"] is False
    one.app.scim.odd.clear()
    assert (await one.scim("DELETE", f"/Users/{user['id']}")).status == 204
    assert (await one.scim("GET", f"/Users/{user['id']}")).status == 404


def test_every_oddity_is_tested() -> None:
    source = Path(__file__).read_text() + Path(__file__).with_name("test_simulator_two_sides.py").read_text()
    assert [oddity for oddity in ScimOddity if f"ScimOddity.{oddity.name}" not in source] == []
