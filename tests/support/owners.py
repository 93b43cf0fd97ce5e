"""Files of another user, whether the tests run as root or not."""

import os
from pathlib import Path

import pytest

OTHER_USER = 54321


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a path belong to another user than the one the program runs as: by its owner, else by the program's user."""
    if os.geteuid() == 0:
        os.chown(path, OTHER_USER, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: OTHER_USER)
