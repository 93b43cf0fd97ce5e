"""Configuration: profiles, secrets, folders, saved state, keys, themes and crash reports."""
