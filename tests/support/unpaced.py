"""A pacer that holds nothing back but what the server asks for, for tests with thousands of requests."""

from walkme_tui.api.pacing import Pacer, Turn

PER_SECOND = 1e6


class UnpacedPacer(Pacer):
    """Leaves the rate and the number in flight where they began, whatever is answered; pauses hold as ever."""

    def succeeded(self) -> None:
        """Nothing grows."""

    def refused(self, turn: Turn | None, *, too_many: bool, retry_after_seconds: float | None) -> None:
        """Nothing shrinks."""
        if too_many:
            self.pace.throttled_count += 1
        super().refused(turn, too_many=False, retry_after_seconds=retry_after_seconds)


def unpaced(max_in_flight: int = 50) -> Pacer:
    """A pacer that lets so many requests run at a time, at any rate; make it on the loop that uses it."""
    pacer = UnpacedPacer(max_per_second=PER_SECOND, max_in_flight=max_in_flight)
    pacer.pace.per_second = PER_SECOND
    pacer.pace.in_flight_limit = float(max_in_flight)
    return pacer
