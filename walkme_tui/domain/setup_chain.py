"""The set-up that SCIM needs, as links of a chain, and those that a failure shows to be missing."""

from enum import StrEnum
from typing import Final, NamedTuple

CONSOLE: Final = "Settings > Security > SCIM in the WalkMe Console"


class SetupLink(StrEnum):
    """One thing that SCIM needs, in the order in which they are set up; the value names it."""

    PLAN = "Enterprise plan"
    SSO = "SSO verified"
    ENABLED = "SCIM enabled"
    TOKEN = "token made"  # noqa: S105 - its name
    BASE_URL = "base URL of the tenant"


LINK_PLACES: Final = {
    SetupLink.PLAN: "not in the smaller plans",
    SetupLink.SSO: "else changes have no effect",
    SetupLink.ENABLED: "Settings > Security > SCIM",
    SetupLink.TOKEN: "made there; ends the old token",
    SetupLink.BASE_URL: "shown there; REST has another",
}
"""Where each link is set up, or what it is for, as a phrase of at most 30 letters: a line of 80 columns holds it."""


class SetupFinding(NamedTuple):
    """The link that a failure shows to be missing, and others that the same failure may come from."""

    likely: SetupLink
    possible: tuple[SetupLink, ...] = ()
