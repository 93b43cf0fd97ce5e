"""What holds for every test: no setting of the person who runs them reaches the program."""

import os

from hypothesis import settings

# Textual reads some of these when it is imported, so they go before any test module is.
for name in list(os.environ):
    if name.startswith("TEXTUAL_SNAPSHOT"):
        continue  # the snapshot plugin's own, for the processes of a run in parallel
    if name.startswith(("WALKME_", "TEXTUAL")) or name in {"NO_COLOR", "COLORTERM", "FORCE_COLOR", "TMUX", "STY"}:
        del os.environ[name]
os.environ["TERM"] = "xterm-256color"
# The program refuses a config.toml that others can write, which a wider mask would make of every one in a test.
os.umask(0o022)
# A busy machine is no reason to fail.
settings.register_profile("without a deadline", deadline=None)
settings.load_profile("without a deadline")
