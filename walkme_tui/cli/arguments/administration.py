"""The arguments of the sub-commands about the program itself: its configuration, its copies, the simulator."""

import argparse
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from walkme_tui.cli.arguments.options import add_actions


def _add_config(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    actions.add_parser("init", help="write a commented config.toml, if there is none", parents=[shared])
    actions.add_parser("path", help="print the path of config.toml", parents=[shared])
    actions.add_parser("check", help="list every error in config.toml", parents=[shared])


def _add_keys(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.add_argument("--default", action="store_true", help="ignore the keys of config.toml")


def _add_themes(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser, required=False)
    actions.add_parser("list", help="list the themes (the default)", parents=[shared])
    check = actions.add_parser("check", help="list every error in a theme file", parents=[shared])
    check.add_argument("file", metavar="FILE", type=Path)


def _add_cache(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    actions.add_parser("clear", help="delete the local copies of all profiles, or of --profile", parents=[shared])


def _add_completion(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    parser.epilog = "Source the script in ~/.bashrc, or in ~/.zshrc after compinit. Fish loads it from a file."
    parser.add_argument(
        "what",
        metavar="SHELL",
        choices=["bash", "zsh", "fish", "profiles", "groups", "views"],
        help="bash, zsh or fish; or profiles, groups or views: the names that the scripts offer, one per line",
    )


def _add_simulator(parser: argparse.ArgumentParser, _: argparse.ArgumentParser) -> None:
    from walkme_tui.simulator.faults import NAMED_FAULTS
    from walkme_tui.simulator.scim.oddities import ScimOddity
    from walkme_tui.simulator.settings import ALL_SCOPES, SimulatorSettings

    usual = SimulatorSettings()
    add = parser.add_argument
    add("--port", type=_whole_number(65_535), default=0, metavar="N", help="port on 127.0.0.1; 0 (default): any")
    add("--users", type=_whole_number(), default=usual.users, metavar="N", help="number of users (%(default)s)")
    add("--seed", type=_whole_number(), default=usual.seed, metavar="N", help="same seed, same users (%(default)s)")
    add("--latency-ms", type=_whole_number(), default=0, metavar="N", help="delay of every response (%(default)s)")
    add("--jitter-ms", type=_whole_number(), default=0, metavar="N", help="random extra delay up to N (%(default)s)")
    add("--patch", choices=("ok", "405"), default="ok", help="whether PATCH is supported (%(default)s)")
    add("--lean", action="store_true", help="lists and write responses hold a few fields only")
    add("--rate-per-s", type=_positive_number, metavar="N", help="answer 429 above N requests a second")
    add("--retry-after", type=_whole_number(), metavar="N", help="Retry-After of a 429, in seconds; default: none")
    token_ttl = int(usual.token_ttl)
    add("--token-ttl", type=_whole_number(), default=token_ttl, metavar="S", help="token lifetime, s (%(default)s)")
    scopes = f"scopes of a token: {', '.join(ALL_SCOPES)} (default: all)"
    add("--scopes", nargs="+", choices=ALL_SCOPES, default=list(ALL_SCOPES), metavar="SCOPE", help=scopes)
    add("--hostile", action="store_true", help="one name in fifty attacks the terminal")
    faults = f"inject a repeatable fault: {', '.join(sorted(NAMED_FAULTS))}"
    add("--fault", action="append", choices=sorted(NAMED_FAULTS), default=[], metavar="NAME", help=faults)
    oddities = sorted(ScimOddity)
    odd = f"let SCIM differ from the standard or from REST, repeatable: {', '.join(oddities)}"
    add("--scim-odd", action="append", choices=oddities, default=[], metavar="NAME", help=odd)
    cap, cap_help = _whole_number(lowest=1), "most rows of a SCIM page (%(default)s)"
    add("--scim-page-cap", type=cap, default=usual.scim_page_cap, metavar="N", help=cap_help)
    add("--log", action="store_true", help="log every request to standard error")


def _whole_number(highest: int | None = None, lowest: int = 0) -> Callable[[str], int]:
    bounds = f"at least {lowest}" if highest is None else f"from {lowest} to {highest}"

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        if int(text) < lowest or (highest is not None and int(text) > highest):
            raise argparse.ArgumentTypeError(f"{int(text)} is not {bounds}")
        return int(text)

    return read


def _positive_number(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return rate


ARGUMENTS: Final = MappingProxyType(
    {
        "config": _add_config,
        "keys": _add_keys,
        "themes": _add_themes,
        "cache": _add_cache,
        "simulator": _add_simulator,
        "completion": _add_completion,
    }
)
