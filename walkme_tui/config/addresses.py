"""Regions and base URLs of accounts."""

from typing import Final

from walkme_tui.domain.accounts import is_loopback

REGIONS: Final = {
    "us": "https://api.walkme.com",
    "eu": "https://eu-api.walkme.com",
    "canada": "https://api-ca1.walkmedap.com",
    "fedramp": "https://api.walkmegov.com",
}
DEFAULT_REGION: Final = "us"
SCIM_REGIONS: Final = {
    "us": "https://papi.walkme.com/deepui/api/scim/v2",
    "eu": "https://eu-papi.walkme.com/deepui/api/scim/v2",
    "canada": "https://papi-ca1.walkmedap.com/deepui/api/scim/v2",
}


class AddressRefused(ValueError):
    """An unusable address; the text completes "base_url …" and contains no credentials."""


def normalised_base_url(address: str) -> str:
    """The address with a lower-case scheme and host and without a trailing slash; raises ``AddressRefused``.

    Plain http is accepted for loopback addresses only: elsewhere it would expose the token.
    """
    from urllib.parse import urlsplit

    if not address.isprintable() or not address.isascii() or " " in address or "\\" in address:
        raise AddressRefused("must be an address of printable ASCII characters without blanks")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("is not an address; an example is https://api.walkme.com") from None
    if "@" in parts.netloc:
        raise AddressRefused("must not contain a user name or password")
    if parts.query or parts.fragment or "?" in address or "#" in address:
        raise AddressRefused("must end with the path: no ? and no #")
    if parts.scheme not in {"https", "http"} or not host:
        raise AddressRefused("must begin with https:// and a host")
    if parts.scheme == "http" and not is_loopback(host):
        raise AddressRefused(
            "must begin with https://; plain http is for this machine only (127.0.0.1, ::1, localhost)"
        )
    if any(segment in {".", ".."} for segment in parts.path.split("/")):
        raise AddressRefused("must not contain . or .. in its path")
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
