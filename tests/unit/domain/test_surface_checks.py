"""What the other surface knows about a user: the notes of plans, and the verdicts after jobs."""

import pytest

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.plans import Gravity
from walkme_tui.domain.surface_checks import OtherRecord, surface_check, surface_consequence
from walkme_tui.domain.users import User

OFF, ON = False, True
OWN = User("u1", email="ann@example.com", status="active", external_id="okta|7")
ACTIVE = User("s1", email="Ann@example.com", status="active", external_id=None)
UNASSIGN = "unassigning the person there deactivates it too, and a change made here may be pushed back."
ASSIGN = "assign the person there, or it may push the old state back."


@pytest.mark.parametrize(
    ("found", "active", "gravity", "text"),
    [
        (OtherRecord(None), OFF, Gravity.NOTE, "SCIM has no record of this person."),
        (OtherRecord(None, "No route."), OFF, Gravity.WARNING, "SCIM could not be checked: No route."),
        (OtherRecord(ACTIVE), OFF, Gravity.NOTE, "SCIM: active."),
        (
            OtherRecord(ACTIVE._replace(status="inactive")),
            ON,
            Gravity.WARNING,
            "SCIM: inactive. Reactivate the person there too, with --surface scim (C in the browser).",
        ),
        (OtherRecord(User("s1")), OFF, Gravity.NOTE, "SCIM: active or not is not known."),
        (OtherRecord(ACTIVE._replace(email="a@b.example")), OFF, Gravity.NOTE, "SCIM: active, a@b.example."),
        (
            OtherRecord(ACTIVE._replace(external_id="00u1\x1b")),
            OFF,
            Gravity.WARNING,
            f"SCIM: active, external id 00u1␛. An identity provider may own this record: {UNASSIGN}",
        ),
        (
            OtherRecord(ACTIVE._replace(external_id="okta|7")),
            OFF,
            Gravity.WARNING,
            (
                "SCIM: active, the same external id. "
                "Unassigning the person in the identity provider deactivates this record too."
            ),
        ),
        (
            OtherRecord(ACTIVE._replace(external_id="okta|7", status="inactive")),
            OFF,
            Gravity.NOTE,
            "SCIM: inactive, the same external id.",
        ),
        (
            OtherRecord(ACTIVE._replace(external_id="okta|7", status="inactive")),
            ON,
            Gravity.WARNING,
            "SCIM: inactive, the same external id. Assign the person in the identity provider too.",
        ),
        (
            OtherRecord(ACTIVE._replace(external_id="okta|8", status="inactive")),
            ON,
            Gravity.WARNING,
            f"SCIM: inactive, external id okta|8. An identity provider owns this record: {ASSIGN}",
        ),
        (OtherRecord(ACTIVE._replace(external_id="x")), ON, Gravity.NOTE, "SCIM: active, external id x."),
    ],
)
def test_a_plan_shows_what_the_other_surface_knows(
    found: OtherRecord, active: bool, gravity: Gravity, text: str
) -> None:
    consequence = surface_consequence(OWN, found, Surface.SCIM, active=active)
    assert (consequence.gravity, consequence.text) == (gravity, text)


@pytest.mark.parametrize(
    ("found", "active", "there", "wrong", "text"),
    [
        (OtherRecord(None), OFF, None, False, "REST has no record of this person."),
        (OtherRecord(None, "No route."), OFF, None, False, "REST could not be checked: No route."),
        (OtherRecord(ACTIVE._replace(status="Inactive")), OFF, False, False, "REST: Inactive too."),
        (OtherRecord(ACTIVE._replace(status="inactive")), OFF, False, False, "REST: inactive too."),
        (
            OtherRecord(ACTIVE),
            OFF,
            True,
            True,
            "REST: still active. Deactivate the person there too, with --surface rest (C in the browser).",
        ),
        (
            OtherRecord(ACTIVE._replace(status="pending", external_id="x|1")),
            OFF,
            True,
            True,
            f"REST: still pending. An identity provider owns this record: {UNASSIGN}",
        ),
        (
            OtherRecord(User("s1")),
            OFF,
            None,
            False,
            "REST could not be checked: the record does not say whether the person is active.",
        ),
        (OtherRecord(ACTIVE), ON, True, False, "REST: active too."),
        (
            OtherRecord(ACTIVE._replace(status="inactive")),
            ON,
            False,
            True,
            "REST: still inactive. Reactivate the person there too, with --surface rest (C in the browser).",
        ),
    ],
)
def test_a_check_says_whether_the_other_surface_agrees(
    found: OtherRecord, active: bool, there: bool | None, wrong: bool, text: str
) -> None:
    check = surface_check(OWN, found, Surface.REST, active=active)
    assert (check.active, check.wrong, check.text) == (there, wrong, text)
    assert (check.user_id, check.email, check.surface) == ("u1", "ann@example.com", Surface.REST)
