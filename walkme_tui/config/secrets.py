"""Where the credentials come from: a command, a variable, a file or the keyring, exactly one for each.

Every source can say in words what it is and can be read, in the calling thread, again and again. What a source answered
is never in a message: what a command printed may be the secret itself.
"""

import codecs
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.config.ownership import Distrust, owner_distrust, quoted
from walkme_tui.domain.errors import SecretUnavailable
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.text import clean

TIMEOUT_SECONDS: Final = 30.0
MAX_BYTES: Final = 64 * 1024
MAX_SHOWN: Final = 80
BYTE_ORDER_MARK: Final = "\ufeff"


class CommandSource(NamedTuple):
    """A program, run without a shell, whose first line of output is the secret."""

    argv: tuple[str, ...]
    timeout_seconds: float = TIMEOUT_SECONDS

    def describe(self) -> str:
        """The source in words, for messages."""
        import shlex

        return f"the command `{clean(shlex.join(self.argv), MAX_SHOWN)}`"

    def read(self) -> Secret:
        """Run the program and take the first line; ``SecretUnavailable`` says what to do instead of what it printed."""
        from walkme_tui.config.secret_command import CommandFailed, first_line

        try:
            line = first_line(self.argv, self.timeout_seconds, MAX_BYTES)
        except CommandFailed as failure:
            raise SecretUnavailable(
                f"No secret came from {self.describe()}: it {failure.reason}.", hint=failure.hint
            ) from failure
        return _secret(line, self.describe(), "Run it by hand: the first line that it prints must be the secret.")


class VariableSource(NamedTuple):
    """A variable of the environment."""

    name: str

    def describe(self) -> str:
        """The source in words, for messages."""
        return f"the variable {clean(self.name, MAX_SHOWN)}"

    def read(self) -> Secret:
        """The variable's value; ``SecretUnavailable`` if it is unset or empty."""
        value = os.environ.get(self.name, "")
        return _secret(value, self.describe(), "Set and export it before you start walkme-tui.")


class FileSource(NamedTuple):
    """A file of one line that belongs to the user (or root) and that nobody else may read."""

    path: Path

    def describe(self) -> str:
        """The source in words, for messages."""
        return f"the file {clean(str(self.path))}"

    def read(self) -> Secret:
        """The file's first line; ``SecretUnavailable`` if it is missing, another user's, or open to others."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SecretUnavailable(
                f"{_capital(self.describe())} cannot be read: {error.strerror}.",
                hint="Write the secret into it, or correct its path in config.toml.",
            ) from error
        try:
            self._refuse_unsafe(os.fstat(descriptor))
            content = os.read(descriptor, MAX_BYTES)
        finally:
            os.close(descriptor)
        # Windows tools begin a file with a byte order mark, and some of them write UTF-16.
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            with suppress(UnicodeDecodeError):
                content = content.decode("utf-16").encode()
        return _secret(content.partition(b"\n")[0], self.describe(), "Its first line must be the secret.")

    def _refuse_unsafe(self, info: os.stat_result) -> None:
        if not stat.S_ISREG(info.st_mode):
            raise SecretUnavailable(f"{_capital(self.describe())} is no regular file.")
        distrust = owner_distrust(self.path, info, os.geteuid())
        if distrust is None and info.st_mode & 0o077:
            distrust = Distrust("may be read or written by others than its owner", f"chmod 600 {quoted(self.path)}")
        if distrust is not None:
            raise SecretUnavailable(
                f"{_capital(self.describe())} {distrust.reason}, so it is not used.", hint=f"Run: {distrust.cure}"
            )


class KeyringSource(NamedTuple):
    """An entry of the system's keyring."""

    service: str
    username: str
    timeout_seconds: float = TIMEOUT_SECONDS

    def describe(self) -> str:
        """The source in words, for messages."""
        return f"the keyring entry {clean(self.service, MAX_SHOWN)} of {clean(self.username, MAX_SHOWN)}"

    def read(self) -> Secret:
        """The entry's password; ``SecretUnavailable`` if there is none, no keyring, or no answer in time."""
        from walkme_tui.config.keyrings import KeyringFailed, look_up

        try:
            value = look_up(self.service, self.username, self.timeout_seconds)
        except KeyringFailed as failure:
            raise SecretUnavailable(
                f"No secret came from {self.describe()}: {failure.reason}.", hint=failure.hint
            ) from failure
        hint = "Store it with: " + clean(f"keyring set {self.service} {self.username}", 2 * MAX_SHOWN)
        return _secret(value or "", self.describe(), hint)


SecretSource = CommandSource | VariableSource | FileSource | KeyringSource
"""What has ``describe() -> str`` and ``read() -> Secret``."""


def _secret(value: str | bytes, source: str, hint: str) -> Secret:
    """The value as a secret, without byte order mark and line end; ``SecretUnavailable`` for what cannot be one."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise SecretUnavailable(f"{_capital(source)} gave something that is no text.", hint=hint) from None
    value = value.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")
    if not value:
        raise SecretUnavailable(f"{_capital(source)} is empty, or gave an empty line.", hint=hint)
    if not value.isprintable():
        raise SecretUnavailable(f"{_capital(source)} gave control characters, which no secret has.", hint=hint)
    return Secret(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
