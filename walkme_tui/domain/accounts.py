"""The account that a profile connects to."""

from enum import StrEnum
from typing import Final, NamedTuple

WRITE_SCOPE: Final = "users:write"
DELETE_SCOPE: Final = "users:delete"


class Environment(StrEnum):
    """The kind of account; every account that is not marked as a sandbox is production."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class Surface(StrEnum):
    """The API of the account."""

    REST = "rest"
    SCIM = "scim"


class Account(NamedTuple):
    """The account and its connection as shown: names, nothing secret."""

    profile: str
    environment: Environment
    surface: Surface
    base_url: str
    read_only: bool = False
    demo: bool = False
    client_id: str = ""


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    if host.lower() == "localhost":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
