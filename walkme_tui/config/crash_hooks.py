"""Leads every unexpected exception of the process, of whatever thread or task, to one crash report and exit code 70.

The first one counts: its report is written at once, and said when the program ends. Nothing else imports this early, so
that everything a report needs is imported only for one.
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
# How long a program that is to end because of a fault may take: a job gives what is in flight 5 s, the browser more.
GRACE_SECONDS: Final = 15.0


class _State:
    """What is known of the fault that ends this process; one instance, behind ``_lock``."""

    error: BaseException | None = None
    report: Path | None = None
    said: bool = False
    ending: bool = False
    main_ended: bool = False


_lock: Final = threading.RLock()
_state = _State()


def install() -> None:
    """Take over Python's own hooks, which print values; to be called once, first thing in the program."""
    sys.excepthook = _on_main_thread
    threading.excepthook = _on_thread
    sys.unraisablehook = _on_unraisable


def watch_asyncio() -> None:
    """Take over what asyncio logs of faults in tasks and callbacks, on every loop, and what other libraries log."""
    import logging

    class Faults(logging.Handler):
        """Notes the exceptions of asyncio's records and prints nothing: records hold values."""

        def emit(self, record: "LogRecord") -> None:
            error = record.exc_info[1] if record.exc_info else None
            # A connection that breaks is told to its protocol, and logged only in addition.
            broken_connection = isinstance(error, OSError) and "\ntransport: " in record.getMessage()
            if error is not None and not broken_connection and not _is_expected(error):
                record_crash(error)
                _ask_main_thread_to_end()

    logger = logging.getLogger("asyncio")
    if not logger.handlers:
        logger.addHandler(Faults())
        logger.propagate = False
    logging.lastResort = None
    logging.raiseExceptions = False


def reset() -> None:
    """Begin a command: a fault of an earlier one in the same process does not count."""
    global _state  # noqa: PLW0603 - hooks are process-wide
    _state = _State()


def record_crash(error: BaseException, folder: Path | None = None) -> None:
    """Write the report of the first fault, into ``folder`` or the state folder; may be called on any thread."""
    with _lock:
        if _state.error is not None:
            return
        _state.error = error
        try:
            from walkme_tui.config.crash_report import write_crash_report
            from walkme_tui.config.paths import Paths

            _state.report = write_crash_report(error, folder or Paths.from_environment().state)
        except BaseException:  # noqa: BLE001 - a disk that is full, an interpreter that is being torn down: said instead
            _state.report = None


def final_code(code: int) -> int:
    """The exit code of the program: ``code``, or 70 where there was a fault, which is said on standard error."""
    with _lock:
        if _state.error is None:
            return code
        if not _state.said:
            _state.said = True
            _say(_state.error, _state.report)
        return CRASHED


def mark_main_ended() -> None:
    """The command has ended; whatever breaks from now on ends the process at once."""
    _state.main_ended = True


def _say(error: BaseException, report: Path | None) -> None:
    text = f"This is a fault of the program ({type(error).__name__})"
    if report is None:
        text += ", and no crash report could be written.\n"
    else:
        text += f". Where it happened is in {report}\n"
        text += "The report holds files and line numbers only, no values. Please send it with what you did.\n"
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


def _ask_main_thread_to_end() -> None:
    """Have the main thread end in good order, as a signal would, and the process within ``GRACE_SECONDS``."""
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
    """It is no fault of the program: a failure with a message of its own, or the end that somebody asked for."""
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
        _ask_main_thread_to_end()


def _on_unraisable(arguments: Any) -> None:
    """A finalizer or an exit handler broke: the program goes on to its end, which then says so."""
    error = arguments.exc_value
    lost_stream = isinstance(error, OSError) and arguments.object in (sys.stdout, sys.stderr)
    if error is None or lost_stream or _is_expected(error):
        return
    record_crash(error)
    if _state.main_ended:
        _end_process()
