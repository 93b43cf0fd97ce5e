"""The users of the SCIM surface as a client uses them, and what REST shows of them."""

from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, patch_body, small
from walkme_tui.simulator.population import EXAMPLE_EMAIL

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
NO_ID = "2819c223-7f76-453a-919d-413861904646"


def caller(**settings: Any) -> Caller:
    return Caller(small(**settings))


async def example(of: Caller) -> Any:
    return (await of.scim_get(f'/Users?filter=userName eq "{EXAMPLE_EMAIL}"'))["Resources"][0]


async def created(by: Caller, **values: Any) -> Any:
    answered = await by.scim("POST", "/Users", {"schemas": [USER], "userName": "ida@example.com", **values})
    assert answered.status == 201, answered
    return answered.body


async def patched(by: Caller, user_id: str, *operations: Any) -> Any:
    answered = await by.scim("PATCH", f"/Users/{user_id}", patch_body(*operations))
    assert answered.status == 200, answered
    return answered.body


# ---------------------------------------------------------------- sign-in


@pytest.mark.parametrize("header", ["Bearer demo", "bearer demo", "Basic ZGVtbzpkZW1v"])
async def test_the_token_is_accepted_also_as_a_password(header: str) -> None:
    assert (await caller().scim("GET", "/Users?count=1", Authorization=header)).status == 200


@pytest.mark.parametrize("header", ["", "Bearer other", "Bearer", "Basic ZGVtbzpvdGhlcg==", "Basic x", "Digest demo"])
async def test_other_credentials_are_refused(header: str) -> None:
    answered = await caller().scim("GET", "/Users", Authorization=header)
    assert (answered.status, answered.body["status"]) == (401, "401")
    assert answered.headers["www-authenticate"].startswith("Bearer")


async def test_the_two_surfaces_do_not_accept_the_credentials_of_each_other() -> None:
    one = caller()
    token = (await one.token()).body["access_token"]
    assert (await one.scim("GET", "/Users", Authorization=f"Bearer {token}")).status == 401
    assert (await one.send("GET", "/users", {"Authorization": "Bearer demo"})).status == 401


async def test_a_rotated_token_replaces_the_old_one() -> None:
    one = caller()
    one.app.scim.token = "new"
    assert (await one.scim("GET", "/Users")).status == 401
    assert (await one.scim("GET", "/Users", Authorization="Bearer new")).status == 200


# ---------------------------------------------------------------- reading


async def test_a_user_shows_what_rest_shows_and_what_only_scim_has() -> None:
    one = caller()
    user = await example(one)
    rest = await one.get(f"/users/{user['id']}")
    assert user["schemas"] == [USER, ENTERPRISE]
    assert (user["userName"], user["externalId"], user["active"]) == (EXAMPLE_EMAIL, "okta|004211", True)
    assert user["name"] == {"givenName": "Zoë", "familyName": "Çelik"}
    assert user["displayName"] == "Zoë Çelik"
    assert user["emails"] == [{"value": EXAMPLE_EMAIL, "type": "work", "primary": True}]
    assert user["accessRole"] == "2"
    assert user[ENTERPRISE]["department"] == rest["department"]
    assert [group["value"] for group in user["groups"]] == rest["groups"]
    assert [group["display"] for group in user["groups"]] == ["Sales", "Field-EMEA", "Beta"]
    assert user["meta"]["created"] == rest["createdAt"]
    assert user["meta"]["lastModified"] == rest["updatedAt"]
    assert user["meta"]["location"] == f"http://simulator/scim/v2/Users/{user['id']}"
    assert await one.scim_get(f"/Users/{user['id']}") == user


async def test_some_users_have_a_last_login_a_manager_and_systems() -> None:
    one = caller()
    users = (await one.scim_get("/Users?count=250"))["Resources"]
    assert 0 < sum("lastLogin" in user["meta"] for user in users) < 250
    managers = [user[ENTERPRISE]["manager"] for user in users if "manager" in user.get(ENTERPRISE, {})]
    by_id = {user["id"]: user for user in users}
    assert managers
    assert all(manager["displayName"] == by_id[manager["value"]].get("displayName") for manager in managers)
    assert any(user.get("allowedSystems") for user in users)


async def test_a_pending_user_is_active_and_an_inactive_one_is_not() -> None:
    one = caller()
    rest = {user["id"]: user["status"] for user in (await one.get("/users?pageSize=250"))["users"]}
    users = (await one.scim_get("/Users?count=250"))["Resources"]
    assert {user["id"]: user["active"] for user in users} == {i: s != "inactive" for i, s in rest.items()}
    assert "pending" in rest.values()


async def test_the_list_is_paged_in_the_order_of_rest() -> None:
    one = caller()
    rest = [user["id"] for user in (await one.get("/users?pageSize=250"))["users"]]
    page = await one.scim_get("/Users?startIndex=201&count=100")
    assert [user["id"] for user in page["Resources"]] == rest[200:]
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (250, 201, 50)
    assert len((await one.scim_get("/Users"))["Resources"]) == 100
    assert (await one.scim_get("/Users?count=0"))["Resources"] == []
    assert (await one.scim_get("/Users?startIndex=999"))["Resources"] == []
    assert (await one.scim_get("/Users?startIndex=-5&count=-1"))["startIndex"] == 1
    assert (await one.scim("GET", "/Users?count=many")).body["scimType"] == "invalidValue"


async def test_the_page_cap_limits_a_page() -> None:
    page = await caller(scim_page_cap=40).scim_get("/Users?count=1000")
    assert (len(page["Resources"]), page["itemsPerPage"], page["totalResults"]) == (40, 40, 250)


async def test_a_filter_finds_users_also_those_that_were_changed() -> None:
    one = caller()
    user = await example(one)
    await patched(one, user["id"], {"op": "replace", "path": "externalId", "value": "x-1"})
    for term in (
        f'userName eq "{EXAMPLE_EMAIL.upper()}"',
        f'id eq "{user["id"]}"',
        'externalId eq "x-1"',
        'emails[0].value eq "x"',
        f'userName eq "{EXAMPLE_EMAIL}" or active eq true',
        f'userName sw "{EXAMPLE_EMAIL}"',
        f'emails.value eq "{EXAMPLE_EMAIL}"',
        f'userName eq "{EXAMPLE_EMAIL}" and active eq true',
        f'{USER}:userName eq "{EXAMPLE_EMAIL}"',
        'externalId eq "okta|004211"',
        f'userName eq "{EXAMPLE_EMAIL}" and active eq false',
    ):
        answered = await one.scim("GET", f"/Users?filter={term.replace('+', '%2B')}")
        if "[0]" in term or " or " in term or " sw " in term:
            assert (answered.status, answered.body["scimType"]) == (400, "invalidFilter")
        else:
            expected = [] if "okta" in term or "false" in term else [user["id"]]
            assert [found["id"] for found in answered.body["Resources"]] == expected, term


async def test_every_external_id_is_found() -> None:
    one = caller(users=60)
    for user in (await one.scim_get("/Users"))["Resources"]:
        if "externalId" in user:
            found = await one.scim_get(f'/Users?filter=externalId eq "{user["externalId"]}"')
            assert [each["id"] for each in found["Resources"]] == [user["id"]]


async def test_an_answer_contains_the_requested_attributes() -> None:
    one = caller()
    user = await example(one)
    target = f"/Users/{user['id']}"
    some = await one.scim_get(f"{target}?attributes=username,name.familyName,{ENTERPRISE}:department")
    assert some == {
        "schemas": user["schemas"],
        "id": user["id"],
        "userName": EXAMPLE_EMAIL,
        "name": {"familyName": "Çelik"},
        ENTERPRISE: {"department": "North"},
    }
    rest = await one.scim_get(f"{target}?excludedAttributes=groups,id,name.givenName,emails.type")
    assert "groups" not in rest
    assert rest["id"] == user["id"]
    assert rest["name"] == {"familyName": "Çelik"}
    assert rest["emails"] == [{"value": EXAMPLE_EMAIL, "primary": True}]


# ---------------------------------------------------------------- writing


async def test_a_created_user_is_in_both_lists() -> None:
    one = caller()
    user = await created(
        one,
        name={"givenName": "Ida", "familyName": "Berg"},
        externalId="hr-7",
        title="Captain",
        password="never shown",
        accessRole="1",
        **{ENTERPRISE: {"department": "Sea", "division": "North"}},
    )
    rest = await one.get(f"/users/{user['id']}")
    assert (rest["email"], rest["firstName"], rest["lastName"]) == ("ida@example.com", "Ida", "Berg")
    assert (rest["externalId"], rest["role"], rest["status"], rest["department"]) == ("hr-7", "Admin", "active", "Sea")
    assert (user["title"], user[ENTERPRISE]) == ("Captain", {"department": "Sea", "division": "North"})
    assert "password" not in user
    assert "emails" not in user
    assert (await one.scim_get(f"/Users/{user['id']}")) == user
    assert (await one.scim("POST", "/Users", {"schemas": [USER], "userName": "IDA@example.com"})).body[
        "scimType"
    ] == "uniqueness"


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ([], "invalidSyntax"),
        ({"userName": "a@example.com"}, "invalidSyntax"),
        ({"schemas": [USER]}, "invalidValue"),
        ({"schemas": [USER], "userName": " "}, "invalidValue"),
        ({"schemas": [USER], "userName": 5}, "invalidValue"),
        ({"schemas": [USER], "userName": "a" * 255}, "invalidValue"),
        ({"schemas": [USER], "userName": "a@example.com", "active": "yes"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a@example.com", "name": "Ida"}, "invalidValue"),
        ({"schemas": [USER], "userName": "a@example.com", "emails": ["a@example.com"]}, "invalidValue"),
    ],
)
async def test_a_wrong_body_is_refused(body: Any, scim_type: str) -> None:
    one = caller()
    answered = await one.scim("POST", "/Users", body)
    assert (answered.status, answered.body["status"], answered.body["scimType"]) == (400, "400", scim_type)
    assert answered.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert (await one.scim_get("/Users?count=0"))["totalResults"] == 250


async def test_operations_change_a_user_on_both_sides() -> None:
    one = caller()
    user = await example(one)
    now = await patched(
        one,
        user["id"],
        {"op": "Replace", "path": "userName", "value": "zoe@example.org"},
        {"op": "replace", "path": "name.familyName", "value": "Berg"},
        {"op": "remove", "path": "externalId"},
        {"op": "replace", "value": {"active": "False", "accessRole": "1", "id": user["id"]}},
        {"op": "add", "path": f"{ENTERPRISE}:division", "value": "West"},
        {"op": "add", "path": 'phoneNumbers[type eq "work"].value', "value": "+44"},
    )
    rest = await one.get(f"/users/{user['id']}")
    assert (rest["email"], rest["lastName"], rest["externalId"]) == ("zoe@example.org", "Berg", None)
    assert (rest["status"], rest["role"], rest["department"]) == ("inactive", "Admin", "North")
    assert now["displayName"] == "Zoë Berg"
    assert now["emails"] == [{"value": "zoe@example.org", "type": "work", "primary": True}]
    assert now[ENTERPRISE]["division"] == "West"
    assert now["phoneNumbers"] == [{"type": "work", "value": "+44"}]
    assert now["groups"] == user["groups"]
    assert now["meta"]["version"] != user["meta"]["version"]


async def test_reactivating_a_pending_user_leaves_it_pending() -> None:
    one = caller()
    users = (await one.get("/users?pageSize=250"))["users"]
    pending = next(user["id"] for user in users if user["status"] == "pending")
    await patched(one, pending, {"op": "replace", "path": "active", "value": True})
    assert (await one.get(f"/users/{pending}"))["status"] == "pending"
    await patched(one, pending, {"op": "replace", "path": "active", "value": False})
    await patched(one, pending, {"op": "replace", "path": "active", "value": True})
    assert (await one.get(f"/users/{pending}"))["status"] == "active"


async def test_elements_of_a_list_are_added_changed_and_removed() -> None:
    one = caller()
    work = {"value": "ida@example.com", "type": "work", "primary": True}
    home = {"value": "ida@home.example", "type": "home"}
    user_id = (await created(one, emails=[work]))["id"]

    async def emails(*operations: Any) -> Any:
        return (await patched(one, user_id, *operations)).get("emails")

    both = await emails(
        {"op": "add", "path": "emails", "value": [home]}, {"op": "add", "path": "emails", "value": home}
    )
    assert both == [work, home]
    primary = {"op": "add", "path": "emails", "value": {"value": "b@example.com", "primary": True}}
    assert [email.get("primary") for email in await emails(primary)] == [False, None, True]
    assert await emails({"op": "replace", "path": 'emails[type eq "home"].value', "value": "new@home.example"}) == [
        {**work, "primary": False},
        {**home, "value": "new@home.example"},
        {"value": "b@example.com", "primary": True},
    ]
    assert len(await emails({"op": "remove", "path": 'emails[type eq "home"]'})) == 2
    assert await emails({"op": "replace", "path": "emails", "value": home}) == [home]
    assert await emails({"op": "remove", "path": "emails", "value": [home]}) is None


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "active"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
        ({"op": "add", "path": "groups", "value": []}, "mutability"),
        ({"op": "replace", "path": "na me", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "urn:other:2.0:User:x", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type eq "fax"].value', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": "emails[type ne]", "value": {}}, "invalidFilter"),
        ({"op": "remove", "path": "userName"}, "invalidValue"),
        ({"op": "replace", "value": 5}, "invalidValue"),
        (5, "invalidSyntax"),
    ],
)
async def test_a_wrong_operation_is_refused_with_those_beside_it(operation: Any, scim_type: str) -> None:
    one = caller()
    user = await example(one)
    valid = {"op": "replace", "path": "displayName", "value": "Zo"}
    answered = await one.scim("PATCH", f"/Users/{user['id']}", patch_body(valid, operation))
    assert (answered.status, answered.body["scimType"]) == (400, scim_type)
    assert await one.scim_get(f"/Users/{user['id']}") == user


async def test_a_put_clears_what_it_omits_except_the_systems() -> None:
    one = caller()
    user = await created(one, name={"givenName": "Ida"}, title="Captain", accessRole="1", allowedSystems=["s1"])
    target = f"/Users/{user['id']}"
    body = {"schemas": [USER], "userName": "ida@example.com"}
    now = (await one.scim("PUT", target, body)).body
    assert {"name", "title", "accessRole", "displayName"}.isdisjoint(now)
    assert (now["allowedSystems"], now["active"]) == (["s1"], True)
    assert (await one.get(f"/users/{user['id']}"))["role"] == "Viewer"
    assert (await one.scim("PUT", target, {**body, "allowedSystems": []})).body["allowedSystems"] == []
    assert (await one.scim("PUT", target, {**body, "id": NO_ID})).body["scimType"] == "mutability"


async def test_a_put_of_what_was_read_changes_nothing() -> None:
    one = caller()
    for user in (await one.scim_get("/Users?count=40"))["Resources"]:
        rest = await one.get(f"/users/{user['id']}")
        now = (await one.scim("PUT", f"/Users/{user['id']}", user)).body
        for volatile in ("version", "lastModified"):
            del user["meta"][volatile], now["meta"][volatile]
        assert now == user
        assert (await one.get(f"/users/{user['id']}")) | {"updatedAt": ""} == rest | {"updatedAt": ""}


async def test_a_change_through_rest_shows_in_scim() -> None:
    one = caller()
    user = await example(one)
    await one.call(
        "PATCH", f"/users/{user['id']}", {"lastName": "Berg", "email": "z@example.org", "status": "inactive"}
    )
    now = await one.scim_get(f"/Users/{user['id']}")
    assert (now["userName"], now["displayName"], now["active"]) == ("z@example.org", "Zoë Berg", False)
    assert now["emails"][0]["value"] == "z@example.org"
    assert now["meta"]["version"] != user["meta"]["version"]


async def test_a_user_name_that_is_no_address_can_be_sent_back_through_rest() -> None:
    one = caller()
    user = await created(one, userName="ida")
    rest = await one.get(f"/users/{user['id']}")
    assert rest["email"] == "ida"
    assert (await one.call("PUT", f"/users/{user['id']}", {**rest, "firstName": "Ida"})).status == 200


async def test_a_deleted_user_is_gone_on_both_sides() -> None:
    one = caller()
    user = await example(one)
    assert (await one.scim("DELETE", f"/Users/{user['id']}")).status == 204
    assert (await one.scim("GET", f"/Users/{user['id']}")).body["status"] == "404"
    assert (await one.call("GET", f"/users/{user['id']}")).status == 404
    assert (await one.scim("DELETE", f"/Users/{NO_ID}")).status == 404


# ---------------------------------------------------------------- versions


async def test_a_write_with_an_old_version_is_refused() -> None:
    one = caller()
    user = await example(one)
    target = f"/Users/{user['id']}"
    read = await one.scim("GET", target)
    assert read.headers["etag"] == user["meta"]["version"]
    assert (await one.scim("GET", target, If_None_Match=read.headers["etag"])).status == 304
    change = patch_body({"op": "replace", "path": "displayName", "value": "Z"})
    changed = await one.scim("PATCH", target, change, If_Match=f'W/"x", {read.headers["etag"]}')
    assert changed.status == 200
    for method, body in (("PATCH", change), ("PUT", user), ("DELETE", None)):
        refused = await one.scim(method, target, body, If_Match=read.headers["etag"])
        assert (refused.status, refused.body["status"]) == (412, "412")
    assert (await one.scim("DELETE", target, If_Match="*")).status == 204


# ---------------------------------------------------------------- documents and other paths


async def test_the_documents_describe_users_and_groups() -> None:
    one = caller()
    config = await one.scim_get("/ServiceProviderConfig")
    assert (config["patch"]["supported"], config["filter"]["maxResults"]) == (True, 1000)
    types = (await one.scim_get("/ResourceTypes"))["Resources"]
    assert [found["id"] for found in types] == ["User", "Group"]
    assert await one.scim_get("/ResourceTypes/User") == types[0]
    schemas = (await one.scim_get("/Schemas"))["Resources"]
    assert types[0]["schema"] in [schema["id"] for schema in schemas]
    assert await one.scim_get(f"/Schemas/{USER}") == schemas[0]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "", 404),
        ("GET", "/", 404),
        ("GET", "/Users/", 404),
        ("GET", "/Other", 404),
        ("GET", "/Schemas/other", 404),
        ("POST", "/Schemas", 405),
        ("DELETE", "/Users", 405),
        ("POST", "/.search", 501),
        ("POST", "/Bulk", 501),
    ],
)
async def test_any_other_call_is_refused_with_a_scim_error(method: str, target: str, status: int) -> None:
    answered = await caller().scim(method, target)
    assert (answered.status, answered.body["status"]) == (status, str(status))


async def test_a_body_of_another_type_is_refused() -> None:
    answered = await caller().scim("POST", "/Users", {}, Content_Type="text/plain")
    assert answered.status == 415


async def test_the_rate_limit_and_the_faults_apply() -> None:
    one = caller(rate_per_s=2, retry_after=3, faults=("drift", "total-text"))
    page = await one.scim_get("/Users?count=1")
    assert page["totalResults"] == "about 250"
    assert (await one.scim("GET", f"/Users/{page['Resources'][0]['id']}")).status == 404
    limited = await one.scim("GET", "/Users")
    assert (limited.status, limited.headers["retry-after"]) == (429, "3")


async def test_malformed_rows_and_hostile_names_are_sent_unchanged() -> None:
    one = caller(faults=("malformed",), hostile=True)
    page = (await one.scim_get("/Users?startIndex=2&count=60&attributes=displayName"))["Resources"]
    assert (page[1], page[4]) == (None, "not a user")
    name = page[56]["displayName"]
    assert "[/x]" in name
    user = await one.scim_get(f"/Users/{page[56]['id']}")
    assert (await one.scim("PUT", f"/Users/{user['id']}", user)).body["displayName"] == name
    assert any("\x1b" in key for key in user)


async def test_a_refusal_by_a_fault_names_the_attributes_of_the_body() -> None:
    one = caller(faults=("refused-list",))
    bodies = [
        ("POST", "/Users", {"schemas": [USER], "userName": "ida@example.com"}, "userName"),
        ("PATCH", "/Users/x", patch_body({"op": "replace", "path": "name.givenName", "value": "I"}), "name.givenName"),
    ]
    for method, target, body, field in bodies:
        answered = await one.scim(method, target, body)
        assert (answered.status, [each["field"] for each in answered.body]) == (400, [field])
