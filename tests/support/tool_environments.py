"""Programs that the tests run and that cannot be installed beside the project, each in an environment of its own."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.install_cache import installed

_INSTALL_SECONDS = 120
# Packages that both programs need in versions that contradict each other, so each has its own environment.
REQUIREMENTS = {
    "scim-sanity": ("scim-sanity==0.7.4",),
    "scim2-tester": ("scim2-tester[httpx2]==0.5.2", "scim2-client==0.13.2", "scim2-models==0.12.3"),
}


def python_of(tool: str) -> Path:
    """The Python of a tool's environment, which is made once for these versions.

    Skips the test where the packages cannot be installed.
    """
    requirements = REQUIREMENTS[tool]
    key = hashlib.sha256("\n".join((sys.version, sys.base_prefix, *requirements)).encode()).hexdigest()[:16]

    def install(folder: Path) -> None:
        # Without pip, which takes several seconds: that of the project installs.
        venv.create(folder, symlinks=True, with_pip=False)
        _install(folder / "bin" / "python", requirements)

    return installed(f"{tool}-{key}", install) / "bin" / "python"


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
