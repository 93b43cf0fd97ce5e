"""What is written down when the program breaks: where it was, never what it held.

Reports are sent to strangers. So there are no local variables, no source lines and, except for errors whose text Python
makes from names of the code, no error texts: those quote what they choked on, which may be a token or a person.
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

# Python words these itself, from names and counts of the code. Libraries raise them too, with a value in the text, so
# they count only where they arose in code that handles no credentials.
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
    """Write where the program broke into a new file, mode 0600, in ``folder``; the path is given back.

    OSError or ConfigurationError if it cannot be written.
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
    """The report: versions, then each error of the chain with the files, lines and functions that it came through."""
    lines = [
        f"walkme-tui {__version__}, Python {platform.python_version()}, {sys.platform}",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "",
        "The files and lines that the program came through; no values are in this report.",
    ]
    for heading, link in _chain(error):
        lines += ["", f"{heading}{_described(link)}"]
        frames = traceback.StackSummary.extract(traceback.walk_tb(link.__traceback__), lookup_lines=False)
        shown = frames if len(frames) <= MAX_FRAMES else [*frames[: MAX_FRAMES // 2], *frames[-MAX_FRAMES // 2 :]]
        lines += [f"  {clean(frame.filename)}:{frame.lineno} in {clean(frame.name)}" for frame in shown]
    return "\n".join(lines) + "\n"


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """The error, what it came from and what it groups, each once."""
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
    """The type, and of the text what cannot hold anybody's data."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {os.strerror(error.errno)}"
    if _speaks_of_code(error) and error.args and isinstance(error.args[0], str):
        text = clean(error.args[0], MAX_TEXT)
        return f"{name}: {_LONG_WORD.sub('…', _ADDRESS_LIKE.sub('…', text))}"
    return f"{name} (its text is left out: it may hold data)"


def _speaks_of_code(error: BaseException) -> bool:
    if type(error) not in _OF_THE_CODE:
        return False
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and _TRUSTED.search(frames[-1][0].f_code.co_filename) is not None
