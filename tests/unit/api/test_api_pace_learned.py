"""What the pace learns from refusals: its rules, and simulated servers on a simulated clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pace_simulation import (
    TIMER_SECONDS,
    ConcurrencyLimit,
    CrawlSimulation,
    FixedLimit,
    WindowLimit,
    bucket,
)
from walkme_tui.api.pacing import (
    FLOOR_PER_SECOND,
    GROWTH_PER_SECOND,
    LONGEST_SLOW_GROWTH_SECONDS,
    START_PER_SECOND,
    THRESHOLD,
    Refusals,
)

SLACK = 1e-6
LATENCIES = (0.02, 0.2, 0.6)


# ---------------------------------------------------------------- stored refusals


@given(st.floats(1, 20), st.lists(st.floats(0.01, 300), min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 900))
def test_after_a_refusal_the_rate_grows_slowly_above_the_threshold(
    refused: float, gaps: list[float], seconds: float, quiet: float
) -> None:
    refusals, now = Refusals(0.0), 0.0
    for gap in gaps:
        now += gap
        refusals.answered()
        refusals.note(refused, now)
    threshold = refused * THRESHOLD
    for rate in (refused / 2, threshold, refused):
        grown = refusals.grown(rate, seconds, now + quiet)
        assert rate <= grown <= max(threshold, rate * (1 + GROWTH_PER_SECOND * seconds)) + SLACK
    assert refusals.grown(threshold, seconds, now) == pytest.approx(threshold)
    assert refusals.grown(threshold, 1.0, now + LONGEST_SLOW_GROWTH_SECONDS) == pytest.approx(
        threshold * (1 + GROWTH_PER_SECOND)
    )


def test_frequent_refusals_double_the_slow_growth_and_a_long_quiet_time_resets_it() -> None:
    refusals = Refusals(0.0)
    slow_growth = []
    for moment in (0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 60.0 + LONGEST_SLOW_GROWTH_SECONDS):
        refusals.answered()
        refusals.note(5.0, moment)
        slow_growth.append(refusals.slow_growth_seconds)
    assert slow_growth == [60, 120, 240, 480, 600, 600, 600, 60]


def test_successive_refusals_lower_the_mark_by_a_tenth_each_down_to_half() -> None:
    refusals = Refusals(0.0)
    for moment, rate in enumerate((10.0, 5.0, 2.5)):
        refusals.note(rate, float(moment))
    assert refusals.per_second == pytest.approx(10 * THRESHOLD * THRESHOLD)
    for moment in range(3, 60):
        refusals.note(FLOOR_PER_SECOND, float(moment))
    assert refusals.per_second == 5.0
    refusals.answered()
    refusals.note(8.0, 70.0)
    assert refusals.per_second == 8.0


def test_a_pause_does_not_count_as_time_without_refusals() -> None:
    refusals = Refusals(0.0)
    refusals.note(5.0, 0.0)
    refusals.paused(300.0)
    assert refusals.grown(4.5, 1.0, 300.0) == pytest.approx(4.5)
    assert refusals.grown(4.5, 1.0, 330.0) == pytest.approx(4.5 * (1 + GROWTH_PER_SECOND / 2))


# ---------------------------------------------------------------- servers with a limit


@pytest.mark.parametrize("retry_after", [None, 1.0])
@pytest.mark.parametrize("latency", LATENCIES)
def test_a_limit_of_five_a_second_is_used_with_few_refusals(latency: float, retry_after: float | None) -> None:
    # The goals are 80 % and 5 %; the difference leaves room for real clocks.
    simulation = CrawlSimulation(latency, retry_after=retry_after)
    simulation.limit = bucket(simulation, 5.0)
    simulation.run(660.0)
    for first, last in ((60.0, 120.0), (120.0, 360.0), (360.0, 660.0)):
        assert simulation.accepted(first, last) >= 0.92 * 5.0 * (last - first)
        assert simulation.refused_share(first, last) < 0.015


def test_long_requested_pauses_do_not_increase_the_number_of_refusals() -> None:
    # Each refusal costs half a minute, so the pace should wait longer before it grows.
    simulation = CrawlSimulation(0.2, retry_after=30.0)
    simulation.limit = bucket(simulation, 5.0)
    simulation.run(1260.0)
    assert simulation.refused(60.0, 1260.0) <= 22
    assert simulation.accepted(60.0, 1260.0) >= 0.5 * 5.0 * 1200


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("per_second", [1.0, 2.0, 9.0])
def test_other_limits_are_used_with_few_refusals(per_second: float, latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = bucket(simulation, per_second)
    simulation.run(660.0)
    assert simulation.accepted(60.0, 660.0) >= 0.8 * per_second * 600
    assert simulation.refused_share(60.0, 660.0) < 0.05


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_limit_by_one_second_windows_is_used_with_few_refusals(latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = WindowLimit(5, 1.0, simulation.clock.now)
    simulation.run(660.0)
    assert simulation.accepted(60.0, 660.0) >= 0.9 * 5.0 * 600
    assert simulation.refused_share(60.0, 660.0) < 0.015


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("most", [60, 100, 300])
def test_a_limit_by_one_minute_windows_is_used_with_few_refusals(most: int, latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = WindowLimit(most, 60.0, simulation.clock.now)
    simulation.run(1200.0)
    assert simulation.accepted(60.0, 1200.0) >= 0.9 * most * 19
    for minute in range(60, 1200, 60):
        assert simulation.accepted(minute, minute + 60.0) >= 0.7 * most
        # Requests in flight when the window closed, and attempts until the next one opened.
        assert simulation.refused(minute, minute + 60.0) <= 16
    # The pace learns to spread its requests over the window.
    assert simulation.refused(600.0, 1200.0) <= max(0.035 * most, 5) * 10


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_limit_of_concurrent_requests_causes_few_refusals(latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = ConcurrencyLimit(1, latency, simulation.clock.now)
    simulation.run(660.0)
    assert simulation.accepted(60.0, 660.0) >= 0.8 * min(10.0, 1 / latency) * 600
    assert simulation.refused_share(60.0, 660.0) < 0.05


# ---------------------------------------------------------------- servers whose limit changes


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_raised_limit_is_used(latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = bucket(simulation, 5.0)
    simulation.run(600.0)
    simulation.limit = FixedLimit(accepted=True)
    simulation.run(800.0)
    assert simulation.accepted(700.0, 800.0) >= 0.95 * 10.0 * 100


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_lowered_limit_is_respected(latency: float) -> None:
    simulation = CrawlSimulation(latency)
    simulation.limit = bucket(simulation, 5.0)
    simulation.run(300.0)
    simulation.limit = bucket(simulation, 1.0)
    simulation.run(600.0)
    assert simulation.refused(300.0, 340.0) <= 20
    assert simulation.accepted(340.0, 600.0) >= 0.8 * 260
    assert simulation.refused_share(340.0, 600.0) < 0.05


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_server_that_refuses_everything_is_polled_and_used_once_it_recovers(
    latency: float,
) -> None:
    simulation = CrawlSimulation(latency)
    simulation.run(100.0)
    simulation.limit = FixedLimit(accepted=False)
    simulation.run(400.0)
    assert simulation.refused(120.0, 400.0) <= 280 * FLOOR_PER_SECOND + 1
    simulation.limit = FixedLimit(accepted=True)
    simulation.run(480.0)
    assert simulation.accepted(408.0, 413.0) >= 0.4 * 10.0 * 5
    assert simulation.accepted(440.0, 480.0) >= 0.9 * 10.0 * 40


# ---------------------------------------------------------------- servers without a limit


@pytest.mark.parametrize("latency", [0.05, 0.2, 0.6])
def test_a_crawl_reaches_the_permitted_rate_and_never_delays_a_visible_request(latency: float) -> None:
    simulation = CrawlSimulation(latency, demand_every=1.7)
    simulation.run(3.0)
    assert simulation.pace.per_second < 0.6 * 10.0
    simulation.run(12.0)
    assert simulation.pace.per_second > 0.9 * 10.0
    simulation.run(75.0)
    for second in range(15, 75, 10):
        assert simulation.accepted(second, second + 10.0) >= 0.9 * 10.0 * 10
    assert len(simulation.demand_waits) > 40
    assert max(simulation.demand_waits) <= 1 / START_PER_SECOND


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_visible_request_waits_at_most_one_interval_after_a_refusal(latency: float) -> None:
    simulation = CrawlSimulation(latency, demand_every=1.7)
    simulation.limit = bucket(simulation, 5.0)
    simulation.run(60.0)
    simulation.demand_waits.clear()
    simulation.run(660.0)
    # The interval is longest right after a refusal, which halves the rate.
    assert max(simulation.demand_waits) <= 1 / 2.5 + 2 * TIMER_SECONDS
    assert sum(waited > 0 for waited in simulation.demand_waits) <= 0.1 * len(simulation.demand_waits)
