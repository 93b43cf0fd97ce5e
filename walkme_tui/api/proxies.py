"""The proxy that the environment configures for an address, with the exceptions in NO_PROXY."""

import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from walkme_tui.domain.accounts import is_loopback
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.text import clean

if TYPE_CHECKING:
    import ssl

    import httpx

DEFAULT_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
SYSTEM_SETTINGS: Final = "the proxy settings of the system"
NO_ADDRESS_HINT: Final = (
    "One looks like http://proxy.example.com:3128. In its user name and password the characters / ? # @ : % "
    "are written as %2F %3F %23 %40 %3A %25."
)


class EnvironmentProxy(NamedTuple):
    """``url`` may hold credentials and is never shown; ``name`` is its host and port, and the variable it is from."""

    url: str
    name: str
    variable: str

    def __repr__(self) -> str:
        """Without the address."""
        return f"EnvironmentProxy(name={self.name!r}, variable={self.variable!r})"

    @property
    def scheme(self) -> str:
        """``http``, ``https``, ``socks5`` or ``socks5h``."""
        return urlsplit(self.url).scheme


def environment_proxy(base_url: str) -> EnvironmentProxy | None:
    """The proxy for ``base_url``, None for a direct connection, as to every loopback address.

    Raises ``ConfigurationError`` with the variable's name where its value cannot be used. Entries of NO_PROXY that
    cannot be read are ignored; networks such as 10.0.0.0/8 match numeric addresses only, as with curl.
    """
    # Elsewhere the system has settings of its own; the import costs 30 ms, before the browser's first frame.
    if sys.platform == "linux" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies

    target = urlsplit(base_url)
    settings = getproxies()
    kind = next((kind for kind in (target.scheme, "all") if settings.get(kind)), "")
    if not kind or is_loopback(target.hostname or ""):
        return None
    if any(_covers(entry, target) for entry in re.split(r"[\s,]+", settings.get("no", ""))):
        return None
    return _proxy(settings[kind], _variable(f"{kind}_proxy"))


def proxy_options(proxy: EnvironmentProxy | None, context: "ssl.SSLContext") -> dict[str, Any]:
    """The options of ``httpx.AsyncClient`` that send everything through a proxy, which ``context`` verifies, too."""
    import httpx

    if proxy is None:
        return {}
    try:
        # httpx accepts a context only for a proxy that uses TLS itself.
        made = httpx.Proxy(proxy.url, ssl_context=context if proxy.scheme == "https" else None)
    except (ValueError, httpx.InvalidURL):
        raise _no_address(proxy.variable) from None
    hooks = {"request": [_close_failed_tunnels]} if proxy.scheme.startswith("socks") else {}
    return {"proxy": made, "event_hooks": hooks}


def _proxy(value: str, variable: str) -> EnvironmentProxy:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        raise _no_address(variable) from None
    # An unescaped / ? or # of a password begins the path, the query or the fragment.
    rest = (parts.path.removesuffix("/"), parts.query, parts.fragment)
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", host) or any(rest) or not value.isprintable() or " " in value:
        raise _no_address(variable)
    if parts.scheme not in DEFAULT_PORTS:
        raise ConfigurationError(
            f"{variable} names a proxy of an unknown kind ({clean(parts.scheme, 20)}).",
            hint="It must begin with http://, https://, socks5:// or socks5h://.",
        )
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ConfigurationError(
            f"{variable} names a SOCKS proxy, and the package for that is not installed.",
            hint="Run: pip install 'walkme-tui[socks]'. Or set HTTPS_PROXY to an http:// proxy, which is used instead.",
        )
    shown = f"[{host}]" if ":" in host else host
    return EnvironmentProxy(url, f"{clean(shown, 100)}:{port} ({variable})", variable)


def _no_address(variable: str) -> ConfigurationError:
    return ConfigurationError(f"{variable} is not the address of a proxy.", hint=NO_ADDRESS_HINT)


def _variable(lower: str) -> str:
    """The variable that is set, lower case first, or the system's settings."""
    names = (lower, lower.upper(), *(name for name in os.environ if name.lower() == lower))
    return next((name for name in names if os.environ.get(name)), SYSTEM_SETTINGS)


def _covers(entry: str, target: SplitResult) -> bool:
    """True if an entry of NO_PROXY matches this address: a domain (with its hosts), an address, a network, or ``*``.

    It may have a scheme and a port; one that cannot be read matches nothing.
    """
    scheme, _, rest = entry.lower().rpartition("://")
    name = rest.rstrip("/")
    host = target.hostname or ""
    if scheme not in {"", "all", target.scheme} or not name:
        return False
    if name == "*":
        return True
    try:
        return ip_address(host) in ip_network(name.strip("[]"), strict=False)
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{name}")
        port = parts.port
    except ValueError:
        return False
    if port not in {None, target.port or DEFAULT_PORTS.get(target.scheme)}:
        return False
    domain = (parts.hostname or "").removeprefix("*").removeprefix(".")
    return not parts.path and bool(domain) and (host == domain or host.endswith(f".{domain}"))


async def _close_failed_tunnels(request: "httpx.Request") -> None:
    """Close the connection to a SOCKS proxy that makes no tunnel, which httpx leaves open; a request hook of httpx."""
    connections: list[Any] = []

    async def trace(event: str, info: Mapping[str, Any]) -> None:
        if event == "socks.connect_tcp.complete":
            connections.append(info["return_value"])
        elif event == "socks.setup_socks5_connection.failed":
            await connections.pop().aclose()

    request.extensions["trace"] = trace
