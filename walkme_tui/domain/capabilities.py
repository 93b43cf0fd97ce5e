"""What the two APIs of an account can do."""

from typing import Final, NamedTuple

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.users import Status


class Capabilities(NamedTuple):
    """What a surface can do: each field is a phrase with the reason why not, empty where it can.

    ``roles`` is setting the role of a user, ``pending`` the status pending, ``group_changes`` creating, renaming and
    deleting groups, ``group_members`` reading the members of a group from the group. ``lasting`` is making every change
    that it accepts; the phrase says when it makes none. ``user_names`` is naming users otherwise than by their emails.
    ``other_surface`` is comparing users with those of the profile's other surface, which only a session knows.
    """

    roles: str = ""
    pending: str = ""
    group_changes: str = ""
    group_members: str = ""
    lasting: str = ""
    user_names: str = ""
    other_surface: str = ""

    @property
    def absent(self) -> frozenset[str]:
        """The attributes of ``User`` that no user has on the surface: they are not unknown."""
        return frozenset({"role"} if self.roles else ())

    def refusal(self, attribute: str, value: str | None) -> str:
        """Why an attribute of ``User`` cannot get this value, as a phrase; empty where it can."""
        if attribute == "role":
            return self.roles
        return self.pending if attribute == "status" and value not in {Status.ACTIVE, Status.INACTIVE} else ""


_CAPABILITIES: Final = {
    Surface.REST: Capabilities(
        group_changes="the REST API has no call that changes groups: use SCIM, or the WalkMe Console",
        group_members="the REST API has no call that lists the members of a group",
        user_names="users of the REST API have an email and no other name",
    ),
    Surface.SCIM: Capabilities(
        roles="SCIM has no role: use the REST API, or the WalkMe Console",
        pending="SCIM has only active and inactive users",
        lasting="SCIM changes nothing while SSO is off: check SSO in the WalkMe Console",
    ),
}


def capabilities(surface: Surface) -> Capabilities:
    """What this surface can do."""
    return _CAPABILITIES[surface]
