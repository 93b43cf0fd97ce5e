"""``walkme-tui simulator``: a simulated WalkMe account, over TCP."""

import argparse
import sys
import time
from dataclasses import replace

from walkme_tui.config import crash_hooks
from walkme_tui.simulator.scim.oddities import ScimOddity
from walkme_tui.simulator.settings import SimulatorSettings


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; raises ``ConfigurationError`` if the port cannot be used."""
    from walkme_tui.simulator.server import serve

    settings = replace(
        SimulatorSettings(),
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
        scim_page_cap=args.scim_page_cap,
        scim_odd=tuple(ScimOddity(name) for name in args.scim_odd),
    )

    def announce(base_url: str) -> None:
        print(f"export WALKME_BASE_URL={base_url}")
        print(f"export WALKME_CLIENT_ID={settings.client_id}")
        print(f"export WALKME_CLIENT_SECRET={settings.client_secret}")
        print(f"export WALKME_SCIM_BASE_URL={base_url}/scim/v2")
        print(f"export WALKME_SCIM_TOKEN={settings.scim_token}", flush=True)
        print(f"Simulating {settings.users} people. Ctrl+C stops it.", file=sys.stderr, flush=True)

    crash_hooks.watch_asyncio()
    serve(settings, args.port, announce, _log if args.log else None)
    return 0


def _log(method: str, target: str, status: int, milliseconds: float) -> None:
    shown = "".join(character if character.isprintable() else "?" for character in target)
    print(f"{time.strftime('%H:%M:%S')} {status or '---'} {method} {shown} {milliseconds:.0f} ms", file=sys.stderr)
