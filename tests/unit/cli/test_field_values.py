"""FIELD=VALUE on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.cli.field_values import assigned, require_sendable
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.user_json import TEXT_FIELDS

REST, SCIM = capabilities(Surface.REST), capabilities(Surface.SCIM)


@given(st.dictionaries(st.sampled_from(sorted(TEXT_FIELDS)), st.text()))
def test_values_are_taken_as_they_are_and_empty_ones_clear(values: dict[str, str]) -> None:
    found = assigned([f"{name}={value}" for name, value in values.items()])
    assert found == {TEXT_FIELDS[name]: value or None for name, value in values.items()}


@given(st.text(), st.text())
def test_any_other_field_is_refused(name: str, value: str) -> None:
    if name.partition("=")[0] not in TEXT_FIELDS:
        with pytest.raises(ConfigurationError):
            assigned([f"{name}={value}"])


def test_everything_that_cannot_be_sent_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        require_sendable({"email": "", "first_name": "a\nb", "role": "Editor"}, REST)
    assert "email: An email is required. firstName: It has a control character" in refused.value.message


def test_what_is_unusual_is_reported_and_sent(capsys: pytest.CaptureFixture[str]) -> None:
    require_sendable({"email": "ann", "status": "gone", "external_id": None}, REST)
    said = capsys.readouterr().err
    assert "walkme-tui: email: An unusual email" in said
    assert "walkme-tui: status: An unusual status" in said
    assert "externalId" not in said


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"role": "Editor"}, ["role cannot be Editor: SCIM has no role"]),
        ({"role": None}, ["role cannot be cleared: SCIM has no role"]),
        ({"status": "pending"}, ["status cannot be pending: SCIM has only active and inactive users."]),
        ({"status": None, "role": "\x1b[31m"}, ["status cannot be cleared", "role cannot be"]),
    ],
)
def test_values_that_a_surface_lacks_are_refused_with_the_reason(
    values: dict[str, str | None], reasons: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        require_sendable({"email": "ann@example.com", **values}, SCIM)
    for reason in reasons:
        assert reason in refused.value.message
    assert "\x1b" not in refused.value.message
    assert refused.value.hint == "Nothing was sent."
    require_sendable({"status": "inactive", "first_name": None}, SCIM)
