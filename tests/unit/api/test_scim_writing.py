"""Changing users over SCIM: PATCH, versions, and replacing the whole record where PATCH is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.executor_bench import KnownWriteSupport
from tests.support.scim_desk import DONE, GONE, Call, ScimDesk, resources, scim, user
from walkme_tui.domain.errors import (
    ApiError,
    ChangedMeanwhile,
    Conflict,
    MethodRefused,
    NotFound,
    OutcomeUnknown,
    RequestRejected,
)
from walkme_tui.domain.scim_json import decode_scim_user
from walkme_tui.domain.users import User

EMAILS: list[dict[str, Any]] = [{"value": "u1@example.com", "primary": True, "x": 1}, {"value": "home@example.com"}]


def base(**changes: Any) -> User:
    """User 1 as last read."""
    decoded = decode_scim_user(user(1, **changes))
    assert isinstance(decoded, User)
    return decoded


class Record:
    """A server with one user, who has a version; ``on_put`` and ``on_patch`` may change it before a request counts."""

    def __init__(self, desk: ScimDesk, *, patch: int = 204, versions: bool = True, **changes: Any) -> None:
        self.raw = user(1, **changes)
        self.version = 1
        self.versions = versions
        self.patch = patch
        self.meddle: list[dict[str, Any]] = []
        desk.on("GET /Users/u1", lambda call: scim(self.raw, etag=self.tag) if versions else scim(self.raw))
        desk.on("PATCH /Users/u1", self._patch)
        desk.on("PUT /Users/u1", self._put)

    @property
    def tag(self) -> str:
        return f'W/"{self.version}"'

    def _refused(self, call: Call) -> Any:
        if self.meddle:
            self.raw |= self.meddle.pop(0)
            self.version += 1
        if self.versions and call.headers.get("if-match") != self.tag:
            return scim({}, 412 if "if-match" in call.headers else 428)
        return None

    def _patch(self, call: Call) -> Any:
        if self.patch != 204:
            return scim({}, self.patch)
        return self._refused(call) or DONE

    def _put(self, call: Call) -> Any:
        refused = self._refused(call)
        if refused is None:
            self.raw, self.version = call.body, self.version + 1
        return refused or scim(self.raw)


async def test_each_attribute_is_one_operation() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", DONE)
    async with desk.directory() as api:
        await api.update_user(
            "u1",
            {
                "email": "n@example.com",
                "first_name": "Neu",
                "last_name": None,
                "external_id": "x",
                "status": "inactive",
            },
            base(emails=EMAILS),
        )
    assert desk.asked("PATCH /Users/u1")[0].body == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "replace", "path": "userName", "value": "n@example.com"},
            {"op": "replace", "path": "name.givenName", "value": "Neu"},
            {"op": "remove", "path": "name.familyName"},
            {"op": "replace", "path": "externalId", "value": "x"},
            {"op": "replace", "path": "active", "value": False},
            {"op": "replace", "path": "emails", "value": [EMAILS[0] | {"value": "n@example.com"}, EMAILS[1]]},
        ],
    }


@pytest.mark.parametrize("update", [{"role": "Admin"}, {"status": "pending"}, {"status": None}, {"status": "x"}])
async def test_what_scim_does_not_have_is_not_sent(update: Mapping[str, str | None]) -> None:
    desk = ScimDesk()
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="Nothing was sent: SCIM has"):
            await api.update_user("u1", update, base())
    assert desk.calls == []


async def test_a_fixed_attribute_is_not_sent() -> None:
    desk = ScimDesk()
    names = {"name": "name", "subAttributes": [{"name": "givenName", "mutability": "readOnly"}]}
    desk.on("GET /Schemas", resources({"id": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": [names]}))
    desk.on("PATCH /Users/u1", DONE)
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match=r"name\.givenName"):
            await api.update_user("u1", {"first_name": "Neu"}, base())
        await api.update_user("u1", {"last_name": "Neu"}, base())
    assert len(desk.asked("GET /Schemas")) == 1


async def test_emails_that_cannot_be_changed_are_left_out() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", lambda call: scim({}, 400) if len(call.body["Operations"]) > 1 else DONE)
    async with desk.directory() as api:
        await api.update_user("u1", {"email": "n@example.com"}, base(emails=EMAILS))
    assert [len(call.body["Operations"]) for call in desk.asked("PATCH /Users/u1")] == [2, 1]


async def test_paths_are_left_out_where_the_server_refuses_them() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", lambda call: scim({}, 400) if "path" in call.body["Operations"][0] else DONE)
    desk.on("PATCH /Groups/g1", DONE)
    async with desk.directory() as api:
        await api.update_user("u1", {"status": "inactive", "external_id": "x"}, base())
        await api.add_member("g1", "u1")  # has no form without a path, and shows nothing about others
        await api.update_user("u1", {"status": "active"}, base())
        with pytest.raises(RequestRejected):  # without the family name, some servers would clear it
            await api.update_user("u1", {"first_name": "Neu"}, base())
    assert [call.body["Operations"][0].get("value") for call in desk.asked("PATCH /Users/u1")] == [
        False, {"active": False, "externalId": "x"}, {"active": True}, "Neu",
    ]  # fmt: skip


async def test_a_value_that_is_refused_in_both_forms_is_refused_with_the_first_reason() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", scim({"detail": "externalId is taken"}, 400), scim({"detail": "no path"}, 400))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match="taken") as caught:
            await api.update_user("u1", {"external_id": "x"}, base())
    assert caught.value.fields == {"external_id": "externalId is taken"}


async def test_a_refused_media_type_is_replaced_for_good() -> None:
    desk = ScimDesk()
    desk.on("PATCH /Users/u1", lambda call: scim({}, 415) if "scim" in call.headers["content-type"] else DONE)
    async with desk.directory() as api:
        await api.update_user("u1", {"first_name": "Neu"}, base())
        await api.update_user("u1", {"first_name": "Neu"}, base())
    assert len(desk.asked("PATCH /Users/u1")) == 3


# ------------------------------------------------------------ versions


async def test_the_known_version_is_sent() -> None:
    desk = ScimDesk()
    Record(desk)
    async with desk.directory() as api:
        await api.update_user("u1", {"first_name": "Neu"}, base(meta={"version": 'W/"1"'}))
    assert [call.headers["if-match"] for call in desk.asked("PATCH /Users/u1")] == ['W/"1"']


@pytest.mark.parametrize("version", [GONE, "1", 5, 'W/"0"', '"ü"'])
@pytest.mark.parametrize("patch", [204, 405])
async def test_a_version_that_is_unknown_or_old_is_read_again(version: Any, patch: int) -> None:
    desk = ScimDesk()
    record = Record(desk, patch=patch)
    record.meddle = [{"title": "theirs"}]
    async with desk.directory() as api:
        meta = {} if version is GONE else {"version": version}
        await api.update_user("u1", {"first_name": "Neu"}, base(meta=meta))
    method = "PATCH" if patch == 204 else "PUT"
    assert desk.asked(f"{method} /Users/u1")[-1].headers["if-match"] == 'W/"2"'
    assert record.raw["title"] == "theirs"


@pytest.mark.parametrize("patch", [204, 405])
async def test_a_field_that_others_changed_is_not_overwritten(patch: int) -> None:
    desk = ScimDesk()
    record = Record(desk, patch=patch)
    record.meddle = [{"name": {"givenName": "Theirs"}}]
    async with desk.directory() as api:
        with pytest.raises(ChangedMeanwhile, match="first name"):
            await api.update_user("u1", {"first_name": "Neu"}, base(meta={"version": 'W/"1"'}))
    assert record.raw["name"] == {"givenName": "Theirs"}


@pytest.mark.parametrize("patch", [204, 405])
async def test_a_field_that_others_changed_to_the_same_is_no_conflict(patch: int) -> None:
    desk = ScimDesk()
    record = Record(desk, patch=patch)
    record.meddle = [{"name": {"givenName": "Neu"}}]
    async with desk.directory() as api:
        await api.update_user("u1", {"first_name": "Neu"}, base(meta={"version": 'W/"1"'}))
    assert record.raw["name"] == {"givenName": "Neu"}


async def test_versions_that_the_server_does_not_accept_itself_are_not_sent() -> None:
    desk = ScimDesk()
    desk.on("GET /Users/u1", scim(user(1), etag='"same"'))
    desk.on("PATCH /Users/u1", lambda call: scim({}, 412) if "if-match" in call.headers else DONE)
    async with desk.directory() as api:
        for _ in range(2):
            await api.update_user("u1", {"first_name": "Neu"}, base(meta={"version": '"same"'}))
    assert len(desk.asked("PATCH /Users/u1")) == 3


async def test_a_user_who_changes_all_the_time_is_given_up() -> None:
    desk = ScimDesk()
    record = Record(desk, patch=405)
    record.meddle = [{"title": str(number)} for number in range(10)]
    async with desk.directory() as api:
        with pytest.raises(RequestRejected):
            await api.update_user("u1", {"first_name": "Neu"}, base())
    assert len(desk.asked("PUT /Users/u1")) == 4


async def test_versions_are_not_sent_where_the_server_says_it_has_none() -> None:
    desk = ScimDesk()
    desk.on("GET /ServiceProviderConfig", scim({"etag": {"supported": "false"}}))
    desk.on("PATCH /Users/u1", DONE)
    async with desk.directory() as api:
        await api.update_user("u1", {"first_name": "Neu"}, base(meta={"version": 'W/"1"'}))
    assert "if-match" not in desk.asked("PATCH /Users/u1")[0].headers


# ------------------------------------------------------------ whole records

ODD: dict[str, Any] = {
    "accessRole": ["7"], "allowedSystems": [], "x": {"y": [None, {"z": 1}]}, "emails": EMAILS,
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
}  # fmt: skip


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_the_whole_record_is_sent_where_patch_is_refused(status: int) -> None:
    desk, support = ScimDesk(), KnownWriteSupport()
    record = Record(desk, patch=status, versions=False, **ODD)
    async with desk.directory() as api:
        api.use_write_support(support)
        assert not await api.replaces_records()
        await api.update_user("u1", {"email": "n@example.com", "status": "inactive", "last_name": None}, base(**ODD))
        assert await api.replaces_records()
        await api.update_user("u1", {"first_name": "Neu"}, base())
    assert len(desk.asked("PATCH /Users/u1")) == 1
    assert support.refused
    assert record.raw == user(
        1, **ODD | {"userName": "n@example.com", "active": False, "name": {"givenName": "Neu"}}
    ) | {"emails": [EMAILS[0] | {"value": "n@example.com"}, EMAILS[1]]}  # fmt: skip


async def test_names_are_replaced_as_the_server_spells_them() -> None:
    desk = ScimDesk()
    record = Record(desk, patch=405, versions=False)
    record.raw = {"ID": "u1", "UserName": "u1@example.com", "NAME": {"GIVENNAME": "U"}, "Active": "True"}
    async with desk.directory() as api:
        await api.update_user("u1", {"first_name": "Neu", "status": "inactive", "external_id": "x"}, base())
    assert record.raw == {
        "ID": "u1", "UserName": "u1@example.com", "NAME": {"GIVENNAME": "Neu"}, "Active": False, "externalId": "x",
    }  # fmt: skip


@pytest.mark.parametrize("supported", [False, "False"])
async def test_patch_is_not_tried_where_the_server_says_it_has_none(supported: object) -> None:
    desk, support = ScimDesk(), KnownWriteSupport()
    desk.on("GET /ServiceProviderConfig", scim({"PATCH": {"Supported": supported}}))
    Record(desk, versions=False)
    async with desk.directory() as api:
        api.use_write_support(support)
        await api.update_user("u1", {"first_name": "Neu"}, base())
        assert await api.replaces_records()
    assert len(desk.asked("PUT /Users/u1")) == 1
    assert not desk.asked("PATCH /Users/u1")
    assert not support.refused


async def test_patch_is_tried_all_the_same_where_nothing_else_is_accepted() -> None:
    desk, support = ScimDesk(), KnownWriteSupport(refused=True)
    desk.on("GET /ServiceProviderConfig", scim({"patch": {"supported": False}}))
    Record(desk, versions=False)
    desk.on("PUT /Users/u1", scim({}, 405))
    async with desk.directory() as api:
        api.use_write_support(support)
        await api.update_user("u1", {"first_name": "Neu"}, base())
        desk.on("PATCH /Users/u1", scim({}, 405))
        with pytest.raises(MethodRefused):
            await api.update_user("u1", {"first_name": "Neu"}, base())
    assert len(desk.asked("PATCH /Users/u1")) == 2


async def test_a_user_who_is_gone_is_no_refused_patch() -> None:
    desk = ScimDesk()
    async with desk.directory() as api:
        with pytest.raises(NotFound):
            await api.update_user("u1", {"first_name": "Neu"}, base())
        assert not await api.replaces_records()


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (base(), user(1, active=GONE), "active"),
        (base(accessRole="7"), user(1), "accessRole"),
        (base(), user(1, x="NAN"), "NaN"),
    ],
)
async def test_a_record_that_a_replacement_would_damage_is_not_replaced(
    before: User, now: dict[str, Any], word: str
) -> None:
    desk = ScimDesk()
    status, headers, body = scim(now)
    desk.on("GET /Users/u1", (status, headers, body.replace(b'"NAN"', b"NaN")))
    desk.on("PATCH /Users/u1", scim({}, 405))
    async with desk.directory() as api:
        with pytest.raises(RequestRejected, match=word):
            await api.update_user("u1", {"first_name": "Neu"}, before)
    assert not desk.asked("PUT /Users/u1")


# ------------------------------------------------------------ creating, deleting, refusals


async def test_a_new_user_is_whole() -> None:
    desk = ScimDesk()
    desk.on("POST /Users", scim({"ID": 77}, 201))
    async with desk.directory() as api:
        values = {"email": "n@example.com", "first_name": "N", "last_name": "W", "external_id": "x"}
        assert await api.create_user(values) == "77"
    assert desk.calls[-1].body == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "n@example.com",
        "externalId": "x",
        "name": {"givenName": "N", "familyName": "W"},
        "emails": [{"value": "n@example.com", "type": "work", "primary": True}],
        "active": True,
    }


@pytest.mark.parametrize("body", [b"", b"{}", b'{"schemas":[]}'])
async def test_the_id_of_a_new_user_may_come_in_the_location(body: bytes) -> None:
    desk = ScimDesk()
    desk.on("POST /Users", (201, [(b"location", b"/scim/v2/Users/u%7C7?x=1")], body))
    async with desk.directory() as api:
        assert await api.create_user({"email": "n@example.com"}) == "u|7"


@pytest.mark.parametrize(
    ("status", "error"),
    [(409, Conflict), (400, RequestRejected), (404, NotFound), (405, MethodRefused), (500, OutcomeUnknown)],
)
async def test_a_refusal_names_its_reason_and_its_field(status: int, error: type[ApiError]) -> None:
    desk = ScimDesk()
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "userName is taken", "status": "409"}
    desk.on("POST /Users", scim(body, status))
    async with desk.directory() as api:
        with pytest.raises(error, match="userName is taken") as caught:
            await api.create_user({"email": "n@example.com"})
    if status in {400, 409}:
        assert caught.value.fields == {"email": "userName is taken"}


@pytest.mark.parametrize("answer", [DONE, scim({}), scim(user(1, active=False)), (202, [], b"")])
async def test_a_deletion_is_accepted(answer: Any) -> None:
    desk = ScimDesk()
    desk.on("DELETE /Users/u1", answer)
    async with desk.directory() as api:
        await api.delete_user("u1")
