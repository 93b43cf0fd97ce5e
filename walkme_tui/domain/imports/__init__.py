"""CSV files as imports of users: pure rules and values."""
