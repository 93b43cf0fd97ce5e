"""Programs that the tests run and that cannot be installed beside the project, each in an environment of its own."""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

_INSTALL_SECONDS = 120
# Packages that both programs need in versions that contradict each other, so each has its own environment.
REQUIREMENTS = {
    "scim-sanity": ("scim-sanity==0.7.4",),
    "scim2-tester": ("scim2-tester[httpx2]==0.5.2", "scim2-client==0.13.2", "scim2-models==0.12.3"),
}


def python_of(tool: str) -> Path:
    """The Python of a tool's environment, which is made once for these versions and kept in the user's cache folder.

    Skips the test where the packages cannot be installed.
    """
    requirements = REQUIREMENTS[tool]
    key = hashlib.sha256("\n".join((sys.version, sys.prefix, *requirements)).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "walkme-tui-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{tool}-{key}"
    complete = folder / "complete"
    with (cache / f"{tool}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in parallel install once
        if not complete.exists():
            # With symbolic links, and without pip, which takes several seconds: that of the project installs.
            venv.create(folder, clear=True, symlinks=True, with_pip=False)
            _install(folder / "bin" / "python", requirements)
            complete.touch()
    return folder / "bin" / "python"


def _install(python: Path, requirements: tuple[str, ...]) -> None:
    options = ["--disable-pip-version-check", "--quiet", "--retries", "1", "--timeout", "10"]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *requirements]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{requirements[0]} could not be installed within {_INSTALL_SECONDS} s")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{requirements[0]} could not be installed: {reason}")
