"""Which requests may be retried, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.api.retry import Failure, FailureKind, RetryBudget, RetryPolicy, final_error
from walkme_tui.domain.errors import OutcomeUnknown, RateLimited, Unreachable

POLICY = RetryPolicy(jitter=lambda: 1.0)


def failure(kind: FailureKind, retry_after: float | None = None, status: int | None = None) -> Failure:
    error_type = RateLimited if status == 429 else Unreachable
    error = error_type("It is gone.", hint="Look for it.", status=status, request_id="r1")
    return Failure(error, kind, "gone", status=status, retry_after_seconds=retry_after)


def attempts(kind: FailureKind, *, changes: bool, timed_out: bool = False) -> int:
    """The number of attempts if each one fails this way."""
    made = 1
    failed = failure(kind)._replace(timed_out=timed_out)
    while POLICY.wait_before_retry(failed, changes=changes, attempt=made) is not None:
        made += 1
    return made


@pytest.mark.parametrize(
    ("kind", "reading", "changing"),
    [
        (FailureKind.UNCERTAIN, 4, 1),
        (FailureKind.NOT_SENT, 2, 2),
        (FailureKind.THROTTLED, 4, 4),
        (FailureKind.UNEXPECTED, 1, 1),
        (FailureKind.FINAL, 1, 1),
        (FailureKind.UNAUTHORIZED, 1, 1),
    ],
)
def test_only_idempotent_or_certainly_unexecuted_requests_are_retried(
    kind: FailureKind, reading: int, changing: int
) -> None:
    assert attempts(kind, changes=False) == reading
    assert attempts(kind, changes=True) == changing


def test_a_request_that_timed_out_is_tried_at_most_twice() -> None:
    assert attempts(FailureKind.UNCERTAIN, changes=False, timed_out=True) == 2
    assert attempts(FailureKind.UNCERTAIN, changes=True, timed_out=True) == 1


@pytest.mark.parametrize("kind", FailureKind)
def test_a_change_with_an_open_outcome_raises_outcome_unknown_with_the_reason(kind: FailureKind) -> None:
    failed = failure(kind, status=502)
    assert final_error(failed, changes=False) is failed.error
    error = final_error(failed, changes=True)
    if kind in {FailureKind.UNCERTAIN, FailureKind.UNEXPECTED}:
        assert isinstance(error, OutcomeUnknown)
        assert error.message == "It is gone. Whether the change was made is unknown."
        assert (error.hint, error.status, error.request_id) == ("Look for it.", 502, "r1")
        assert error.__cause__ is failed.error
    else:
        assert error is failed.error


class TestRetryBudget:
    """The retry budget that all calls share."""

    def test_retries_without_an_answer_use_up_the_budget(self) -> None:
        budget, gone = RetryBudget(3), failure(FailureKind.UNCERTAIN)
        taken = []
        for _ in range(5):
            budget.note(gone)
            taken.append(budget.take(gone))
        assert taken == [True, True, True, False, False]

    @pytest.mark.parametrize(
        "answered",
        [
            None,
            failure(FailureKind.FINAL),
            failure(FailureKind.UNAUTHORIZED),
            failure(FailureKind.THROTTLED, status=429),
        ],
    )
    def test_any_answer_returns_one_retry(self, answered: Failure | None) -> None:
        budget, gone = RetryBudget(1), failure(FailureKind.NOT_SENT)
        assert budget.take(gone)
        assert not budget.take(gone)
        budget.note(answered)
        budget.note(answered)
        assert budget.take(gone)
        assert not budget.take(gone)

    def test_a_429_does_not_use_the_budget(self) -> None:
        budget = RetryBudget(0)
        assert budget.take(failure(FailureKind.THROTTLED, status=429))
        assert not budget.take(failure(FailureKind.THROTTLED, 1.0, status=503))


def test_a_retry_after_is_waited_for_unless_it_exceeds_the_patience() -> None:
    short, long = failure(FailureKind.THROTTLED, 12.0), failure(FailureKind.THROTTLED, 3600.0)
    assert POLICY.wait_before_retry(short, changes=False, attempt=1) == 12.0
    assert POLICY.wait_before_retry(long, changes=False, attempt=1) is None


def test_a_change_does_not_wait_for_a_long_retry_after() -> None:
    short, long = failure(FailureKind.THROTTLED, 2.0), failure(FailureKind.THROTTLED, 12.0)
    assert POLICY.wait_before_retry(short, changes=True, attempt=1) == 2.0
    assert POLICY.wait_before_retry(long, changes=True, attempt=1) is None


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_doubles_up_to_a_limit(attempt: int, chance: float) -> None:
    policy = RetryPolicy(jitter=lambda: chance)
    seconds = policy.back_off(attempt)
    assert policy.base_seconds / 2 <= seconds <= policy.longest_seconds
    if attempt <= 4:
        assert policy.back_off(attempt + 1) == pytest.approx(2 * seconds)
