"""The account that a profile connects to."""

from enum import StrEnum
from typing import NamedTuple


class Environment(StrEnum):
    """What a mistake would cost: anything not marked as a sandbox is production."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class Surface(StrEnum):
    """Which of the two APIs is spoken."""

    REST = "rest"
    SCIM = "scim"


class Account(NamedTuple):
    """What the screen says about the connection: names only, nothing secret."""

    profile: str
    environment: Environment
    surface: Surface
    base_url: str
    read_only: bool = False
    demo: bool = False


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    if host.lower() == "localhost":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
