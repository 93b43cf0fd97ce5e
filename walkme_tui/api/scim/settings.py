"""Settings of the SCIM client."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from walkme_tui.domain.secrets import Secret


class ScimSettings(NamedTuple):
    """One profile's SCIM connection.

    ``read_secret`` returns the token, or, with a ``username``, the password for HTTP Basic; it may take seconds, is
    called on a worker thread, and raises ``SecretUnavailable``. ``secret_source`` names its source in words.
    ``completes_groups``: users without groups get those whose members they are, which may take many requests.
    ``is_rest_address`` is true where the base URL is known to be that of a REST API.
    """

    profile: str
    base_url: str
    read_secret: Callable[[], Secret]
    secret_source: str
    username: str = ""
    is_rest_address: bool = False
    completes_groups: bool = True
    ca_bundle: Path | None = None
    max_requests_per_second: float = 10.0
    max_in_flight: int = 8
