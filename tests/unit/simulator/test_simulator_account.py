"""The account agrees with a plain list of dictionaries."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.simulator.caller import NOW_MS, small
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.refusals import AccountRefusal, EmailTaken, NoSuchGroup, NoSuchUser, Refused

CLEARED: dict[str, Any] = {"firstName": None, "lastName": None, "externalId": None, "groups": []}
EMAILS = st.sampled_from(["Ann@example.com", "ann@EXAMPLE.com", "ben@example.com", "cy@example.com", "dee@example.com"])
WRITABLE: dict[str, Any] = {
    "email": EMAILS,
    "firstName": st.none() | st.text(max_size=5),
    "lastName": st.none() | st.text(max_size=5),
    "role": st.sampled_from(["Admin", "Viewer", "Owner"]),
    "status": st.sampled_from(["active", "inactive", "pending"]),
    "externalId": st.none() | st.just("okta|1"),
    "department": st.text(max_size=5),
}
BODIES = st.fixed_dictionaries({}, optional=WRITABLE)


class AccountMachine(RuleBasedStateMachine):
    """Applies each change to both, and compares what is read from both."""

    @initialize(users=st.integers(0, 9), seed=st.integers(0, 5))
    def found(self, users: int, seed: int) -> None:
        self.account = SimulatedAccount(small(users=users, seed=seed), clock=lambda: NOW_MS)
        self.model: list[dict[str, Any]] = self.account.users(0, users)
        self.groups = [str(group["id"]) for group in self.account.groups()]
        self.gone = ["2819c223-7f76-453a-919d-413861904646"]
        self.strangers: dict[str, list[str]] = {group_id: [] for group_id in self.groups}
        self.founders = [str(user["email"]) for user in self.model]

    def somebody(self, pick: int) -> dict[str, Any] | None:
        return self.model[pick % len(self.model)] if self.model else None

    def owner_of(self, email: str) -> dict[str, Any] | None:
        return next((user for user in self.model if user["email"].lower() == email.lower()), None)

    @rule(body=BODIES, founder=st.none() | st.integers(0, 8))
    def create(self, body: dict[str, Any], founder: int | None) -> None:
        if founder is not None and self.founders:
            body = {**body, "email": self.founders[founder % len(self.founders)].upper()}
        if "email" not in body:
            with pytest.raises(Refused, match="email is required"):
                self.account.create(body)
        elif self.owner_of(body["email"]) is not None:
            with pytest.raises(EmailTaken):
                self.account.create(body)
        else:
            made = self.account.create(body)
            written = {name: value for name, value in body.items() if name != "status"}
            expected = {**CLEARED, "role": "Viewer", **written, "status": "pending"}
            assert {name: made[name] for name in expected} == expected
            assert set(made) == {*expected, "id", "createdAt", "updatedAt"}
            self.model.append(made)

    @rule(pick=st.integers(0, 50), body=BODIES, whole=st.booleans())
    def write(self, pick: int, body: dict[str, Any], whole: bool) -> None:
        user = self.somebody(pick)
        if user is None:
            return
        write = self.account.replace if whole else self.account.change
        owner = self.owner_of(body["email"]) if "email" in body else None
        if owner is not None and owner is not user:
            with pytest.raises(EmailTaken):
                write(user["id"], body)
            return
        if body.get("status") == "pending" != user["status"]:
            with pytest.raises(Refused, match="pending"):
                write(user["id"], body)
            return
        before = dict(user)
        if whole:
            kept = {name: user[name] for name in ("id", "email", "status", "createdAt")}
            user.clear()
            user.update({**kept, **CLEARED, "groups": [], "role": "Viewer"})
        user.update(body)
        written = write(before["id"], {**body, "createdAt": "1999-01-01T00:00:00Z"})
        assert written["updatedAt"] != before["updatedAt"]
        user["updatedAt"] = written["updatedAt"]
        assert written == user

    @rule(pick=st.integers(0, 50))
    def delete(self, pick: int) -> None:
        user = self.somebody(pick)
        if user is not None:
            self.account.delete(user["id"])
            self.model.remove(user)
            self.gone.append(user["id"])

    @rule(pick=st.integers(0, 50), group=st.integers(0, 23), joining=st.booleans())
    def membership(self, pick: int, group: int, joining: bool) -> None:
        user = self.somebody(pick)
        if user is None:
            return
        group_id = self.groups[group % len(self.groups)]
        changes = (group_id in user["groups"]) != joining
        if joining:
            self.account.join(group_id, user["id"])
        elif changes:
            self.account.leave(group_id, user["id"])
        else:
            with pytest.raises(NoSuchUser):
                self.account.leave(group_id, user["id"])
        if changes:
            groups = [*user["groups"], group_id] if joining else [g for g in user["groups"] if g != group_id]
            user.update(groups=groups, updatedAt=self.account.user(user["id"])["updatedAt"])

    @rule(pick=st.integers(0, 50), group=st.integers(0, 23), adding=st.booleans(), known=st.booleans())
    def member(self, pick: int, group: int, adding: bool, known: bool) -> None:
        """A change of the group's list: of a user, or of an id that is none; it never fails."""
        user = self.somebody(pick) if known else None
        group_id = self.groups[group % len(self.groups)]
        change = self.account.add_member if adding else self.account.remove_member
        change(group_id, user["id"] if user else self.gone[-1])
        others = user["groups"] if user else self.strangers[group_id]
        value = group_id if user else self.gone[-1]
        if (value in others) != adding:
            if adding:
                others.append(value)
            else:
                others.remove(value)
            if user:
                user["updatedAt"] = self.account.user(user["id"])["updatedAt"]

    @rule()
    def create_group(self) -> None:
        group = self.account.create_group(f"Group {len(self.groups)} of {len(self.gone)}")
        self.groups.append(group.id)
        self.strangers[group.id] = []

    @rule(group=st.integers(0, 23))
    def delete_group(self, group: int) -> None:
        if len(self.groups) > 20:
            group_id = self.groups.pop(group % len(self.groups))
            self.account.delete_group(group_id)
            self.gone.append(group_id)
            for user in self.model:
                user["groups"] = [other for other in user["groups"] if other != group_id]

    @rule(first=st.integers(0, 12), count=st.integers(1, 5))
    def look_at_a_window(self, first: int, count: int) -> None:
        assert self.account.users(first, count) == self.model[first : first + count]

    @invariant()
    def the_lists_are_the_same(self) -> None:
        assert self.account.total == len(self.model)
        assert self.account.users(0, len(self.model) + 1) == self.model

    @invariant()
    def groups_list_their_users(self) -> None:
        assert [group["id"] for group in self.account.groups()] == self.groups
        for group_id in self.groups:
            members = [user["id"] for user in self.model if group_id in user["groups"]]
            expected = members + self.strangers[group_id]
            assert [member_id for member_id, _ in self.account.members(group_id)] == expected
            assert self.account.member_count(group_id) == len(expected)

    @invariant()
    def users_are_found(self) -> None:
        for user in self.model:
            assert self.account.user(user["id"]) == user
            assert self.account.find(user["email"].swapcase()) == user
            if user["externalId"] is not None:
                same = [other for other in self.model if other["externalId"] == user["externalId"]]
                assert self.account.find_by_external_id(user["externalId"]) == same
        for email in self.founders:
            assert self.account.find(email) == self.owner_of(email)
        for user_id in self.gone:
            with pytest.raises(NoSuchUser):
                self.account.user(user_id)


AccountMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAccountMachine = AccountMachine.TestCase


@settings(max_examples=30, deadline=None)
@given(users=st.integers(0, 300), size=st.integers(1, 120), deleted=st.sets(st.integers(0, 299), max_size=60))
def test_paging_covers_every_user_once(users: int, size: int, deleted: set[int]) -> None:
    account = SimulatedAccount(small(users=users))
    everyone = [user["id"] for user in account.users(0, users)]
    assert len(set(everyone)) == users
    for place in deleted:
        if place < users:
            account.delete(str(everyone[place]))
    left = [user_id for place, user_id in enumerate(everyone) if place not in deleted]
    paged = [u["id"] for first in range(0, users + size, size) for u in account.users(first, size)]
    assert paged == left
    assert account.total == len(left)


def test_a_deleted_user_leaves_no_gap_and_a_new_one_comes_last() -> None:
    account = SimulatedAccount(small(users=1_000_000))
    before = account.users(499_999, 3)
    account.delete(str(before[1]["id"]))
    made = account.create({"email": "new@example.com"})
    assert account.users(499_999, 2) == [before[0], before[2]]
    assert account.users(999_999, 5) == [made]


def test_records_are_copies() -> None:
    account = SimulatedAccount(small())
    user_id = str(account.users(0, 1)[0]["id"])
    body: dict[str, Any] = {"nested": {"list": [1]}}
    handed = account.change(user_id, body)
    body["nested"]["list"].append(2)
    handed["email"] = "other@example.com"
    assert account.user(user_id)["nested"] == {"list": [1]}
    assert account.user(user_id)["email"] != "other@example.com"


def test_every_write_is_later_than_the_one_before() -> None:
    account = SimulatedAccount(small(), clock=lambda: 0)
    user_id = str(account.users(0, 1)[0]["id"])
    written = [account.user(user_id), *(account.change(user_id, {}) for _ in range(3))]
    times = [datetime.fromisoformat(str(record["updatedAt"])) for record in written]
    assert sorted(set(times)) == times


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": None}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"firstName": 5}, "firstName"),
        ({"role": " "}, "role"),
        ({"role": None}, "role"),
        ({"status": "gone"}, "status"),
        ({"status": ["active"]}, "status"),
        ({"groups": None}, "groups"),
        ({"groups": ["nobody knows it"]}, "groups"),
        ({"groups": [["x"]]}, "groups"),
        ({"id": "another"}, "id"),
    ],
)
def test_an_invalid_value_is_refused_and_changes_nothing(body: dict[str, Any], field: str) -> None:
    account = SimulatedAccount(small())
    user = account.users(0, 1)[0]
    for write in (account.change, account.replace):
        with pytest.raises(Refused) as refused:
            write(str(user["id"]), body)
        assert refused.value.field == field
    assert account.users(0, 1) == [user]


def test_an_unknown_group_and_an_unknown_user_are_different_errors() -> None:
    account = SimulatedAccount(small())
    user_id, group_id = str(account.users(0, 1)[0]["id"]), str(account.groups()[0]["id"])
    with pytest.raises(NoSuchGroup):
        account.join("none", user_id)
    with pytest.raises(NoSuchUser):
        account.join(group_id, "none")
    assert issubclass(NoSuchGroup, AccountRefusal)
