"""The durable record of plans and steps in SQLite."""
