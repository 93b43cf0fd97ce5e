"""``walkme-tui simulator``: a WalkMe account to try things on, over TCP."""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from walkme_tui.config import crash_hooks
from walkme_tui.simulator.faults import NAMED_FAULTS
from walkme_tui.simulator.settings import ALL_SCOPES, SimulatorSettings

DEFAULTS = SimulatorSettings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the sub-command."""
    add = parser.add_argument
    add("--port", type=_whole(0, 65_535), default=0, metavar="N", help="port on 127.0.0.1; 0, the default, is any")
    add("--users", type=_whole(0), default=DEFAULTS.users, metavar="N", help="number of people (%(default)s)")
    add("--seed", type=_whole(0), default=DEFAULTS.seed, metavar="N", help="which people; a seed repeats (%(default)s)")
    add("--latency-ms", type=_whole(0), default=0, metavar="N", help="wait before every answer (%(default)s)")
    add("--jitter-ms", type=_whole(0), default=0, metavar="N", help="wait up to so much more, by chance (%(default)s)")
    add("--patch", choices=("ok", "405"), default="ok", help="whether PATCH is supported (%(default)s)")
    add("--lean", action="store_true", help="lists and answers to writes carry only a few fields")
    add("--rate-per-s", type=_rate, metavar="N", help="answer 429 above so many calls a second")
    add("--retry-after", type=_whole(0), metavar="N", help="seconds for the Retry-After of a 429; without it, none")
    add("--token-ttl", type=_whole(0), default=int(DEFAULTS.token_ttl), metavar="S", help="seconds (%(default)s)")
    scopes = f"what a token may do: {', '.join(ALL_SCOPES)} (all)"
    add("--scopes", nargs="+", choices=ALL_SCOPES, default=list(ALL_SCOPES), metavar="SCOPE", help=scopes)
    add("--hostile", action="store_true", help="one name in fifty attacks the terminal")
    faults = f"let something go wrong, repeatable: {', '.join(sorted(NAMED_FAULTS))}"
    add("--fault", action="append", choices=sorted(NAMED_FAULTS), default=[], metavar="NAME", help=faults)
    add("--log", action="store_true", help="a line on stderr for every request")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, then 0; ``ConfigurationError`` where it cannot serve."""
    from walkme_tui.simulator.server import serve

    settings = replace(
        DEFAULTS,
        users=args.users,
        seed=args.seed,
        latency_ms=args.latency_ms,
        latency_jitter_ms=args.jitter_ms,
        patch=args.patch,
        lean=args.lean,
        rate_per_s=args.rate_per_s,
        retry_after=args.retry_after,
        token_ttl=args.token_ttl,
        scopes=tuple(dict.fromkeys(args.scopes)),
        hostile=args.hostile,
        faults=tuple(args.fault),
    )

    def announce(base_url: str) -> None:
        print(f"export WALKME_BASE_URL={base_url}")
        print(f"export WALKME_CLIENT_ID={settings.client_id}")
        print(f"export WALKME_CLIENT_SECRET={settings.client_secret}", flush=True)
        print(f"Simulating {settings.users} people. Ctrl+C stops it.", file=sys.stderr, flush=True)

    crash_hooks.watch_asyncio()
    serve(settings, args.port, announce, _log if args.log else None)
    return 0


def _log(method: str, target: str, status: int, milliseconds: float) -> None:
    shown = "".join(character if character.isprintable() else "?" for character in target)
    print(f"{time.strftime('%H:%M:%S')} {status or '---'} {method} {shown} {milliseconds:.0f} ms", file=sys.stderr)


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A whole number within bounds, for argparse."""
    bounds = f"from {least}" + (f" to {most}" if most is not None else " on")

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        number = int(text)
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{number} is not {bounds}")
        return number

    return read


def _rate(text: str) -> float:
    """Calls a second, above 0, for argparse."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return rate
