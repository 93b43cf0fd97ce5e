"""How answers are written: tables, JSON, CSV, Markdown, progress."""
