"""The REST surface as a client uses it."""

from typing import Any

import pytest

from tests.unit.simulator.caller import Caller, small
from walkme_tui.simulator.settings import SimulatorSettings

NO_ID = "2819c223-7f76-453a-919d-413861904646"


async def user_at(caller: Caller, position: int = 3) -> Any:
    listed = await caller.get(f"/users?page={position + 1}&pageSize=1")
    return listed["users"][0]


# ---------------------------------------------------------------- signing in


async def test_a_token_is_issued_for_credentials_in_the_form_or_the_header() -> None:
    caller = Caller(small(token_ttl=90))
    in_form = await caller.token()
    in_header = await caller.token({"grant_type": "client_credentials"}, basic="demo:demo")
    for answered in (in_form, in_header):
        assert answered.status == 200
        assert answered.body["token_type"] == "Bearer"
        assert answered.body["expires_in"] == 90
        assert answered.body["scope"] == "users:delete users:read users:write"
    assert in_form.body["access_token"] != in_header.body["access_token"]


@pytest.mark.parametrize(
    ("form", "basic", "status", "code"),
    [
        ({"grant_type": "client_credentials", "client_id": "demo", "client_secret": "x"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "demo:wrong", 401, "invalid_client"),
        ({"grant_type": "password"}, "demo:demo", 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "users:all"}, "demo:demo", 400, "invalid_scope"),
    ],
)
async def test_a_token_is_refused(form: dict[str, str], basic: str | None, status: int, code: str) -> None:
    answered = await Caller(small()).token(form, basic)
    assert (answered.status, answered.body["error"]) == (status, code)


async def test_a_token_request_without_a_form_is_refused() -> None:
    answered = await Caller(small()).send(
        "POST", "/accounts/connect/token", {"Content-Type": "application/json"}, b"{}"
    )
    assert (answered.status, answered.body["error"]) == (400, "invalid_request")


async def test_a_token_expires_and_a_new_one_is_valid() -> None:
    caller = Caller(small(token_ttl=60))
    first = (await caller.token()).body["access_token"]
    caller.clock.now += 59
    assert (await caller.send("GET", "/groups", {"Authorization": f"Bearer {first}"})).status == 200
    caller.clock.now += 1
    refused = await caller.send("GET", "/groups", {"Authorization": f"Bearer {first}"})
    assert refused.status == 401
    assert refused.body["error"]["code"] == "unauthorized"
    assert "invalid_token" in refused.headers["www-authenticate"]
    assert (await caller.get("/groups"))["groups"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nothing", "Basic ZGVtbzpkZW1v"])
async def test_without_a_token_every_request_is_refused(header: str) -> None:
    answered = await Caller(small()).send("GET", "/users", {"Authorization": header} if header else {})
    assert answered.status == 401


@pytest.mark.parametrize(
    ("method", "target", "needs"),
    [
        ("GET", "/users?page=1&pageSize=1", "users:read"),
        ("GET", f"/users/{NO_ID}", "users:read"),
        ("GET", "/groups", "users:read"),
        ("POST", "/users", "users:write"),
        ("PUT", f"/users/{NO_ID}", "users:write"),
        ("PATCH", f"/users/{NO_ID}", "users:write"),
        ("DELETE", f"/users/{NO_ID}", "users:delete"),
        ("POST", "/groups/g/users", "users:write"),
        ("DELETE", f"/groups/g/users/{NO_ID}", "users:write"),
    ],
)
async def test_each_call_needs_its_scope(method: str, target: str, needs: str) -> None:
    scopes = ("users:read", "users:write", "users:delete")
    body: Any = {} if method in {"POST", "PUT", "PATCH"} else None
    without = Caller(small(scopes=tuple(scope for scope in scopes if scope != needs)))
    refused = await without.call(method, target, body)
    assert refused.status == 403
    assert needs in refused.body["error"]["message"]
    assert (await Caller(small(scopes=(needs,))).call(method, target, body)).status != 403


# ---------------------------------------------------------------- reading


async def test_pages_count_from_one_and_have_100_users_by_default() -> None:
    caller = Caller(small(users=250))
    first = await caller.get("/users")
    assert (len(first["users"]), first["total"], first["page"]) == (100, 250, 1)
    third = await caller.get("/users?page=3")
    assert (len(third["users"]), third["page"]) == (50, 3)
    assert await caller.get("/users?page=4") == {"users": [], "total": 250, "page": 4}
    whole = await caller.get("/users?page=1&pageSize=1000")
    assert whole["users"][:100] == first["users"]
    assert whole["users"][200:] == third["users"]


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=1001",
        "pageSize=0",
        "pageSize=-1",
        "pageSize=ten",
        "pageSize=",
        "page=0",
        "page=-1",
        "page=x",
        "page=1.5",
    ],
)
async def test_an_invalid_page_is_refused(query: str) -> None:
    answered = await Caller(small()).call("GET", f"/users?{query}")
    assert answered.status == 400
    assert answered.body["error"]["field"] == query.partition("=")[0]


async def test_a_user_is_found_by_id_and_by_exact_email() -> None:
    caller = Caller(small())
    user = await user_at(caller)
    assert await caller.get(f"/users/{user['id']}") == user
    assert await caller.get(f"/users?email={user['email'].upper()}") == {"users": [user], "total": 1, "page": 1}
    assert (await caller.get(f"/users?email={user['email'][1:]}"))["users"] == []
    missing = await caller.call("GET", f"/users/{NO_ID}")
    assert (missing.status, missing.body["error"]["code"]) == (404, "user_not_found")


async def test_groups_of_users_are_among_the_groups() -> None:
    caller = Caller(small())
    groups = (await caller.get("/groups"))["groups"]
    assert len(groups) == 24
    assert all(set(group) == {"id", "name"} for group in groups)
    users = (await caller.get("/users?pageSize=250"))["users"]
    assert {group for user in users for group in user["groups"]} <= {group["id"] for group in groups}


async def test_lean_lists_and_writes_carry_a_few_fields_and_a_look_up_all() -> None:
    caller = Caller(small(lean=True))
    user = await user_at(caller)
    assert set(user) == {"id", "email", "status"}
    assert set((await caller.get(f"/users?email={user['email']}"))["users"][0]) == {"id", "email", "status"}
    assert set(await caller.get(f"/users/{user['id']}")) >= {"firstName", "groups", "updatedAt"}
    for method, target, body in (
        ("POST", "/users", {"email": "new@example.com"}),
        ("PUT", f"/users/{user['id']}", {"lastName": "Z"}),
        ("PATCH", f"/users/{user['id']}", {"role": "Editor"}),
    ):
        assert set((await caller.call(method, target, body)).body) == {"id", "email", "status", "updatedAt"}
    assert (await caller.get(f"/users/{user['id']}"))["role"] == "Editor"


@pytest.mark.parametrize("target", ["/", "/users/", "/user", "/groups/", f"/users/{NO_ID}/groups", "/scim"])
async def test_any_other_path_is_not_found(target: str) -> None:
    answered = await Caller(small()).call("GET", target)
    assert (answered.status, answered.body["error"]["code"]) == (404, "not_found")


async def test_hostile_names_are_sent_unchanged() -> None:
    caller = Caller(small(users=1_000, hostile=True))
    users = (await caller.get("/users?pageSize=1000"))["users"]
    names = {str(user["firstName"]) for user in users}
    assert "[@click=app.quit]Quinn[/]" in names
    assert any("\x1b]52;" in name for name in names)
    assert any(len(name) > 4000 for name in names)


# ---------------------------------------------------------------- writing


async def test_a_new_user_is_pending_and_last_in_the_list() -> None:
    caller = Caller(small())
    made = await caller.call("POST", "/users", {"email": "New@example.com", "firstName": "N", "status": "active"})
    assert made.status == 201
    assert made.body["status"] == "pending"
    assert await user_at(caller, 250) == made.body
    assert (await caller.get("/users?email=new@example.com"))["users"] == [made.body]


async def test_unknown_fields_of_a_new_user_are_kept_and_those_of_the_system_are_not_taken() -> None:
    caller = Caller(small())
    nested: dict[str, Any] = {"department": {"name": "Sales", "codes": [1, None, {"a": []}]}, "nickname": None}
    system = {"id": NO_ID, "createdAt": "2001-01-01T00:00:00Z", "status": "active"}
    made = (await caller.call("POST", "/users", {"email": "new@example.com", **nested, **system})).body
    read = await caller.get(f"/users/{made['id']}")
    assert read == made
    assert {name: read[name] for name in nested} == nested
    assert all(read[name] != value for name, value in system.items())


async def test_an_email_that_exists_is_a_conflict_whatever_its_case() -> None:
    caller = Caller(small())
    user = await user_at(caller)
    other = await user_at(caller, 4)
    email = user["email"].upper()
    for method, target in (("POST", "/users"), ("PUT", f"/users/{other['id']}"), ("PATCH", f"/users/{other['id']}")):
        answered = await caller.call(method, target, {"email": email})
        assert (answered.status, answered.body["error"]["code"]) == (409, "email_exists")
    assert (await caller.call("PATCH", f"/users/{user['id']}", {"email": email})).status == 200


async def test_put_clears_missing_fields_and_patch_does_not() -> None:
    caller = Caller(small())
    users = (await caller.get("/users?pageSize=250"))["users"]
    user = next(u for u in users if u["groups"] and "department" in u and u["role"] != "Viewer" and u["firstName"])
    target = f"/users/{user['id']}"
    patched = (await caller.call("PATCH", target, {"lastName": "Neu"})).body
    assert patched == {**user, "lastName": "Neu", "updatedAt": patched["updatedAt"]}
    assert patched["updatedAt"] > user["updatedAt"]
    put = (await caller.call("PUT", target, {"lastName": "Neu"})).body
    assert (put["email"], put["status"], put["createdAt"]) == (user["email"], user["status"], user["createdAt"])
    assert (put["firstName"], put["externalId"], put["groups"], put["role"]) == (None, None, [], "Viewer")
    assert "department" not in put
    assert await caller.get(target) == put


async def test_a_record_that_was_read_can_be_put_back_unchanged() -> None:
    caller = Caller(small())
    user = await user_at(caller)
    put = await caller.call("PUT", f"/users/{user['id']}", user)
    assert (put.status, put.body) == (200, {**user, "updatedAt": put.body["updatedAt"]})


async def test_patch_can_be_disabled() -> None:
    caller = Caller(small(patch="405"))
    user = await user_at(caller)
    answered = await caller.call("PATCH", f"/users/{user['id']}", {"role": "Admin"})
    assert (answered.status, answered.body["error"]["code"]) == (405, "method_not_allowed")
    assert {method.strip() for method in answered.headers["allow"].split(",")} == {"GET", "HEAD", "PUT", "DELETE"}
    assert await caller.get(f"/users/{user['id']}") == user


async def test_a_deleted_user_is_unknown_and_leaves_no_gap() -> None:
    caller = Caller(small())
    gone, following = await user_at(caller, 3), await user_at(caller, 4)
    answered = await caller.call("DELETE", f"/users/{gone['id']}")
    assert (answered.status, answered.body) == (204, None)
    assert (await caller.call("DELETE", f"/users/{gone['id']}")).status == 404
    assert await user_at(caller, 3) == following
    assert (await caller.get("/users"))["total"] == 249
    assert (await caller.call("POST", "/users", {"email": gone["email"]})).status == 201


async def test_joining_and_leaving_a_group() -> None:
    caller = Caller(small())
    user = await user_at(caller)
    group = next(g["id"] for g in (await caller.get("/groups"))["groups"] if g["id"] not in user["groups"])
    for _ in range(2):
        joined = await caller.call("POST", f"/groups/{group}/users", {"userId": user["id"]})
        assert (joined.status, joined.body) == (200, {"groupId": group, "userId": user["id"]})
        assert (await caller.get(f"/users/{user['id']}"))["groups"] == [*user["groups"], group]
    assert (await caller.call("DELETE", f"/groups/{group}/users/{user['id']}")).status == 204
    assert (await caller.get(f"/users/{user['id']}"))["groups"] == user["groups"]
    assert (await caller.call("DELETE", f"/groups/{group}/users/{user['id']}")).status == 404
    assert (await caller.call("POST", f"/groups/{group}/users", {"userId": NO_ID})).status == 404
    assert (await caller.call("POST", f"/groups/{NO_ID}/users", {"userId": user["id"]})).status == 404
    assert (await caller.call("POST", f"/groups/{group}/users", {"user": user["id"]})).status == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"[" * 100_000, b"\xff\xfe"])
async def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    caller = Caller(small())
    token = (await caller.token()).body["access_token"]
    answered = await caller.send("POST", "/users", {"Authorization": f"Bearer {token}"}, body)
    assert (answered.status, answered.body["error"]["field"]) == (400, "body")


# ---------------------------------------------------------------- rate limit


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_requests_above_the_rate_are_refused_for_a_while(retry_after: int | None) -> None:
    caller = Caller(small(rate_per_s=2, retry_after=retry_after))
    statuses = [(await caller.call("GET", "/groups")).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = await caller.call("GET", "/groups")
    assert refused.headers.get("retry-after") == (None if retry_after is None else "7")
    caller.clock.now += 0.5
    assert [(await caller.call("GET", "/groups")).status for _ in range(2)] == [200, 429]


async def test_every_answer_has_a_request_id_of_its_own_that_errors_repeat() -> None:
    caller = Caller(small())
    answers = [await caller.call("GET", target) for target in ("/users", "/users?page=0", f"/users/{NO_ID}", "/none")]
    ids = [answered.headers["x-request-id"] for answered in answers]
    assert len(set(ids)) == 4
    assert [answered.body["error"]["requestId"] for answered in answers[1:]] == ids[1:]


@pytest.mark.parametrize(
    "wrong", [{"users": -1}, {"rate_per_s": 0}, {"scopes": ("users:all",)}, {"latency_ms": -1}, {"retry_after": -1}]
)
def test_invalid_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).rstrip("s")):
        SimulatorSettings(**wrong)
