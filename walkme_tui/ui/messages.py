"""Wishes that only the app can grant; everything else is told by the widget that knows it."""

from textual.message import Message


class StartDemo(Message):
    """Open the demo account."""
