"""What the clients of both surfaces have in common: one connection, and the credential that signs its requests."""

from collections.abc import Sequence

from walkme_tui.api.auth import Credential
from walkme_tui.api.connection import Connection
from walkme_tui.domain.traffic import RequestRecord, TrafficStatus


class SignedInApi:
    """The part of ``services.ports.directory_api.DirectoryApi`` that is about the connection."""

    def __init__(self, connection: Connection, credential: Credential) -> None:
        self._connection = connection
        self._credential = credential

    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of the token in use, None where there is no token yet or they are unknown."""
        return self._credential.scopes

    async def sign_in(self) -> None:
        """Get the token, or read the credential, before the first call needs it; raises ``ApiError``."""
        async with self._connection.until_closed():
            await self._credential.token()

    def traffic(self) -> TrafficStatus:
        """The traffic at this moment."""
        return self._connection.traffic()

    def request_log(self) -> Sequence[RequestRecord]:
        """The most recent requests, oldest first."""
        return self._connection.request_log()

    def forget_sign_in(self) -> None:
        """Drop the token and read the secret from its source again before the next call."""
        self._credential.forget()

    async def aclose(self) -> None:
        """Close the connections; calls under way fail with ``Unreachable``."""
        await self._connection.aclose(self._credential.aclose)
