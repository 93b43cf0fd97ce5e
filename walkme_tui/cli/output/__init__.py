"""Output: tables, JSON, CSV, Markdown, messages and progress."""
