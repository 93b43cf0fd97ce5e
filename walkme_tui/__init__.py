"""A terminal browser for the people directory of a WalkMe account."""

__version__ = "0.1.0"
