"""The kinds of difference between the two surfaces: what each usually means, and who has to act."""

from enum import StrEnum
from typing import Final, NamedTuple


class PairClass(StrEnum):
    """A kind of difference; a pair may have several."""

    ONLY_REST = "only_rest"
    ONLY_SCIM = "only_scim"
    STATUS = "status"
    FIELD = "field"
    MEMBERSHIP = "membership"
    DUPLICATE = "duplicate"
    MATCHED = "matched"
    """None of the others: the two records agree."""


class ClassText(NamedTuple):
    """What people call a class, what it usually means, and who has to act; clean."""

    label: str
    meaning: str
    action: str


CLASS_TEXTS: Final = {
    PairClass.ONLY_REST: ClassText(
        "only on REST",
        "The person was created by hand or by an import, or provisioning never reached WalkMe, for example because SSO "
        "was off when it was enabled.",
        "Assign the person in the identity provider, or deactivate the record here. An adoption deletes no user: an "
        "inactive record stays in this list.",
    ),
    PairClass.ONLY_SCIM: ClassText(
        "only on SCIM",
        "Provisioning created the person, and the REST API does not show the record: it may be in another part of the "
        "account.",
        "Check the API key's access in the WalkMe Console, or unassign the person in the identity provider. An "
        "adoption deletes no user: an inactive record stays in this list.",
    ),
    PairClass.STATUS: ClassText(
        "status differs",
        "The status was changed on one side by hand, or a push of the identity provider failed.",
        "Decide which side is right. Where an identity provider owns the record, change the assignment there.",
    ),
    PairClass.FIELD: ClassText(
        "field differs",
        "A name, an email or an external id was edited on one side only.",
        "Correct the identity provider if it owns the record: it pushes its value again. Otherwise adopt a side here.",
    ),
    PairClass.MEMBERSHIP: ClassText(
        "membership differs",
        "The person was added or removed by hand, or a group is not pushed by the identity provider.",
        "Correct the assignment of the group in the identity provider, or adopt a side here.",
    ),
    PairClass.DUPLICATE: ClassText(
        "duplicate",
        "Several records of one surface have the same email or external id, or a person has a second record.",
        "Decide by hand which record stays: nothing is adopted for these.",
    ),
    PairClass.MATCHED: ClassText("matched", "Both sides agree.", "Nothing to do."),
}


class PairSet(StrEnum):
    """The sets of pairs that can be listed."""

    ALL = "all"
    ONLY_REST = "only_rest"
    ONLY_SCIM = "only_scim"
    STATUS = "status"
    FIELD = "field"
    MEMBERSHIP = "membership"
    DUPLICATE = "duplicate"
    GHOSTS = "ghosts"

    @property
    def pair_class(self) -> PairClass | None:
        """The class of its pairs, None where they may have any."""
        return None if self in {PairSet.ALL, PairSet.GHOSTS} else PairClass(self.value)

    @property
    def text(self) -> ClassText:
        """What people call the set, and what it means."""
        return CLASS_TEXTS[self.pair_class] if self.pair_class is not None else _SET_TEXTS[self]


_SET_TEXTS: Final = {
    PairSet.ALL: ClassText(
        "all differences",
        "All people whose records differ.",
        "Choose a kind of difference in this list: the text here says what it usually means, and who has to act.",
    ),
    PairSet.GHOSTS: ClassText(
        "ghosts",
        "The person is inactive and still in groups, on REST or on SCIM.",
        "Offboard the person here, which leaves the groups, or correct the groups in the identity provider.",
    ),
}
