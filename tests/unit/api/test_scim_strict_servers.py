"""Changes on SCIM servers that require, or do not know, attributes that the RFCs leave to them."""

import pytest

from tests.support.executor_bench import KnownWriteSupport
from tests.support.scim_desk import BASE, DONE, ScimDesk, scim, user
from walkme_tui.domain.errors import Conflict, OutcomeUnknown, RequestRejected

BAD = scim({"detail": "name.formatted is required"}, 400)
OTHER = scim({"detail": "no such thing"}, 400)
FAULT = scim({"detail": "out of order"}, 500)
NEW = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}


async def test_a_refused_user_is_sent_again_with_the_whole_name_and_a_plain_email() -> None:
    desk = ScimDesk()
    desk.on("POST /Users", BAD, scim({"id": "u1"}, 201))
    async with desk.directory() as api:
        assert await api.create_user(NEW) == "u1"
    first, second = (call.body for call in desk.asked("POST /Users"))
    assert (first["name"], "displayName" in first) == ({"givenName": "Ann", "familyName": "Lee"}, False)
    assert second["name"] == {"givenName": "Ann", "familyName": "Lee", "formatted": "Ann Lee"}
    assert (second["displayName"], second["emails"]) == ("Ann Lee", [{"value": "ann@example.com"}])


async def test_the_first_refusal_is_reported_and_a_conflict_always() -> None:
    desk = ScimDesk()
    desk.on("POST /Users", BAD, OTHER, BAD, scim({"detail": "in use"}, 409))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="formatted"):
            await api.create_user({"email": "ann@example.com"})
        with pytest.raises(Conflict):
            await api.create_user(NEW)


async def test_a_conflict_is_not_sent_again() -> None:
    desk = ScimDesk()
    desk.on("POST /Users", scim({"detail": "in use"}, 409))
    async with desk.directory() as api:
        with pytest.raises(Conflict):
            await api.create_user(NEW)
    assert len(desk.calls) == 1


@pytest.mark.parametrize("reason", ["invalidPath", "noTarget"])
async def test_where_a_path_is_unknown_the_record_is_replaced(reason: str) -> None:
    desk = ScimDesk()
    record = user(1)
    desk.on("PATCH /Users/u1", scim({"detail": "unknown", "scimType": reason}, 400))
    desk.on("GET /Users/u1", scim(record))
    desk.on("PUT /Users/u1", DONE)
    async with desk.directory() as api:
        memory = KnownWriteSupport()
        api.use_write_support(memory)
        await api.update_user("u1", {"last_name": "Lee"}, await api.get_user("u1"))
        assert await api.replaces_records()
        assert not memory.refused  # other paths are known, so that the next start sends PATCH again
    (put,) = desk.asked("PUT /Users/u1")
    assert put.body["name"]["familyName"] == "Lee"


@pytest.mark.parametrize("body", [{"scimType": "mutability"}, {"detail": "no"}, ["x"], None])
async def test_another_refusal_of_a_patch_is_reported(body: object) -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", scim(body, 400))
    desk.on("GET /Users/u1", scim(user(1)))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected):
            await api.update_user("u1", {"last_name": "Lee"}, await api.get_user("u1"))
    assert not desk.asked("PUT /Users/u1")


async def test_a_refused_member_is_sent_again_with_its_address_and_so_are_the_next() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", BAD, DONE)
    async with desk.directory() as api:
        for user_id in ("u1", "u2"):
            await api.add_member("g1", user_id)
    added = [call.body["Operations"][0]["value"] for call in desk.asked("PATCH /Groups/g1")]
    assert added == [
        [{"value": "u1"}],
        [{"value": "u1", "$ref": f"{BASE}/Users/u1"}],
        [{"value": "u2", "$ref": f"{BASE}/Users/u2"}],
    ]


async def test_a_member_that_is_refused_both_ways_is_reported_with_the_first_reason() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", BAD, OTHER)
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="formatted"):
            await api.add_member("g1", "u1")
        assert len(desk.asked("PATCH /Groups/g1")) == 2


async def test_a_removal_that_fails_is_tried_in_the_other_way_next_time() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Groups/g1", FAULT, FAULT, DONE)
    async with desk.directory() as api:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await api.remove_member("g1", "u1")
        await api.remove_member("g1", "u1")
    paths = [call.body["Operations"][0]["path"] for call in desk.asked("PATCH /Groups/g1")]
    assert paths == ['members[value eq "u1"]', "members", 'members[value eq "u1"]']
