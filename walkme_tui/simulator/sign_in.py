"""Tokens, and the rate limit."""

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_plus

from walkme_tui.simulator.settings import SimulatorSettings


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, valid for ``scopes`` until ``expires_at`` (seconds of the monotonic clock)."""

    token: str
    scopes: frozenset[str]
    expires_at: float


class SignInError(Exception):
    """A token request is refused; ``status`` and ``code`` are those of OAuth 2.0."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class TokenIssuer:
    """Issues tokens for client credentials, and checks them."""

    def __init__(self, settings: SimulatorSettings, monotonic: Callable[[], float]) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._grants: dict[str, IssuedToken] = {}

    @property
    def lifetime_seconds(self) -> int:
        """The ``expires_in`` of new tokens."""
        return int(self._settings.token_ttl)

    def issue(self, authorization: str, content_type: str, body: bytes) -> IssuedToken:
        """A token for the credentials in the form or in the header; ``SignInError``."""
        if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
            raise SignInError(400, "invalid_request", "The body must be form-encoded")
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            raise SignInError(400, "unsupported_grant_type", "Only client_credentials is supported")
        client_id, secret = _credentials(authorization, form)
        known = (self._settings.client_id, self._settings.client_secret)
        if not _same(client_id, known[0]) or not _same(secret, known[1]):
            raise SignInError(401, "invalid_client", "Client id or client secret is wrong")
        allowed = frozenset(self._settings.scopes)
        requested = frozenset(form["scope"].split()) if "scope" in form else allowed
        if not requested <= allowed:
            raise SignInError(400, "invalid_scope", "The client is not allowed this scope")
        now = self._monotonic()
        self._grants = {token: grant for token, grant in self._grants.items() if grant.expires_at > now}
        grant = IssuedToken(secrets.token_urlsafe(24), requested, now + self._settings.token_ttl)
        self._grants[grant.token] = grant
        return grant

    def grant_of(self, authorization: str) -> IssuedToken | None:
        """The valid token of an ``Authorization`` header, or None."""
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(token.strip()) if scheme.lower() == "bearer" else None
        return grant if grant is not None and grant.expires_at > self._monotonic() else None


def _credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def _same(given: str, known: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), known.encode("utf-8", "replace"))


class RateLimit:
    """A token bucket: ``rate_per_s`` permits a second, and a capacity of one second, at least one permit."""

    def __init__(self, rate_per_s: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate_per_s
        self._size = max(1.0, rate_per_s)
        self._monotonic = monotonic
        self._permits = self._size
        self._filled_at = monotonic()

    def permit(self) -> bool:
        """Use a permit; False if there is none."""
        now = self._monotonic()
        self._permits = min(self._size, self._permits + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._permits < 1:
            return False
        self._permits -= 1
        return True
