"""An account whose users are all active and in three groups."""

from typing import Final

from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User

GROUPS: Final = [Group("g1", "Sales"), Group("g2", "Support"), Group("g3", "Engineering")]


def account(count: int = 12) -> FakeDirectory:
    """Such an account."""
    group_ids = tuple(group.id for group in GROUPS)
    users = [user._replace(status="active", groups=group_ids) for user in map(person, range(count))]
    return FakeDirectory(users, groups=GROUPS)


def user_of(api: FakeDirectory, index: int = 0) -> User:
    """A user of the account, in the order of its list."""
    user = api.users[index]
    assert isinstance(user, User)
    return user
