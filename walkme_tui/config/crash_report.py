"""Crash reports: the files and lines of an exception, without any values.

People send reports to others, so they contain no local variables and no source lines. Messages of exceptions are left
out too, because they may quote a token or personal data, except where Python makes them from names in the code.
"""

import os
import platform
import re
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from walkme_tui import __version__
from walkme_tui.config.paths import private_folder
from walkme_tui.config.private_files import OWNER_ONLY
from walkme_tui.domain.text import clean

MAX_CHAIN: Final = 10
MAX_FRAMES: Final = 200
MAX_TEXT: Final = 300

# Python makes the messages of these from names in the code. Libraries raise them with values in the message too, so
# only those raised in code without credentials are trusted.
_OF_THE_CODE: Final = frozenset(
    {
        AttributeError,
        ImportError,
        IndexError,
        ModuleNotFoundError,
        NameError,
        RecursionError,
        TypeError,
        UnboundLocalError,
    }
)
_TRUSTED: Final = re.compile(r"[/\\](walkme_tui[/\\](?!api[/\\])|textual[/\\]|asyncio[/\\])")
_ADDRESS_LIKE: Final = re.compile(r"\S*@\S*")
_LONG_WORD: Final = re.compile(r"\S{40,}")


def write_crash_report(error: BaseException, folder: Path) -> Path:
    """Write the report of an exception to a new file, mode 0600, in ``folder``, and return its path.

    Raises ``OSError`` or ``ConfigurationError`` if it cannot be written.
    """
    private_folder(folder)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for attempt in range(100):
        path = folder / f"crash-{stamp}-{os.getpid()}{f'-{attempt}' if attempt else ''}.txt"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(crash_report(error))
        return path
    raise FileExistsError(f"too many reports in {folder}")


def crash_report(error: BaseException) -> str:
    """The report: versions, then each exception of the chain with its files, lines and functions."""
    lines = [
        f"walkme-tui {__version__}, Python {platform.python_version()}, {sys.platform}",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "",
        "The files and lines of the exception. This report contains no values.",
    ]
    for heading, link in _chain(error):
        lines += ["", f"{heading}{_described(link)}"]
        frames = traceback.StackSummary.extract(traceback.walk_tb(link.__traceback__), lookup_lines=False)
        shown = frames if len(frames) <= MAX_FRAMES else [*frames[: MAX_FRAMES // 2], *frames[-MAX_FRAMES // 2 :]]
        lines += [f"  {clean(frame.filename)}:{frame.lineno} in {clean(frame.name)}" for frame in shown]
    return "\n".join(lines) + "\n"


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """The error, its causes and the exceptions of groups, each once."""
    waiting: list[tuple[str, BaseException]] = [("", error)]
    seen: set[int] = set()
    while waiting and len(seen) < MAX_CHAIN:
        heading, link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield heading, link
        if isinstance(link, BaseExceptionGroup):
            waiting += [("one of a group: ", part) for part in link.exceptions]
        if link.__cause__ is not None:
            waiting.append(("caused by ", link.__cause__))
        elif link.__context__ is not None and not link.__suppress_context__:
            waiting.append(("while handling ", link.__context__))


def _described(error: BaseException) -> str:
    """The type, and the message if it cannot contain personal data."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {os.strerror(error.errno)}"
    if _is_about_code(error) and error.args and isinstance(error.args[0], str):
        text = clean(error.args[0], MAX_TEXT)
        return f"{name}: {_LONG_WORD.sub('…', _ADDRESS_LIKE.sub('…', text))}"
    return f"{name} (message left out: it may contain data)"


def _is_about_code(error: BaseException) -> bool:
    if type(error) not in _OF_THE_CODE:
        return False
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and _TRUSTED.search(frames[-1][0].f_code.co_filename) is not None
