"""Setup of all tests: settings of whoever runs them do not reach the program."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Textual reads some of these when it is imported, so they are removed before any test module is imported.
for name in list(os.environ):
    if name.startswith("TEXTUAL_SNAPSHOT"):
        continue  # the snapshot plugin's own, for the processes of a run in parallel
    if name.startswith(("WALKME_", "TEXTUAL")) or name in {"NO_COLOR", "COLORTERM", "FORCE_COLOR", "TMUX", "STY"}:
        del os.environ[name]
os.environ["TERM"] = "xterm-256color"
# The program refuses a config.toml that others can write; a wider mask would make every test's file one.
os.umask(0o022)
# Tests must not fail on a busy machine.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three processes on two cores: tests wait for programs that they start, for servers, and for threads."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.fixture(autouse=True, scope="session")
def idle_apps() -> Iterator[None]:
    """Let the tests of apps wait no longer than the app works."""
    from tests.support.idle import idle_by_event_loop

    with idle_by_event_loop():
        yield
