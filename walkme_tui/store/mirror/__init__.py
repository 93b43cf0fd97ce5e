"""The local copy of an account in SQLite."""
