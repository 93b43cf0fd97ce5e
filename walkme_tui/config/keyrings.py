"""Asking the system's keyring, which may be missing, locked or waiting for a desktop that is not there."""

import queue
import threading


class KeyringFailed(Exception):
    """``reason`` completes "No secret came: …"; ``hint`` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def look_up(service: str, username: str, timeout_seconds: float) -> str | None:
    """The password of an entry, None where there is none; ``KeyringFailed`` if it cannot be asked in time.

    The keyring is asked on a daemon thread: on a host without a desktop it may never answer, and must not keep the
    program from ending.
    """
    answers: queue.SimpleQueue[str | KeyringFailed | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_ask(service, username)), name="keyring", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except queue.Empty:
        raise KeyringFailed(
            f"the keyring did not answer within {timeout_seconds:g} seconds",
            "Unlock it, or on a host without a desktop use secret_command or secret_file instead.",
        ) from None
    if isinstance(answer, KeyringFailed):
        raise answer
    return answer


def _ask(service: str, username: str) -> str | KeyringFailed | None:
    try:
        import keyring
    except ImportError:
        return KeyringFailed(
            "the support for keyrings is not installed", 'Install it with: pip install "walkme-tui[keyring]"'
        )
    try:
        found: str | None = keyring.get_password(service, username)
    except Exception as error:  # noqa: BLE001 - each backend raises errors of its own
        return KeyringFailed(
            f"the keyring refused ({type(error).__name__})",
            "Unlock it, or on a host without a desktop use secret_command or secret_file instead.",
        )
    return found
