"""The sources of secrets: a command, a variable, a file or the keyring.

Each can be described and can be read repeatedly, which may block the thread. No message contains what a source
returned: the output of a command may be the secret.
"""

import codecs
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.config.ownership import OwnershipProblem, owner_problem, quoted
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
        """The source, for messages."""
        import shlex

        return f"the command `{clean(shlex.join(self.argv), MAX_SHOWN)}`"

    def read(self) -> Secret:
        """Run the program and return its first line of output; raises ``SecretUnavailable``."""
        from walkme_tui.config.secret_command import CommandFailed, first_line

        try:
            line = first_line(self.argv, self.timeout_seconds, MAX_BYTES)
        except CommandFailed as failure:
            raise SecretUnavailable(
                f"No secret came from {self.describe()}: it {failure.reason}.", hint=failure.hint
            ) from failure
        return _secret(line, self.describe(), "Run it yourself: the first line of its output must be the secret.")


class VariableSource(NamedTuple):
    """A variable of the environment."""

    name: str

    def describe(self) -> str:
        """The source, for messages."""
        return f"the variable {clean(self.name, MAX_SHOWN)}"

    def read(self) -> Secret:
        """The variable's value; raises ``SecretUnavailable`` if it is unset or empty."""
        value = os.environ.get(self.name, "")
        return _secret(value, self.describe(), "Set and export it before you start walkme-tui.")


class FileSource(NamedTuple):
    """A file of one line that belongs to the user or root, and that no other user can read."""

    path: Path

    def describe(self) -> str:
        """The source, for messages."""
        return f"the file {clean(str(self.path))}"

    def read(self) -> Secret:
        """The file's first line; raises ``SecretUnavailable`` if it is missing or another user can read or own it."""
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
            raise SecretUnavailable(f"{_capital(self.describe())} is not a regular file.")
        problem = owner_problem(self.path, info, os.geteuid())
        if problem is None and info.st_mode & 0o077:
            problem = OwnershipProblem("can be read or written by other users", f"chmod 600 {quoted(self.path)}")
        if problem is not None:
            raise SecretUnavailable(
                f"{_capital(self.describe())} {problem.reason}, so it is not used.", hint=f"Run: {problem.fix_command}"
            )


class KeyringSource(NamedTuple):
    """An entry of the system's keyring."""

    service: str
    username: str
    timeout_seconds: float = TIMEOUT_SECONDS

    def describe(self) -> str:
        """The source, for messages."""
        return f"the keyring entry {clean(self.service, MAX_SHOWN)} of {clean(self.username, MAX_SHOWN)}"

    def read(self) -> Secret:
        """The entry's password; raises ``SecretUnavailable`` if there is no entry, no keyring, or no answer in time.

        The keyring is called on a daemon thread: without a desktop it may never answer, and must not keep the program
        from ending.
        """
        import queue
        import threading

        answers: queue.SimpleQueue[str | _KeyringFailure] = queue.SimpleQueue()
        threading.Thread(target=lambda: answers.put(self._password()), name="keyring", daemon=True).start()
        try:
            answer = answers.get(timeout=self.timeout_seconds)
        except queue.Empty:
            answer = _KeyringFailure(f"the keyring did not answer within {self.timeout_seconds:g} seconds", _UNLOCK)
        if isinstance(answer, _KeyringFailure):
            raise SecretUnavailable(f"No secret came from {self.describe()}: {answer.reason}.", hint=answer.hint)
        hint = "Store it with: " + clean(f"keyring set {self.service} {self.username}", 2 * MAX_SHOWN)
        return _secret(answer, self.describe(), hint)

    def _password(self) -> "str | _KeyringFailure":
        """The password, empty if there is no entry."""
        try:
            import keyring
        except ImportError:
            hint = 'Install it with: pip install "walkme-tui[keyring]"'
            return _KeyringFailure("the support for keyrings is not installed", hint)
        try:
            return keyring.get_password(self.service, self.username) or ""
        except Exception as error:  # noqa: BLE001 - each backend raises errors of its own
            return _KeyringFailure(f"the keyring refused ({type(error).__name__})", _UNLOCK)


_UNLOCK: Final = "Unlock it, or on a host without a desktop use secret_command or secret_file instead."


class _KeyringFailure(NamedTuple):
    """``reason`` completes "No secret came from …: …"."""

    reason: str
    hint: str


SecretSource = CommandSource | VariableSource | FileSource | KeyringSource
"""What has ``describe() -> str`` and ``read() -> Secret``."""


def _secret(value: str | bytes, source: str, hint: str) -> Secret:
    """The value as a secret, without byte order mark and line end; raises ``SecretUnavailable`` if it is invalid."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise SecretUnavailable(f"{_capital(source)} returned data that is not text.", hint=hint) from None
    value = value.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n")
    if not value:
        raise SecretUnavailable(f"{_capital(source)} is empty, or returned an empty line.", hint=hint)
    if not value.isprintable():
        raise SecretUnavailable(f"{_capital(source)} returned control characters, which no secret contains.", hint=hint)
    return Secret(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
