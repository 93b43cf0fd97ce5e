"""What is chosen of groups for one user, several users and a new one."""

from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.ui.group_choice import GroupChoice, GroupEdit

IDS = ["g1", "g2", "g3", "g4"]
GROUPS = [GroupSize(Group(group_id, f"Name {group_id}"), 0) for group_id in IDS]

group_lists = st.one_of(st.just(UNKNOWN), st.none(), st.lists(st.sampled_from([*IDS, "unlisted"])).map(tuple))
users = st.lists(group_lists, max_size=5).map(lambda all_: [User(str(i), groups=each) for i, each in enumerate(all_)])


@given(users, st.lists(st.sampled_from(IDS)))
def test_a_choice_contains_only_edits_that_may_change_something(users: list[User], toggles: list[str]) -> None:
    choice = GroupChoice.of(GROUPS, users)
    for group_id in toggles:
        choice = choice.toggled(group_id)
    for group in choice.joins:
        assert not users or any(user.groups is UNKNOWN or group.id not in (user.groups or ()) for user in users)
    for group in choice.leaves:
        assert any(user.groups is UNKNOWN or group.id in (user.groups or ()) for user in users)
    assert not {*choice.joins} & {*choice.leaves}


@given(users, st.sampled_from(IDS))
def test_toggling_a_group_ends_at_no_edit_again(users: list[User], group_id: str) -> None:
    choice = GroupChoice.of(GROUPS, users)
    seen = []
    while group_id not in seen:
        choice = choice.toggled(group_id)
        if not choice.edits:
            break
        assert choice.edits[group_id] not in seen
        seen.append(choice.edits[group_id])
    assert seen


def test_some_of_the_users_in_a_group_join_or_leave() -> None:
    choice = GroupChoice.of(GROUPS, [User("a", groups=("g1",)), User("b", groups=())])
    assert choice.toggled("g1").edits == {"g1": GroupEdit.JOIN}
    assert choice.toggled("g1").toggled("g1").edits == {"g1": GroupEdit.LEAVE}
    assert choice.toggled("g2").toggled("g2").edits == {}


def test_groups_of_the_users_come_first_also_those_without_a_name() -> None:
    choice = GroupChoice.of(GROUPS, [User("a", groups=("unlisted", "g3"))])
    assert [size.group.id for size in choice.groups] == ["g3", "unlisted", "g1", "g2", "g4"]


def test_a_new_user_only_joins() -> None:
    choice = GroupChoice.of(GROUPS, []).with_joins([Group("g2", "Name g2"), Group("gone", "Gone")])
    assert [group.id for group in choice.joins] == ["g2"]
    assert choice.toggled("g2").edits == {}
