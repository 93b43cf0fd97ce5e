"""Checks whether other users of this machine can change a file that the program trusts."""

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from walkme_tui.domain.text import clean

WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class OwnershipProblem(NamedTuple):
    """``reason`` follows "this file" or "its folder" in a sentence; ``fix_command`` is a shell command."""

    reason: str
    fix_command: str


def owner_problem(path: Path, info: os.stat_result, user_id: int) -> OwnershipProblem | None:
    """A problem with the owner: only the user with ``user_id`` and root are trusted."""
    if info.st_uid in {0, user_id}:
        return None
    as_root = "" if user_id == 0 else "sudo "
    fix_command = f"{as_root}chown {user_name(user_id)} {quoted(path)}"
    return OwnershipProblem(f"belongs to the user {user_name(info.st_uid)}, not to {user_name(user_id)}", fix_command)


def write_problem(path: Path, info: os.stat_result, user_id: int) -> OwnershipProblem | None:
    """The reason why others can change a file or folder, or None; the same rule as that of ssh.

    In a folder with the sticky bit, others can add entries but not replace those of the user.
    """
    problem = owner_problem(path, info, user_id)
    sticky_folder = stat.S_ISDIR(info.st_mode) and info.st_mode & stat.S_ISVTX
    if problem is None and info.st_mode & WRITABLE_BY_OTHERS and not sticky_folder:
        return OwnershipProblem("can be written by other users", f"chmod go-w {quoted(path)}")
    return problem


def quoted(path: Path) -> str:
    """The path, quoted for a shell command and cleaned for display."""
    import shlex

    return clean(shlex.quote(str(path)))


def operator() -> str:
    """Who runs the program: ``ada@jump-host``."""
    return f"{user_name(os.getuid())}@{os.uname().nodename}"


def user_name(user_id: int) -> str:
    """The user's name from the system's user table (not the environment, which anyone can set), or the number."""
    from pwd import getpwuid

    try:
        return getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
