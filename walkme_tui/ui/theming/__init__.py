"""Themes for Textual, and line filters for terminals with fewer characters or colours."""
