"""Packages that tests install once, in the user's cache folder."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def installed(name: str, install: Callable[[Path], None]) -> Path:
    """The folder ``name`` of the cache, which ``install`` fills unless that was finished before.

    ``name`` contains the versions, so that others get another folder. Tests in parallel install once.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "walkme-tui-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder, complete = cache / name, cache / f"{name}.complete"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            complete.touch()
    return folder
