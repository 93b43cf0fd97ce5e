"""The virtual table of users."""
