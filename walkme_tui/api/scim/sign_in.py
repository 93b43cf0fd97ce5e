"""Sign-in with a fixed token, or a user name and a password."""

import asyncio
import base64
import time
from collections.abc import Callable

from walkme_tui.api.auth import REFUSAL_KEPT_SECONDS, SignInImpossible, Token
from walkme_tui.api.scim.settings import ScimSettings
from walkme_tui.domain.errors import ApiError, SecretUnavailable
from walkme_tui.domain.secrets import Secret


class FixedSignIn:
    """The credential of a profile, read from its source when first needed, and again after a refusal.

    The same credential is not sent again for a few seconds after it was refused: many refusals lock an account.
    """

    scopes: frozenset[str] | None = None
    """A fixed credential does not say its scopes."""

    def __init__(self, settings: ScimSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._token: Token | None = None
        self._refused: Token | None = None
        self._refusal: ApiError | None = None
        self._refusal_ends = 0.0
        self._reading = asyncio.Lock()

    async def token(self) -> Token:
        """The credential to send now; raises the refusal of the same one, and ``SignInImpossible``."""
        async with self._reading:
            if self._token is not None:
                return self._token
            if self._refusal is not None and self._clock() < self._refusal_ends:
                raise self._refusal.with_traceback(None)
            token = await self._read()
            refused, self._refused = self._refused, None
            if refused is not None and self._refusal is not None and refused.access_token == token.access_token:
                self._refusal_ends = self._clock() + REFUSAL_KEPT_SECONDS
                raise self._refusal.with_traceback(None)
            self._token, self._refusal = token, None
            return token

    def reject(self, token: Token, error: ApiError) -> None:
        """Drop a credential that the server refused; it is used again only if its source has another one."""
        if self._token is token:
            self._token, self._refused, self._refusal = None, token, error
            self._refusal_ends = 0.0

    def forget(self) -> None:
        """Read the credential from its source before the next call."""
        self._token = self._refused = self._refusal = None

    async def aclose(self) -> None:
        """Nothing is under way but the calls themselves."""

    async def _read(self) -> Token:
        settings = self._settings
        try:
            secret = await asyncio.to_thread(settings.read_secret)
        except SecretUnavailable as error:
            message = f"Profile {settings.profile} cannot sign in: {error.message}"
            raise SignInImpossible(message, hint=error.hint) from error
        if settings.username:
            pair = f"{settings.username}:{secret.reveal()}".encode()
            return Token(Secret(base64.b64encode(pair).decode("ascii")), scheme="Basic", password=secret)
        if not secret or not all("!" <= character <= "~" for character in secret.reveal()):
            raise SignInImpossible(
                f"Profile {settings.profile} cannot sign in: the SCIM token is empty, or has characters that no token "
                "has.",
                hint=f"It comes from {settings.secret_source}.",
            )
        return Token(secret)
