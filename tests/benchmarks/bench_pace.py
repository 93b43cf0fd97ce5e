"""How much of a permitted rate a crawl uses, and how many requests the server refuses.

python -m tests.benchmarks.bench_pace [--quick]

A REST client with the settings of a session keeps eight requests for pages of a simulated account under way, over TCP:
first of an account that answers 429 above 5 calls a second, without Retry-After, then of one that allows any rate, so
that the profile's own limit is what is permitted. Exit code 1 if something misses its target.
"""

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.benchmarks.bench import Figure, exit_code_of
from tests.benchmarks.fixtures import simulator
from walkme_tui.api.pacing import Pacer, Turn
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import RateLimited
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.traffic import Priority, TrafficStatus

USERS: Final = 200_000
PAGE_SIZE: Final = 1000
PAGES: Final = USERS // PAGE_SIZE
CALLERS: Final = 8
LATENCY_MS: Final = 50
SERVER_PER_SECOND: Final = 5.0
PROFILE_PER_SECOND: Final = 10.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Seconds that are not counted, while the rate adapts, and seconds that are."""

    before: float
    counted: float


FULL: Final = Effort(before=60, counted=90)
QUICK: Final = Effort(before=20, counted=40)
UNLIMITED: Final = Effort(before=15, counted=30)


class Answer(NamedTuple):
    """When an answer came (monotonic seconds), and whether it was a page or 429."""

    at: float
    fine: bool


class RecordingPacer(Pacer):
    """A pacer that records the answers; failures other than 429 end the measurement with their error."""

    def __init__(self) -> None:
        super().__init__(max_per_second=PROFILE_PER_SECOND, max_in_flight=CALLERS)
        self.answers: list[Answer] = []

    def succeeded(self) -> None:
        """Record an answer."""
        self.answers.append(Answer(time.monotonic(), fine=True))
        super().succeeded()

    def refused(self, turn: Turn | None, *, too_many: bool, retry_after_seconds: float | None) -> None:
        """Record a 429."""
        if too_many:
            self.answers.append(Answer(time.monotonic(), fine=False))
        super().refused(turn, too_many=too_many, retry_after_seconds=retry_after_seconds)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was answered in the counted seconds, and the median milliseconds of an answer at the end."""

    fine: int
    refused: int
    seconds: float
    latency_ms: int

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return self.fine / self.seconds

    @property
    def refused_share(self) -> float:
        """The part of the answers that was 429."""
        return self.refused / max(1, self.fine + self.refused)


async def crawl(account: dict[str, str], effort: Effort) -> Counted:
    """Keep requesting pages in the background; raises ``ApiError`` where something else than the rate is wrong."""
    settings = RestSettings(
        profile="bench",
        base_url=account["WALKME_BASE_URL"],
        client_id=account["WALKME_CLIENT_ID"],
        read_secret=lambda: Secret(account["WALKME_CLIENT_SECRET"]),
        secret_source="the simulator",
        max_requests_per_second=PROFILE_PER_SECOND,
        max_in_flight=CALLERS,
    )
    pacer = RecordingPacer()
    directory = await asyncio.to_thread(RestDirectory, settings, pacer=pacer)
    pages = itertools.cycle(range(1, PAGES + 1))
    callers = [asyncio.create_task(_ask(directory, pages)) for _ in range(CALLERS)]
    try:
        began = time.monotonic() + effort.before
        await asyncio.wait(callers, timeout=effort.before + effort.counted, return_when=asyncio.FIRST_COMPLETED)
        for caller in callers:
            if caller.done():
                caller.result()
        return _counted(pacer, began, effort.counted, directory.traffic())
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await directory.aclose()


async def _ask(directory: RestDirectory, pages: Iterator[int]) -> None:
    """Request one page after the other without end; pages that are refused too often are skipped."""
    while True:
        try:
            await directory.list_users(next(pages), PAGE_SIZE, Priority.BACKGROUND)
        except RateLimited:
            continue


def _counted(pacer: RecordingPacer, began: float, seconds: float, traffic: TrafficStatus) -> Counted:
    answers = [answer.fine for answer in pacer.answers if began <= answer.at < began + seconds]
    fine = sum(answers)
    return Counted(fine, len(answers) - fine, seconds, traffic.latency_ms or 0)


def measure(effort: Effort) -> Iterable[Figure]:
    """Both accounts, one after the other."""
    with simulator(USERS, LATENCY_MS, SERVER_PER_SECOND) as account:
        limited = asyncio.run(crawl(account, effort))
    yield _unused("not used of the server's rate", limited, SERVER_PER_SECOND, 0.20)
    of_all = f"{limited.refused} of {limited.fine + limited.refused} answers"
    yield Figure("refused with 429", limited.refused_share, 0.05, "", of_all)
    with simulator(USERS, LATENCY_MS) as account:
        unlimited = asyncio.run(crawl(account, UNLIMITED))
    yield _unused("not used of the profile's rate", unlimited, PROFILE_PER_SECOND, 0.10)


def _unused(name: str, counted: Counted, per_second: float, target: float) -> Figure:
    used = f"{counted.per_second:.2f} of {per_second:g}/s used, in the end {counted.latency_ms} ms an answer"
    return Figure(name, max(0.0, 1 - counted.per_second / per_second), target, "", used)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_pace", description=__doc__.split("\n")[0])
    quick = f"count {QUICK.counted:g} s after {QUICK.before:g} s, not {FULL.counted:g} s after {FULL.before:g} s"
    parser.add_argument("--quick", action="store_true", help=quick)
    effort = QUICK if parser.parse_args(arguments).quick else FULL
    return exit_code_of(measure(effort))


if __name__ == "__main__":
    sys.exit(main())
