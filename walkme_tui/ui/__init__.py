"""Everything Textual: screens, panes, dialogs, themes and the table of users."""

import os
from typing import Final

# Textual reads these once, when it is imported, and every module in here imports it: so they are set here and nowhere
# else. Over SSH animations and smooth scrolling are repaints that nobody asked for. What the person set wins.
TEXTUAL_DEFAULTS: Final = {
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_FPS": "60",
    "TEXTUAL_SMOOTH_SCROLL": "0",
}

for _name, _value in TEXTUAL_DEFAULTS.items():
    os.environ.setdefault(_name, _value)
