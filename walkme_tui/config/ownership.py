"""Whether other users of this machine can change a file that the program trusts."""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.domain.text import clean

WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class Distrust(NamedTuple):
    """``reason`` follows "this file" or "its folder" in a sentence, ``cure`` is the command that puts it right."""

    reason: str
    cure: str


def owner_distrust(path: Path, info: os.stat_result, user_id: int) -> Distrust | None:
    """What is wrong with the owner: only the user with ``user_id`` and root are trusted."""
    if info.st_uid in {0, user_id}:
        return None
    as_root = "" if user_id == 0 else "sudo "
    cure = f"{as_root}chown {user_name(user_id)} {quoted(path)}"
    return Distrust(f"belongs to the user {user_name(info.st_uid)}, not to {user_name(user_id)}", cure)


def write_distrust(path: Path, info: os.stat_result, user_id: int) -> Distrust | None:
    """Why others can write a file or folder, or None: the rule of ssh for its own files.

    In a folder with the sticky bit others can add entries but not replace those of the user.
    """
    distrust = owner_distrust(path, info, user_id)
    sticky_folder = stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX
    if distrust is None and info.st_mode & WRITABLE_BY_OTHERS and not sticky_folder:
        return Distrust("can be written by other users", f"chmod go-w {quoted(path)}")
    return distrust


def quoted(path: Path) -> str:
    """The path as a word of a shell command, for display."""
    import shlex

    return clean(shlex.quote(str(path)))


def user_name(user_id: int) -> str:
    """The user's name from the system's own table (the environment can be set to anything), else the number."""
    from pwd import getpwuid

    try:
        return getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
