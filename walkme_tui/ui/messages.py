"""Wishes that only the app can grant; everything else is told by the widget that knows it."""

from textual.message import Message


class SwitchProfile(Message):
    """Let the person choose another profile and open it."""


class StartDemo(Message):
    """Open the demo account."""


class ShowHelp(Message):
    """Show the help."""


class ShowPalette(Message):
    """Show the command palette."""
