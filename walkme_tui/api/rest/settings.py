"""Settings of the REST client."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from walkme_tui.api.auth import AuthStyle
from walkme_tui.domain.secrets import Secret


class RestSettings(NamedTuple):
    """One profile's REST connection.

    ``read_secret`` may take seconds (it may run a command), is called on a worker thread, and raises
    ``SecretUnavailable``; ``secret_source`` names its source in words. ``auth`` is how client id and secret are sent:
    in the form, or as HTTP Basic.
    """

    profile: str
    base_url: str
    client_id: str
    read_secret: Callable[[], Secret]
    secret_source: str
    auth: AuthStyle = "post"
    ca_bundle: Path | None = None
    max_requests_per_second: float = 10.0
    max_in_flight: int = 8
