"""Verbs of several steps: they ask the services, tell the screen, and report what went wrong."""
