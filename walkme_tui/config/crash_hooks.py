"""Hooks that turn every unexpected exception, on any thread and in any task, into one crash report and exit code 70.

The first exception counts: its report is written at once, and printed when the program ends. This module is imported
first in every start, so it imports what a report needs only for a report.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from logging import LogRecord

CRASHED: Final = 70  # EX_SOFTWARE
INTERRUPTED: Final = 130
# Time for a clean end after a crash: a job waits 5 s for requests in flight, the browser longer.
GRACE_SECONDS: Final = 15.0


class _State:
    """The crash that ends this process; one instance, guarded by ``_lock``."""

    error: BaseException | None = None
    report: Path | None = None
    printed: bool = False
    ending: bool = False
    main_ended: bool = False


_lock: Final = threading.RLock()
_state = _State()


def install() -> None:
    """Replace Python's own hooks, which print values; call once, at the start of the program."""
    sys.excepthook = _on_main_thread
    threading.excepthook = _on_thread
    sys.unraisablehook = _on_unraisable


def watch_asyncio() -> None:
    """Record exceptions that asyncio logs for tasks and callbacks, and silence the logs of libraries."""
    import logging

    class CrashHandler(logging.Handler):
        """Records the exceptions of log records and prints nothing: log records contain values."""

        def emit(self, record: "LogRecord") -> None:
            error = record.exc_info[1] if record.exc_info else None
            # A broken connection is reported to its protocol too, and handled there.
            broken_connection = isinstance(error, OSError) and "\ntransport: " in record.getMessage()
            if error is not None and not broken_connection and not _is_expected(error):
                record_crash(error)
                _end_main_thread()

    logger = logging.getLogger("asyncio")
    if not logger.handlers:
        logger.addHandler(CrashHandler())
        logger.propagate = False
    logging.lastResort = None
    logging.raiseExceptions = False


def reset() -> None:
    """Reset the state left by the crash of an earlier command in the same process."""
    global _state  # noqa: PLW0603 - hooks are process-wide
    _state = _State()


def record_crash(error: BaseException, folder: Path | None = None) -> None:
    """Write the report of the first crash, to ``folder`` or the state folder; thread-safe."""
    with _lock:
        if _state.error is not None:
            return
        _state.error = error
        try:
            from walkme_tui.config.crash_report import write_crash_report
            from walkme_tui.config.paths import Paths

            _state.report = write_crash_report(error, folder or Paths.from_environment().state)
        except BaseException:  # noqa: BLE001 - a full disk, an interpreter that shuts down: the message says so
            _state.report = None


def final_code(code: int) -> int:
    """The exit code of the program: ``code``, or 70 after a crash, with a message on standard error."""
    with _lock:
        if _state.error is None:
            return code
        if not _state.printed:
            _state.printed = True
            _print_crash(_state.error, _state.report)
        return CRASHED


def mark_main_ended() -> None:
    """Note that the command has ended: from now on a crash ends the process at once."""
    _state.main_ended = True


def _print_crash(error: BaseException, report: Path | None) -> None:
    text = f"The program crashed because of a bug ({type(error).__name__})"
    if report is None:
        text += ", and the crash report could not be written.\n"
    else:
        text += f". The crash report is in {report}\n"
        text += "It contains file names and line numbers only, no values. Please send it, and describe what you did.\n"
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def _end_process() -> None:
    code = final_code(CRASHED)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os._exit(code)


def _end_main_thread() -> None:
    """Signal the main thread to end cleanly, and end the process after ``GRACE_SECONDS`` in any case."""
    with _lock:
        if _state.main_ended:
            _end_process()
        if _state.ending:
            return
        _state.ending = True
    watchdog = threading.Timer(GRACE_SECONDS, _end_process)
    watchdog.daemon = True
    watchdog.start()
    handled = signal.getsignal(signal.SIGTERM) not in {signal.SIG_DFL, None}
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM if handled else signal.SIGINT)


def _is_expected(error: BaseException) -> bool:
    """True for an expected failure with a message, a cancellation or an exit: not a bug."""
    from asyncio import CancelledError

    from walkme_tui.domain.errors import WalkmeError

    return isinstance(error, WalkmeError | CancelledError | KeyboardInterrupt | SystemExit)


def _on_main_thread(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:  # noqa: ARG001
    if isinstance(error, KeyboardInterrupt):
        os._exit(INTERRUPTED)
    record_crash(error)
    _end_process()


def _on_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
        record_crash(arguments.exc_value)
        _end_main_thread()


def _on_unraisable(arguments: Any) -> None:
    """An exception in a finalizer or exit handler: the program continues, and reports it at its end."""
    error = arguments.exc_value
    lost_stream = isinstance(error, OSError) and arguments.object in (sys.stdout, sys.stderr)
    if error is None or lost_stream or _is_expected(error):
        return
    record_crash(error)
    if _state.main_ended:
        _end_process()
