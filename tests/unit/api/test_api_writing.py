"""Requests that change something."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.answers import ONE_RECORD_SECONDS, ApiRequest
from walkme_tui.api.ids import path_segment
from walkme_tui.api.rest.write_requests import (
    add_member_request,
    create_request,
    delete_request,
    patch_request,
    put_request,
    remove_member_request,
)
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.users import Json

HIDDEN: dict[str, Json] = {"status": "inactive", "lastName": "Hidden"}
MAKERS: dict[Callable[[], ApiRequest], str] = {
    lambda: patch_request("u1", HIDDEN): "users:write",
    lambda: put_request("u1", HIDDEN): "users:write",
    lambda: create_request(HIDDEN): "users:write",
    lambda: delete_request("u1"): "users:delete",
    lambda: add_member_request("g1", "u1"): "users:write",
    lambda: remove_member_request("g1", "u1"): "users:write",
}


@pytest.mark.parametrize(("make", "scope"), MAKERS.items())
def test_each_is_a_change_that_names_its_scope_and_not_its_body(make: Callable[[], ApiRequest], scope: str) -> None:
    request = make()
    assert request.changes
    assert request.scope == scope
    assert "Hidden" not in repr(request)


@pytest.mark.parametrize("make", MAKERS)
def test_a_write_times_out_within_a_minute(make: Callable[[], ApiRequest]) -> None:
    policy = RetryPolicy(jitter=lambda: 1.0)
    request = make()
    assert request.total_seconds == ONE_RECORD_SECONDS
    looking_again = policy.timeout_attempts * ONE_RECORD_SECONDS + policy.back_off(1)
    assert ONE_RECORD_SECONDS + looking_again < 60


@given(st.text(max_size=300))
def test_an_id_is_one_path_segment_or_refused(record_id: str) -> None:
    try:
        segment = path_segment(record_id, "user")
    except NotFound:
        return
    assert segment.isascii()
    assert segment.isprintable()
    assert not set(segment) & set("/?#;\\ ")
    assert segment not in {"", ".", ".."}
