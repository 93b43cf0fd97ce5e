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
