"""Settings of a simulated account: size, speed and faults."""

from dataclasses import dataclass
from typing import Final, Literal

from walkme_tui.simulator.scim.oddities import ScimOddity

ALL_SCOPES: Final = ("users:read", "users:write", "users:delete")
PatchSupport = Literal["ok", "405"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """One simulated account; the same settings always result in the same users. ValueError for invalid values.

    ``latency_ms`` is added to every answer, plus up to ``latency_jitter_ms``. ``patch="405"`` refuses PATCH. ``lean``
    restricts lists and the answers to writes to a few fields. Above ``rate_per_s`` requests a second the answer is 429,
    with a ``Retry-After`` of ``retry_after`` seconds unless that is None. A token is valid for ``token_ttl`` seconds
    and ``scopes``. ``hostile`` adds users whose names attack a terminal. ``now_ms`` is the time in milliseconds since
    the Unix epoch that all times are relative to; None takes the start of the current day, UTC. ``faults`` are names
    from ``faults.NAMED_FAULTS``. The SCIM surface accepts ``scim_token``, also as the password of ``scim_username``;
    its pages have at most ``scim_page_cap`` rows, and it differs from the RFCs in ``scim_odd``.
    """

    users: int = 25_000
    seed: int = 1
    latency_ms: float = 0
    latency_jitter_ms: float = 0
    patch: PatchSupport = "ok"
    lean: bool = False
    rate_per_s: float | None = None
    retry_after: int | None = None
    token_ttl: float = 86_400
    scopes: tuple[str, ...] = ALL_SCOPES
    hostile: bool = False
    now_ms: int | None = None
    faults: tuple[str, ...] = ()
    client_id: str = "demo"
    client_secret: str = "demo"  # noqa: S105 - published; it gives access to the simulator only
    scim_username: str = "demo"
    scim_token: str = "demo"  # noqa: S105 - published, too
    scim_page_cap: int = 1000
    scim_odd: tuple[ScimOddity, ...] = ()

    def __post_init__(self) -> None:
        least = {
            "users": self.users,
            "latency_ms": self.latency_ms,
            "latency_jitter_ms": self.latency_jitter_ms,
            "token_ttl": self.token_ttl,
            "retry_after": self.retry_after or 0,
        }
        for name, value in least.items():
            if value < 0:
                raise ValueError(f"{name} is {value}, which is below 0")
        if self.scim_page_cap < 1:
            raise ValueError(f"scim_page_cap is {self.scim_page_cap}; it must be above 0")
        if self.rate_per_s is not None and self.rate_per_s <= 0:
            raise ValueError(f"rate_per_s is {self.rate_per_s}; it must be above 0")
        unknown = [scope for scope in self.scopes if scope not in ALL_SCOPES]
        if unknown:
            raise ValueError(f"there is no scope {unknown[0]!r}; the scopes are {', '.join(ALL_SCOPES)}")
