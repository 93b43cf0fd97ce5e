"""Sign-in with client credentials: one shared token, renewed before it expires, by one request at a time.

``Credential`` is what a connection needs of this and other ways to sign in.
"""

import asyncio
import base64
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol
from urllib.parse import quote_plus, urlencode

from walkme_tui.api.answers import WRONG_PLACE_HINT, ApiAnswer, read_json
from walkme_tui.domain.errors import ApiError, SecretUnavailable, SignInRefused, UnexpectedAnswer
from walkme_tui.domain.secrets import Secret

TOKEN_PATH: Final = "/accounts/connect/token"  # noqa: S105 - a path
# The lifetime of a token whose answer contains none; a 401 before that renews it anyway.
DEFAULT_LIFETIME_SECONDS: Final = 600.0
LONGEST_LIFETIME_SECONDS: Final = 24 * 3600.0
RENEW_EARLY_SECONDS: Final = 60.0
# Refused credentials are not sent again for this long: many refusals lock an account.
REFUSAL_KEPT_SECONDS: Final = 5.0

AuthStyle = Literal["post", "basic"]


class SignInImpossible(SignInRefused, SecretUnavailable):
    """The secret cannot be read: an error of the configuration that every call reports as a refused sign-in."""


class Grant(NamedTuple):
    """The answer to the token call; ``lifetime_seconds`` is checked, ``scopes`` is None if the answer has none."""

    access_token: Secret
    lifetime_seconds: float
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A token in use; ``renew_at`` is monotonic seconds.

    For HTTP Basic the ``scheme`` is that, ``access_token`` the encoded pair, and ``password`` is part of it.
    """

    access_token: Secret
    renew_at: float = math.inf
    scopes: frozenset[str] | None = None
    scheme: Literal["Bearer", "Basic"] = "Bearer"
    password: Secret | None = None

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return f"{self.scheme} {self.access_token.reveal()}"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What no message may repeat."""
        return (self.access_token,) if self.password is None else (self.access_token, self.password)


class Credential(Protocol):
    """What signs the requests of a connection."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use, None where there is no token yet or they are unknown."""
        ...

    async def token(self) -> Token:
        """A token to send now; raises ``ApiError`` where there is none."""
        ...

    def reject(self, token: Token, error: ApiError) -> None:
        """Drop a token that the server did not accept; ``error`` is its refusal."""
        ...

    def forget(self) -> None:
        """Drop the token; the next call gets another one."""
        ...

    async def aclose(self) -> None:
        """Stop a token call under way."""
        ...


def token_request(style: AuthStyle, client_id: str, secret: Secret) -> tuple[dict[str, str], bytes]:
    """Headers and form of the token call."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    form = {"grant_type": "client_credentials"}
    if style == "basic":
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    else:
        form |= {"client_id": client_id, "client_secret": secret.reveal()}
    return headers, urlencode(form).encode("ascii")


def read_grant(answer: ApiAnswer) -> Grant:
    """The token call's answer; ``UnexpectedAnswer`` if there is no token in it."""
    value, _ = read_json(answer)
    token = value.get("access_token") if isinstance(value, dict) else None
    # Other characters are not allowed in a header.
    if not isinstance(token, str) or not token or not all("!" <= character <= "~" for character in token):
        raise UnexpectedAnswer(
            f"{answer.host} answered the token call without a token.",
            hint=WRONG_PLACE_HINT,
            status=answer.status,
            request_id=answer.request_id,
        )
    scope = value.get("scope")
    scopes = frozenset(scope.split()) if isinstance(scope, str) else None
    return Grant(Secret(token), plausible_lifetime(value), scopes)


def plausible_lifetime(answer: Mapping[str, object]) -> float:
    """Seconds that a token may be used: ``expires_in`` if it is valid, else the default."""
    claimed = answer.get("expires_in")
    try:
        seconds = float(claimed) if isinstance(claimed, int | float | str) and not isinstance(claimed, bool) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    if math.isnan(seconds) or seconds <= 0:
        return DEFAULT_LIFETIME_SECONDS
    return min(seconds, LONGEST_LIFETIME_SECONDS)


class SignIn:
    """The current token, fetched when first needed and renewed a little before it expires.

    ``request_grant`` makes the token call, retries included, and raises ``ApiError``. One runs at a time, in a task of
    its own, for all calls that wait for a token: cancelling one of them does not cancel it.
    """

    def __init__(
        self, request_grant: Callable[[], Awaitable[Grant]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._request_grant = request_grant
        self._clock = clock
        self._token: Token | None = None
        self._refresh: asyncio.Task[Token] | None = None
        self._abandoned: set[asyncio.Task[Token]] = set()
        self._refusal: SignInRefused | None = None
        self._refusal_ends = 0.0

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use, None where they are unknown."""
        return self._token.scopes if self._token is not None else None

    async def token(self) -> Token:
        """A token to send now; raises the error of the token call."""
        if self._token is not None and self._clock() < self._token.renew_at:
            return self._token
        if self._refusal is not None and self._clock() < self._refusal_ends:
            raise self._refusal.with_traceback(None)
        if self._refresh is None:
            self._refresh = asyncio.create_task(self._renew(), name="sign-in")
            self._refresh.add_done_callback(self._renewed)
        return await asyncio.shield(self._refresh)

    def reject(self, token: Token, error: ApiError) -> None:  # noqa: ARG002 - the token call gives its own reason
        """Drop a token that the server did not accept."""
        if self._token is token:
            self._token = None

    def forget(self) -> None:
        """Drop the token and the refusal; a token call under way serves only the calls that already wait for it."""
        self._token = self._refusal = None
        if self._refresh is not None:
            self._abandoned.add(self._refresh)
            self._refresh = None

    async def aclose(self) -> None:
        """Stop a token call under way."""
        tasks = [task for task in (self._refresh, *self._abandoned) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self) -> Token:
        requested_at = self._clock()
        grant = await self._request_grant()
        early = min(RENEW_EARLY_SECONDS, grant.lifetime_seconds / 10)
        return Token(grant.access_token, requested_at + grant.lifetime_seconds - early, grant.scopes)

    def _renewed(self, task: "asyncio.Task[Token]") -> None:
        """Keep the result of the token call, unless ``forget`` was called meanwhile."""
        error = None if task.cancelled() else task.exception()
        if task is not self._refresh:
            self._abandoned.discard(task)
            return
        self._refresh = None
        if isinstance(error, SignInRefused):
            self._refusal, self._refusal_ends = error, self._clock() + REFUSAL_KEPT_SECONDS
        elif error is None and not task.cancelled():
            self._token, self._refusal = task.result(), None
