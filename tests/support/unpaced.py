"""A pacer without a rate limit, for tests with thousands of requests; requested pauses still apply."""

from walkme_tui.api.pacing import Pacer, Turn

PER_SECOND = 1e6


class UnpacedPacer(Pacer):
    """Keeps the rate and the number in flight constant, whatever is answered."""

    def succeeded(self) -> None:
        """Ignore a success."""

    def refused(self, turn: Turn | None, *, too_many: bool, retry_after_seconds: float | None) -> None:
        """Ignore a refusal, except for a requested pause."""
        if too_many:
            self.pace.throttled_count += 1
        super().refused(turn, too_many=False, retry_after_seconds=retry_after_seconds)


def unpaced(max_in_flight: int = 50) -> Pacer:
    """A pacer that permits ``max_in_flight`` requests at any rate; call it on the loop that uses it."""
    pacer = UnpacedPacer(max_per_second=PER_SECOND, max_in_flight=max_in_flight)
    pacer.pace.per_second = PER_SECOND
    pacer.pace.in_flight_limit = float(max_in_flight)
    return pacer
