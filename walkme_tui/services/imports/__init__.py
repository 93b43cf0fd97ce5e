"""Imports of users from CSV files."""
