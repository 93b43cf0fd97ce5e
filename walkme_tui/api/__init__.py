"""The API client: the only package that imports httpx; it returns domain objects and raises domain errors."""

import sys
from typing import Final

# httpx imports its own command line where click is installed, and with it rich and pygments: 117 ms instead of 77 ms,
# measured with the dependencies of pyproject.toml. It copes with the module being unimportable, so it is.
_COMMAND_LINE: Final = "httpx._main"
sys.modules.setdefault(_COMMAND_LINE, None)  # type: ignore[arg-type]  # None makes the import fail
