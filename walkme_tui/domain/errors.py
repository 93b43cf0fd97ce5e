"""All expected failures, as one tree.

::

    WalkmeError
      ConfigurationError          a file, an option or the environment is wrong; says where
        SecretUnavailable         the source of a credential returned none
        CsvProblem                a CSV file cannot be read; holds the line
          EncodingUnknown         its encoding has to be given
        NoEmailColumn             no column of a CSV file is known to contain the emails
      ApiError                    a call failed
        SignInRefused             401, or the token call refused the credentials
        PermissionRefused         403; names the scope that is missing
        NotFound                  404
        Conflict                  409
          ChangedMeanwhile        others changed the same field just now; nothing was sent
          AlreadyExists           a user with this email exists; holds the user
        RequestRejected           any other 4xx: the server understood the request and refused it
          MethodRefused           405 or 501: this server does not know the call
        LookUpIgnored             the server ignored the email of a look-up
        ServiceUnavailable        the service cannot be used at present; trying again may help
          Unreachable             name, route, refusal, reset or time-out: no answer came
            HostUnknown           the name of the host does not exist
          TlsRefused              the certificate was not trusted
          RateLimited             429, or a 403 that means it, after the retries
          ServerFault             5xx, after the retries
          OutcomeUnknown          a write was sent and got no usable answer: it may have taken effect
          UnexpectedAnswer        the answer is not from this API: HTML, a redirect, cut short, too large
      ReadOnlyRefused             this profile is read-only
      EditConflict                others changed the same field of a user; holds the fields
      PlanTooLarge                one person would be changed in too many steps
      AccountBusy                 another process is changing the same users
      JournalUnavailable          the record of changes cannot be written, so nothing is sent
      MirrorUnavailable           the local copy cannot be read or written

A message is one plain sentence for the user; ``hint`` says what to do. Neither contains a secret. The code that shows
text from a server cleans it (``domain.text.clean``).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from walkme_tui.domain.users import Known, User

if TYPE_CHECKING:
    from walkme_tui.domain.setup_chain import SetupFinding


class WalkmeError(Exception):
    """Base of all expected failures: ``message`` says what happened, ``hint`` what to do (may be empty)."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class ConfigurationError(WalkmeError):
    """A file, an option or the environment holds something that cannot be used."""


class SecretUnavailable(ConfigurationError):
    """The source of a credential returned none; the message names the source."""


class CsvProblem(ConfigurationError):
    """A CSV file cannot be read; ``line`` counts from 1, None where the problem is about the whole file."""

    def __init__(self, message: str, *, line: int | None = None, hint: str = "") -> None:
        super().__init__(message if line is None else f"Line {line}: {message}", hint=hint)
        self.line = line


class EncodingUnknown(CsvProblem):
    """The bytes of a CSV file do not show its encoding: it must be given."""


class NoEmailColumn(ConfigurationError):
    """No column of a CSV file is known to contain the emails."""


class ApiError(WalkmeError):
    """A call failed.

    ``status`` is the HTTP status, or None if no answer came; ``request_id`` is the server's own id of the call, if it
    sent one. ``fields`` are the server's reasons by attribute of ``User``, where it refused the values of fields.
    ``setup`` is what the failure shows to be missing in the set-up of SCIM, None where it shows nothing.
    """

    setup: "SetupFinding | None" = None

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        request_id: str = "",
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.request_id = request_id
        self.fields = fields


class SignInRefused(ApiError):
    """The credentials, or the token made from them, were refused."""


class PermissionRefused(ApiError):
    """The credentials lack a right; ``scope`` names it if it is known."""

    def __init__(
        self, message: str, *, hint: str = "", status: int | None = 403, request_id: str = "", scope: str = ""
    ) -> None:
        super().__init__(message, hint=hint, status=status, request_id=request_id)
        self.scope = scope


class NotFound(ApiError):
    """There is no such user, group or call."""


class Conflict(ApiError):
    """The change collides with something that exists."""


class ChangedMeanwhile(Conflict):
    """Others changed a field that the change sets, between reading the user and sending; nothing was sent."""


class AlreadyExists(Conflict):
    """A user with the email of the user to create exists: ``user``."""

    def __init__(self, message: str, user: User) -> None:
        super().__init__(message)
        self.user = user


class RequestRejected(ApiError):
    """The server understood the request and refused it."""


class MethodRefused(RequestRejected):
    """The server does not know this call for this resource; nothing happened."""


class LookUpIgnored(ApiError):
    """The server ignored the email of a look-up, so that an answer without the user proves nothing."""


class ServiceUnavailable(ApiError):
    """The service cannot be used at present; trying again later may help."""


class Unreachable(ServiceUnavailable):
    """No answer came: name not found, refused, reset, or out of time."""


class HostUnknown(Unreachable):
    """The name of the host does not exist, as a name server answered."""


class TlsRefused(ServiceUnavailable):
    """The server's certificate is not trusted."""


class RateLimited(ServiceUnavailable):
    """429, or a 403 that means the same, and the retries are used up.

    ``retry_after_seconds`` is what the server requested, if it did.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = 429,
        request_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, status=status, request_id=request_id)
        self.retry_after_seconds = retry_after_seconds


class ServerFault(ServiceUnavailable):
    """5xx, and the retries are used up."""


class OutcomeUnknown(ServiceUnavailable):
    """A write was sent and got no usable answer: only reading the user again shows whether it took effect."""


class UnexpectedAnswer(ServiceUnavailable):
    """The answer is not from this API: HTML, a redirect, a cut or oversized body, another shape."""


class ReadOnlyRefused(WalkmeError):
    """A write was requested where the profile or an option forbids it."""


class FieldConflict(NamedTuple):
    """A field of a user with the value that the user of the program saw, the current one, and the new one."""

    attribute: str
    base: Known[str | None]
    theirs: Known[str | None]
    mine: str | None


class EditConflict(WalkmeError):
    """Others changed fields that a person edits too; ``user`` is the present record."""

    def __init__(self, message: str, user: User, conflicts: tuple[FieldConflict, ...]) -> None:
        super().__init__(message)
        self.user = user
        self.conflicts = conflicts


class PlanTooLarge(WalkmeError):
    """A plan would change one user in more steps than can be journalled."""


class AccountBusy(WalkmeError):
    """Another process is changing the same users."""


class JournalUnavailable(WalkmeError):
    """The record of changes cannot be read or written: no space, no permission, damaged. Nothing may be sent."""


class MirrorUnavailable(WalkmeError):
    """The local copy cannot be read or written: no space, no permission, not a database."""
