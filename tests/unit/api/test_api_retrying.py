"""Which attempt may be made again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.retrying import Failure, Fate, RetryPolicy
from walkme_tui.domain.errors import Unreachable

POLICY = RetryPolicy(jitter=lambda: 1.0)


def failure(fate: Fate, retry_after: float | None = None) -> Failure:
    return Failure(Unreachable("gone"), fate, "gone", retry_after_seconds=retry_after)


def attempts(fate: Fate, method: str, *, timed_out: bool = False) -> int:
    """How many attempts are made when every one fails like this."""
    made = 1
    while POLICY.wait_before_retry(failure(fate), method=method, attempt=made, timed_out=timed_out) is not None:
        made += 1
    return made


@pytest.mark.parametrize(
    ("fate", "method", "expected"),
    [
        (Fate.AMBIGUOUS, "GET", 4),
        (Fate.AMBIGUOUS, "POST", 1),
        (Fate.AMBIGUOUS, "PATCH", 1),
        (Fate.AMBIGUOUS, "DELETE", 1),
        (Fate.NOT_SENT, "GET", 2),
        (Fate.NOT_SENT, "POST", 2),
        (Fate.TURNED_AWAY, "GET", 4),
        (Fate.TURNED_AWAY, "DELETE", 4),
        (Fate.FINAL, "GET", 1),
        (Fate.UNAUTHORIZED, "GET", 1),
    ],
)
def test_only_what_surely_did_not_happen_or_does_no_harm_is_sent_again(fate: Fate, method: str, expected: int) -> None:
    assert attempts(fate, method) == expected


def test_a_request_that_ran_out_of_time_is_tried_twice_at_most() -> None:
    assert attempts(Fate.AMBIGUOUS, "GET", timed_out=True) == 2


def test_what_the_server_asks_for_is_waited_unless_it_is_beyond_patience() -> None:
    short, long = failure(Fate.TURNED_AWAY, 12.0), failure(Fate.TURNED_AWAY, 3600.0)
    assert POLICY.wait_before_retry(short, method="GET", attempt=1, timed_out=False) == 12.0
    assert POLICY.wait_before_retry(long, method="GET", attempt=1, timed_out=False) is None


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_back_off_doubles_within_bounds(attempt: int, chance: float) -> None:
    policy = RetryPolicy(jitter=lambda: chance)
    seconds = policy.back_off(attempt)
    assert policy.base_seconds / 2 <= seconds <= policy.longest_seconds
    if attempt <= 4:
        assert policy.back_off(attempt + 1) == pytest.approx(2 * seconds)
