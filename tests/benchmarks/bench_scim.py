"""The time that a thousand users of SCIM take to be parsed and stored in the mirror, beside a thousand of REST.

python -m tests.benchmarks.bench_scim [--pages N]

Pages of 1000 users come from the simulator, and are decoded and stored as the clients and the mirror do it, one surface
after the other in turns. Measured is processor time, because other processes share the machine. Exit code 1 if
something misses its target.
"""

import argparse
import gc
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from tests.benchmarks.bench import Figure, exit_code_of
from tests.support.tcp import asgi_server
from walkme_tui.api.answers import ApiAnswer
from walkme_tui.api.rest.decoding import decode_page
from walkme_tui.api.scim.decoding import decode_users
from walkme_tui.api.scim.memberships import Memberships
from walkme_tui.api.scim.sent_attributes import SentAttributes
from walkme_tui.domain.users import UserPage
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings
from walkme_tui.store.mirror.file import MirrorFile, MirrorLocation
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.ui.start import GARBAGE_AT, SWITCH_SECONDS

PAGE_SIZE: Final = 1000
TARGET_MS: Final = 25.0
TARGET_RATIO: Final = 1.6


class Side(NamedTuple):
    """One surface: its answers, how they are decoded, its mirror, and the seconds of both parts for each page."""

    bodies: list[bytes]
    decode: Callable[[ApiAnswer, int], UserPage]
    file: MirrorFile
    decoding: list[float]
    storing: list[float]


def fetch(pages: int) -> tuple[list[bytes], list[bytes]]:
    """The answers of REST and SCIM to every page of the same account."""

    def get(target: str, token: str) -> bytes:
        request = urllib.request.Request(url + target, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            body: bytes = answer.read()
        return body

    with asgi_server(Simulator(SimulatorSettings(users=pages * PAGE_SIZE))) as url:
        form = b"grant_type=client_credentials&client_id=demo&client_secret=demo"
        with urllib.request.urlopen(f"{url}/accounts/connect/token", form) as answer:
            token = json.loads(answer.read())["access_token"]
        firsts = range(1, pages * PAGE_SIZE, PAGE_SIZE)
        return (
            [get(f"/users?page={page}&pageSize={PAGE_SIZE}", token) for page in range(1, pages + 1)],
            [get(f"/scim/v2/Users?startIndex={first}&count={PAGE_SIZE}", "demo") for first in firsts],
        )


def decode_scim(answer: ApiAnswer, page: int, *, sent: SentAttributes, memberships: Memberships) -> UserPage:
    """As ``ScimDirectory.list_users`` does it."""
    part = decode_users(answer)
    rows = memberships.complete_rows(sent.completed_rows(part.rows))
    return UserPage(page, PAGE_SIZE, rows, part.total, part.warnings)


def take(side: Side, page: int) -> None:
    """Decode and store one page."""
    answer = ApiAnswer(200, {"content-type": "application/json"}, side.bodies[page - 1], "127.0.0.1")
    started = time.thread_time()
    decoded = side.decode(answer, page)
    decoded_at = time.thread_time()
    side.file.write(partial(Tables.save_page, page=decoded, fetched_at_ms=int(time.time() * 1000)))
    side.storing.append(time.thread_time() - decoded_at)
    side.decoding.append(decoded_at - started)


def measure(pages: int) -> list[Figure]:
    """The medians of all pages."""
    rest, scim = fetch(pages)
    groups: Any = None  # never asked: the users carry their groups
    decode = partial(decode_scim, sent=SentAttributes(), memberships=Memberships(groups))
    with tempfile.TemporaryDirectory(prefix="walkme-tui-bench-") as folder:
        sides = {
            name: Side(bodies, reader, MirrorFile(MirrorLocation(Path(folder) / name, None, name, None)), [], [])
            for name, bodies, reader in (
                ("REST", rest, lambda answer, page: decode_page(answer, page, PAGE_SIZE)),
                ("SCIM", scim, decode),
            )
        }
        for page in range(1, pages + 1):
            for side in sides.values():
                take(side, page)
        for side in sides.values():
            side.file.close()
    figures = []
    for name, side in sides.items():
        parts = [median(seconds) * 1000 for seconds in (side.decoding, side.storing)]
        size = sum(map(len, side.bodies)) / pages / 1000
        best = min(map(sum, zip(side.decoding, side.storing, strict=True))) * 1000
        detail = f"{parts[0]:.1f} parsing {size:.0f} kB, {parts[1]:.1f} storing; best page {best:.1f} ms"
        figures.append(Figure(f"1 000 users over {name}", sum(parts), TARGET_MS, "ms", detail))
    rest_ms, scim_ms = (figure.measured for figure in figures)
    return [*figures, Figure("SCIM against REST", scim_ms / rest_ms, TARGET_RATIO, "", "in the same run")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_scim", description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=25, help="pages of 1000 users (%(default)s)")
    # As the browser does.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(GARBAGE_AT)
    return exit_code_of(measure(parser.parse_args(arguments).pages))


if __name__ == "__main__":
    sys.exit(main())
